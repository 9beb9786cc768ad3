"""Schedules: when runs come due in every zone, what is done about it once and late, and the real
schedulers of this system: cron, and systemd's manager of a user, each in a mount namespace of its
own."""

import datetime
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time
import zoneinfo

import pytest

import dogs

HERE = pathlib.Path(__file__).parent
UTC = datetime.timezone.utc
CONFIG = """\
api_url: {{url}}
region: fra1
size: s-1vcpu-2gb
servers:
  mc:
    image: debian-12-x64{more}
    schedule: [{rules}]
  mc2:
    image: debian-12-x64
"""
NIGHT = int(datetime.datetime(2026, 11, 21, 2, 0, tzinfo=UTC).timestamp())
STOP = "{{do: stop, at: '02:00', zone: UTC}}"

pytestmark = pytest.mark.skipif(dogs.WINE is not None, reason="preloads and schedulers of Linux")


def iso(t):
    return datetime.datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- the next runs, held against Python's zoneinfo ------------------------------------------------


def instant(zone, local):
    """The first instant at which the clocks show `local` or, where they never do, a later time."""
    def shows(t):
        return datetime.datetime.fromtimestamp(t, UTC).astimezone(zone).replace(tzinfo=None)

    t = int(local.replace(tzinfo=zone, fold=0).timestamp())
    if shows(t) == local:
        return t
    low, high = t - 86400 * 2, t + 86400 * 2  # the one change between them
    low = max((x for x in range(low, high, 3600) if shows(x) < local), default=low)
    high = min(x for x in range(low, low + 86400 * 3, 3600) if shows(x) > local)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if shows(middle) < local else (low, middle)
    return high


def expected(zone, minute, after, count):
    day = datetime.datetime.fromtimestamp(after, UTC).astimezone(zone).date()
    found, day = [], day - datetime.timedelta(days=2)
    while len(found) < count:
        local = datetime.datetime(day.year, day.month, day.day, minute // 60, minute % 60)
        t = instant(zone, local)
        if t > (found[-1] if found else after):
            found.append(t)
        day += datetime.timedelta(days=1)
    return found


def test_the_next_runs_are_those_of_zoneinfo(place, sandbox):
    seed = random.Random(20261121)
    names = sorted(name for name in zoneinfo.available_timezones()
                   if name not in ("localtime", "posixrules", "Factory"))
    if dogs.SHORT > 1:
        names = names[::dogs.SHORT]
    starts = [datetime.datetime(2026, m, d, tzinfo=UTC) for m, d in
              ((2, 13), (3, 6), (3, 27), (4, 3), (9, 3), (10, 2), (10, 23), (10, 30))]
    starts += [datetime.datetime(2028, 2, 27, tzinfo=UTC), datetime.datetime(2040, 3, 24, tzinfo=UTC)]
    checked = 0
    for begin in range(0, len(names), 150):
        some = names[begin:begin + 150]
        minutes = {name: seed.choice((0, 15, 60, 90, 120, 135, 150, 165, 180, 1439))
                   for name in some}
        text = "servers:\n" + "".join(
            f"  s{i}: {{region: fra1, schedule: [{{do: stop, at: "
            f"'{minutes[n] // 60:02}:{minutes[n] % 60:02}', zone: {n}}}]}}\n"
            for i, n in enumerate(some))
        host = dogs.Host(place / f"host{begin}", sandbox.url)
        host.config.write_text(text)
        for start in starts:
            doc = host.must("schedule", "next", "--json", "--count", str(6 * len(some)), "--from",
                            start.strftime("%Y-%m-%dT%H:%M:%SZ")).json()
            runs = {}
            for run in doc["runs"]:
                runs.setdefault(run["server"], []).append(run)
            for i, name in enumerate(some):
                zone = zoneinfo.ZoneInfo(name)
                mine = runs[f"s{i}"][:4]
                assert len(mine) == 4, (name, start)
                wanted = expected(zone, minutes[name], int(start.timestamp()), 4)
                assert [run["at"] for run in mine] == [iso(t) for t in wanted], (name, start, mine)
                for run, t in zip(mine, wanted):
                    offset = zone.utcoffset(datetime.datetime.fromtimestamp(t, UTC)
                                            .astimezone(zone).replace(tzinfo=None, fold=0))
                    local = datetime.datetime.fromtimestamp(t, UTC).astimezone(zone)
                    assert run["local"] == local.strftime("%Y-%m-%dT%H:%M:%S"), (name, run)
                    assert run["utc_offset_s"] == local.utcoffset().total_seconds(), (name, offset)
                checked += 4
    dogs.count(f"next runs as zoneinfo has them: {checked} instants in {len(names)} zones")


# --- what is due, on a clock of the test's own ----------------------------------------------------


@pytest.fixture(scope="session")
def clock(tmp_path_factory):
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "clock.c", "-ldl"],
                   check=True)
    return library


@pytest.fixture
def at(clock, place, sandbox):
    """at(t, words…): the command on a host whose clock stands at t; rules by `at.rules`."""
    class At:
        def __init__(self, name="host"):
            self.host = dogs.Host(place / name, sandbox.url)

        def rules(self, *rules, game=None):
            more = f"\n    game: {game}" if game else ""
            self.host.config.write_text(
                CONFIG.format(rules=", ".join(rules), more=more).format(url=sandbox.url))
            return self

        def env(self, t):
            return {"LD_PRELOAD": clock, "CLOCK_AT": t}

        def __call__(self, t, *words):
            return self.host.must(*words, **self.env(t))

        def other(self, name):
            return At(name)

    return At()


def posts(sandbox):
    return [call["kind"] for call in sandbox.log() if call["method"] in ("POST", "DELETE")]


def test_a_stop_is_done_once_and_costs_no_call_before_or_after(at, sandbox):
    at.rules(STOP)
    at.host.must("create", "mc")
    world = sandbox.play("mc")
    at(NIGHT - 600, "schedule", "run")
    sandbox.clear_log()
    assert "nothing is due" in at(NIGHT - 1, "schedule", "run").err
    assert not sandbox.log()
    said = at(NIGHT + 3, "schedule", "run")
    assert "mc: stop at 02:00 daily (UTC): done" in said.out, said
    state = sandbox.state()
    assert not dogs.droplets(state, "mc") and dogs.newest_world(state, "mc") == world
    assert len(dogs.snapshots(state, "mc")) == 1
    sandbox.clear_log()
    for later in (NIGHT + 4, NIGHT + 900, NIGHT + 86000):
        assert "nothing is due" in at(later, "schedule", "run").err
    assert not sandbox.log()
    assert "done" in at(NIGHT + 90, "schedule", "list").out
    assert "not running" in at(NIGHT + 86400, "schedule", "run").out
    dogs.assert_sound(sandbox.state())


def test_a_rule_that_is_new_does_not_do_what_was_before_it(at, sandbox):
    at.rules(STOP)
    at.host.must("create", "mc")
    assert "nothing is due" in at(NIGHT + 3600, "schedule", "run").err
    assert dogs.droplets(sandbox.state(), "mc")


@pytest.mark.parametrize("rule, late_s, done", [
    ("{{do: stop, at: '02:00', zone: UTC, missed: skip}}", 3600, False),
    ("{{do: stop, at: '02:00', zone: UTC, missed: skip}}", 600, True),
    ("{{do: stop, at: '02:00', zone: UTC, window: 2h}}", 3600, True),
    ("{{do: stop, at: '02:00', zone: UTC, window: 2h}}", 7300, False),
])
def test_what_was_missed_is_caught_up_or_skipped(at, sandbox, rule, late_s, done):
    at.rules(rule)
    at.host.must("create", "mc")
    at(NIGHT - 3000, "schedule", "run")
    # The droplet is older than the night, by the cloud's clock as well.
    sandbox.advance(int(12 * 3600 * sandbox.speed))
    said = at(NIGHT + late_s, "schedule", "run")
    assert ("done" if done else "skipped") in said.out, said
    assert bool(dogs.droplets(sandbox.state(), "mc")) != done
    assert "nothing is due" in at(NIGHT + late_s + 900, "schedule", "run").err


def test_late_a_server_that_was_started_since_is_left_alone(at, sandbox):
    at.rules("{{do: stop, at: '02:00', zone: UTC, window: 12h}}")
    at(NIGHT - 3000, "schedule", "run")
    at.host.must("create", "mc")  # while this host slept, by somebody
    said = at(NIGHT + 4 * 3600, "schedule", "run")
    assert "skipped: it was started after that" in said.out, said
    assert dogs.droplets(sandbox.state(), "mc")


def test_a_start_and_a_later_rule_overtakes_an_earlier_one(at, sandbox):
    at.rules("{{do: stop, at: '02:00', zone: UTC, window: 24h}}",
             "{{do: start, at: '19:30', zone: UTC, window: 4h}}")
    at.host.must("create", "mc")
    at.host.must("stop", "mc")
    at(NIGHT - 3000, "schedule", "run")
    sandbox.advance(int(48 * 3600 * sandbox.speed))
    said = at(NIGHT + 18 * 3600, "schedule", "run")
    assert "a later rule of the server has come since" in said.out, said
    assert re.search("start at 19:30.*: done", said.out), said
    assert len(dogs.droplets(sandbox.state(), "mc")) == 1


UNLESS = "{{do: stop, at: '02:00', zone: UTC, unless_played: true, again: 30m}}"


def test_a_conditional_stop_waits_until_nobody_plays(at, sandbox):
    at.rules(UNLESS, game="minecraft-java")
    sandbox.ask("POST", "/sandbox/game", {"server": "mc", "protocol": "java"})
    at.host.must("create", "mc")
    world = sandbox.play("mc")
    sandbox.ask("POST", "/sandbox/game", {"server": "mc", "players": 1, "names": ["ann"]})
    at(NIGHT - 600, "schedule", "run")
    sandbox.advance(int(12 * 3600 * sandbox.speed))
    said = at(NIGHT, "schedule", "run")
    assert "waiting: " in said.out and "ann" in said.out, said
    assert "looking again in 30 min" in said.out, said
    sandbox.clear_log()
    assert "nothing is due" in at(NIGHT + 900, "schedule", "run").err
    assert not sandbox.log()
    for t in (NIGHT + 1800, NIGHT + 3600):  # on the minute, however late the last look was
        assert "waiting: " in at(t, "schedule", "run").out
    assert "waiting: " in at(NIGHT + 3600, "schedule", "list").out
    assert dogs.droplets(sandbox.state(), "mc")
    sandbox.ask("POST", "/sandbox/game", {"server": "mc", "players": 0, "names": []})
    assert ": done" in at(NIGHT + 5400, "schedule", "run").out
    state = sandbox.state()
    assert not dogs.droplets(state, "mc") and dogs.newest_world(state, "mc") >= world


def test_a_conditional_stop_does_not_stop_who_may_play(at, sandbox):
    at.rules(UNLESS)
    at.host.must("create", "mc")
    at(NIGHT - 600, "schedule", "run")
    sandbox.advance(int(12 * 3600 * sandbox.speed))
    for t in (NIGHT, NIGHT + 1800):
        said = at(t, "schedule", "run")
        assert "waiting: " in said.out and "`game:`" in said.out, said
    assert dogs.droplets(sandbox.state(), "mc")


def test_a_killed_run_is_taken_up(at, sandbox):
    at.rules(STOP)
    at.host.must("create", "mc")
    world = sandbox.play("mc")
    at(NIGHT - 600, "schedule", "run")
    child = at.host.start("schedule", "run", **at.env(NIGHT))
    assert dogs.wait_until(lambda: "droplet_action" in str(posts(sandbox)) or
                           any("actions" in c["path"] for c in sandbox.log()
                               if c["method"] == "POST"))
    child.send_signal(signal.SIGKILL)
    at.host.finish(child, "schedule", "run")
    said = at(NIGHT + 900, "schedule", "run")
    assert "done" in said.out, said
    state = sandbox.state()
    assert not dogs.droplets(state, "mc") and dogs.newest_world(state, "mc") == world
    dogs.assert_sound(state)
    dogs.assert_no_duplicate_snapshots(state)


def test_two_at_once_here_and_on_another_computer(at, sandbox):
    at.rules(STOP)
    bob = at.other("bob").rules(STOP)
    at.host.must("create", "mc")
    world = sandbox.play("mc")
    for one in (at, bob):
        one(NIGHT - 600, "schedule", "run")
    hosts = [at, at, bob]
    children = [one.host.start("schedule", "run", **one.env(NIGHT + i))
                for i, one in enumerate(hosts)]
    for one, child in zip(hosts, children):
        one.host.finish(child, "schedule", "run")
    for i, one in enumerate((at, bob)):  # whoever lost looks again
        one.host.run("schedule", "run", **one.env(NIGHT + 900 + i))
    state = sandbox.state()
    assert not dogs.droplets(state, "mc") and dogs.newest_world(state, "mc") == world
    dogs.assert_sound(state)
    dogs.assert_no_duplicate_snapshots(state)


def test_an_outage_is_tried_again_and_what_cannot_be_read_is_not_done(at, sandbox):
    at.rules(STOP)
    at.host.must("create", "mc")
    at(NIGHT - 600, "schedule", "run")
    failed = at.host.run("schedule", "run", DOGS_API_URL="http://127.0.0.1:1", **at.env(NIGHT))
    assert failed.status == 1, failed
    assert "failed: " in at(NIGHT + 5, "schedule", "list").out
    assert "done" in at(NIGHT + 900, "schedule", "run").out
    (at.host.state_dir / "mc.schedule").write_text("{")
    broken = at.host.run("schedule", "run", **at.env(NIGHT + 86400))
    assert broken.status == 1 and "remembered" in broken.err, broken
    assert "dogs schedule remove" in broken.err


def test_a_condition_that_nobody_can_ask_about_is_said(at):
    at.rules(UNLESS)
    said = at.host.must("schedule", "list").out
    assert "mc: who plays cannot be asked without `game:`, so it would never be stopped" in said
    at.rules(UNLESS, game="minecraft-java")
    assert "cannot be asked" not in at.host.must("schedule", "list").out


def test_no_rules_and_wrong_words(at):
    at.rules()
    for words, status, text in (
            (("schedule", "next"), 5, "schedule: [{do: stop"),
            (("schedule", "add"), 5, "schedule: [{do: stop"),
            (("schedule", "next", "mcc"), 5, "did you mean"),
            (("schedule", "next", "--from", "tomorrow"), 2, "--from"),
            (("schedule", "add", "--dry-run"), 2, "no --dry-run"),
            (("schedule", "whenever"), 2, "add|list|next|remove|run")):
        result = at.host.run(*words)
        assert result.status == status and text in result.err, result
    assert "nothing is installed" in at.host.must("schedule", "list").out


# --- real schedulers ------------------------------------------------------------------------------


class Apart:
    """A mount namespace with a /run, a crontab folder and a home of its own."""

    def __init__(self, place):
        self.place = place
        self.tabs = place / "tabs"
        self.tabs.mkdir()
        mounts = "mount -t tmpfs tmpfs /run"
        spool = pathlib.Path("/var/spool/cron/crontabs")
        if spool.is_dir():
            mounts += f" && mount --bind {self.tabs} {spool}"
            os.chown(self.tabs, 0, spool.stat().st_gid)
            self.tabs.chmod(0o1730)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             f"{mounts} && echo ready && exec sleep 3600"], stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            self.close()
            pytest.skip("no mount namespace of its own can be had here")

    def enter(self, *command):
        return ["nsenter", "--target", str(self.holder.pid), "--mount", "--wd=/", *map(str, command)]

    def run(self, *command, env=None, check=True):
        result = subprocess.run(self.enter(*command), env=env, text=True, capture_output=True,
                                timeout=120)
        assert not check or result.returncode == 0, result
        return result

    def close(self):
        self.holder.terminate()
        self.holder.wait()
        self.holder.stdout.close()


@pytest.fixture
def apart(place):
    if os.geteuid() != 0:
        pytest.skip("needs root for a mount namespace of its own")
    inside = Apart(place)
    yield inside
    inside.close()


def everything_below(*folders):
    return sorted(str(path) for folder in folders for path in pathlib.Path(folder).rglob("*"))


def soon(seconds=75):
    """HH:MM of UTC, at least that far away."""
    return datetime.datetime.fromtimestamp(time.time() + seconds + 59, UTC).strftime("%H:%M")


def evening(place, sandbox):
    host = dogs.Host(place / "host's own", sandbox.url)
    host.config.write_text(
        CONFIG.format(rules="{{do: stop, at: '" + soon() + "', zone: UTC}}", more="")
        .format(url=sandbox.url) + f"token_file: {place}/token\n")
    (place / "token").write_text(dogs.TOKEN + "\n")
    (place / "token").chmod(0o600)
    host.must("create", "mc")
    # Neither token nor config come from the environment of a scheduler.
    del host.env["DOGS_TOKEN"], host.env["DOGS_CONFIG"]
    return host, sandbox.play("mc")


def command(host, *words):
    return [dogs.DOGS, "--config", host.config, *words]


def until_stopped(sandbox, host, world):
    assert dogs.wait_until(lambda: not dogs.droplets(sandbox.state(), "mc"), 240, 0.5), \
        (everything_below(host.state_dir), sandbox.log())
    state = sandbox.state()
    assert dogs.newest_world(state, "mc") == world
    dogs.assert_sound(state)


def test_real_cron_stops_a_server_and_nothing_remains(place, sandbox, apart):
    if not shutil.which("cron") or not shutil.which("crontab"):
        pytest.skip("the package cron is not here")
    host, world = evening(place, sandbox)
    before = "# mine\n\n\t 17 3 * * *\techo '50\\% of it'\n#end"
    (place / "tab").write_text(before + "\n")
    apart.run("crontab", place / "tab")
    files = everything_below(host.home, "/tmp/dogs-none")
    cron = subprocess.Popen(apart.enter("cron", "-f"))
    try:
        said = apart.run(*command(host, "schedule", "add", "--with", "cron"), env=host.env)
        assert "installed: cron looks every" in said.stdout, said
        assert "token" not in said.stderr, said
        table = apart.run("crontab", "-l").stdout
        assert table.startswith(before + "\n# >>> dogs-") and dogs.TOKEN not in table
        apart.run(*command(host, "schedule", "add", "--with", "cron"), env=host.env)
        assert apart.run("crontab", "-l").stdout == table, "added twice"
        until_stopped(sandbox, host, world)
        assert dogs.wait_until(lambda: "done" in apart.run(
            *command(host, "schedule", "list"), env=host.env).stdout, 60, 1)
        said = apart.run(*command(host, "schedule", "remove"), env=host.env)
        assert "removed from the crontab" in said.stdout
        assert apart.run("crontab", "-l").stdout == before + "\n"
        gone = set(everything_below(host.home)) - set(files)
        assert not [path for path in gone if "schedule" in path or "dogs-" in path], gone
        apart.run("crontab", "-r")
        # Where no other line was, no empty table stays behind.
        apart.run(*command(host, "schedule", "add", "--with", "cron"), env=host.env)
        apart.run(*command(host, "schedule", "remove"), env=host.env)
        assert not list(apart.tabs.iterdir())
    finally:
        cron.terminate()
        cron.wait()


@pytest.fixture
def user_systemd(apart, place):
    """A manager of this user's, that thinks the system was booted with systemd."""
    manager = shutil.which("systemd", path="/lib/systemd:/usr/lib/systemd")
    if not manager or not shutil.which("systemctl"):
        pytest.skip("systemd is not here")
    # A branch of the tree of cgroups, if this system has the old ones.
    branch = pathlib.Path("/sys/fs/cgroup/systemd/dogs-test")
    apart.run("mkdir", "-p", "/run/systemd/system", "/run/user/0")
    join = ""
    if branch.parent.is_dir():
        branch.mkdir(exist_ok=True)
        join = f"echo $$ > {branch}/cgroup.procs; "
    env = {"XDG_RUNTIME_DIR": "/run/user/0"}
    with open(place / "systemd.log", "wb") as log:
        child = subprocess.Popen(
            apart.enter("sh", "-c", f"{join}exec {manager} --user --log-target=console"),
            env=dogs.environment(place / "host's own", **env)
            | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/0/bus"},
            stdout=log, stderr=log)
    answers = dogs.wait_until(lambda: apart.run(
        "systemctl", "--user", "show", "--property=Version", env=os.environ | env,
        check=False).returncode == 0, 20, 0.2)
    if answers:
        yield env
    child.terminate()
    child.wait()
    if branch.is_dir():
        for folder in sorted(branch.rglob("*"), reverse=True):
            if folder.is_dir():
                folder.rmdir()
        branch.rmdir()
    if not answers:
        pytest.skip("no manager of a user runs here: " +
                    (place / "systemd.log").read_text(errors="replace")[-200:])


@pytest.mark.skipif(not dogs.LONG and shutil.which("cron") is not None,
                    reason="takes minutes, as cron does, which was tried; --long")
def test_real_systemd_stops_a_server_and_nothing_remains(place, sandbox, apart, user_systemd):
    host, world = evening(place, sandbox)
    env = host.env | user_systemd
    files = everything_below(host.home)
    said = apart.run(*command(host, "schedule", "add"), env=env)
    assert "installed: systemd looks every" in said.stdout, said
    assert "lingering is off" in said.stderr and "loginctl enable-linger" in said.stderr, said
    timers = apart.run("systemctl", "--user", "list-timers", "--no-pager", env=env).stdout
    assert re.search(r"dogs-[0-9a-f]{8}\.timer", timers), timers
    units = list((host.home / ".config/systemd/user").glob("dogs-*"))
    assert sorted(path.suffix for path in units) == [".service", ".timer"]
    for path in units:
        assert dogs.TOKEN not in path.read_text()
        checked = apart.run("systemd-analyze", "--user", "verify", path, env=env, check=False)
        assert "dogs-" not in checked.stderr, checked
    until_stopped(sandbox, host, world)
    assert dogs.wait_until(lambda: "done" in apart.run(
        *command(host, "schedule", "list"), env=env).stdout, 60, 1)
    said = apart.run(*command(host, "schedule", "remove"), env=env)
    assert "removed from" in said.stdout, said
    timers = apart.run("systemctl", "--user", "list-timers", "--all", "--no-pager", env=env).stdout
    assert "dogs-" not in timers
    loaded = apart.run("systemctl", "--user", "list-units", "--all", "--no-pager", env=env).stdout
    assert "dogs-" not in loaded, loaded
    gone = set(everything_below(host.home)) - set(files)
    assert not [path for path in gone if "systemd" in path or "schedule" in path], gone
    assert "nothing was installed" in apart.run(*command(host, "schedule", "remove"),
                                                env=env).stdout

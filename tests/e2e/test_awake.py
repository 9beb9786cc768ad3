"""This computer stays awake while dogs waits, and only then; and what happens where it slept all the
same.

A real elogind on a private system bus tells who inhibits what: it runs in a mount namespace of its
own, so it needs root, and Debian's packages elogind and libelogind0 unpacked (not installed: they
conflict with systemd) below $DOGS_ELOGIND, by default build/elogind; tools/test fetches them. What
elogind asks polkit, and the services of a desktop, are imitated by bus_peer.c."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

import dogs

if getattr(dogs, "WINE", None):
    pytest.skip("of Linux; test_awake_wine.py is for Windows", allow_module_level=True)

HERE = pathlib.Path(__file__).parent
ELOGIND = pathlib.Path(os.environ.get("DOGS_ELOGIND") or dogs.ROOT / "build/elogind")
AWAKE, ASLEEP = "stays awake meanwhile", "may fall asleep meanwhile"
NOBODY = 65534

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
ENTER = ("mount --make-rprivate / && mount -t tmpfs none /run && mkdir /run/systemd && "
         "mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"")


def end(child):
    if child.poll() is None:
        child.kill()
    child.wait()
    if child.stdout:
        child.stdout.close()


class Bus:
    """A dbus-daemon of our own."""

    def __init__(self, folder):
        self.path = folder / "bus"
        config = folder / "bus.conf"
        config.write_text(BUS.format(path=self.path))
        self.address = f"unix:path={self.path}"
        self.child = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork"],
                                      stderr=subprocess.DEVNULL)
        assert dogs.wait_until(self.path.exists), "dbus-daemon did not start"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.child)


class Peer:
    """bus_peer, and the lines that it has printed."""

    def __init__(self, program, *actions, **env):
        self.child = subprocess.Popen([program, *actions], env=env, stdout=subprocess.PIPE,
                                      bufsize=0)
        self.lines = []
        assert self.saw("ready"), self.lines

    def saw(self, beginning, seconds=20):
        limit = time.monotonic() + seconds
        while not any(line.startswith(beginning) for line in self.lines):
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                return False
            self.lines.append(self.child.stdout.readline().decode().strip())
            if not self.lines[-1]:
                return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.child)


class Logind:
    def __init__(self, bus):
        self.bus = bus
        folders = {str(lib.parent) for lib in ELOGIND.rglob("lib*.so*")}
        self.env = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join(sorted(folders)),
                    "DBUS_SYSTEM_BUS_ADDRESS": bus.address}
        daemon, = [p for p in ELOGIND.rglob("elogind") if p.is_file() and "lib" in str(p.parent)
                   and os.access(p, os.X_OK)]
        self.tool, = ELOGIND.rglob("elogind-inhibit")
        self.child = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", 'unset LD_LIBRARY_PATH; ' + ENTER, "sh", "env",
             f"LD_LIBRARY_PATH={self.env['LD_LIBRARY_PATH']}", daemon],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        assert dogs.wait_until(lambda: self.child.poll() is not None or self.answers(), 30, 0.1)
        assert self.child.poll() is None, "elogind ended"

    def answers(self):
        asked = subprocess.run([self.tool, "--list"], env=self.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        return asked.returncode == 0

    def inhibitors(self):
        """What elogind lists: a dict per inhibitor, by the columns of its table."""
        out = subprocess.run([self.tool, "--list", "--no-pager"], env=self.env, check=True,
                             stdout=subprocess.PIPE, timeout=30).stdout.decode()
        head, *lines = [line for line in out.splitlines() if line.strip()]
        if not head.startswith("WHO"):
            return []
        starts = [match.start() for match in re.finditer(r"\S+", head)]
        return [{head[a:b].strip().lower(): line[a:b].strip()
                 for a, b in zip(starts, [*starts[1:], None])}
                for line in lines if "inhibitors listed" not in line]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.child)


@pytest.fixture(scope="session")
def tools(tmp_path_factory):
    """bus_peer and the library that puts a computer to sleep."""
    folder = tmp_path_factory.mktemp("awake")
    subprocess.run(["gcc", "-o", folder / "bus_peer", HERE / "bus_peer.c", "-lsystemd"], check=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "sleeper.so", HERE / "sleeper.c",
                    "-ldl"], check=True)
    return folder


@pytest.fixture
def bus(tmp_path):
    if not shutil.which("dbus-daemon"):
        pytest.skip("dbus-daemon is not here")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # another user looks at the bus, too
    with Bus(tmp_path) as running:
        yield running


@pytest.fixture
def logind(bus):
    if os.geteuid() != 0:
        pytest.skip("elogind needs root for a mount namespace of its own")
    if not list(ELOGIND.rglob("elogind-inhibit")):
        pytest.skip(f"elogind is not unpacked in {ELOGIND}")
    with Logind(bus) as running:
        yield running


def begin_stop(sandbox, host, *args, **env):
    """A stop that is waiting for a snapshot which takes two hours."""
    sandbox.settings(durations={"snapshot": 7200})
    sandbox.clear_log()
    child = host.start("stop", "mc", *args, **env)
    asked = lambda: any(call["kind"] == "action.snapshot" for call in sandbox.log())
    assert dogs.wait_until(asked, dogs.PATIENCE_S), host.finish(child)
    return child


def said_once(result, text):
    assert result.err.count(text) == 1, result


# --- the inhibitor, as a real logind lists it -------------------------------------------------------

# How a stop that waits is brought to its end: what is done, and its exit status then.
ENDS = {
    "success": (lambda sandbox, child: sandbox.advance(7200), 0),
    "failure": (lambda sandbox, child: sandbox.faults({"kind": "*", "nth": 0, "do": "401"}), 4),
    "Ctrl-C": (lambda sandbox, child: child.send_signal(signal.SIGINT), 130),
    "SIGTERM": (lambda sandbox, child: child.send_signal(signal.SIGTERM), 130),
    "SIGHUP": (lambda sandbox, child: child.send_signal(signal.SIGHUP), 130),
    "kill -9": (lambda sandbox, child: child.kill(), -signal.SIGKILL),
}


@pytest.mark.parametrize("how", ENDS)
def test_logind_lists_a_stop_while_it_waits(worlds, logind, how):
    finish, status = ENDS[how]
    with worlds.at("running") as (sandbox, host):
        assert logind.inhibitors() == []
        child = begin_stop(sandbox, host, DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address)
        held, = logind.inhibitors()
        assert held["who"] == "dogs" and held["why"] == "stop mc is under way", held
        assert held["what"] == "sleep:idle" and held["mode"] == "block", held
        assert dogs.WRAP or held["pid"] == str(child.pid), held
        finish(sandbox, child)
        result = host.finish(child, "stop", "mc")
        assert result.status == status, result
        said_once(result, f"{AWAKE} (logind); closing its lid still puts it to sleep")
        assert dogs.wait_until(lambda: logind.inhibitors() == [], 10, 0.05), logind.inhibitors()


def test_a_timed_out_stop_lets_go(worlds, logind):
    with worlds.at("running") as (sandbox, host):
        sandbox.settings(durations={"snapshot": 7200})
        result = host.run("stop", "mc", "--timeout=2", DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address)
        assert result.status == 6 and logind.inhibitors() == [], result


@pytest.mark.parametrize("args, status", [
    (["stop", "mc", "--dry-run"], 0), (["status", "mc"], 0), (["list"], 0),
    (["stop", "nosuch"], 5), (["create", "mc"], 0), (["start", "mc"], 0),
])
def test_nothing_is_asked_for_what_does_not_wait(worlds, bus, tools, args, status):
    """There is no logind on this bus, so a hold would be told."""
    with worlds.at("running") as (sandbox, host):
        result = host.run(*args, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
        assert result.status == status and ASLEEP not in result.err + result.out, result


def test_everything_that_waits_holds(worlds, logind):
    with worlds.at("stored") as (sandbox, host):
        for args in (["start", "mc"], ["power", "mc", "reboot"], ["power", "mc", "off"],
                     ["snapshot", "mc"], ["destroy", "mc", "--yes"], ["prune", "mc", "--keep", "1",
                                                                      "--yes"]):
            result = host.must(*args, DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address)
            said_once(result, f"{AWAKE} (logind)")
            assert logind.inhibitors() == []


def test_the_embedded_sandbox_holds_too(place, logind):
    env = dogs.environment(place, DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address)
    line = [*dogs.WRAP, dogs.DOGS, "--sandbox", "create", "mc"]
    child = subprocess.Popen(line, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert dogs.wait_until(logind.inhibitors, dogs.PATIENCE_S)
    out, err = child.communicate(timeout=dogs.PATIENCE_S)
    assert child.returncode == 0 and logind.inhibitors() == [], err


# --- what polkit refuses ------------------------------------------------------------------------------


def ask_as_nobody(logind, place, *args):
    """`dogs awake --json --for 1s` of an unprivileged user: what it says it got, and what logind
    listed meanwhile."""
    program = place / "dogs"
    shutil.copy(dogs.DOGS, program)
    home = place / "home"
    home.mkdir()
    for folder in (place, home):
        folder.chmod(0o755)
    child = subprocess.Popen(
        [program, "awake", "--for", "2s", "--json", *args], cwd="/", user=NOBODY, group=NOBODY,
        extra_groups=[], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=dogs.environment(home, DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address))
    document = json.loads(child.stdout.readline())
    listed = logind.inhibitors()
    rest, err = child.communicate(timeout=dogs.PATIENCE_S)
    assert rest == b"" and b"Sanitizer" not in err, err
    return document, listed


LOGIN1 = "org.freedesktop.login1."


@pytest.mark.parametrize("allowed, listed, lacks", [
    ([], [], ["'sleep'", "'idle'"]),
    (["inhibit-block-idle"], ["idle"], ["'sleep'"]),
    (["inhibit-block-sleep"], ["sleep"], ["'idle'"]),
    (["inhibit-block-sleep", "inhibit-block-idle"], ["idle", "sleep"], []),
    (["inhibit-block-sleep", "inhibit-block-idle", "inhibit-handle-lid-switch"], ["sleep:idle"], []),
])
def test_what_polkit_refuses_is_told(logind, place, tools, allowed, listed, lacks):
    with Peer(tools / "bus_peer", *(LOGIN1 + name for name in allowed or ["nothing"]),
              DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address):
        document, found = ask_as_nobody(logind, place)
        got = document["system"] if document["ok"] else None
        assert sorted(one["what"] for one in found) == listed, (document, found)
        assert document["ok"] == bool(listed), document
        text = got["lacks"] or "" if got else document["error"]["message"]
        assert [word in text for word in ("'sleep'", "'idle'")] == \
               [word in lacks for word in ("'sleep'", "'idle'")], document
        assert not got or (got["held"] and got["by"] == "logind")
    assert logind.inhibitors() == []


def test_without_polkit_nothing_is_allowed_and_the_run_goes_on(logind, place):
    document, found = ask_as_nobody(logind, place)
    assert document["error"]["exit"] == 1 and found == []
    assert "logind refuses 'sleep'" in document["error"]["message"], document


# --- what is not there, or hangs ------------------------------------------------------------------------


@pytest.fixture
def mute(tmp_path):
    """A socket that takes connections and says nothing."""
    path = tmp_path / "mute"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(16)
        yield f"unix:path={path}"


def stop_quickly(host, seconds, **env):
    began = time.monotonic()
    result = host.must("stop", "mc", **env)
    took = time.monotonic() - began
    assert dogs.SLOW or took < seconds, f"{took:.1f} s\n{result}"
    return result


def test_no_bus(worlds):
    with worlds.at("running") as (sandbox, host):
        result = stop_quickly(host, 10)
        said_once(result, f"{ASLEEP}: logind: there is no bus; PowerManagement: there is no bus")
        assert AWAKE not in result.err


def test_no_session(worlds):
    with worlds.at("running") as (sandbox, host):
        del host.env["DBUS_SESSION_BUS_ADDRESS"]
        result = stop_quickly(host, 10)
        said_once(result, "PowerManagement: no session of a desktop")


def test_a_bus_without_logind(worlds, bus):
    with worlds.at("running") as (sandbox, host):
        result = stop_quickly(host, 10, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
        said_once(result, f"{ASLEEP}: logind: ")
        assert "org.freedesktop.login1" in result.err, result


def test_hung_buses(worlds, mute):
    """Both of them: the stop goes on after three seconds."""
    with worlds.at("running") as (sandbox, host):
        result = stop_quickly(host, 14, DBUS_SYSTEM_BUS_ADDRESS=mute, DBUS_SESSION_BUS_ADDRESS=mute)
        said_once(result, f"{ASLEEP}: logind: no answer in time; PowerManagement: no answer in time")


def test_a_hung_logind(worlds, logind):
    with worlds.at("running") as (sandbox, host):
        logind.child.send_signal(signal.SIGSTOP)
        try:
            result = stop_quickly(host, 14, DBUS_SYSTEM_BUS_ADDRESS=logind.bus.address)
        finally:
            logind.child.send_signal(signal.SIGCONT)
        said_once(result, f"{ASLEEP}: logind: no answer in time")


# --- the desktop ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["success", "kill -9"])
def test_the_desktop_is_the_second_way(worlds, bus, tools, how):
    finish, status = ENDS[how]
    with worlds.at("running") as (sandbox, host), \
            Peer(tools / "bus_peer", DBUS_SESSION_BUS_ADDRESS=bus.address) as desktop:
        child = begin_stop(sandbox, host, DBUS_SESSION_BUS_ADDRESS=bus.address)
        name = "org.freedesktop.PowerManagement.Inhibit"
        assert desktop.saw(f"inhibit {name} dogs: stop mc is under way"), desktop.lines
        assert not desktop.saw("released", 0.2)
        finish(sandbox, child)
        result = host.finish(child, "stop", "mc")
        assert result.status == status, result
        said_once(result, f"{AWAKE} (PowerManagement; logind: there is no bus)")
        assert desktop.saw(f"released {name}"), desktop.lines
        assert not any("ScreenSaver" in line for line in desktop.lines)


def test_display_only_on_request(place, bus, tools):
    shell = Shell(place, DBUS_SESSION_BUS_ADDRESS=bus.address)
    with Peer(tools / "bus_peer", DBUS_SESSION_BUS_ADDRESS=bus.address) as desktop:
        result = shell.run("awake", "--for", "1s", "--display")
        assert result.status == 0 and "its display stays on (ScreenSaver)" in result.err, result
        assert desktop.saw("inhibit org.freedesktop.ScreenSaver dogs: dogs awake"), desktop.lines
        assert desktop.saw("released org.freedesktop.ScreenSaver"), desktop.lines
    result = shell.run("awake", "--for", "1s", "--display")
    assert result.status == 1 and "its display may go dark: ScreenSaver: " in result.err, result


# --- dogs awake ---------------------------------------------------------------------------------------------


class Shell:
    def __init__(self, home, **env):
        self.home, self.env = home, dogs.environment(home, **env)

    def start(self, *args, **how):
        return subprocess.Popen(
            [*dogs.WRAP, dogs.DOGS, *args], env=self.env, cwd=self.home, stdout=subprocess.PIPE,
            **{"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **how})

    def run(self, *args, **how):
        child = self.start(*args, **how)
        out, err = child.communicate(timeout=dogs.PATIENCE_S)
        return dogs.Result(args, child.returncode, out.decode(), (err or b"").decode())


@pytest.fixture
def shell(place):
    return Shell(place)


@pytest.mark.parametrize("script, status", [
    ("exit 0", 0), ("exit 1", 1), ("exit 77", 77), ("exit 255", 255),
    ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("kill -PIPE $$", 141),
])
def test_the_exit_status_of_the_command_is_passed_on(shell, script, status):
    for line in (["sh", "-c", script], ["--", "sh", "-c", script]):
        assert shell.run("awake", *line).status == status
    document = json.loads(shell.run("awake", "--json", "sh", "-c", script).out)
    assert document["ok"] is True and document["status"] == status


def test_the_command_has_our_input_output_and_arguments(shell, tmp_path):
    given = tmp_path / "input"
    given.write_text("what stands in the file\n")
    with given.open() as stdin:
        result = shell.run("awake", "--quiet", "sh", "-c", 'cat; echo "$@" >&2', "sh", "--json",
                           "-v", "a b", "--", "--for", *["x"] * 100, stdin=stdin)
    assert result.out == "what stands in the file\n", result
    assert result.err == "--json -v a b -- --for" + " x" * 100 + "\n", result


def test_a_command_that_is_not_there(shell):
    result = shell.run("awake", "--quiet", "nosuchcommand")
    assert result.status == 5 and "cannot run 'nosuchcommand'" in result.err, result
    result = shell.run("awake", "--quiet", "/etc/passwd")
    assert result.status == 1 and "Permission denied" in result.err, result


TRAP = "trap 'echo got {0}; exit 9' {0}; echo ready; while :; do sleep 0.05; done"


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT"])
def test_signals_are_passed_on(shell, name):
    child = shell.start("awake", "--quiet", "sh", "-c", TRAP.format(name))
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(getattr(signal, f"SIG{name}"))
    out, err = child.communicate(timeout=dogs.PATIENCE_S)
    assert (out, child.returncode) == (f"got {name}\n".encode(), 9), err


COUNTS = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
n = 0
while signal.sigtimedwait([signal.SIGINT], 0.7 if n > 2 else 60):
    n += 1
    print("got", n, flush=True)
sys.exit(n)
"""


def test_ctrl_c_on_a_terminal_is_the_commands_business(shell):
    """However often it is typed, dogs waits for what the command makes of it."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(dogs.DOGS, [dogs.DOGS, "awake", sys.executable, "-c", COUNTS], shell.env)
    seen, typed = "", 0
    limit = time.monotonic() + dogs.PATIENCE_S
    while time.monotonic() < limit:
        try:
            seen += os.read(terminal, 4096).decode()
        except OSError:
            break
        if typed < 3 and ("ready" if typed == 0 else f"got {typed}") in seen:
            os.write(terminal, b"\x03")
            typed += 1
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 3 and "got 3" in seen and "got 4" not in seen, seen


def test_what_is_ignored_for_our_sake_is_not_for_the_command(shell):
    result = shell.run("awake", "--quiet", "sh", "-c", "grep SigIgn /proc/self/status")
    assert int(result.out.split()[1], 16) & 1 << (signal.SIGPIPE - 1) == 0, result


def test_the_command_does_not_keep_the_hold(shell, logind):
    """A command that stays behind does not keep the computer awake."""
    shell.env["DBUS_SYSTEM_BUS_ADDRESS"] = logind.bus.address
    result = shell.run("awake", "sh", "-c", "sleep 30 >/dev/null 2>&1 & echo $!")
    try:
        said_once(result, AWAKE)
        assert logind.inhibitors() == []
    finally:
        os.kill(int(result.out), signal.SIGKILL)


def test_held_while_the_command_runs(shell, logind):
    shell.env["DBUS_SYSTEM_BUS_ADDRESS"] = logind.bus.address
    child = shell.start("awake", "sh", "-c", "echo ready; sleep 30")
    assert child.stdout.readline() == b"ready\n"
    held, = logind.inhibitors()
    assert held["why"] == "dogs awake -- sh" and held["who"] == "dogs", held
    child.terminate()
    child.communicate(timeout=dogs.PATIENCE_S)
    assert child.returncode == 143
    assert dogs.wait_until(lambda: logind.inhibitors() == [], 10, 0.05)


def test_awake_until_ctrl_c_or_for_a_time(shell, logind):
    shell.env["DBUS_SYSTEM_BUS_ADDRESS"] = logind.bus.address
    for args, status in ([], 0), (["--for", "1h"], 130):
        child = shell.start("awake", *args)
        assert dogs.wait_until(logind.inhibitors, dogs.PATIENCE_S)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=dogs.PATIENCE_S)
        assert child.returncode == status and logind.inhibitors() == []
    began = time.monotonic()
    result = shell.run("awake", "--for", "1s")
    assert result.status == 0 and 1 <= time.monotonic() - began < dogs.PATIENCE_S, result


def test_awake_alone_fails_where_nothing_can_be_had(shell):
    result = shell.run("awake")
    assert result.status == 1 and ASLEEP in result.err and "next: " in result.err, result


@pytest.mark.parametrize("time_text", ["", "0", "2x", "h", "1h2h", "-1", "99999999999d", "1m1h"])
def test_times_that_are_none(shell, time_text):
    result = shell.run("awake", f"--for={time_text}")
    assert result.status == 2 and "--for" in result.err, result


# --- this computer slept --------------------------------------------------------------------------------------


@pytest.fixture
def sleeper(tools, tmp_path):
    """What makes a client's computer sleep: an environment, and the file with the milliseconds."""
    slept = tmp_path / "slept"
    slept.write_text("0")
    return {"LD_PRELOAD": tools / "sleeper.so", "SLEEPER_MS": slept}, slept


def calls_since(sandbox, n):
    return [(call["method"], call["kind"]) for call in sandbox.log()[n:]]


def is_effect(call):
    return call[0] != "GET"


def assert_looked_before_acting(calls):
    """Lists and the droplet are read anew before the first call that changes something."""
    first = next((i for i, call in enumerate(calls) if is_effect(call)), len(calls))
    looks = {kind for _, kind in calls[:first]}
    assert {"droplet.list", "snapshot.list"} <= looks, calls


def test_a_sleep_is_told_and_the_stop_goes_on(worlds, sleeper):
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        child = begin_stop(sandbox, host, **env)
        seen = len(sandbox.log())
        sandbox.advance(7200)
        slept.write_text("4800000")
        result = host.finish(child, "stop", "mc")
        assert result.status == 0, result
        said_once(result, "this computer slept 1 h 20 min: looking at everything anew")
        assert_looked_before_acting(calls_since(sandbox, seen))
        after = sandbox.state()
        assert dogs.droplets(after, "mc") == []
        assert dogs.snapshots(after, "mc")[-1]["world"] == dogs.newest_world(before, "mc")
        assert len(dogs.snapshots(after, "mc")) == len(dogs.snapshots(before, "mc"))
        dogs.assert_no_duplicate_snapshots(after)
        dogs.assert_sound(after)


def test_whoever_played_while_this_computer_slept_keeps_the_droplet(worlds, sleeper, place):
    """Another computer switches the droplet on in the meantime: what this one saw before it slept
    (off, its snapshot under way) counts no more."""
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        child = begin_stop(sandbox, host, **env)
        sandbox.advance(7200)
        droplet = dogs.droplets(sandbox.state(), "mc")[0]["id"]
        child.send_signal(signal.SIGSTOP)  # asleep
        slept.write_text("4800000")
        sandbox.ask("POST", f"/v2/droplets/{droplet}/actions", {"type": "power_on"}, dogs.TOKEN)
        sandbox.advance(120)
        played = sandbox.play("mc")
        seen = len(sandbox.log())
        child.send_signal(signal.SIGCONT)
        result = host.finish(child, "stop", "mc")
        assert result.status in (7, 8), result
        said_once(result, "this computer slept 1 h 20 min")
        assert not any(is_effect(call) and call[1] != "tag.resources.add"
                       for call in calls_since(sandbox, seen)), calls_since(sandbox, seen)
        after = sandbox.state()
        assert [d["world"] for d in dogs.droplets(after, "mc")] == [played]
        dogs.assert_sound(after)


def test_a_shutdown_is_not_said_again_without_looking(worlds, sleeper):
    """Asleep between the shutdown and its end: then it is off, and nothing is said twice."""
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        sandbox.settings(durations={"shutdown_off": 100000})
        sandbox.clear_log()
        child = host.start("stop", "mc", **env)
        asked = lambda: any(call["kind"] == "action.shutdown" for call in sandbox.log())
        assert dogs.wait_until(asked, dogs.PATIENCE_S), host.finish(child)
        child.send_signal(signal.SIGSTOP)
        said = sum(call["kind"] == "action.shutdown" for call in sandbox.log())
        slept.write_text("7200000")
        sandbox.settings(durations={})
        sandbox.advance(100000)
        child.send_signal(signal.SIGCONT)
        result = host.finish(child, "stop", "mc")
        assert result.status == 0, result
        said_once(result, "this computer slept 2 h 00 min")
        assert sum(call["kind"] == "action.shutdown" for call in sandbox.log()) == said
        assert not any(call["kind"] == "action.power_off" for call in sandbox.log())


def test_a_reboot_is_not_repeated_after_a_sleep(worlds, sleeper):
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        sandbox.settings(durations={"reboot": 3600})
        sandbox.clear_log()
        child = host.start("power", "mc", "reboot", **env)
        asked = lambda: any(call["kind"] == "action.reboot" for call in sandbox.log())
        assert dogs.wait_until(asked, dogs.PATIENCE_S), host.finish(child)
        slept.write_text("600000")
        time.sleep(1)
        sandbox.advance(3600)
        result = host.finish(child, "power", "mc", "reboot")
        assert result.status == 0, result
        said_once(result, "this computer slept 10 min 00 s")
        assert sum(call["kind"] == "action.reboot" for call in sandbox.log()) == 1


def test_a_power_cut_whose_answer_was_slept_through_is_not_repeated(worlds, sleeper):
    """It was said and obeyed; the answer came while the computer slept, to nobody."""
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        sandbox.faults({"kind": "action.power_cycle", "when": "after", "do": "hang", "hang_s": 3})
        sandbox.clear_log()
        child = host.start("power", "mc", "cycle", **env)
        time.sleep(1.5)
        slept.write_text("600000")
        result = host.finish(child, "power", "mc", "cycle")
        assert result.status == 0, result
        said_once(result, "this computer slept 10 min 00 s")
        assert sum(call["kind"] == "action.power_cycle" for call in sandbox.log()) == 1


def test_a_refused_power_cut_is_not_said_after_a_sleep_without_a_look(worlds, sleeper):
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        sandbox.faults({"kind": "action.power_cycle", "do": "429", "seconds": 1200})
        sandbox.clear_log()
        child = host.start("power", "mc", "cycle", **env)
        asked = lambda: any(call["kind"] == "action.power_cycle" for call in sandbox.log())
        assert dogs.wait_until(asked, dogs.PATIENCE_S), host.finish(child)
        slept.write_text("600000")
        result = host.finish(child, "power", "mc", "cycle")
        assert result.status == 0, result
        kinds = [call["kind"] for call in sandbox.log()]
        first, second = [n for n, kind in enumerate(kinds) if kind == "action.power_cycle"]
        assert "droplet.list" in kinds[first:second], kinds


def test_a_start_goes_on_after_a_sleep(worlds, sleeper):
    env, slept = sleeper
    with worlds.at("stored") as (sandbox, host):
        sandbox.settings(durations={"create_snapshot": 3600})
        sandbox.clear_log()
        child = host.start("start", "mc", **env)
        asked = lambda: any(call["kind"] == "droplet.create" for call in sandbox.log())
        assert dogs.wait_until(asked, dogs.PATIENCE_S), host.finish(child)
        slept.write_text("3600000")
        time.sleep(0.5)
        sandbox.advance(3600)
        result = host.finish(child, "start", "mc")
        assert result.status == 0, result
        said_once(result, "this computer slept 1 h 00 min")
        assert sum(call["kind"] == "droplet.create" for call in sandbox.log()) == 1
        assert len(dogs.droplets(sandbox.state(), "mc")) == 1


def test_a_nod_is_no_sleep(worlds, sleeper):
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        child = begin_stop(sandbox, host, **env)
        slept.write_text("4000")
        sandbox.advance(7200)
        result = host.finish(child, "stop", "mc")
        assert result.status == 0 and "slept" not in result.err, result


# What is done from which world, and how the account looks then: droplets and snapshots of mc.
ASLEEP_AT_ANY_MOMENT = {
    "stop": ("running", ["stop", "mc"], 0, 2),
    "start": ("stored", ["start", "mc"], 1, 2),
    "create": ("empty", ["create", "mc"], 1, 0),
    "prune": ("piled", ["prune", "mc", "--yes"], 0, 2),
}


@pytest.mark.parametrize("verb", ASLEEP_AT_ANY_MOMENT)
def test_asleep_at_any_moment(worlds, tools, tmp_path, verb):
    """For an hour, at this or that reading of the clock: the end is the same."""
    world, line, n_droplets, n_snapshots = ASLEEP_AT_ANY_MOMENT[verb]
    total, failures, points, told = tmp_path / "count", [], [], 0
    env = {"LD_PRELOAD": tools / "sleeper.so"}

    def at(moment):
        with worlds.at(world) as (sandbox, host):
            before = sandbox.state()
            result = host.run(*line, SLEEPER_AT=moment, SLEEPER_COUNT=total, **env)
            after = sandbox.state()
            dogs.assert_sound(after)
            dogs.assert_no_duplicate_snapshots(after)
            assert result.status == 0, result
            assert len(dogs.droplets(after, "mc")) == n_droplets, result
            assert len(dogs.snapshots(after, "mc")) == n_snapshots, result
            assert dogs.newest_world(after, "mc") == (dogs.newest_world(before, "mc") or 1)
            return "this computer slept" in result.err

    at(0)
    count = int(total.read_text())
    step = max(1, count // 24)
    for moment in dogs.choose(range(1, count + 1, 1 if dogs.LONG else step)):
        points.append(moment)
        try:
            told += at(moment)
        except AssertionError as wrong:
            failures.append(f"asleep at reading {moment} of {count}: {wrong}")
    dogs.count(f"{verb}, asleep for an hour: {len(points)} of {count} moments tried, "
               f"{told} began anew, {len(failures)} failed")
    assert not failures, dogs.told(failures)


@pytest.mark.parametrize("sleeps", [3])
def test_many_sleeps(worlds, sleeper, sleeps):
    env, slept = sleeper
    with worlds.at("running") as (sandbox, host):
        child = begin_stop(sandbox, host, **env)
        for n in range(1, sleeps + 1):
            seen = len(sandbox.log())
            slept.write_text(str(n * 60000))
            looked = lambda: ("GET", "droplet.list") in calls_since(sandbox, seen)
            assert dogs.wait_until(looked, dogs.PATIENCE_S)
        sandbox.advance(7200)
        result = host.finish(child, "stop", "mc")
        assert result.status == 0 and result.err.count("this computer slept") == sleeps, result
        assert sum(call["kind"] == "action.snapshot" for call in sandbox.log()) == 1
        dogs.assert_no_duplicate_snapshots(sandbox.state())

"""stop while people play: they are counted and warned, the game is saved and stopped, and only then
the machine. Times are the sandbox's stepped clock, so they are exact."""

import pytest

import dogs
from games_host import Played, place, sandbox  # noqa: F401

TICK_S = 15
MINUTES = ["10 minutes", "5 minutes", "1 minute"]
# The program of the game scripts, as far as dogs knows it.
PROGRAM = """\
#!/bin/sh
echo "$1 $(cat)" >>"$DOGS_ROOT/told"
case $1 in
players) [ -f "$DOGS_ROOT/count" ] || exit 1; cat "$DOGS_ROOT/count" ;;
heard) cat "$DOGS_ROOT/chat" 2>/dev/null; rm -f "$DOGS_ROOT/chat" ;;
save) [ ! -f "$DOGS_ROOT/broken" ] || { echo "no disk" >&2; exit 1; } ;;
esac
"""


@pytest.fixture
def host(place, sandbox):
    return up(place, sandbox)


def up(place, sandbox, rcon="pw", **keys):
    keys = {"admin_password": "pw"} | keys
    host = Played(place / "host", sandbox, **keys)
    host.game(protocol="java")
    if rcon:
        host.game(protocol="rcon", password=rcon)
    host.must("create", "mc")
    return host


def shutdown_ms(sandbox):
    return [c["t_virtual_ms"] for c in sandbox.log() if c["kind"] == "action.shutdown"][0]


def warnings(host):
    return [next(m for m in MINUTES + [t["text"]] if m in t["text"]) for t in host.told("warn")]


def test_warned_saved_stopped_then_shut_down(host, sandbox):
    host.game(players=2, names=["ann", "bob"])
    result = host.must("stop", "mc")
    assert warnings(host) == MINUTES
    told = host.told()
    assert [t["order"] for t in told] == ["warn"] * 3 + ["save", "stop"]
    at = [t["at"] / 1000 for t in told]
    assert 298 <= at[1] - at[0] <= 302 and 238 <= at[2] - at[1] <= 242, at
    assert 59 <= at[3] - at[2] <= 75, at
    assert shutdown_ms(sandbox) / 1000 >= at[4]
    assert "2 play (ann, bob); they were given their time" in result.err
    dogs.assert_sound(sandbox.state())


def test_nobody_plays(host, sandbox):
    host.must("stop", "mc")
    assert [t["order"] for t in host.told()] == ["save", "stop"]


def test_they_leave_in_the_middle(host, sandbox):
    host.game(players=1)
    with host.begun("stop", "mc") as child:
        sandbox.sleep("test", 120)
        host.game(players=0)
        sandbox.leave("test")
        result = host.finish(child, "stop", "mc")
    assert result.status == 0, host.story()
    told = host.told()
    assert [t["order"] for t in told] == ["warn", "save", "stop"]
    assert told[1]["at"] - told[0]["at"] <= (120 + 3 * TICK_S) * 1000
    assert "nobody plays any more" in result.err


def test_now(host, sandbox):
    host.game(players=2)
    host.must("stop", "mc", "--now")
    assert [t["order"] for t in host.told()] == ["save", "stop"]


def test_the_minutes_of_the_config(place, sandbox):
    host = up(place, sandbox, warn=[2])
    host.game(players=2)
    host.must("stop", "mc")
    assert ["2 minutes" in t["text"] for t in host.told("warn")] == [True]
    host.must("start", "mc")
    host = Played(place / "host", sandbox, warn=[], admin_password="pw")
    host.game(players=2)
    told = len(host.told("warn"))
    host.must("stop", "mc")
    assert len(host.told("warn")) == told


def test_if_empty(place, sandbox):
    host = up(place, sandbox)
    host.game(players=1, names=["ann"])
    result = host.run("stop", "mc", "--if-empty")
    assert result.status == 7 and "1 plays (ann) on mc" in result.err, result
    host.game(players=0, protocol="java", mode="closed")
    result = host.run("stop", "mc", "--if-empty")
    assert result.status == 7 and "not known who plays" in result.err, result
    assert not host.told() and dogs.droplets(sandbox.state(), "mc")
    host.game(protocol="java", mode="normal")
    host.must("stop", "mc", "--if-empty")


def test_if_empty_is_not_refused_its_own_half(host, sandbox):
    """The game that it has ended itself answers nobody; that must not keep the droplet for ever."""
    sandbox.faults({"kind": "action.shutdown", "nth": 1, "do": "hang"})
    with host.begun("stop", "mc", "--if-empty") as child:
        assert dogs.wait_until(lambda: len(host.told()) == 2, 60)
        assert dogs.wait_until(lambda: sandbox.fired() == 1, 60)
        host.kill(child)
    sandbox.no_faults()
    sandbox.advance(1200)
    host.must("stop", "mc", "--if-empty")
    assert [t["order"] for t in host.told()] == ["save", "stop"]
    dogs.assert_sound(sandbox.state())


def test_if_empty_without_a_game(place, sandbox):
    host = Played(place / "host", sandbox, game=None)
    host.must("create", "mc")
    result = host.run("stop", "mc", "--if-empty")
    assert result.status == 7 and "`game:`" in result.err, result


def test_unknown_is_warned_all_the_same(host, sandbox):
    host.game(protocol="java", mode="rubbish")
    host.must("stop", "mc")
    assert warnings(host) == MINUTES
    assert [t["order"] for t in host.told()][3:] == ["save", "stop"]


def test_unknown_and_deaf_goes_on_with_a_note(place, sandbox):
    host = up(place, sandbox, admin_password=None, rcon=None)
    host.game(protocol="java", mode="closed")
    began = sandbox.state()["virtual_ms"]
    result = host.must("stop", "mc")
    assert result.err.count("it is not known who plays") == 1, result
    assert shutdown_ms(sandbox) - began < 60_000


def test_players_who_cannot_be_warned_get_a_minute(place, sandbox):
    host = up(place, sandbox, admin_password=None, rcon=None)
    host.game(players=3)
    began = sandbox.state()["virtual_ms"]
    result = host.must("stop", "mc")
    assert "3 play (" in result.err and "cannot be warned: " in result.err and "password" in result.err
    assert 59_000 <= shutdown_ms(sandbox) - began < 120_000


def test_a_wrong_password_is_said_once_and_stops_nothing(place, sandbox):
    host = up(place, sandbox, rcon="another")
    host.game(players=1)
    result = host.must("stop", "mc")
    assert result.err.count("could not be warned") == 1, result
    assert "did not confirm its save" in result.err and "pw" not in result.err.split()
    assert "trying again" not in result.err
    assert not host.told()


@pytest.mark.parametrize("mode", ["save_fails", pytest.param("save_silent", marks=pytest.mark.skipif(
    not dogs.LONG, reason="three minutes of silence; DOGS_LONG=1"))])
def test_a_save_that_fails(host, sandbox, mode):
    host.game(protocol="rcon", mode=mode)
    result = host.run("stop", "mc", seconds=400)
    assert result.status == 0, host.story()
    assert result.err.count("trying again") == 2
    assert "did not confirm its save" in result.err and "shut down cleanly" in result.err
    assert not host.told("stop")
    dogs.assert_sound(sandbox.state())


@pytest.mark.parametrize("after_s, said", [(30, 1), (400, 2), (590, 3)])
def test_killed_in_the_countdown(host, sandbox, after_s, said):
    host.game(players=2)
    with host.begun("stop", "mc") as child:
        sandbox.sleep("test", after_s)
        assert len(host.told("warn")) == said
        host.kill(child)
    host.must("resume", "mc")
    assert warnings(host) == MINUTES, host.told()
    at = [t["at"] / 1000 for t in host.told()]
    assert 590 <= at[3] - at[0] <= 700, at
    dogs.assert_sound(sandbox.state())


def test_killed_in_the_countdown_and_long_forgotten(host, sandbox):
    host.game(players=2)
    with host.begun("stop", "mc") as child:
        sandbox.sleep("test", 400)
        host.kill(child)
    sandbox.advance(3 * 3600)
    host.must("stop", "mc")
    assert warnings(host) == MINUTES[:2] + MINUTES


def test_killed_after_the_save(host, sandbox):
    sandbox.faults({"kind": "action.shutdown", "nth": 1, "do": "hang"})
    with host.begun("stop", "mc") as child:
        assert dogs.wait_until(lambda: len(host.told()) == 2, 60)
        assert dogs.wait_until(lambda: sandbox.fired() == 1, 60)
        host.kill(child)
    sandbox.no_faults()
    assert "not saved" not in host.must("resume", "mc").err
    assert [t["order"] for t in host.told()] == ["save", "stop"]


def test_stay(host, sandbox):
    host.game(players=2)
    host.must("stay", "mc", "1h")
    result = host.run("stop", "mc")
    assert result.status == 7 and "--now" in result.err and "stay mc off" in result.err, result
    assert not host.told()
    host.must("stay", "mc", "off")
    with host.begun("stop", "mc") as child:
        sandbox.sleep("test", 60)
        other = dogs.Host(host.home, sandbox.url, config=host.config.read_text().replace(
            "{", "{{").replace("}", "}}"))
        assert other.run("stay", "mc", "2h").status == 0
        sandbox.leave("test")
        result = host.finish(child, "stop", "mc")
    assert result.status == 0, host.story()
    assert warnings(host)[0] == "10 minutes" and warnings(host)[-3:] == MINUTES
    assert "put off" in host.told("warn")[1]["text"]
    at = [t["at"] / 1000 for t in host.told("warn")]
    assert 7000 <= at[-1] - at[0] <= 7400, at


def test_stay_taken_back(host, sandbox):
    host.game(players=2)
    with host.begun("stop", "mc") as child:
        sandbox.sleep("test", 60)
        host.must("stay", "mc", "2h", DOGS_SANDBOX_CLIENT="other")
        sandbox.sleep("test", 60)
        host.must("stay", "mc", "off", DOGS_SANDBOX_CLIENT="other")
        sandbox.leave("test")
        assert host.finish(child, "stop", "mc").status == 0, host.story()
    at = [t["at"] / 1000 for t in host.told("warn")]
    assert at[-1] - at[0] < 1200, host.told("warn")


@pytest.mark.parametrize("span, status", [("0", 2), ("soon", 2), ("13h", 2), ("59s", 2), ("12h", 0)])
def test_how_long_it_stays(host, span, status):
    assert host.run("stay", "mc", span).status == status, host.story()


def test_what_is_not_there_cannot_stay(place, sandbox):
    host = Played(place / "host", sandbox)
    assert host.run("stay", "mc").status == 5
    assert host.run("stay", "nobody").status == 5


def test_rubbish_in_the_file_of_the_wish(host, sandbox):
    (host.state_dir / "mc.stay").write_bytes(b"\xff\x00 whatever")
    host.must("stop", "mc")


def test_time_out_and_ctrl_c_in_the_countdown(host, sandbox):
    host.game(players=2)
    with host.begun("stop", "mc") as child:
        sandbox.sleep("test", 60)
        child.send_signal(dogs.signal.SIGINT)
        result = host.finish(child, "stop", "mc")
    assert result.status == 130 and "resume" in result.err, result
    assert len(dogs.droplets(sandbox.state(), "mc")) == 1
    host.must("stop", "mc", "--now")
    assert [t["order"] for t in host.told()] == ["warn", "save", "stop"]


def test_dry_run(host, sandbox):
    host.game(players=2, names=["ann", "bob"])
    result = host.must("stop", "mc", "--dry-run")
    assert "2 play (ann, bob): they would be warned 10, 5 and 1 minutes" in result.err
    assert "told to save and to stop, over the network" in result.err
    assert not host.told()


class Remote:
    """The droplet's disk, with the program of the game scripts on it."""

    def __init__(self, place, sandbox, **keys):
        self.host = up(place, sandbox, admin="ssh", admin_password=None, rcon=None, **keys)
        address = self.host.must("status", "mc", "--json").json()["servers"][0]["address"]
        dogs.subprocess.run([dogs.DOGS, "sandbox", "ssh", "--dir", str(sandbox.dir), "--", address,
                             "true"], env=self.host.env, check=True)
        self.root = sandbox.dir / "droplets" / str(self.host.droplet()["id"])
        program = self.root / "usr/local/lib/dogs/game"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(PROGRAM)
        program.chmod(0o755)

    def told(self, verb):
        path = self.root / "told"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.partition(" ")[2] for line in lines if line.split(" ")[0] == verb]

    def keep(self, folder):
        """What was told, before the droplet and its disk are gone."""
        return self.root / "told", folder


@pytest.fixture
def remote(place, sandbox):
    return Remote(place, sandbox)


def watch(remote, sandbox, *args):
    """Runs a stop up to its shutdown, which the cloud refuses for ever; what was told by then."""
    sandbox.faults({"kind": "action.shutdown", "nth": 0, "do": "403"})
    result = remote.host.run(*args)
    assert result.status == 4, remote.host.story()
    return result


def test_by_ssh(remote, sandbox):
    host = remote.host
    host.game(players=2)
    watch(remote, sandbox, "stop", "mc")
    assert [next(m for m in MINUTES if m in t) for t in remote.told("say")] == MINUTES
    assert len(remote.told("save")) == len(remote.told("stop")) == 1


def test_by_ssh_a_player_has_the_word(remote, sandbox):
    host = remote.host
    host.game(players=2)
    sandbox.faults({"kind": "action.shutdown", "nth": 0, "do": "403"})
    began = sandbox.state()["virtual_ms"]
    (remote.root / "chat").write_text("<ann> stay\n")  # before: no answer to this stop
    with host.begun("stop", "mc") as child:
        for _ in range(4):
            sandbox.sleep("test", 100)
            (remote.root / "chat").write_text("<bob> we will not stay\n<ann> Stay!\n")
        sandbox.leave("test")
        host.finish(child, "stop", "mc")
    took = (sandbox.state()["virtual_ms"] - began) / 1000
    assert 600 + 2 * 1800 <= took <= 900 + 2 * 1800, took
    assert len([t for t in remote.told("say") if "put off" in t]) == 2, remote.told("say")


def test_by_ssh_counts_what_cannot_be_asked(remote, sandbox):
    host = remote.host
    host.game(protocol="java", mode="closed")
    (remote.root / "count").write_text("0\n")
    watch(remote, sandbox, "stop", "mc")
    assert not remote.told("say") and remote.told("players")


def test_by_ssh_a_save_that_fails(remote, sandbox):
    (remote.root / "broken").touch()
    result = watch(remote, sandbox, "stop", "mc")
    assert len(remote.told("save")) == 3 and not remote.told("stop")
    assert "no disk" in result.err and "did not confirm its save" in result.err


@pytest.mark.parametrize("nth", dogs.choose(range(1, 30), 3))
def test_killed_at_a_write(place, sandbox, killer, nth):
    """Whatever is killed where: nothing is said twice, the game is saved before its machine goes."""
    host = up(place, sandbox)
    host.game(players=2)
    sandbox.clear_log()
    result = host.run("stop", "mc", LD_PRELOAD=killer, KILLER_UNDER=host.state_dir,
                      KILLER_NTH=nth, KILLER_WHEN="after")
    assert result.status in (0, -9), result
    sandbox.leave("host")
    host.must("stop", "mc")
    said = warnings(host)
    # What was about to be said may be missing.
    assert [m for m in MINUTES if m in said] == said and len(said) >= 2, said
    orders = [t["order"] for t in host.told()]
    assert "save" in orders and orders == sorted(orders, key=["warn", "save", "stop"].index), orders
    assert shutdown_ms(sandbox) >= host.told("save")[0]["at"]
    assert not dogs.droplets(sandbox.state(), "mc")
    dogs.assert_sound(sandbox.state())

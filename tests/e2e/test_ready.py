"""start ends when the game answers, says what it waited for, and prints what a player types."""

import pytest

import dogs
from games_host import Played, place, sandbox  # noqa: F401


def step_ms(events, name):
    return [e["elapsed_ms"] for e in events if e["event"] == "done" and e["step"] == name]


def test_start_waits_until_the_game_answers(place, sandbox):
    host = Played(place / "host", sandbox)
    host.game(protocol="java", boot_s=240)
    for verb in "create", "start":
        result, events = host.events(verb, "mc")
        assert result.status == 0, host.story()
        assert 200_000 < step_ms(events, "ready")[0] < 300_000, events
        waited = [e for e in events if e["event"] == "wait" and e["step"] == "ready"]
        assert waited and "Minecraft: Java Edition answers" in waited[0]["text"]
        address = host.must("status", "mc", "--json").json()["servers"][0]["address"]
        assert events[-1]["address"] == address, events[-1]
        host.must("stop", "mc")
    # The second time it knows how long that usually takes.
    assert waited[0]["expected_ms"] > 200_000
    dogs.assert_sound(sandbox.state())


@pytest.mark.parametrize("ready, mode, waits", [
    ("droplet", "closed", False), ("port", "silent", False), ("game", "closed", True),
    ("port", "closed", True), (None, "rubbish", True), (None, "starting", True),
])
def test_what_it_waits_for(place, sandbox, ready, mode, waits):
    host = Played(place / "host", sandbox, ready=ready)
    host.game(protocol="java", mode=mode)
    result = host.run("create", "mc")
    if not waits:
        assert result.status == 0, host.story()
        return
    assert result.status == 6, host.story()
    assert "the droplet runs at 127." in result.err and "ready: droplet" in result.err
    assert "dogs query 127." in result.err and "costs" in result.err
    assert dogs.droplets(sandbox.state(), "mc")
    # The same droplet, once the game is there.
    host.game(mode="normal")
    sandbox.clear_log()
    assert "127." in host.must("resume", "mc").out
    assert not [c for c in sandbox.log() if c["method"] == "POST"]


def test_a_game_that_never_answers(place, sandbox):
    host = Played(place / "host", sandbox)
    host.game(protocol="java", mode="closed")
    result, events = host.events("create", "mc")
    assert result.status == 6, host.story()
    assert "did not answer within 15 min" in events[-1]["error"]["message"], events[-1]
    host.game(mode="normal")
    host.must("create", "mc")
    assert host.run("resume").status == 5


@pytest.mark.parametrize("port, shown", [(25565, ""), (25570, ":25570")])
def test_the_address_a_player_types(place, sandbox, port, shown):
    host = Played(place / "host", sandbox, port=port)
    host.game(protocol="java", port=port)
    result = host.must("create", "mc")
    address = host.must("status", "mc", "--json").json()["servers"][0]["address"]
    assert f"mc is running at {address}{shown}\n" in result.out
    assert f"at {address}{shown}\n" in host.must("start", "mc").out


@pytest.mark.parametrize("keys, says", [
    ({"game": "minecraft"}, "no game is called 'minecraft'"),
    ({"game": "valheim", "ready": "port"}, "TCP"),
    ({"game": "factorio", "ready": "game"}, "password"),
])
def test_a_config_that_cannot_come_true_makes_nothing(place, sandbox, keys, says):
    host = Played(place / "host", sandbox, **keys)
    result = host.run("create", "mc")
    assert result.status == 2 and says in result.err, result
    assert not sandbox.log()


def test_the_password_is_read_only_when_it_is_needed(place, sandbox):
    mark = place / "asked"
    keys = {"admin_password_command": f"touch {mark}; echo pw"}
    host = Played(place / "host", sandbox, **keys)
    host.game(protocol="java")
    host.game(protocol="rcon", password="pw")
    host.must("create", "mc")
    host.must("status", "mc")
    assert not mark.exists()
    host.must("stop", "mc")
    assert mark.exists() and [t["order"] for t in host.told()] == ["save", "stop"]


def test_a_password_that_cannot_be_had(place, sandbox):
    """It neither keeps a server from stopping nor is it passed over in silence."""
    host = Played(place / "host", sandbox, admin_password_command="false")
    host.game(protocol="java")
    host.must("create", "mc")
    assert "admin_password_command" in host.must("stop", "mc").err
    host = Played(place / "host", sandbox, game="factorio", ready="game",
                  admin_password_command="false")
    result = host.run("start", "mc")
    assert result.status == 2 and "admin_password_command" in result.err, result


def test_config_check_knows_the_games(place, sandbox):
    host = Played(place / "host", sandbox, game="minecraft-jav")
    result = host.run("config", "check")
    assert result.status == 2 and "did you mean 'minecraft-java'" in result.err, result
    host = Played(place / "host", sandbox)
    host.must("config", "check")


@pytest.mark.parametrize("verb, then", [
    ("create", ["resume"]), ("create", ["create", "mc"]), ("start", ["start", "mc"]),
])
def test_killed_while_it_waits(place, sandbox, verb, then):
    host = Played(place / "host", sandbox)
    if verb == "start":
        host.game(protocol="java")
        host.must("create", "mc")
        host.must("stop", "mc")
    host.game(protocol="java", boot_s=600)
    with host.begun(verb, "mc") as child:
        sandbox.sleep("test", 200)
        host.kill(child)
    assert "127." in host.must(*then).out
    assert len(dogs.droplets(sandbox.state(), "mc")) == 1
    assert host.run("resume").status == 5


def test_dry_run_says_it(place, sandbox):
    host = Played(place / "host", sandbox)
    assert "it would wait until Minecraft: Java Edition answers" in host.must(
        "create", "mc", "--dry-run").err

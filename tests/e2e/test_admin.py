"""`dogs query` of games that are asked through their administrator's door (peers/admin.py), and
what npm's rcon-client says of the same servers."""

import subprocess
import sys

import pytest

import dogs

sys.path.insert(0, str(dogs.ROOT / "tests"))
from peers import admin, common, game_answers as games, node_games  # noqa: E402

PASSWORD = "only-for-tests"


def query(place, *args, password=PASSWORD):
    env = dogs.environment(place) | ({"DOGS_GAME_PASSWORD": password} if password else {})
    done = subprocess.run(
        [*dogs.WRAP, dogs.DOGS, "--json", "-v", "-v", "query", *args], env=env, cwd=place,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=dogs.PATIENCE_S)
    result = dogs.Result(list(args), done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Sanitizer" not in result.err and "runtime error" not in result.err, result
    assert PASSWORD not in result.out + result.err, result
    return result


def at(server, game, *more):
    return f"127.0.0.1:{server.port}", "--game", game, "--query-port", str(server.port), *more


LONG = ["p%d" % i + "x" * 12 for i in range(150)]
ARK_LIST = "".join(f"\n{i}. {name}, 7656119800000{i:04} " for i, name in enumerate(LONG)) + "\n "
NOBODY = "No Players Connected \n "

# name, manner, game, command, its answer, players, the first names.
CONSOLES = [
    ("factorio", admin.FACTORIO, "factorio", "/players online count", "Online players (3)", 3, []),
    ("factorio-nobody", admin.FACTORIO, "factorio", "/players online count", "Online players (0)",
     0, []),
    ("factorio-names", admin.FACTORIO, "factorio", "/players online",
     "Online players (2):\n  ann (online)\n  bob (online)", 2, ["ann", "bob"]),
    ("ark", admin.ARK, "ark-ascended", "ListPlayers", "\n0. ann, 76561198000000000 \n ", 1,
     ["ann"]),
    ("ark-nobody", admin.ARK, "ark-ascended", "ListPlayers", NOBODY, 0, []),
    ("many-in-pieces", admin.MINECRAFT, "ark-ascended", "ListPlayers", ARK_LIST, 150, LONG[:3]),
    ("many-and-deaf", admin.ARK, "ark-ascended", "ListPlayers", ARK_LIST, 150, LONG[:3]),
    ("many-and-closing", admin.MINECRAFT_LIKE, "ark-ascended", "ListPlayers", NOBODY, 0, []),
    ("as-source", admin.SOURCE, "ark-ascended", "ListPlayers", ARK_LIST, 150, LONG[:3]),
    ("crumbs", admin.CRUMBS, "ark-ascended", "ListPlayers", ARK_LIST, 150, LONG[:3]),
    ("not-understood", admin.SOURCE, "ark-ascended", "ListPlayers", "0", None, []),
    ("nothing-said", admin.SOURCE, "ark-ascended", "ListPlayers", "", None, []),
    ("unknown-command", admin.FACTORIO, "factorio", "/other", "", None, []),
]


@pytest.mark.parametrize("manner, game, command, answer, players, names",
                         [row[1:] for row in CONSOLES], ids=[row[0] for row in CONSOLES])
def test_a_console(place, manner, game, command, answer, players, names):
    named = ["--players"] if names else []
    with games.Tcp(admin.rcon(PASSWORD, manner, {command: answer})) as server:
        result = query(place, *at(server, game, *named))
    told = result.json()
    assert (told["players"], told["up"]) == (players, players is not None), result
    assert told["names"][:3] == names and told["max"] is None and told["why"], result
    assert (result.status == 0) == (players is not None), result


def test_a_wrong_password_is_tried_once(place):
    with games.Tcp(admin.rcon("another", admin.SOURCE, {})) as server:
        result = query(place, *at(server, "factorio"))
    told = result.json()
    assert result.status == 4 and told["players"] is None, result
    assert "refused the password" in told["why"] and "admin_password" in str(told), result


def test_without_a_password_nobody_is_asked(place):
    with games.Tcp(admin.rcon("another", admin.SOURCE, {})) as server:
        result = query(place, *at(server, "factorio"), password=None)
    assert result.status == 2 and "DOGS_GAME_PASSWORD" in result.out, result


# --- HTTP -----------------------------------------------------------------------------------------

REST = [
    ("tshock", lambda: admin.tshock(2), "terraria", 2, 8),
    ("tshock-nobody", lambda: admin.tshock(0), "terraria", 0, 8),
    ("tshock-token", lambda: admin.tshock(2, PASSWORD), "terraria", 2, 8),
    ("tshock-other-token", lambda: admin.tshock(2, "another"), "terraria", None, None),
    ("palworld", lambda: admin.palworld(2, PASSWORD), "palworld", 2, 32),
    ("palworld-nobody", lambda: admin.palworld(0, PASSWORD), "palworld", 0, 32),
    ("palworld-refused", lambda: admin.palworld(2, "another"), "palworld", None, None),
    ("palworld-web-page", lambda: lambda *_: (200, "<html>0</html>"), "palworld", None, None),
    ("palworld-broken", lambda: lambda *_: (503, {"error": "busy"}), "palworld", None, None),
    ("palworld-elsewhere", lambda: lambda *_: (302, None), "palworld", None, None),
]


@pytest.mark.parametrize("answer, game, players, most", [row[1:] for row in REST],
                         ids=[row[0] for row in REST])
def test_rest(place, answer, game, players, most):
    with admin.Http(answer()) as server:
        result = query(place, *at(server, game, "--players"))
    told = result.json()
    assert (told["players"], told["max"], told["up"]) == (players, most, players is not None), result
    assert told["names"] == [f"p{i}" for i in range(players or 0)], result
    assert bool(told["why"]) == (players is None), result


def test_a_token_goes_nowhere_without_need(place):
    with admin.Http(admin.tshock(2)) as server:
        query(place, *at(server, "terraria"))
    assert not any("token" in path for path, *_ in server.heard), server.heard


@pytest.fixture
def authority(place):
    return common.Authority(place / "ca")


# State of the light query, password of the API; is it up, how many, what is missing.
SATISFACTORY = [
    (3, None, True, 2, ""),
    (3, PASSWORD, True, 2, ""),
    (3, "another", True, None, "refused the password"),
    (1, None, False, 2, ""),
    (2, None, False, None, "loading"),
    (0, None, False, None, "offline"),
    (9, None, False, None, "state 9"),
]


@pytest.mark.parametrize("state, needed, up, players, why", SATISFACTORY)
def test_satisfactory(place, authority, state, needed, up, players, why):
    with games.Udp(admin.light(state)) as udp, \
            admin.Http(admin.satisfactory(2, needed), authority) as api:
        where = [f"127.0.0.1:{api.port}", "--game", "satisfactory", "--query-port", str(udp.port)]
        result = query(place, *where, "--pin", api.pin)
    told = result.json()
    assert (told["up"], told["players"]) == (up, players), result
    assert why in (told["why"] or ""), result


def test_another_certificate_is_another_server(place, authority):
    with games.Udp(admin.light(3)) as udp, \
            admin.Http(admin.satisfactory(2), authority) as api:
        for pin in ([], ["--pin", "00" * 32]):
            result = query(place, f"127.0.0.1:{api.port}", "--game", "satisfactory", "--query-port",
                           str(udp.port), *pin)
            told = result.json()
            assert told["up"] and told["players"] is None and told["why"], result
        assert not api.heard


# --- what others say of them ----------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["SOURCE", "MINECRAFT", "MINECRAFT_LIKE", "FACTORIO", "ARK"])
def test_rcon_client_agrees(manner):
    answers = {"list": "There are 1 of a max of 20 players online: ann", "say hello": ""}
    with games.Tcp(admin.rcon(PASSWORD, getattr(admin, manner), answers)) as server:
        try:
            said = node_games.rcon("127.0.0.1", server.port, PASSWORD, ["list", "say hello", "x"])
            with pytest.raises(RuntimeError, match="(?i)auth|closed"):
                node_games.rcon("127.0.0.1", server.port, "wrong", ["list"])
        except common.Missing as what:
            pytest.skip(f"not here: {what}")
    assert said == [answers["list"], "", "Unknown command"]
    assert server.asked == ["list", "say hello", "x"]

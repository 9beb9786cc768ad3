"""`dogs query`: who plays, nobody, or unknown with the reason; the exit status. The servers are
those of peers/game_answers.py, right and wrong ones."""

import pathlib
import socket
import subprocess
import sys

import pytest

import dogs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from peers import game_answers as games  # noqa: E402


def query(place, *args, **env):
    done = subprocess.run(
        [*dogs.WRAP, dogs.DOGS, "--json", "query", *args], env=dogs.environment(place) | env,
        cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=dogs.PATIENCE_S)
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr
    return dogs.Result(list(args), done.returncode, done.stdout.decode(), done.stderr.decode())


def says(result, **expected):
    document = result.json()
    is_so = {key: document.get(key) for key in expected}
    assert is_so == expected, result
    return document


U, T = games.Udp, games.Tcp
ARENA = "An Arena"
# name, server, game, what is said.
ANSWERS = [
    ("bedrock", U, lambda: games.bedrock(3, 20), "minecraft-bedrock",
     dict(players=3, max=20, title="A world", map="Bedrock level", version="1.14.60")),
    ("bedrock-nobody", U, lambda: games.bedrock(0, 20), "minecraft-bedrock", dict(players=0)),
    ("bedrock-escaped", U, lambda: games.bedrock(2, 9, r"a\;9\;9"), "minecraft-bedrock",
     dict(players=2, max=9)),
    ("bedrock-lost-once", U, lambda: games.after(1, games.bedrock(3, 20)), "minecraft-bedrock",
     dict(players=3)),
    ("a2s", U, lambda: games.a2s(5, 24), "counter-strike-2",
     dict(players=5, max=24, title="Source server", map="de_dust2", version="1.0.0.0")),
    ("a2s-bots", U, lambda: games.a2s(5, 24, bots=5), "valheim", dict(players=0, max=24)),
    ("a2s-more-bots-than-players", U, lambda: games.a2s(2, 24, bots=9), "valheim", dict(players=0)),
    ("a2s-challenge", U, lambda: games.a2s(1, 24, challenge=b"\1\2\3\4"), "rust", dict(players=1)),
    ("a2s-challenges", U, lambda: games.a2s(1, 24, again=3), "rust", dict(players=1)),
    ("a2s-split", U, lambda: games.a2s(7, 24, size=40), "rust", dict(players=7)),
    ("quake3", U, lambda: games.quake3(["Ann", "Bob"], bots=3), "openarena",
     dict(players=2, max=16, title=ARENA, map="oa_dm1", version="ioq3 1.36")),
    ("quake3-bots", U, lambda: games.quake3([], bots=3), "openarena", dict(players=0)),
    ("quake3-old", U, lambda: games.quake3(["Ann"], bots=3, human_count=False), "quake3",
     dict(players=1)),
    ("quake3-no-info", U, lambda: games.quake3(["Ann"], with_info=False), "quake3",
     dict(players=1)),
    ("quake3-no-status", U, lambda: games.quake3(["Ann"], bots=1, with_status=False), "quake3",
     dict(players=1)),
    ("quake3-unclear", U,
     lambda: games.quake3(["Ann"], bots=1, human_count=False, with_status=False), "quake3",
     dict(players=None, up=True, why="it does not tell which of its players are bots")),
    ("luanti", U, lambda: games.luanti, "minetest", dict(players=None, up=True)),
    ("java", T, lambda: games.java(games.status(4, 20)), "minecraft-java",
     dict(players=4, max=20, title="A world of ours", version="1.20.4")),
    ("java-byte-by-byte", T, lambda: games.java(games.status(4, 20), piece=3), "minecraft-java",
     dict(players=4)),
    ("java-icon", T, lambda: games.java(games.status(4, 20, favicon="x" * 90000), piece=9000),
     "minecraft-java", dict(players=4)),
    ("java-other-version", T, lambda: games.java(games.status(4, 20), refuses=1),
     "minecraft-java", dict(players=4)),
    ("java-1.6", T, lambda: games.legacy("§1\0" + "74\0001.6.4\0Old\0003\00020", b"\xfe\x01\xfa"),
     "minecraft-java", dict(players=3, max=20, title="Old", version="1.6.4")),
    ("java-1.4", T, lambda: games.legacy("§1\0" + "51\0001.4.7\0Old\0003\00020", b"\xfe\x01"),
     "minecraft-java", dict(players=3, max=20)),
    ("java-beta", T, lambda: games.legacy("A § in it§3§20", b"\xfe"), "minecraft-java",
     dict(players=3, max=20)),
    ("java-starting", T, lambda: games.java(games.status(None, None)), "minecraft-java",
     dict(players=None, up=False,
          why="it answers, but does not tell its players yet: it is starting")),
    ("tcp", T, lambda: games.mute, "starbound", dict(players=None, up=True)),
]


@pytest.mark.parametrize("kind, answer, game, expected", [row[1:] for row in ANSWERS],
                         ids=[row[0] for row in ANSWERS])
def test_an_answer(place, kind, answer, game, expected):
    with kind(answer()) as server:
        result = query(place, f"127.0.0.1:{server.port}", "--game", game, "--query-port",
                       str(server.port))
    assert result.status == 0, result
    says(result, **{"up": True, "game": game, "query_port": server.port} | expected)


# name, server, game, exit status, a part of what is said.
UNKNOWN = [
    ("bedrock-silent", U, lambda: games.silent, "minecraft-bedrock", 6, "nothing came"),
    ("bedrock-rubbish", U, lambda: games.rubbish, "minecraft-bedrock", 6, "no answer"),
    ("bedrock-cut", U, lambda: games.cut(games.bedrock(3, 20), 60), "minecraft-bedrock", 1,
     "cut off"),
    ("bedrock-elsewhere", U, lambda: games.elsewhere(games.bedrock(3, 20)), "minecraft-bedrock", 6,
     "nothing came"),
    ("a2s-rubbish", U, lambda: games.rubbish, "valheim", 1, "not that of A2S"),
    ("a2s-cut", U, lambda: games.cut(games.a2s(3, 20), 40), "valheim", 1, "cut off"),
    ("a2s-challenge-for-ever", U, lambda: games.a2s(3, 20, again=99), "valheim", 1, "again"),
    ("a2s-packed", U, lambda: games.a2s(3, 20, size=40, packed=True), "valheim", 1, "bzip2"),
    ("quake3-cut", U, lambda: games.cut(games.quake3(["Ann"] * 9, human_count=False), 200),
     "openarena", 1, "cut off"),
    ("luanti-rubbish", U, lambda: games.rubbish, "minetest", 1, "not that of a Luanti server"),
    ("java-silent", T, lambda: games.mute, "minecraft-java", 6, "does not answer"),
    ("java-cut", T, lambda: games.java(games.status(4, 20), cut_at=70), "minecraft-java", 1,
     "cut off"),
    ("java-closes", T, lambda: games.java(b"", refuses=99), "minecraft-java", 1,
     "none of the ways"),
    ("java-rubbish", T, lambda: games.java(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "minecraft-java", 1,
     "not that of a Minecraft server"),
]


@pytest.mark.parametrize("kind, answer, game, status, text", [row[1:] for row in UNKNOWN],
                         ids=[row[0] for row in UNKNOWN])
def test_unknown_is_not_nobody(place, kind, answer, game, status, text):
    with kind(answer()) as server:
        result = query(place, f"127.0.0.1:{server.port}", "--game", game, "--query-port",
                       str(server.port))
    assert result.status == status, result
    document = says(result, players=None, max=None, up=False)
    assert text in document["why"], result


def test_nobody_listens(place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        result = query(place, f"127.0.0.1:{port}", "--game", "minecraft-java")
    assert result.status == 6 and "refused" in result.json()["why"], result
    assert query(place, f"127.0.0.1:{port}", "--game", "valheim").status == 6


NAMES = [
    ("counter-strike-2", U, lambda: games.a2s(2, 9, names=["Ann", "Bob"], challenge=b"chal")),
    ("openarena", U, lambda: games.quake3(["^1Ann", "Bob"], bots=2)),
    ("minecraft-java", T, lambda: games.java(games.status(2, 9, ["Ann", "\x1b[2JBob\u202e"]))),
]


@pytest.mark.parametrize("game, kind, answer", NAMES, ids=[row[0] for row in NAMES])
def test_names(place, game, kind, answer):
    with kind(answer()) as server:
        result = query(place, f"127.0.0.1:{server.port}", "--game", game, "--players")
    names = result.json()["names"]
    assert names[0] == "Ann" and names[1].endswith("Bob") and len(names) == 2, result
    assert not any(c < " " for name in names for c in name), result


def test_players_that_are_not_named_still_count(place):
    answer = games.a2s(2, 9)
    with games.Udp(lambda data: answer(data) if data[4:5] == b"T" else []) as server:
        result = query(place, f"127.0.0.1:{server.port}", "--game", "rust", "--players")
    assert result.status == 0, result
    says(result, players=2, names=[])


GUESSED = [
    (U, lambda: games.bedrock(3, 20), "minecraft-bedrock", "bedrock"),
    (U, lambda: games.a2s(3, 20), None, "a2s"),
    (T, lambda: games.java(games.status(3, 20)), "minecraft-java", "java"),
    (U, lambda: games.quake3(["A", "B", "C"]), None, "quake3"),
]


@pytest.mark.parametrize("kind, answer, game, protocol", GUESSED, ids=[r[-1] for r in GUESSED])
def test_without_a_game_it_is_found_out(place, kind, answer, game, protocol):
    with kind(answer()) as server:
        result = query(place, f"127.0.0.1:{server.port}")
    assert result.status == 0, result
    says(result, players=3, protocol=protocol, game=game)


def test_the_question_is_beside_the_game(place):
    """Valheim is asked one port above that of the game, wherever that is."""
    with games.Udp(games.a2s(3, 20)) as server:
        result = query(place, f"127.0.0.1:{server.port - 1}", "--game", "valheim")
    says(result, players=3, query_port=server.port)


def test_an_address_of_the_newer_kind(place):
    try:
        server = games.Udp(games.bedrock(3, 20), "::1")
    except OSError:
        pytest.skip("there is no IPv6 here")
    with server:
        result = query(place, f"[::1]:{server.port}", "--game", "minecraft-bedrock")
    says(result, players=3, host="::1")


def test_every_try_is_a_new_question(place):
    with games.Udp(games.silent) as server:
        query(place, f"127.0.0.1:{server.port}", "--game", "minecraft-bedrock")
    assert len(server.asked) == 3 and len(set(server.asked)) == 3, server.asked


def test_luanti_is_left_as_it_was_found(place):
    with games.Udp(games.luanti) as server:
        query(place, f"127.0.0.1:{server.port}", "--game", "minetest")
        end = b"\x4f\x45\x74\x03\0\x2a\0\0\3"
        for _ in range(100):
            if end in server.asked:
                break
            server.ends.wait(0.05)
    assert server.asked[-1] == end, server.asked


MISTAKES = [
    (["127.0.0.1", "--game", "minecraft-jave"], "no game is called", "did you mean minecraft-java"),
    (["127.0.0.1:0"], "is not a port", ""),
    (["127.0.0.1:99999"], "is not a port", ""),
    (["[::1"], "is not HOST", ""),
    (["http://127.0.0.1/"], "is not", ""),
    (["127.0.0.1", "--game", "other"], "cannot be asked who plays", "--game"),
]


@pytest.mark.parametrize("args, text, hint", MISTAKES, ids=[" ".join(r[0]) for r in MISTAKES])
def test_a_mistake(place, args, text, hint):
    result = query(place, *args)
    error = result.json()["error"]
    assert result.status == 2 and text in error["message"] and hint in error["hint"], result


def test_for_people(place):
    with games.Udp(games.a2s(2, 9, names=["Ann", "Bob"])) as server:
        done = subprocess.run(
            [*dogs.WRAP, dogs.DOGS, "query", f"127.0.0.1:{server.port}", "--game", "rust",
             "--players"], env=dogs.environment(place), cwd=place, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=dogs.PATIENCE_S)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[0] == "127.0.0.1: 2 of 9 play", done
    assert "  names      Ann, Bob" in lines and "  map        de_dust2" in lines, done

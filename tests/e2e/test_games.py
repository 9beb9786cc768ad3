"""`dogs query` of real game servers, of the sandbox's, and what others say of the sandbox's."""

import contextlib
import os
import pathlib
import re
import signal
import sys
import time

import pytest

import dogs

sys.path.insert(0, str(dogs.ROOT / "tests"))

from peers import common, luanti, node_games, openarena, tls_front

PASSWORD = "only-for-tests"


def peer(kind, *args):
    try:
        return kind(*args)
    except common.Missing as what:
        pytest.skip(f"not here: {what}")


class Asker(dogs.Host):
    def __init__(self, folder):
        super().__init__(folder, "http://127.0.0.1:9", config="", DOGS_GAME_PASSWORD=PASSWORD)

    def begin(self, place, game, *more):
        return self.start("query", place, "--game", game, "--json", *more)

    def end(self, child):
        """What was said; the exit status says the same."""
        result = self.finish(child, seconds=90)
        told = result.json()
        assert told["ok"] == (result.status == 0) >= told["up"], result
        return told

    def query(self, place, game, *more):
        return self.end(self.begin(place, game, *more))

    def until(self, players, *query):
        told = {}

        def counted():
            told.update(self.query(*query))
            return told["players"] == players

        assert dogs.wait_until(counted, 60, 0.2), told


@pytest.fixture
def asker(place):
    return Asker(place / "asker")


# --- real servers -----------------------------------------------------------------------------------


@contextlib.contextmanager
def stopped(child):
    os.kill(child.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(child.pid, signal.SIGCONT)


REAL = [
    pytest.param(openarena.OpenArena, "openarena", "arena", id="openarena"),
    pytest.param(node_games.Java, "minecraft-java", "java peer", id="minecraft-protocol"),
    pytest.param(node_games.Bedrock, "minecraft-bedrock", "bedrock peer", id="bedrock-protocol"),
]


@pytest.mark.parametrize("kind, game, title", REAL)
def test_who_plays_on_a_real_server(place, asker, kind, game, title):
    with peer(kind, place / "server") as server:
        query = f"127.0.0.1:{server.port}", game
        told = asker.query(*query)
        assert (told["up"], told["players"], told["max"], told["title"]) == (True, 0, 8, title)
        with server.join("ann"):
            asker.until(1, *query)
        asker.until(0, *query)
        with stopped(server.child):
            told = asker.query(*query)
            assert not told["up"] and told["players"] is None and told["why"], told
        asker.until(0, *query)
    told = asker.query(*query)
    assert not told["up"] and told["players"] is None and told["why"], told


def test_a_real_server_that_does_not_tell(place, asker):
    with peer(luanti.Luanti, place / "server") as server:
        query = f"127.0.0.1:{server.port}", "minetest"
        told = asker.query(*query)
        assert told["up"] and told["players"] is None and told["why"], told
        with stopped(server.child):
            told = asker.query(*query)
            assert not told["up"] and told["players"] is None and told["why"], told
        told = asker.query(*query)
        assert told["up"], told
    told = asker.query(*query)
    assert not told["up"] and told["players"] is None, told


# --- the sandbox's ----------------------------------------------------------------------------------

# Protocol, the game that is asked in it, the port there; whether it tells how many play.
SANDBOX = [
    ("java", "minecraft-java", 25565, True),
    ("bedrock", "minecraft-bedrock", 19132, True),
    ("a2s", "counter-strike-2", 27015, True),
    ("quake3", "openarena", 27960, True),
    ("luanti", "minetest", 30000, False),
    ("rcon", "ark-ascended", 27020, True),
    ("factorio", "factorio", 27019, True),
    ("tshock", "terraria", 7878, True),
    ("palworld", "palworld", 8212, True),
    ("satisfactory", "satisfactory", 7777, True),
]
BAD = ["silent", "rubbish", "cut", "closed", "starting"]


class Droplet:
    """One on which every protocol is answered."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        sandbox.put(droplets=[{"id": 7000000001, "name": "mc"}])
        for protocol, _, port, _ in SANDBOX:
            self.set(protocol=protocol, port=port, password=PASSWORD)
        self.address = self.of("java")["address"]
        self.front = tls_front.Front(folder, self.address, 7777)

    def set(self, **members):
        return self.sandbox.game(droplet_id=7000000001, **members)

    def of(self, protocol):
        games = self.sandbox.ask("GET", "/sandbox/games")["games"]
        return next(game for game in games if game["protocol"] == protocol)

    def ask_all(self, asker):
        """Protocol -> what was told, all asked at once."""
        children = {}
        for protocol, game, port, _ in SANDBOX:
            place, more = self.address, ["--query-port", str(port)]
            if protocol == "satisfactory":
                place, more = self.front.address, ["--pin", self.front.pin]
            children[protocol] = asker.begin(place, game, "--players", *more)
        return {protocol: asker.end(child) for protocol, child in children.items()}


@pytest.fixture
def droplet(place, sandbox):
    one = Droplet(sandbox, place / "front")
    yield one
    one.front.close()


@pytest.mark.parametrize("players", [0, 1, 3, 20])
def test_the_sandbox_is_counted(droplet, asker, players):
    droplet.set(players=players, names=["ann"][:players], max=20)
    told = droplet.ask_all(asker)
    for protocol, _, _, counts in SANDBOX:
        answer = told[protocol]
        assert answer["up"], (protocol, answer)
        assert answer["players"] == (players if counts else None), f"{protocol}: {answer}"
        assert counts or answer["why"], (protocol, answer)
        if counts and answer["names"]:
            assert answer["names"][0] == "ann" and len(answer["names"]) <= players, answer


@pytest.mark.parametrize("mode", BAD)
def test_unknown_is_never_nobody(droplet, asker, mode):
    droplet.set(players=3)
    droplet.set(mode=mode)
    told = droplet.ask_all(asker)
    for protocol, answer in told.items():
        assert answer["players"] is None and answer["why"], (protocol, answer)
        assert not answer["up"], (protocol, answer)
    droplet.set(mode="normal")
    told = droplet.ask_all(asker)
    assert all(told[protocol]["up"] for protocol, *_ in SANDBOX), told


def test_a_port_and_no_more(droplet, asker):
    droplet.set(protocol="tcp", port=21025)
    told = asker.query(droplet.address, "starbound")
    assert told["up"] and told["players"] is None and told["why"], told
    droplet.set(protocol="tcp", mode="closed")
    told = asker.query(droplet.address, "starbound")
    assert not told["up"] and told["players"] is None and told["why"], told


def test_nobody_asks(droplet, sandbox):
    """Twelve sockets are open, and nothing is done."""
    def spent_s():
        fields = (pathlib.Path("/proc") / str(sandbox.child.pid) / "stat").read_text().split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    before = spent_s()
    time.sleep(3)
    spent = spent_s() - before
    dogs.count(f"games: {len(SANDBOX)} answer, nobody asks for 3 s: {spent:.2f} s of CPU")
    assert spent < 1


def test_a_droplet_from_its_start_to_its_end(sandbox, host, asker):
    """It answers once it has booted, on the address that dogs tells; not after the stop; and again
    after a restore, with nobody on."""
    sandbox.game(server="mc", protocol="java", boot_s=30)
    for beginning in ("create", "start"):
        host.must(beginning, "mc")
        address = dogs.droplets(sandbox.state(), "mc")[0]["ipv4"]
        assert address in host.must("status", "mc").out
        asker.until(0, address, "minecraft-java")
        sandbox.game(server="mc", names=["ann", "bob"])
        told = asker.query(address, "minecraft-java", "--players")
        assert (told["players"], told["names"]) == (2, ["ann", "bob"])
        host.must("stop", "mc", "--yes")
        assert not asker.query(address, "minecraft-java")["up"]
    assert dogs.newest_world(sandbox.state(), "mc") == 3
    dogs.assert_sound(sandbox.state())


def test_the_programs_own_sandbox(place, asker):
    """With --sandbox a server with `game:` simply answers, whoever asks while a dogs runs."""
    config = place / "config.yaml"
    config.write_text("region: fra1\nsize: s-1vcpu-2gb\nservers:\n  mc:\n    image: debian-12-x64\n"
                      "    game: minecraft-java\n")
    config.chmod(0o600)
    host = dogs.Host(place / "host", "http://127.0.0.1:9", config="")
    host.env.pop("DOGS_API_URL")
    host.env["DOGS_CONFIG"] = str(config)
    said = host.must("--sandbox", "create", "mc").out
    address = re.search(r"127\.\d+\.\d+\.\d+", said)[0]
    assert not asker.query(address, "minecraft-java")["up"]
    with dogs.Sandbox(host.state_dir / "sandbox") as sandbox:
        assert asker.query(address, "minecraft-java")["players"] == 0
        sandbox.game(server="mc", players=2)
        told = asker.query(address, "minecraft-java")
        assert told["players"] == 2, told
    host.must("--sandbox", "stop", "mc", "--yes")


# --- what others say of them ------------------------------------------------------------------------

OTHERS = [("counterstrike2", "a2s"), ("minecraft", "java"), ("mbe", "bedrock"),
          ("q3a", "quake3")]


@pytest.mark.parametrize("kind, protocol", OTHERS)
def test_gamedig_agrees(droplet, kind, protocol):
    port = next(row[2] for row in SANDBOX if row[0] == protocol)
    for players in (0, 3):
        droplet.set(players=players, names=["ann", "bob"][:players], max=16)
        told = peer(node_games.gamedig, kind, droplet.address, port)
        assert (told["numplayers"], int(told["maxplayers"])) == (players, 16), told
        if protocol in ("a2s", "quake3") and players:
            assert set(told["players"]) == {"ann", "bob", "player3"}, told


def test_gamedig_agrees_on_a_long_list(droplet):
    droplet.set(players=150, max=200)
    told = peer(node_games.gamedig, "counterstrike2", droplet.address, 27015)
    assert told["numplayers"] == 150 and len(told["players"]) == 150


def test_rcon_client_agrees(droplet, sandbox):
    droplet.set(names=["ann"])
    said = peer(node_games.rcon, droplet.address, 27020, PASSWORD,
                ["list", "say ten minutes", "save-all flush", "stop"])
    assert said == ["There are 1 of a max of 20 players online: ann", "", "Saved the game",
                    "Stopping the server"]
    assert sandbox.told() == [
        ("warn", "ten minutes"), ("save", "save-all flush"), ("stop", "stop")]
    with pytest.raises(RuntimeError):
        node_games.rcon(droplet.address, 27020, PASSWORD, ["list"])


def test_rcon_client_is_refused(droplet):
    with pytest.raises(RuntimeError, match="(?i)auth"):
        peer(node_games.rcon, droplet.address, 27020, "wrong", ["list"])

"""`dogs watch` on the stepped clock: what ends a server, and what does not."""

import signal
import subprocess

import pytest

import dogs

MINUTE = 60

CONFIG = """\
api_url: {url}
region: fra1
size: s-1vcpu-2gb
game: minecraft-java
ready: droplet
warn: []
idle_stop: {{after: 20m, never_joined: 30m, grace: 10m}}
servers:
  mc: {{}}
  seen: {{monitoring: true}}
  short: {{max_hours: 1}}
  plain: {{game: other, max_hours: 2}}
  free: {{idle_stop: {{after: 0}}}}
"""


class Place:
    """A sandbox whose clock this test moves, an owner and a watcher."""

    def __init__(self, place, config=CONFIG):
        self.sandbox = dogs.Sandbox(place / "sandbox", speed=60)
        self.sandbox.settings(speed=0)
        self.owner = dogs.Host(place / "owner", self.sandbox.url, config)
        self.keeper = dogs.Host(place / "keeper", self.sandbox.url, config)
        self.sandbox.join("test")
        self.log = place / "watch.log"
        self.child = None

    def sleep(self, seconds):
        self.sandbox.sleep("test", seconds)

    def type(self, *words):
        self.sandbox.join("owner")
        child = self.owner.start(*words, DOGS_SANDBOX_CLIENT="owner")
        while child.poll() is None:
            self.sleep(2)
        self.sandbox.leave("owner")
        return self.owner.finish(child, *words)

    def create(self, server, **game):
        result = self.type("create", server)
        assert result.status == 0, result
        self.play(server, **game)

    def play(self, server, players=0, **more):
        self.sandbox.ask("POST", "/sandbox/game", {
            "server": server, "protocol": "java", "port": 25565, "players": players, **more})

    def watch(self, *servers):
        self.sandbox.join("watch")
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [dogs.DOGS, "watch", *servers], env=self.keeper.env | {"DOGS_SANDBOX_CLIENT": "watch"},
                cwd=self.keeper.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        return self.log.read_text()

    def alive(self, server):
        return any(d["name"] == server and d["status"] == "active"
                   for d in self.sandbox.state()["droplets"])

    def minutes_until_gone(self, server, most):
        for minute in range(most):
            self.sleep(MINUTE)
            if not self.alive(server):
                return minute
        return None

    def close(self):
        if self.child:
            self.child.send_signal(signal.SIGTERM)
            while self.child.poll() is None:
                self.sleep(1)
        state = self.sandbox.state()
        self.sandbox.close()
        assert dogs.counters(state)["worlds_lost"] == 0


@pytest.fixture
def here(place):
    here = Place(place)
    yield here
    here.close()


def test_nobody_ever_came(here):
    here.create("mc")
    here.watch()
    assert 28 <= here.minutes_until_gone("mc", 45) <= 36, here.said()
    assert "nobody plays" in here.said()


def test_players_keep_it_and_then_it_goes(here):
    here.create("mc", players=2)
    here.watch()
    here.sleep(3 * 3600)
    assert here.alive("mc"), here.said()
    here.play("mc", players=0)
    assert 18 <= here.minutes_until_gone("mc", 40) <= 26, here.said()
    assert "2 play" in here.said()


def test_a_game_that_does_not_answer_is_never_idle(here):
    here.create("mc", mode="closed")
    here.create("short", mode="closed")
    here.watch()
    assert 50 <= here.minutes_until_gone("short", 75), here.said()
    assert here.alive("mc"), here.said()
    assert here.said().count("mc: for 15 min 00 s nobody could tell") == 1, here.said()


def test_the_maximum_ends_it_with_players_on(here):
    here.create("short", players=4)
    here.watch("short")
    assert 50 <= here.minutes_until_gone("short", 75) <= 64, here.said()


@pytest.mark.parametrize("kbps, least, most", [(10, 18, 26), (500, None, None)])
def test_traffic_is_a_second_signal(here, kbps, least, most):
    here.create("seen", players=1)
    here.watch()
    here.sleep(15 * MINUTE)
    here.play("seen", players=0)
    here.sandbox.ask("POST", "/sandbox/traffic", {"server": "seen", "kbps": kbps})
    gone = here.minutes_until_gone("seen", 90 if least is None else 40)
    assert gone is None if least is None else least <= gone <= most, here.said()


def test_a_game_that_cannot_be_asked_ends_at_its_maximum(here):
    here.create("plain")
    here.watch("plain")
    assert "cannot be asked" in here.said() or dogs.wait_until(lambda: "cannot be asked" in here.said())
    assert 100 <= here.minutes_until_gone("plain", 140), here.said()


def test_an_off_droplet_costs_and_goes(here):
    here.create("mc", players=1)
    assert here.type("power", "mc", "off", "--yes").status == 0
    here.watch()
    assert dogs.wait_until(lambda: here.child.poll() is None)
    here.sleep(45 * MINUTE)
    assert not [d for d in here.sandbox.state()["droplets"] if not d["deleted"]], here.said()


def test_one_list_a_minute_for_all(here):
    for server in ("mc", "seen", "short"):
        here.create(server, players=1)
    here.watch()
    here.sleep(2 * MINUTE)
    here.sandbox.clear_log()
    here.sleep(40 * MINUTE)
    kinds = [call["kind"] for call in here.sandbox.log()]
    assert set(kinds) == {"droplet.list"} and 38 <= len(kinds) <= 42, kinds


def test_a_name_typed_twice_is_one_server(here):
    here.create("mc")
    here.watch("mc", "mc", "mc", "mc", "mc", "mc", "mc", "mc")
    assert 28 <= here.minutes_until_gone("mc", 45) <= 36, here.said()
    assert here.said().count("mc: is stopped when nobody") == 1, here.said()


def test_a_countdown_that_was_interrupted_is_not_taken_up(place):
    """Who typed stop, and then Ctrl-C while people played, has thought better of it."""
    here = Place(place, CONFIG.replace("warn: []", "warn: [10]"))
    here.create("mc", players=2)
    here.sandbox.join("keeper")
    child = here.keeper.start("stop", "mc", DOGS_SANDBOX_CLIENT="keeper")
    here.sleep(3 * MINUTE)
    child.send_signal(signal.SIGINT)
    assert here.keeper.finish(child, "stop", "mc").status == 130
    here.sandbox.leave("keeper")
    here.watch()
    here.sleep(2 * 3600)
    assert here.alive("mc"), here.said()
    here.close()


def test_without_a_rule(here):
    result = here.owner.run("watch", "free")
    assert result.status == 2 and "free has no rule" in result.err and "idle_stop" in result.err, result

"""Servers that go away by themselves: a simulated stretch of careless owners on the stepped clock.

Five servers with their evenings, one watcher, sometimes two, sometimes none; hours in which the API
does not answer. At the end every server was stopped within its window, nobody was cut off, no world
was lost, and what was spent stands beside what would have been least and beside always-on.

Short form: days; with DOGS_LONG=1 a year, with DOGS_DAYS as many as it says.
"""

import collections
import os
import random
import signal

import pytest

import dogs

DAYS = int(os.environ.get("DOGS_DAYS", 365 if os.environ.get("DOGS_LONG") else 5))
HOUR, MINUTE = 3600, 60
AFTER, NEVER, GRACE = 20 * MINUTE, 30 * MINUTE, 10 * MINUTE
SLACK = 12 * MINUTE  # a round, a stop's countdown-free course, the snapshot
PRICE = 0.01786  # dollars an hour of s-1vcpu-2gb, as the sandbox says
SERVERS = ["ark", "fac", "mc", "oa", "sat"]
GAME = ("java", 25565)

CONFIG = """\
api_url: {url}
region: fra1
size: s-1vcpu-2gb
game: minecraft-java
ready: droplet
warn: []
idle_stop: {{after: 20m, never_joined: 30m, grace: 10m, readings: 5}}
max_hours: 14
servers: {{ark: {{}}, fac: {{}}, mc: {{}}, oa: {{}}, sat: {{}}}}
"""


class Evening:
    """One evening of one server: when its owner starts it, when people come and go (seconds)."""

    def __init__(self, rng, server, day):
        self.server = server
        self.start = day * 24 * HOUR + rng.randint(15 * HOUR, 21 * HOUR)
        self.careful = rng.random() < 0.3  # the owner types stop
        self.visits = []
        if rng.random() < 0.9:  # else nobody ever joins
            at = self.start + rng.randint(5 * MINUTE, 20 * MINUTE)
            for _ in range(rng.randint(1, 4)):
                until = at + rng.randint(10 * MINUTE, 150 * MINUTE)
                self.visits.append((at, until, rng.randint(1, 6)))
                at = until + rng.randint(0, 12 * MINUTE)
        self.over = self.visits[-1][1] if self.visits else self.start

    def events(self):
        yield self.start, "start", 0
        for at, until, players in self.visits:
            yield at, "players", players
            yield until, "players", 0
        if self.careful:
            yield self.over + 2 * MINUTE, "stop", 0


def plan(seed, days):
    rng = random.Random(seed)
    evenings = [Evening(rng, server, day) for day in range(days) for server in SERVERS
                if rng.random() < 0.5]
    events = [(at, n, what, value) for n, evening in enumerate(evenings)
              for at, what, value in evening.events()]
    for day in range(days):
        if rng.random() < 0.25:  # an hour without the API, at night when stops are due
            at = day * 24 * HOUR + rng.randint(18 * HOUR, 22 * HOUR)
            events += [(at, -1, "outage", 1), (at + HOUR, -1, "outage", 0)]
        if rng.random() < 0.3:  # a watcher dies, and is started again an hour later
            at = day * 24 * HOUR + rng.randint(16 * HOUR, 23 * HOUR)
            events += [(at, -1, "crash", 0), (at + rng.randint(10, 60) * MINUTE, -1, "watch", 0)]
        if rng.random() < 0.3:  # a second watcher for a night
            at = day * 24 * HOUR + rng.randint(12 * HOUR, 20 * HOUR)
            events += [(at, -1, "second", 1), (at + 10 * HOUR, -1, "second", 0)]
    return evenings, sorted(events)


class Watcher:
    """`dogs watch` on a computer of its own."""

    def __init__(self, year, name):
        self.year, self.name = year, name
        self.host = dogs.Host(year.place / name, year.sandbox.url, CONFIG)
        self.log = open(year.place / f"{name}.log", "ab")
        year.sandbox.join(name)
        self.child = dogs.subprocess.Popen(
            [dogs.DOGS, "watch", "--json-lines"], cwd=self.host.home, stdin=dogs.subprocess.DEVNULL,
            env=self.host.env | {"DOGS_SANDBOX_CLIENT": name}, stdout=self.log, stderr=self.log)

    def end(self, how):
        self.child.send_signal(how)
        # It waits for its stops, for which time must pass.
        while self.child.poll() is None:
            self.year.sleep(1)
        self.year.sandbox.leave(self.name)
        self.log.close()
        assert self.child.returncode in (130, -how), self.host.story()


class Year:
    def __init__(self, sandbox, place, seed, days):
        self.sandbox, self.place = sandbox, place
        self.evenings, self.events = plan(seed, days)
        self.owner = dogs.Host(place / "owner", sandbox.url, CONFIG)
        sandbox.join("driver")
        self.zero = self.now()
        self.watchers = {}
        self.seen = {}  # droplet id -> its record, as last seen
        self.of = {}  # evening -> droplet id
        self.quiet = []  # [from, to] in which nobody could stop anything
        self.counts = collections.Counter()

    def now(self):
        return self.sandbox.state()["virtual_ms"] / 1000

    def sleep(self, seconds):
        self.sandbox.sleep("driver", seconds)

    def look(self):
        for droplet in self.sandbox.state()["droplets"]:
            self.seen[droplet["id"]] = droplet

    def running(self, server):
        """The id of its active droplet."""
        self.look()
        ids = [d["id"] for d in self.seen.values()
               if d["name"] == server and d["status"] == "active" and not d["deleted"]]
        return max(ids, default=None)

    def type(self, *words):
        self.sandbox.join("owner")
        child = self.owner.start(*words, DOGS_SANDBOX_CLIENT="owner")
        while child.poll() is None:
            self.sleep(2)
        self.sandbox.leave("owner")
        result = self.owner.finish(child, *words)
        self.counts[f"{words[0]}, status {result.status}"] += 1
        return result

    def game(self, droplet, players):
        protocol, port = GAME
        self.sandbox.ask("POST", "/sandbox/game", {
            "droplet_id": droplet, "protocol": protocol, "port": port, "players": players, "max": 20})

    def begin(self, n):
        evening = self.evenings[n]
        if self.running(evening.server):
            return  # still there from the evening before
        kept = any(s["name"].startswith(f"{evening.server}-")
                   for s in self.sandbox.state()["snapshots"])
        result = self.type("start" if kept else "create", evening.server)
        droplet = self.running(evening.server)
        if result.status == 0 and droplet:
            self.of[n] = droplet
            self.game(droplet, 0)

    def visit(self, n, players):
        """People come, or all have gone: then the droplet must be the one that they came to."""
        evening = self.evenings[n]
        droplet = self.of.get(n)
        if not droplet:
            return
        alive = self.running(evening.server) == droplet
        if players and not alive:
            del self.of[n]  # gone before they came: within its rights
            self.counts["came too late"] += 1
            return
        assert alive, f"{evening.server}: stopped while somebody played, day {evening.start / 86400:.2f}"
        self.counts["visits"] += bool(players)
        self.game(droplet, players)

    def do(self, n, what, value):
        if what == "start":
            self.begin(n)
        elif what == "players":
            self.visit(n, value)
        elif what == "stop":
            if self.of.get(n) and self.running(self.evenings[n].server) == self.of[n]:
                self.type("stop", self.evenings[n].server, "--now")
        elif what == "outage":
            fault = {"kind": "*", "nth": 0, "times": 0, "do": "503"}
            self.sandbox.faults(*[fault] * value)
            self.disturbed(value)
        elif what == "crash" and "one" in self.watchers:
            self.watchers.pop("one").end(signal.SIGKILL)
            self.disturbed(1)
        elif what == "watch" and "one" not in self.watchers:
            self.watchers["one"] = Watcher(self, "one")
            self.disturbed(0)
        elif what == "second" and value and "two" not in self.watchers:
            self.watchers["two"] = Watcher(self, "two")
        elif what == "second" and not value and "two" in self.watchers:
            self.watchers.pop("two").end(signal.SIGTERM)

    def disturbed(self, begins):
        self.counts["disturbances"] += begins
        at = self.now() - self.zero
        if begins:
            self.quiet.append([at, 1e18])
        for span in self.quiet:
            if not begins and span[1] > 1e17:
                span[1] = at

    def run(self):
        self.watchers["one"] = Watcher(self, "one")
        for at, n, what, value in self.events:
            late = at - (self.now() - self.zero)
            if late > 0:
                self.sleep(late)
            self.do(n, what, value)
            self.look()
        self.sandbox.no_faults()
        self.disturbed(0)
        self.sleep(3 * HOUR)
        self.look()
        for watcher in list(self.watchers.values()):
            watcher.end(signal.SIGTERM)
        self.sandbox.leave("driver")

    def due(self, over, window):
        """When an undisturbed stretch of the window has passed after `over`."""
        begin = over
        for start, end in sorted(self.quiet):
            if start < begin + window and end > begin:
                begin = end
        return begin + window


@pytest.mark.parametrize("seed", [3])
def test_nobody_is_cut_off_and_nothing_is_forgotten(place, seed):
    with dogs.Sandbox(place / "sandbox", speed=60) as sandbox:
        sandbox.settings(speed=0)
        year = Year(sandbox, place, seed, DAYS)
        year.run()
        state = sandbox.state()
    assert dogs.counters(state)["worlds_lost"] == 0
    for server in SERVERS:
        dogs.assert_sound(state, server)
    spent = least = allowed = 0
    late = []
    for n, droplet in year.of.items():
        evening, record = year.evenings[n], year.seen[droplet]
        made = record["created_ms"] / 1000 - year.zero
        assert record["gone_ms"], f"{evening.server} of day {evening.start // 86400:.0f} still runs"
        gone = record["gone_ms"] / 1000 - year.zero
        over = max(evening.over, made)
        window = AFTER if evening.visits else max(NEVER, GRACE)
        due = over + 2 * MINUTE if evening.careful else year.due(over, window)
        spent, least = spent + gone - made, least + over - made
        allowed += min(due, gone) - made if evening.careful else due - made
        if gone > due + SLACK:
            late.append(f"{evening.server}, day {evening.start / 86400:.2f}: {(gone - due) / 60:.0f} min")
    always = len(SERVERS) * DAYS * 24 * HOUR
    dollars = [f"${x / HOUR * PRICE:.2f}" for x in (spent, least, allowed, always)]
    dogs.count(f"{DAYS} days, seed {seed}: {len(year.of)} evenings, {dict(year.counts)}: spent {dollars[0]}, "
               f"while somebody played {dollars[1]}, with the windows {dollars[2]} ({spent / allowed:.3f} of it), always on {dollars[3]}")
    assert not late, dogs.told(late)
    assert len(year.of) >= 2

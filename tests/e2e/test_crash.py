"""The crash matrix: kill -9 at every write of the state folder and at every API call, before and
after its effect, for each verb that changes something. Then `resume`, and separately the plain
command again, must bring about what was intended: the right droplets, the newest world, nothing
twice, nothing orphaned."""

import concurrent.futures
import itertools
import threading

import pytest

import dogs
import wine

VERBS = {
    # verb: (world it starts in, the rest of its command line, droplets afterwards)
    "create": ("empty", [], 1),
    "start": ("stored", [], 1),
    "stop": ("running", [], 0),
    "restore": ("stored", [], 1),
    "prune": ("piled", ["--yes"], 0),
}
MOMENTS = ("before", "torn", "after")
# Whoever comes back at once sees neither the droplet nor the snapshot in the lists: only what was
# written down before the call tells of them.
LAG = {"list_lag_s": 45, "snapshot_lag_s": 30}
MAX_POINTS = 400  # of one verb and moment; far more than any verb has


def command_of(verb, before):
    args = [verb, "mc", *VERBS[verb][1]]
    if verb == "restore":
        # Not the newest: what is asked for is what must come back.
        args += ["--snapshot", dogs.snapshots(before, "mc")[0]["name"]]
    return args


def expect(verb, before, after, may_repeat=False):
    """The verb's intent, stated on the account before and after. may_repeat: there was a reason to
    take a second snapshot of the evening."""
    dogs.assert_sound(after)
    if not may_repeat:
        dogs.assert_no_duplicate_snapshots(after)
    for other in ("mc2", "mc-modded"):
        assert dogs.snapshots(after, other) == dogs.snapshots(before, other)
    alive, series = dogs.droplets(after), dogs.snapshots(after, "mc")
    old = dogs.snapshots(before, "mc")
    assert len(alive) == VERBS[verb][2], f"droplets: {[(d['id'], d['name']) for d in alive]}"
    if alive:
        assert alive[0]["name"] == "mc" and {"dogs", "dogs:mc"} <= set(alive[0]["tags"])
        assert not alive[0]["off"]
    if verb == "stop":
        newest = dogs.newest_world(before, "mc")
        assert series[-1]["world"] == newest and series[-1]["droplet_id"] == \
            dogs.droplets(before)[0]["id"]
        assert "dogs:mc" in series[-1]["tags"], "the new snapshot is not tagged"
        if may_repeat:
            proved = [s for s in series if "dogs:mc" in s["tags"] and s["size_gb"] > 0]
            assert len(proved) == 2, "retention"
        else:
            assert [s["id"] for s in series[:-1]] == [s["id"] for s in old[1:]], "retention"
    elif verb == "prune":
        assert series == old[-2:]
    else:
        assert series == old, "the series changed"
    if verb == "start":
        assert alive[0]["world"] == old[-1]["world"], "not the newest world"
    if verb == "restore":
        assert alive[0]["world"] == old[0]["world"], "not the world that was asked for"


def expect_of(host, *what):
    """With what was typed, where it does not hold."""
    try:
        expect(*what)
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n{host.story()}") from None


def assert_made_once(host, before, after):
    """Not even for a while were there two: what the crash left behind was found again."""
    made = {d["id"] for d in after["droplets"]} - {d["id"] for d in before["droplets"]}
    assert len(made) <= 1, f"droplets were made twice: {made}{host.story()}"


def finish(how, verb, command, sandbox, host, before):
    """After the crash. `resume` may say that there is nothing to resume (5): then nothing was begun
    and the plain command does it all."""
    if how == "resume":
        result = host.run("resume", "--yes")
        assert result.status in (0, 5), host.story()
        if result.status == 0:
            return
    # What was done before the kill is no failure; create and restore say so with a refusal (7).
    result = host.run(*command)
    there = verb in ("create", "restore") and len(dogs.droplets(sandbox.state(), "mc")) == 1
    assert result.status == 0 or (there and result.status == 7), host.story()


def crash_at_write(place, verb, nth, moment, how, killer):
    """Returns whether there was such a write."""
    with place as (sandbox, host):
        sandbox.settings(**LAG)
        before = sandbox.state()
        command = command_of(verb, before)
        child = host.start(*command, LD_PRELOAD=killer, KILLER_UNDER=host.state_dir,
                           KILLER_NTH=nth, KILLER_WHEN=moment)
        result = host.finish(child, *command)
        if result.status == 0:
            return False
        assert result.status == -9, result
        finish(how, verb, command, sandbox, host, before)
        expect_of(host, verb, before, sandbox.state())
        assert_made_once(host, before, sandbox.state())
        return True


def crash_at_call(place, verb, nth, moment, how):
    with place as (sandbox, host):
        sandbox.settings(**LAG)
        before = sandbox.state()
        command = command_of(verb, before)
        sandbox.faults({"kind": "*", "nth": nth, "when": moment, "do": "hang", "times": 1})
        child = host.start(*command)
        dogs.wait_until(lambda: child.poll() is not None or sandbox.fired(), dogs.PATIENCE_S)
        if child.poll() is not None and not sandbox.fired():
            result = host.finish(child, *command)
            assert result.status == 0, result
            return False
        child.kill()
        host.finish(child, *command)
        sandbox.no_faults()
        finish(how, verb, command, sandbox, host, before)
        expect_of(host, verb, before, sandbox.state())
        assert_made_once(host, before, sandbox.state())
        return True


class Campaign:
    """Tries points two at a time, until one of them turns out to lie behind the end."""

    def __init__(self, worlds, verb):
        self.worlds, self.verb, self.tried, self.failures = worlds, verb, 0, []
        self.lock = threading.Lock()

    def at(self, name, attempt):
        try:
            there = attempt()
        except Exception as problem:  # AssertionErrors too: all points are reported together
            with self.lock:
                self.failures.append(f"{name}: {type(problem).__name__}: {problem}")
            there = True
        with self.lock:
            self.tried += there
        return there

    def sweep(self, label, moments, attempt):
        """attempt(nth, moment, how) for n = 1, 2, … until there is no n-th point."""
        ended = set()

        def point(key):
            nth, moment, how = key
            if (moment, how) in ended or not dogs.choose([(self.verb, *key)]):
                return
            if not self.at(f"{label} {nth} {moment}, then {how}", lambda: attempt(*key)):
                ended.add((moment, how))

        keys = itertools.product(range(1, MAX_POINTS + 1), moments, ("resume", "again"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            batches = itertools.groupby(keys, key=lambda key: key[0])
            for _, batch in batches:
                list(pool.map(point, batch))
                if len(ended) == 2 * len(moments):
                    break

    def report(self, what):
        failed = len(self.failures)
        dogs.count(f"{self.verb}, killed at {what}: {self.tried} points tried, {failed} failed")
        assert not self.failures, dogs.told(self.failures)
        assert self.tried > 0


@pytest.mark.skipif(bool(dogs.WINE), reason=wine.NO_PRELOAD)
@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_every_write(worlds, verb, killer):
    campaign = Campaign(worlds, verb)
    campaign.sweep("write", MOMENTS, lambda nth, moment, how: crash_at_write(
        worlds.at(VERBS[verb][0]), verb, nth, moment, how, killer))
    campaign.report("writes")


@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_every_call(worlds, verb):
    campaign = Campaign(worlds, verb)
    campaign.sweep("call", ("before", "after"), lambda nth, moment, how: crash_at_call(
        worlds.at(VERBS[verb][0]), verb, nth, moment, how))
    campaign.report("API calls")

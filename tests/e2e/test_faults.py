"""The fault matrix: every fault at every call of an evening (create, start, stop). No world lost,
nothing twice, the exit status that the product promises, a message that names what to do; and once
the fault is gone, `resume` or the plain command brings about what was intended."""

import collections
import concurrent.futures
import threading

import pytest

import dogs
from test_crash import VERBS, command_of, expect, expect_of

EVENING = ("create", "start", "stop")
# Answers that leave open whether the call had an effect; they come before or after it.
OPEN = ("cut", "cut_body", "500", "503", "502_html", "504_html", "empty_body", "garbage", "oversize")
# Answers that say what is; they come instead of an effect.
PLAIN = ("429", "429_hour", "401", "403", "404", "422_pending", "message_object")
WIRE = [(do, "before") for do in OPEN + PLAIN] + [(do, "after") for do in OPEN]
# Faults that show later, and the kinds of calls whose outcome they spoil.
OUTCOMES = {
    "errored": ("action.shutdown", "action.power_off", "action.snapshot", "droplet.create"),
    "stuck": ("action.shutdown", "action.power_off", "action.snapshot", "droplet.create"),
    "slow": ("action.shutdown", "action.power_off", "action.snapshot", "droplet.create"),
    "no_effect": ("action.shutdown", "action.snapshot", "droplet.delete"),
    "vanish": ("droplet.create",),
    "invisible": ("action.snapshot",),
    "empty": ("action.snapshot",),
    "wakes": ("action.snapshot",),
    "short_list": ("droplet.list", "snapshot.list"),
    "lag": ("droplet.create", "action.snapshot"),
}
# After these there is a reason to take a second snapshot of the evening …
REPEATS = ("wakes", "invisible", "empty", "no_effect")
# … and after these (as after an action that is stuck for ever) only the cloud's own people can help:
# a DELETE that was answered is not sent again.
HOPELESS = {("no_effect", "droplet.delete"), ("404", "droplet.delete")}
# A wait that a stuck action would make long ends by itself; exit 6 is the right answer to it.
WAIT_S = 4

DONE, FAILED, AUTH, MISSING, LATE, GUARD, UNVERIFIED = 0, 1, 4, 5, 6, 7, 8


def allowed(do, method):
    """The exit statuses that are right for one such fault, which then is over."""
    if do in ("401", "403"):
        return {AUTH}
    if do in ("429", "429_hour", "short_list", "slow", "lag"):
        return {DONE}
    if do == "422_pending":
        # The API says so of actions only; to anything else it is a refusal like others.
        return {DONE, FAILED}
    if do in ("404", "vanish"):
        return {DONE, FAILED, MISSING, UNVERIFIED} | ({LATE} if method == "DELETE" else set())
    if do == "message_object":
        # A 422 in other words: a tag that is not there yet, a shutdown that is asked for again.
        return {DONE, FAILED}
    if do in ("garbage", "oversize"):
        return {DONE, FAILED, LATE, UNVERIFIED}
    if do in OPEN:
        # GETs are repeated, POSTs read back. A DELETE is sent once: whoever cannot see the
        # droplet go says so and leaves the rest to resume.
        return {DONE} if method != "DELETE" else {DONE, FAILED, LATE, UNVERIFIED}
    return {DONE, FAILED, LATE, UNVERIFIED}


def calls_of(worlds, verb):
    """The calls of an undisturbed run, as (nth of all, kind, method, nth of its kind)."""
    with worlds.at(VERBS[verb][0]) as (sandbox, host):
        sandbox.clear_log()
        host.must(*command_of(verb, sandbox.state()))
        seen, calls = collections.Counter(), []
        for call in sandbox.log():
            seen[call["kind"]] += 1
            calls.append((call["kind"], call["method"], seen[call["kind"]]))
        return calls


def points_of(calls, everything):
    """Faults to try: of each kind of call the first (where all is wanted: each), each fault."""
    points = []
    last = {kind: nth for kind, _, nth in calls}
    for kind, method, nth in calls:
        if not everything and nth not in (1, last[kind]):
            continue
        points += [(do, when, kind, method, nth) for do, when in WIRE
                   if when == "before" or method != "GET"]
        points += [(do, "before", kind, method, nth) for do, kinds in OUTCOMES.items()
                   if kind in kinds]
    return points


def intended(verb, before, sandbox):
    try:
        expect(verb, before, sandbox.state(), may_repeat=True)
        return True
    except AssertionError:
        return False


def try_point(place, verb, point):
    do, when, kind, method, nth = point
    with place as (sandbox, host):
        before = sandbox.state()
        command = command_of(verb, before)
        sandbox.faults({"kind": kind, "nth": nth, "when": when, "do": do})
        result = host.run(f"--timeout={WAIT_S}", *command)
        fired = sandbox.fired()
        sandbox.no_faults()
        after = sandbox.state()
        dogs.assert_sound(after)
        if not fired:
            # One poll less than in the undisturbed run: not a point this time.
            assert result.status == 0, result
            return False
        pruning = kind in ("snapshot.get", "snapshot.delete")
        if result.status == 0 and pruning and ("`dogs prune mc`" in result.err or do == "404"):
            # The stop is done; what is left over is said (or a 404 was believed, and costs cents).
            host.must("prune", "mc")
            expect_of(host, verb, before, sandbox.state())
            return True
        assert result.status in allowed(do, method), f"wrong exit status\n{result}"
        if result.status != 0:
            assert "\n  next: " in "\n" + result.err, f"nothing says what to do next\n{result}"
            host.run("resume", "--yes")
            if not intended(verb, before, sandbox):
                last = host.run(*command)
                if (do, kind) in HOPELESS or do == "stuck":
                    assert last.status == LATE and "next: " in last.err, host.story()
                    dogs.assert_sound(sandbox.state())
                    return True
                assert last.status == 0, "neither resume nor the plain command helps" + host.story()
        expect_of(host, verb, before, sandbox.state(), do in REPEATS)
        return True


@pytest.mark.parametrize("verb", EVENING)
def test_every_fault_at_every_call(worlds, verb):
    calls = calls_of(worlds, verb)
    points = dogs.choose(points_of(calls, dogs.LONG))
    tried, failures, lock = 0, [], threading.Lock()

    def attempt(point):
        nonlocal tried
        try:
            there = try_point(worlds.at(VERBS[verb][0]), verb, point)
        except Exception as problem:  # all points are reported together
            there = True
            with lock:
                failures.append(f"{point}: {type(problem).__name__}: {problem}")
        with lock:
            tried += there

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, points))
    dogs.count(f"{verb}: {tried} faults tried at {len(calls)} calls, {len(failures)} failed")
    assert not failures, dogs.told(failures)


# --- faults that do not pass ------------------------------------------------------------------------


@pytest.mark.parametrize("do, verb, statuses", [
    ("500", "stop", {FAILED, LATE}),
    ("cut", "start", {FAILED, LATE}),
    ("502_html", "create", {FAILED, LATE}),
    ("429_hour", "stop", {FAILED, LATE}),
    ("401", "start", {AUTH}),
])
def test_a_fault_that_stays(worlds, do, verb, statuses):
    with worlds.at(VERBS[verb][0]) as (sandbox, host):
        before = sandbox.state()
        sandbox.faults({"kind": "*", "nth": 0, "do": do})
        result = host.run(f"--timeout={WAIT_S}", *command_of(verb, before))
        sandbox.no_faults()
        assert result.status in statuses and "next: " in result.err, result
        dogs.assert_sound(sandbox.state())
        host.must(*command_of(verb, before))
        expect(verb, before, sandbox.state())


@pytest.mark.parametrize("do", ["invisible", "empty", "errored", "wakes", "stuck"])
def test_a_snapshot_that_never_proves_keeps_the_droplet(worlds, do):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        kind = "action.snapshot" if do in ("errored", "wakes", "stuck") else "*"
        sandbox.faults({"kind": kind, "nth": 0, "do": do})
        result = host.run(f"--timeout={WAIT_S}", "stop", "mc")
        after = sandbox.state()
        assert result.status != 0 and len(dogs.droplets(after, "mc")) == 1, result
        assert "/h" in result.err, f"does not say what the kept droplet costs\n{result}"
        assert "next: " in result.err, result
        dogs.assert_sound(after)
        assert dogs.newest_world(after, "mc") == dogs.newest_world(before, "mc")

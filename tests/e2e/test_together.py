"""Two at once: two people on two computers, or twice on the same one. It ends with one droplet (or
none), one series of snapshots, and no world lost."""

import collections

import pytest

import dogs

ROUNDS = 20 if dogs.SHORT == 1 else max(2, 20 // dogs.SHORT)
# A pair's second command starts later by the round, so that the two meet at ever other points: the
# lists lag by 33 ms of real time at this speed, a start takes 150 ms, a stop 250 ms.
START_STEP_S, STOP_STEP_S = 0.004, 0.014


ROUND = collections.Counter()


@pytest.fixture(scope="module", autouse=True)
def rounds():
    yield
    for pair, n in ROUND.items():
        dogs.count(f"{pair} from two hosts: {n} rounds")


def two(sandbox, place, first, second, delay_s):
    """Both commands to their ends, from two hosts; returns both results."""
    hosts = [dogs.Host(place / name, sandbox.url) for name in ("ann", "bob")]
    sandbox.clear_log()
    one = hosts[0].start(first, "mc")
    dogs.wait_until(lambda: False, delay_s)
    other = hosts[1].start(second, "mc")
    results = [hosts[0].finish(one, first, "mc"), hosts[1].finish(other, second, "mc")]
    posts = [call["kind"] for call in sandbox.log() if call["method"] in ("POST", "DELETE")]
    print(f"{first} ({results[0].status}) and {second} ({results[1].status}): {' '.join(posts)}")
    print(*results, sep="\n")
    ROUND[f"{first} and {second}"] += 1
    return hosts, results


def settle(sandbox, hosts, results):
    """Whoever did not end well says why, and typing what it says (resume) brings it to an end."""
    for host, result in zip(hosts, results):
        assert result.status in (0, 1, 5, 6, 7, 8), result
        assert result.status == 0 or result.err.strip(), result
        if result.status in (1, 6, 8):
            assert host.run("resume", "--yes").status in (0, 5, 7, 8), host.story()
    dogs.assert_sound(sandbox.state())


@pytest.mark.parametrize("nth", range(ROUNDS))
def test_start_and_start(worlds, place, nth):
    with worlds.at("stored") as (sandbox, _):
        sandbox.settings(list_lag_s=20)
        newest = dogs.newest_world(sandbox.state(), "mc")
        hosts, results = two(sandbox, place, "start", "start", nth * START_STEP_S)
        settle(sandbox, hosts, results)
        alive = dogs.droplets(sandbox.state(), "mc")
        assert len(alive) == 1, f"{alive}\n{results[0]}\n{results[1]}"
        assert alive[0]["world"] == newest and not alive[0]["off"]
        assert 0 in (results[0].status, results[1].status)


@pytest.mark.parametrize("nth", range(ROUNDS))
def test_stop_and_stop(worlds, place, nth):
    with worlds.at("running") as (sandbox, _):
        before = sandbox.state()
        hosts, results = two(sandbox, place, "stop", "stop", nth * STOP_STEP_S)
        settle(sandbox, hosts, results)
        after = sandbox.state()
        series = dogs.snapshots(after, "mc")
        assert dogs.droplets(after, "mc") == [], f"{results[0]}\n{results[1]}"
        assert series[-1]["world"] == dogs.newest_world(before, "mc")
        dogs.assert_no_duplicate_snapshots(after)
        assert len(series) == 2, f"{[s['name'] for s in series]}\n{results[0]}\n{results[1]}"
        assert 0 in (results[0].status, results[1].status)


@pytest.mark.parametrize("nth", range(ROUNDS))
def test_start_and_stop(worlds, place, nth):
    """Whichever wins: at most one droplet, and the newest world is in it or in the series. The one
    that comes first has something to do."""
    order, world = (("start", "stop"), "stored") if nth % 2 else (("stop", "start"), "running")
    with worlds.at(world) as (sandbox, _):
        sandbox.settings(list_lag_s=20)
        newest = dogs.newest_world(sandbox.state(), "mc")
        hosts, results = two(sandbox, place, *order, nth * STOP_STEP_S)
        settle(sandbox, hosts, results)
        after = sandbox.state()
        alive, series = dogs.droplets(after, "mc"), dogs.snapshots(after, "mc")
        assert len(alive) <= 1, f"{alive}\n{results[0]}\n{results[1]}"
        assert newest in [x["world"] for x in alive + series[-1:]]
        assert not alive or alive[0]["world"] == newest, "an old world was started beside a newer"
        dogs.assert_no_duplicate_snapshots(after)


def test_a_second_stop_follows_the_first_ones_snapshot(worlds):
    """The same host and state folder: one snapshot, both end well."""
    for delay_s in (0, 0.05, 0.15, 0.3):
        with worlds.at("running") as (sandbox, host):
            sandbox.settings(durations={"snapshot": 240})
            one = host.start("stop", "mc")
            dogs.wait_until(lambda: False, delay_s)
            two_ = host.start("stop", "mc")
            results = [host.finish(one, "stop", "mc"), host.finish(two_, "stop", "mc")]
            assert [r.status for r in results] == [0, 0], host.story()
            after = sandbox.state()
            assert dogs.droplets(after, "mc") == [] and len(dogs.snapshots(after, "mc")) == 2
            dogs.assert_sound(after)
            dogs.assert_no_duplicate_snapshots(after)


def test_another_verb_on_the_same_host_is_refused(worlds):
    with worlds.at("running") as (sandbox, host):
        sandbox.settings(durations={"snapshot": 600})
        sandbox.clear_log()
        stop = host.start("stop", "mc")
        assert dogs.wait_until(lambda: any(c["kind"] == "action.snapshot" for c in sandbox.log()))
        refused = host.run("start", "mc")
        assert refused.status == 7 and "stop" in refused.err, refused
        assert host.finish(stop, "stop", "mc").status == 0, host.story()

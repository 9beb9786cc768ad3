"""An evening: create, play, stop, start again, status, list; what it leaves, and what it asks."""

import json

import pytest

import dogs


def test_an_evening(sandbox, host):
    host.must("create", "mc")
    assert len(dogs.droplets(sandbox.state(), "mc")) == 1
    left = sandbox.play("mc")
    left = sandbox.play("mc")
    host.must("stop", "mc")
    state = sandbox.state()
    assert dogs.droplets(state) == []
    (snapshot,) = dogs.snapshots(state, "mc")
    assert snapshot["world"] == left and not snapshot["unclean"]
    assert "dogs:mc" in snapshot["tags"]

    host.must("start", "mc")
    state = sandbox.state()
    (droplet,) = dogs.droplets(state)
    assert droplet["world"] == left, "another world came back than the one that was left"
    assert droplet["name"] == "mc" and {"dogs", "dogs:mc"} <= set(droplet["tags"])
    status = host.must("status", "mc").out
    assert "running" in status and "$" in status
    assert "mc" in host.must("list").out
    assert snapshot["name"] in host.must("snapshots", "mc").out

    host.must("stop", "mc")
    dogs.assert_sound(sandbox.state())
    assert "stored" in host.must("status", "mc").out


def test_stopping_and_starting_twice_changes_nothing(worlds):
    with worlds.at("stored") as (sandbox, host):
        before = sandbox.state()
        host.must("stop", "mc")
        assert dogs.snapshots(sandbox.state(), "mc") == dogs.snapshots(before, "mc")
        host.must("start", "mc")
        (first,) = dogs.droplets(sandbox.state())
        host.must("start", "mc")
        (second,) = dogs.droplets(sandbox.state())
        assert first["id"] == second["id"]


def test_json_is_one_versioned_document(worlds):
    with worlds.at("running") as (sandbox, host):
        for args in (["status"], ["status", "mc"], ["list"], ["snapshots", "mc"]):
            document = host.must("--json", *args).json()
            assert document["v"] == 1
        document = host.must("--json", "stop", "mc").json()
        assert document["v"] == 1
        (droplet_gone,) = [host.run("--json", "status", "nosuch")]
        error = json.loads(droplet_gone.out)["error"]
        assert droplet_gone.status == 5 and error["code"] == "not_found" and error["hint"]


def test_json_lines_are_events(worlds):
    with worlds.at("stored") as (_, host):
        lines = [json.loads(line) for line in host.must("--json-lines", "start", "mc").out.splitlines()]
        kinds = [line.get("event") for line in lines]
        assert "begin" in kinds and "step" in kinds and "end" in kinds


def test_what_costs_what(worlds):
    with worlds.at("running") as (_, host):
        for command in ("status", "list"):
            out = host.must(command).out
            assert "/h" in out, out
        document = host.must("--json", "status", "mc").json()
        text = json.dumps(document)
        assert "hourly" in text


def test_retention_side_by_side(worlds):
    """snapshot_max proved ones stay; bases and other servers' are not touched."""
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        old = dogs.snapshots(before, "mc")
        assert len(old) == 2
        host.must("stop", "mc")
        after = sandbox.state()
        new = dogs.snapshots(after, "mc")
        assert len(new) == 2 and new[0]["id"] == old[1]["id"], "the oldest went, the newer stayed"
        assert new[1]["world"] == dogs.newest_world(before, "mc")
        others = lambda state: [s for s in state["snapshots"] if dogs.series_of(s["name"]) != "mc"]
        assert others(after) == others(before) and len(others(after)) == 4
        assert len(dogs.snapshots(after, "mc2")) == 1
        dogs.assert_sound(after)


def test_three_servers_do_not_mix(sandbox, host):
    """mc, mc2 and mc-modded: each comes back with its own world."""
    left = {}
    for rounds, server in enumerate(("mc", "mc2", "mc-modded"), 1):
        host.must("create", server)
        for _ in range(rounds):
            left[server] = sandbox.play(server)
        host.must("stop", server)
    for server in left:
        host.must("start", server)
        (droplet,) = dogs.droplets(sandbox.state(), server)
        assert droplet["world"] == left[server]
    host.must("stop", "mc")
    state = sandbox.state()
    assert {d["name"] for d in dogs.droplets(state)} == {"mc2", "mc-modded"}
    for server in left:
        dogs.assert_sound(state, server)


@pytest.mark.parametrize("command, world, limit", [("start", "stored", 9), ("stop", "running", 9)])
def test_calls_of_an_evening(worlds, command, world, limit):
    with worlds.at(world) as (sandbox, host):
        sandbox.clear_log()
        host.must(command, "mc")
        log = sandbox.log()
        calls = dogs.without_polls(log)
        listing = "\n".join(f"{call['method']} {call['path']}" for call in calls)
        dogs.count(f"{command}: {len(calls)} API calls, polls apart; "
                   f"{len(calls) + dogs.first_looks(log)} with the first look at each thing polled, "
                   f"{len(log)} with all polls")
        assert len(calls) <= limit, listing


def test_dry_run_changes_nothing(worlds):
    for world, command in (("stored", "start"), ("running", "stop"), ("piled", "prune")):
        with worlds.at(world) as (sandbox, host):
            before = sandbox.state()
            result = host.must("--dry-run", command, "mc")
            after = sandbox.state()
            assert after["droplets"] == before["droplets"]
            assert after["snapshots"] == before["snapshots"]
            assert "/v2/" in result.out + result.err, result


def test_prune_keeps_the_newest(worlds):
    with worlds.at("piled") as (sandbox, host):
        before = dogs.snapshots(sandbox.state(), "mc")
        assert len(before) == 5
        host.must("prune", "mc", "--yes")
        after = sandbox.state()
        assert dogs.snapshots(after, "mc") == before[-2:]
        assert [s for s in after["snapshots"] if s["name"] == "mc-base"]
        dogs.assert_sound(after)


def test_a_droplet_that_a_friend_switched_off_is_still_stopped(worlds):
    with worlds.at("running") as (sandbox, host):
        world = dogs.newest_world(sandbox.state(), "mc")
        host.must("power", "mc", "off")
        assert "off" in host.must("status", "mc").out
        host.must("stop", "mc")
        state = sandbox.state()
        assert dogs.droplets(state) == [] and dogs.snapshots(state, "mc")[-1]["world"] == world


def test_no_secret_is_shown(worlds):
    with worlds.at("running") as (_, host):
        for result in (host.must("-v", "--debug", "stop", "mc"), host.must("config", "show")):
            assert dogs.TOKEN not in result.out + result.err
        for file in host.state_dir.rglob("*"):
            assert file.is_dir() or dogs.TOKEN.encode() not in file.read_bytes(), file

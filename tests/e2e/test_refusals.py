"""What cannot be done is refused with one clear error and the right exit status, and nothing in the
account has changed."""

import time

import pytest

import dogs
import wine

USAGE, AUTH, MISSING, GUARD, UNVERIFIED = 2, 4, 5, 7, 8


def account(state):
    return state["droplets"], state["snapshots"], state["firewalls"]


def refused(sandbox, result, statuses, *words, before):
    """One error line that names each of `words`, and an account as it was."""
    assert result.status in statuses, result
    lines = [line for line in result.err.splitlines() if line.startswith("dogs: ")]
    assert len(lines) == 1, f"not exactly one error\n{result}"
    for word in words:
        assert word.lower() in result.err.lower(), f"'{word}' is not said\n{result}"
    assert account(sandbox.state()) == account(before)


@pytest.mark.parametrize("command", ["start", "stop", "status", "list"])
def test_a_wrong_token(worlds, command):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        args = [command] if command == "list" else [command, "mc"]
        result = host.run(*args, DOGS_TOKEN="dop_v1_" + "f" * 64)
        refused(sandbox, result, {AUTH}, "token", "$DOGS_TOKEN", before=before)


@pytest.mark.parametrize("scope, commands", [
    ("tag:read", ["start", "stop"]),
    ("image:read", ["stop"]),
    ("snapshot:read", ["start", "stop"]),
    ("droplet:update", ["stop"]),
    ("droplet:create", ["start"]),
    ("droplet:read", ["start", "stop"]),
])
def test_a_thinned_token(worlds, scope, commands):
    """What the token may not see is unknown, never empty: nothing is decided on it."""
    for command in commands:
        with worlds.at("running" if command == "stop" else "stored") as (sandbox, host):
            before = sandbox.state()
            result = host.run(command, "mc", DOGS_TOKEN=f"dop_v1_sandbox_thin_{scope}")
            assert result.status in (0, AUTH), result
            after = sandbox.state()
            if result.status == 0:
                # Not needed for this command after all: then it must have been done in full.
                assert len(dogs.droplets(after)) == (1 if command == "start" else 0)
                dogs.assert_sound(after)
                continue
            assert scope.split(":")[0] in result.err and "next: " in result.err, result
            assert after["snapshots"] == before["snapshots"]
            assert len(dogs.droplets(after)) == len(dogs.droplets(before))


@pytest.mark.skipif(bool(dogs.WINE), reason=wine.NO_MODES)
def test_a_token_file_that_others_can_read(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        secret = host.home / "token"
        secret.write_text(dogs.TOKEN)
        secret.chmod(0o644)
        text = host.config.read_text()
        host.config.write_text(f"token_file: {secret}\n" + text)
        result = host.run("stop", "mc", DOGS_TOKEN="")
        refused(sandbox, result, {USAGE, AUTH}, "chmod", before=before)
        secret.chmod(0o600)
        host.must("status", "mc", DOGS_TOKEN="")


@pytest.mark.skipif(bool(dogs.WINE), reason=wine.NO_MODES)
def test_a_token_in_a_config_that_others_can_read(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        host.config.write_text(f"token: {dogs.TOKEN}\n" + host.config.read_text())
        host.config.chmod(0o640)
        result = host.run("stop", "mc", DOGS_TOKEN="")
        refused(sandbox, result, {USAGE, AUTH}, "chmod", before=before)


def test_no_token_at_all(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        result = host.run("stop", "mc", DOGS_TOKEN="")
        refused(sandbox, result, {AUTH}, "token", before=before)


@pytest.mark.parametrize("command", ["create", "start", "stop", "prune", "destroy", "snapshots"])
def test_a_server_that_does_not_exist(worlds, command):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        result = host.run(command, "mc-moded")
        refused(sandbox, result, {MISSING}, "mc-moded", "mc-modded", before=before)


def put_snapshot(sandbox, **more):
    row = {"name": "mc-1700000000", "tags": ["dogs", "dogs:mc"], "regions": ["fra1"],
           "min_disk_gb": 25, "size_gb": 3.0, "world": 5, "created_ms": int(time.time() - 3600) * 1000}
    sandbox.put(snapshots=[row | more])


def test_a_snapshot_in_the_wrong_region(sandbox, host):
    put_snapshot(sandbox, regions=["nyc3"])
    before = sandbox.state()
    refused(sandbox, host.run("start", "mc"), {1, GUARD}, "nyc3", "fra1", "next:", before=before)


def test_the_newest_in_another_region_is_not_passed_over(sandbox, host):
    """An older snapshot that could be started is not taken silently."""
    put_snapshot(sandbox, name="mc-1600000000", world=3, created_ms=1600000000000)
    put_snapshot(sandbox, regions=["nyc3"])
    before = sandbox.state()
    refused(sandbox, host.run("start", "mc"), {1, GUARD}, "nyc3", before=before)


def test_a_plan_too_small_for_the_disk(sandbox, host):
    put_snapshot(sandbox, min_disk_gb=160)
    before = sandbox.state()
    refused(sandbox, host.run("start", "mc"), {1, GUARD}, "160", "s-1vcpu-2gb", before=before)


def test_the_droplet_limit(worlds):
    with worlds.at("stored") as (sandbox, host):
        before = sandbox.state()
        sandbox.settings(droplet_limit=0)
        refused(sandbox, host.run("start", "mc"), {1, GUARD}, "limit", before=before)


def test_a_size_that_the_region_has_not(worlds):
    with worlds.at("stored") as (sandbox, host):
        before = sandbox.state()
        result = host.run("start", "mc", "--size", "s-nonsense")
        refused(sandbox, result, {1, USAGE, GUARD}, "s-nonsense", before=before)


def test_an_untagged_snapshot_needs_adopt(sandbox, host):
    put_snapshot(sandbox, tags=[])
    before = sandbox.state()
    refused(sandbox, host.run("start", "mc"), {USAGE, GUARD}, "--adopt", before=before)
    host.must("start", "mc", "--adopt")
    (droplet,) = dogs.droplets(sandbox.state(), "mc")
    assert droplet["world"] == 5


def test_create_where_snapshots_are(worlds):
    """An empty world must not take the place of one that somebody built."""
    with worlds.at("stored") as (sandbox, host):
        before = sandbox.state()
        refused(sandbox, host.run("create", "mc"), {GUARD}, "start", before=before)


def test_start_where_nothing_is(sandbox, host):
    before = sandbox.state()
    refused(sandbox, host.run("start", "mc"), {MISSING}, "create", before=before)


def test_nobody_to_ask(worlds):
    """Without a terminal and without --yes nothing is destroyed, and nothing waits for ever."""
    with worlds.at("running") as (sandbox, host):
        host.must("power", "mc", "off")
        host.must("snapshot", "mc")
        before = sandbox.state()
        refused(sandbox, host.run("destroy", "mc"), {USAGE}, "--yes", before=before)


def test_a_world_that_no_snapshot_holds_is_not_destroyed(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        result = host.run("destroy", "mc", "--yes")
        refused(sandbox, result, {UNVERIFIED}, "/h", "dogs stop mc", before=before)


def test_a_mass_prune_asks(worlds):
    with worlds.at("piled") as (sandbox, host):
        before = sandbox.state()
        refused(sandbox, host.run("prune", "mc", "--keep", "1"), {USAGE}, "--yes", before=before)


HOSTILE = {
    "anchors": "a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nservers: *b\n",
    "ten megabytes": "region: " + "x" * 10_000_000 + "\n",
    "deep": "servers: " + "[" * 5000 + "]" * 5000 + "\n",
    "nul": "region: fra1\0\n",
    "bad utf-8": b"region: \xff\xfe\n",
    "duplicate": "region: fra1\nregion: ams3\n",
    "tab": "servers:\n\tmc:\n\t\tregion: fra1\n",
    "unknown key": "regoin: fra1\nservers: {mc: {}}\n",
    "zero": "snapshot_max: 0\nservers: {mc: {}}\n",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_config(worlds, what):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        text = HOSTILE[what]
        host.config.write_bytes(text if isinstance(text, bytes) else text.encode())
        begin = time.monotonic()
        result = host.run("stop", "mc")
        assert time.monotonic() - begin < (60 if dogs.SLOW else 5)
        assert result.status == USAGE, result
        assert "config.yaml:" in result.err or "config.yaml" in result.err, result
        assert len(result.err) < 20_000
        assert account(sandbox.state()) == account(before)


@pytest.mark.parametrize("args", [
    ["stpo", "mc"], ["start"], ["start", "mc", "extra"], ["start", "--nope", "mc"],
    ["stop", "mc", "--timeout=never"], ["prune", "mc", "--keep", "0"],
    ["prune", "mc", "--keep=-1"], ["--json", "--nope"],
])
def test_usage(worlds, args):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        result = host.run(*args)
        assert result.status == USAGE, result
        assert account(sandbox.state()) == account(before)

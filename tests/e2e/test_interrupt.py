"""Ctrl-C and time-outs: waiting ends, the cloud's work goes on, and the line that resumes it is
shown and works."""

import re
import signal
import time

import pytest

import dogs


def begin_stop(sandbox, host, *args):
    """A stop that is waiting for a snapshot which takes two hours."""
    sandbox.settings(durations={"snapshot": 7200})
    sandbox.clear_log()
    child = host.start(*args, "stop", "mc")
    snapshotting = lambda: any(call["kind"] == "action.snapshot" for call in sandbox.log())
    assert dogs.wait_until(snapshotting, dogs.PATIENCE_S), host.finish(child)
    return child


def resume_line(result):
    found = re.search(r"dogs (resume\b[^\n`'\"]*)", result.err)
    assert found, f"no line says how to resume\n{result}"
    return found.group(1).split()


def assert_stopped(before, sandbox):
    after = sandbox.state()
    assert dogs.droplets(after, "mc") == []
    assert dogs.snapshots(after, "mc")[-1]["world"] == dogs.newest_world(before, "mc")
    dogs.assert_sound(after)
    dogs.assert_no_duplicate_snapshots(after)


def test_ctrl_c_then_resume(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        child = begin_stop(sandbox, host)
        child.send_signal(signal.SIGINT)
        result = host.finish(child, "stop", "mc")
        assert result.status == 130, result
        assert len(dogs.droplets(sandbox.state(), "mc")) == 1
        line = resume_line(result)
        sandbox.advance(7200)
        host.must(*[word.rstrip(".,;") for word in line])
        assert_stopped(before, sandbox)


def test_ctrl_c_then_the_plain_command(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        child = begin_stop(sandbox, host)
        child.send_signal(signal.SIGINT)
        assert host.finish(child, "stop", "mc").status == 130
        sandbox.advance(7200)
        host.must("stop", "mc")
        assert_stopped(before, sandbox)


def test_resume_on_another_host(worlds, place):
    """The cloud is the truth: another computer, whose journal knows nothing, ends it."""
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        child = begin_stop(sandbox, host)
        child.send_signal(signal.SIGINT)
        assert host.finish(child, "stop", "mc").status == 130
        sandbox.advance(7200)
        other = dogs.Host(place / "other", sandbox.url)
        other.must("resume", "mc")
        assert_stopped(before, sandbox)


def test_a_second_ctrl_c_ends_at_once(worlds):
    with worlds.at("running") as (sandbox, host):
        # A request that hangs, so that the first Ctrl-C alone would have something to wait for.
        child = begin_stop(sandbox, host)
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)
        begin = time.monotonic()
        assert host.finish(child, "stop", "mc").status == 130
        assert time.monotonic() - begin < (20 if dogs.SLOW else 2)
        dogs.assert_sound(sandbox.state())


@pytest.mark.parametrize("args", [["--timeout=1", "stop", "mc"]])
def test_a_time_out_can_be_resumed(worlds, args):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        sandbox.settings(durations={"snapshot": 7200})
        result = host.run(*args)
        assert result.status == 6, result
        assert len(dogs.droplets(sandbox.state(), "mc")) == 1
        line = resume_line(result)
        sandbox.advance(7200)
        host.must(*[word.rstrip(".,;") for word in line])
        assert_stopped(before, sandbox)


def test_a_forty_minute_snapshot_is_normal(worlds):
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        sandbox.settings(durations={"snapshot": 2400})
        host.must("stop", "mc")
        assert_stopped(before, sandbox)

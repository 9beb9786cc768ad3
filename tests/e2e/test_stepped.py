"""The sandbox's stepped clock: time passes only while all who joined are asleep."""

import threading
import time

import pytest

import dogs


@pytest.fixture
def still(place):
    with dogs.Sandbox(place / "sandbox", speed=1) as sandbox:
        sandbox.settings(speed=0)
        yield sandbox


def test_an_evening_takes_no_time(still, place):
    host = dogs.Host(place / "ann", still.url)
    began = still.state()["virtual_ms"]
    for command in ("create", "stop", "start", "stop"):
        host.must(command, "mc")
    assert still.state()["virtual_ms"] - began > 300_000
    dogs.assert_sound(still.state())
    still.sleep("test", 3600)  # nobody else is left in it


def test_nothing_passes_while_somebody_works(still):
    still.join("works")
    began = still.state()["virtual_ms"]
    woken = []
    sleepers = [
        threading.Thread(target=lambda s=s: woken.append(
            (still.sleep(f"sleeps {s}", s)["virtual_ms"] - began) // 1000))
        for s in (900, 60, 300)
    ]
    for thread in sleepers:
        thread.start()
    time.sleep(0.3)
    assert still.state()["virtual_ms"] == began and not woken
    # Each wakes at its own time, and the clock stands until it has left.
    still.leave("works")
    for n, name in enumerate(("sleeps 60", "sleeps 300", "sleeps 900"), 1):
        assert dogs.wait_until(lambda: len(woken) == n)
        time.sleep(0.05)
        assert len(woken) == n
        still.leave(name)
    for thread in sleepers:
        thread.join()
    assert woken == [60, 300, 900]


def test_bad_requests(still):
    for path, body in (("sleep", {}), ("sleep", {"who": "x" * 64}), ("join", {"who": ""}),
                       ("sleep", {"who": "x", "ms": -1})):
        with pytest.raises(Exception, match="400"):
            still.ask("POST", f"/sandbox/{path}", body)

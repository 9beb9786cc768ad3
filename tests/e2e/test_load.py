"""`dogs load`: it ends by itself, what it used is near what was asked, on the cores that were named."""

import json
import os
import time

import pytest

import dogs


def ticks():
    """Busy time of each core so far, in ticks: /proc/stat counts everybody's."""
    with open("/proc/stat", encoding="ascii") as file:
        rows = [line.split() for line in file if line.startswith("cpu") and line[3].isdigit()]
    return {int(row[0][3:]): sum(map(int, row[1:4])) for row in rows}


@pytest.fixture
def host(place):
    return dogs.Host(place / "host", "http://127.0.0.1:1")


def cores(result):
    return json.loads(result.out)["cores"]


@pytest.mark.parametrize("duty", [10, 50, 90] if dogs.SHORT == 1 else [50])
def test_as_busy_as_asked(host, duty):
    """Never more than asked; less only as far as others use the core."""
    one = cores(host.must("load", "--cores", "0", "--usage", str(duty), "--for", "3s", "--json"))[0]
    dogs.count(f"{duty} % asked: {one['used_percent']} % used")
    assert abs(one["asked_percent"] - duty) <= 2 and one["pinned"]
    assert one["used_percent"] <= duty + 5
    assert one["used_percent"] > 0


def test_on_the_core_that_was_named(host):
    core = max(os.sched_getaffinity(0))
    before = ticks()
    one = cores(host.must("load", "--cores", str(core), "--for", "3s", "--json"))[0]
    spent = (ticks()[core] - before[core]) / os.sysconf("SC_CLK_TCK")
    # At least what the program says it used was used there.
    assert spent >= 0.9 * one["used_percent"] / 100 * 3


def test_a_picture(host):
    (host.home / "picture").write_text("# \n #\n" * 2)
    began = time.monotonic()
    rows = cores(host.must("load", "--cores", "0", "--image", "picture", "--row", "1s", "--json"))
    assert 3.5 < time.monotonic() - began
    assert abs(rows[0]["asked_percent"] - 50) <= 5


def test_a_picture_is_drawn_in_time(host):
    (host.home / "picture").write_text("#\n.\n#\n.\n")
    child = host.start("load", "--cores", "0", "--image", "picture", "--row", "2s", "--json")
    path, seen = f"/proc/{child.pid}/stat", []
    tick = os.sysconf("SC_CLK_TCK")
    for _ in range(4):
        with open(path, encoding="ascii") as file:
            before = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        time.sleep(1.9)
        with open(path, encoding="ascii") as file:
            seen.append((sum(map(int, file.read().rpartition(")")[2].split()[11:13])) - before) / tick)
    host.finish(child, "load")
    # Busy, idle, busy, idle: whatever else the machine does, by far.
    assert min(seen[0], seen[2]) > 2 * max(seen[1], seen[3]), seen


@pytest.mark.parametrize("words, status, text", [
    (["--cores", "1000"], 2, "has cores 0 to"),
    (["--usage", "0=101"], 2, "is not understood"),
    (["--image", "nothing"], 5, "nothing"),
    (["--image", "x", "--usage", "5"], 2, "one of them"),
    (["--row", "0s"], 2, "not a time"),
])
def test_refusals(host, words, status, text):
    result = host.run("load", *words)
    assert result.status == status and text in result.err, result


def test_ctrl_c_ends_it(host):
    child = host.start("load", "--for", "1h", "--usage", "5")
    time.sleep(0.5)
    child.send_signal(2)
    assert host.finish(child, "load").status == 130

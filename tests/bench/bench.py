"""The figures of the program: counts and ratios, printed; nothing here passes or fails.

    tests/bench/bench.py            all of them (about five minutes: real-time waits)
    tests/bench/bench.py --short    without the waits
"""

import argparse
import concurrent.futures
import contextlib
import math
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import dogs  # noqa: E402

# Real seconds, drawn anew for each action.
DURATIONS = {"create_snapshot": [30, 90], "shutdown": 2, "shutdown_off": [10, 30],
             "snapshot": [30, 90], "delete": 6}
PYTHON_STEP_S = 15  # the old program: sleeps so long, then looks, once per action


def row(what, figure, limit=""):
    print(f"{what:<58} {figure:>16}  {limit}", flush=True)


def spend(command, env):
    """Runs it; CPU seconds (user + system) and peak resident memory in KiB.

    The memory is read from VmHWM while it runs: ru_maxrss of a child begins with its parent's."""
    child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    said, peak, done = [], 0, threading.Event()
    reader = threading.Thread(target=lambda: said.append(child.stdout.read()))
    reader.start()

    def watch():
        nonlocal peak
        while not done.is_set():
            with contextlib.suppress(OSError, StopIteration, ValueError):
                status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                line = next(x for x in status.splitlines() if x.startswith("VmHWM"))
                peak = max(peak, int(line.split()[1]))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    done.set()
    watcher.join()
    reader.join()
    if child.returncode != 0:
        raise SystemExit(f"{command}: status {child.returncode}\n{said[0].decode()}")
    return usage.ru_utime + usage.ru_stime, peak


def cpu_ms(command, env):
    """Median of 50 runs, nothing else measured meanwhile."""
    def once():
        child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        return usage.ru_utime + usage.ru_stime

    return 1000 * statistics.median(once() for _ in range(50))


def version():
    env = dogs.environment("/nonexistent")
    cpu = lambda command: cpu_ms(command, env)
    row("`dogs --version`, CPU, median of 50",
        f"{cpu([dogs.DOGS, '--version']):.2f} ms", f"under 5 ms; /bin/true: {cpu(['/bin/true']):.2f} ms")


def many(place):
    """`list` where the account holds 2,000 droplets and 5,000 snapshots."""
    with dogs.Sandbox(place / "many") as sandbox:
        host = dogs.Host(place / "many-host", sandbox.url)
        servers = [f"server{n}" for n in range(500)]
        sandbox.put(droplets=[
            {"name": servers[n % 500], "tags": ["dogs", f"dogs:{servers[n % 500]}"],
             "region": "fra1", "size": "s-1vcpu-2gb", "disk_gb": 50, "created_ms": 1700000000000}
            for n in range(2000)])
        for part in range(5):
            sandbox.put(snapshots=[
                {"name": f"{servers[n % 500]}-{1700000000 + n}", "regions": ["fra1"],
                 "tags": ["dogs", f"dogs:{servers[n % 500]}"], "min_disk_gb": 50, "size_gb": 3.5,
                 "created_ms": 1700000000000 + 1000 * n}
                for n in range(1000 * part, 1000 * (part + 1))])
        sandbox.clear_log()
        cpu, peak = spend([dogs.DOGS, "list"], host.env)
        row("`list`, 2,000 droplets and 5,000 snapshots, own CPU", f"{cpu:.2f} s",
            f"under 1 s; {len(sandbox.log())} calls, {peak / 1024:.1f} MB")


def evening_calls(place):
    """Calls and memory of start and stop, on a scaled clock."""
    with dogs.Sandbox(place / "calls", speed=60) as sandbox:
        host = dogs.Host(place / "calls-host", sandbox.url)
        host.must("create", "mc")
        for n in range(2):
            sandbox.play("mc")
            host.must("stop", "mc")
            host.must("start", "mc")
        sandbox.play("mc")
        for command in ("stop", "start"):
            sandbox.clear_log()
            _, peak = spend([dogs.DOGS, command, "mc"], host.env)
            log = sandbox.log()
            row(f"`{command}`, API calls, polls apart", f"{len(dogs.without_polls(log))}",
                f"at most 9; {len(log)} with polls")
            row(f"`{command}`, peak memory", f"{peak / 1024:.1f} MB", "under 16 MB")


def noticed(log, moment_ms, since_ms, wanted):
    """When the first call that `wanted` accepts came, at or after the moment."""
    floor = max(moment_ms, since_ms)
    at = next((call["t_virtual_ms"] for call in log if call["t_virtual_ms"] >= moment_ms and wanted(call)), floor)
    return max(at, floor), max(at, floor) - floor


def real_evening(place, nth):
    """Seconds waited after the cloud was ready: [(what, how long it took, dogs, python)]."""
    with dogs.Sandbox(place / f"real{nth}", speed=60) as sandbox:
        host = dogs.Host(place / f"real{nth}-host", sandbox.url)
        # What a user who has played before has: learnt durations.
        sandbox.settings(durations=DURATIONS)
        # More of them each time: the sandbox draws the same numbers in the same order.
        host.must("create", "mc")
        for _ in range(3 + nth):
            sandbox.play("mc")
            host.must("stop", "mc")
            host.must("start", "mc")
        host.must("stop", "mc")
        sandbox.settings(speed=1)
        rows = []

        def took(what, began, ended, late_ms):
            seconds = (ended - began) / 1000
            python = math.ceil(seconds / PYTHON_STEP_S) * PYTHON_STEP_S - seconds
            rows.append((what, seconds, late_ms / 1000, python))

        path = lambda call: call["path"].split("?")[0].rstrip("/")
        sandbox.clear_log()
        host.must("start", "mc", seconds=600)
        log, state = sandbox.log(), sandbox.state()
        (droplet,) = dogs.droplets(state, "mc")
        ready = max(droplet["active_ms"], droplet["networks_ms"])
        get = lambda call: call["method"] == "GET"
        the_droplet = lambda call: get(call) and path(call).endswith(f"/droplets/{droplet['id']}")
        _, late = noticed(log, ready, 0, the_droplet)
        took("start: droplet has its address", droplet["created_ms"], ready, late)

        sandbox.play("mc")
        sandbox.clear_log()
        host.must("stop", "mc", seconds=600)
        log, state = sandbox.log(), sandbox.state()
        (droplet,) = [d for d in state["droplets"] if d["id"] == droplet["id"]]
        mine = [a for a in state["actions"] if a["resource_id"] == droplet["id"]]
        shutdown = next(a for a in reversed(mine) if a["type"] == "shutdown")
        snapshot_action = next(a for a in reversed(mine) if a["type"] == "snapshot")
        snapshot = dogs.snapshots(state, "mc")[-1]
        since, late = noticed(log, droplet["power_ms"], 0, the_droplet)
        took("stop: droplet is off", shutdown["started_ms"], droplet["power_ms"], late)
        since, late = noticed(log, snapshot_action["ends_ms"], since,
                              lambda call: get(call) and "/actions/" in path(call))
        # What the one was noticed late is lost only if the snapshot could be seen by then.
        hidden = max(0, min(snapshot["visible_ms"], since) - snapshot_action["ends_ms"])
        took("stop: snapshot made", snapshot_action["started_ms"], snapshot_action["ends_ms"],
             late - hidden)
        since, late = noticed(log, snapshot["visible_ms"], since,
                              lambda call: get(call) and "/snapshots" in path(call))
        rows.append(("stop: snapshot to be seen", (snapshot["visible_ms"]
                     - snapshot_action["ends_ms"]) / 1000, late / 1000, None))
        _, late = noticed(log, droplet["gone_ms"], since, the_droplet)
        rows.append(("stop: droplet gone", None, late / 1000, None))
        return rows


def waiting(place, evenings):
    with concurrent.futures.ThreadPoolExecutor(evenings) as pool:
        runs = list(pool.map(lambda n: real_evening(place, n), range(evenings)))
    print("\nWaiting added after the cloud is ready, seconds; real time")
    for rows in runs:
        for what, took, ours, python in rows:
            lasted = f"after {took:.0f} s" if took else ""
            row(f"  {what} {lasted}", f"{ours:.2f} s",
                f"the Python program: {python:.1f} s" if python is not None else "")
        row("  start + stop", f"{sum(r[2] for r in rows):.2f} s",
            f"at most 2 s; the Python program: {sum(r[3] or 0 for r in rows):.1f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--evenings", type=int, default=3, help="real-time evenings, side by side")
    args = parser.parse_args()
    with dogs.workplace() as place:
        version()
        many(place)
        evening_calls(place)
        if not args.short:
            waiting(place, args.evenings)


if __name__ == "__main__":
    main()

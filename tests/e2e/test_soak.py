"""24 simulated hours of transfers in one process, soak_transfer.c: descriptors, threads and memory
are the same at the end as after the first hour. The short form has eight batches in each hour, the
long one (DOGS_LONG) one every 30 seconds."""

import pathlib
import re
import socket
import subprocess

import pytest

import dogs
from transfers import MIB, fill
from peers import faulty

pytest_plugins = ["transfer_peers"]

SOAK = pathlib.Path(dogs.DOGS).with_name("soak_transfer")
BATCHES = 2880 if dogs.LONG else 192
WRONG = [{"do": "status"}, {"do": "cut"}, {"do": "reset"}, {"do": "close"},
         {"do": "busy", "retry_after": 0}, {"do": "wrong-length", "how": "long"},
         {"do": "wrong-range", "how": "short"}]


def plan(liar):
    wrong = [{"path": "/wrong/*", "rate": 0.06, **rule} for rule in WRONG]
    liar.plan({"path": "/elsewhere/*", "do": "redirect", "hops": 2},
              {"path": "/slow/*", "do": "trickle", "bytes": 65536, "seconds": 0.01},
              {"path": "/moving/*", "rate": 0.2, "do": "changed"},
              {"path": "/wrong-put/*", "rate": 0.3, "do": ["status", "lost", "close"]}, *wrong)


@pytest.mark.skipif(not SOAK.exists(), reason=f"{SOAK} is not built")
def test_a_day(place, ca):
    with faulty.Faulty(place / "faulty", ca=ca, log=False) as liar, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        for name, size in {"ok/small": 3000, "ok/empty": 0, "ok/large": MIB, "slow/a": 3 * MIB,
                           "elsewhere/a": 500, "wrong/a": 700, "wrong/b": 90000,
                           "wrong/large": MIB, "moving/0": 9 * MIB, **{f"moving/{n}": 100 for n in range(1, 8)}}.items():
            fill(liar.root / name, size)
        plan(liar)
        folder = place / "files"
        folder.mkdir()
        fill(folder / "source", 30000)
        command = [SOAK, liar.url, liar.tls_url, ca.ca, f"http://127.0.0.1:{dead.getsockname()[1]}",
                   folder, BATCHES]
        done = subprocess.run([str(word) for word in command], env=dogs.environment(place),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=1800)
        hours = re.findall(r"hour .*", done.stdout)
        assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
        assert len(hours) == 24
        assert {p.name for p in folder.iterdir()} <= {"source"}, "something was left behind"
        for line in (hours[0], hours[-1], done.stdout.splitlines()[-1]):
            dogs.count(line)

"""Fixtures: a sandbox and a host per test, and worlds (account and state folder) that campaigns
start from, each built once by the program itself."""

import itertools
import pathlib
import shutil
import subprocess
import time

import pytest

import dogs


def pytest_configure(config):
    if not pathlib.Path(dogs.DOGS).exists():
        pytest.exit(f"{dogs.DOGS} is not built; tools/test builds it", returncode=3)


def pytest_terminal_summary(terminalreporter):
    if dogs.FIGURES:
        terminalreporter.section("counted")
        terminalreporter.write("\n".join(dogs.FIGURES) + "\n")


@pytest.fixture
def place():
    with dogs.workplace() as folder:
        yield folder


@pytest.fixture
def sandbox(place):
    with dogs.Sandbox(place / "sandbox") as running:
        yield running


@pytest.fixture
def host(place, sandbox):
    return dogs.Host(place / "host", sandbox.url)


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    """The library that kills its process at a write; see killer.c."""
    library = tmp_path_factory.mktemp("killer") / "killer.so"
    source = pathlib.Path(__file__).with_name("killer.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


class Worlds:
    """Named starting points. `at(name)` gives a fresh sandbox and host that stand there."""

    def __init__(self, folder):
        self.folder, self.count = folder, itertools.count()

    def build(self, name, steps):
        with dogs.Sandbox(self.folder / name / "sandbox") as sandbox:
            host = dogs.Host(self.folder / name / "host", sandbox.url)
            steps(sandbox, host)

    def at(self, name):
        return Place(self.folder, self.folder / name, f"run{next(self.count)}")


class Place:
    """with worlds.at("running") as (sandbox, host): …"""

    def __init__(self, folder, origin, run):
        self.origin, self.dir = origin, folder / run

    def __enter__(self):
        self.sandbox = dogs.Sandbox(self.dir / "sandbox", world=self.origin / "sandbox")
        state = self.origin / "host/state"
        if state.exists():
            shutil.copytree(state, self.dir / "host/state")
        self.host = dogs.Host(self.dir / "host", self.sandbox.url)
        return self.sandbox, self.host

    def __exit__(self, kind, *_):
        self.sandbox.close(check=kind is None)
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)


def evenings(sandbox, host, n):
    """Plays n evenings, each with its end."""
    for _ in range(n):
        has_snapshots = dogs.snapshots(sandbox.state(), "mc")
        host.must("start" if has_snapshots else "create", "mc")
        sandbox.play("mc")
        host.must("stop", "mc")


def neighbours(sandbox):
    """What stands beside mc in the account and must never be touched."""
    at = int(time.time()) - 86400
    rows = [("mc2", 1600000001), ("mc-modded", 1600000002), ("mc", "base"), ("mc-old", "base")]
    sandbox.put(snapshots=[
        {"name": f"{server}-{end}", "tags": ["dogs", f"dogs:{server}"], "regions": ["fra1"],
         "min_disk_gb": 25, "size_gb": 2.5, "world": 0 if end == "base" else 7,
         "created_ms": (at + n) * 1000}
        for n, (server, end) in enumerate(rows)
    ])


def build_stored(sandbox, host):
    evenings(sandbox, host, 2)
    neighbours(sandbox)


def build_running(sandbox, host):
    build_stored(sandbox, host)
    host.must("start", "mc")
    sandbox.play("mc")


def build_piled(sandbox, host):
    """Five proved snapshots where two are kept."""
    build_stored(sandbox, host)
    text = host.config.read_text()
    host.config.write_text(text.replace("snapshot_max: 2", "snapshot_max: 5"))
    evenings(sandbox, host, 3)
    host.config.write_text(text)


@pytest.fixture(scope="session")
def worlds():
    with dogs.workplace() as folder:
        all_of_them = Worlds(folder)
        all_of_them.build("empty", lambda sandbox, host: neighbours_without_base(sandbox))
        all_of_them.build("stored", build_stored)
        all_of_them.build("running", build_running)
        all_of_them.build("piled", build_piled)
        yield all_of_them


def neighbours_without_base(sandbox):
    """For create, which refuses where a snapshot of the server exists."""
    sandbox.put(snapshots=[
        {"name": "mc2-1600000001", "tags": ["dogs", "dogs:mc2"], "regions": ["fra1"],
         "min_disk_gb": 25, "size_gb": 2.5, "world": 7, "created_ms": 1600000001000},
    ])

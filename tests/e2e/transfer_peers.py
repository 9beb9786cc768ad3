"""Fixtures of the tests of `dogs get` and `dogs put`: the servers of tests/peers. A test is skipped,
with the reason, where one is not here."""

import shutil

import pytest

import dogs
import transfers
from transfers import peer
from peers import common, faulty, nginx, radosgw, s3rver


def pytest_collection_modifyitems(config, items):
    """With DOGS_SHORT every so-many-th of the tests that use these fixtures."""
    ours = {i.nodeid for i in items if "transfer_peers" in getattr(i.module, "pytest_plugins", [])}
    dropped = ours - set(dogs.choose(sorted(ours)))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in dropped])
    items[:] = [item for item in items if item.nodeid not in dropped]


@pytest.fixture(scope="session")
def ca():
    with dogs.workplace() as folder:
        yield common.Authority(folder / "ca")


@pytest.fixture(scope="module")
def web(ca):
    """nginx."""
    with dogs.workplace() as folder, peer(nginx.Nginx, folder / "nginx", ca=ca) as server:
        yield server


@pytest.fixture(scope="session")
def one_liar(ca):
    with dogs.workplace() as folder, faulty.Faulty(folder / "faulty", ca=ca) as server:
        yield server


@pytest.fixture
def liar(one_liar):
    """The server that answers wrongly, as new."""
    shutil.rmtree(one_liar.root)
    one_liar.root.mkdir()
    one_liar.reset()
    return one_liar


@pytest.fixture(scope="session")
def ceph(ca):
    with dogs.workplace() as folder, peer(radosgw.Radosgw, folder / "radosgw", ca=ca) as server:
        server.client().make_bucket("worlds")
        yield server


@pytest.fixture(scope="session")
def small_s3(ca):
    with dogs.workplace() as folder, peer(s3rver.S3rver, folder / "s3rver") as server:
        yield server


@pytest.fixture
def home(place, ca):
    return transfers.Home(place / "home", ca)

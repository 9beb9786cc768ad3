"""The static dogs (tools/static): one file that needs nothing of the system that it runs on. It is
run in an empty root that holds it and the CAs, with a name server of its own where it asks one."""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

import pytest

import dogs
import transfers

pytest_plugins = ["transfer_peers"]
pytestmark = pytest.mark.skipif("static" not in pathlib.Path(dogs.DOGS).parts,
                                reason="the static build only")
DYNAMIC, INTERPRETER = 2, 3  # kinds of program headers that ask for a loader
NAMES = pathlib.Path(__file__).with_name("name_server.py")


def may_chroot():
    command = ["unshare", "--user", "--map-root-user", "--net", "true"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0


needs_root = pytest.mark.skipif(not may_chroot(), reason="not here: unshare, or the right to use it")


class Root:
    """A root directory with dogs, a home and, if wanted, CAs. Nothing else: no /proc, no /dev."""

    def __init__(self, folder, trusted=None):
        self.dir = pathlib.Path(folder)
        (self.dir / "home").mkdir(parents=True)
        shutil.copy(dogs.DOGS, self.dir / "dogs")
        if trusted:
            self.write("etc/ssl/certs/ca-certificates.crt", pathlib.Path(trusted).read_text())

    def write(self, name, text):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *args, before=(), net=False, **env):
        """before: a command that calls the rest. net: a network of its own, in which that runs."""
        alone = ["unshare", "--user", "--map-root-user", *(["--net"] if net else [])]
        command = [*alone, *map(str, before), "chroot", str(self.dir), "/dogs", *args]
        done = subprocess.run(command, env={"HOME": "/home", "PATH": os.environ["PATH"], **env},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return dogs.Result(args, done.returncode, done.stdout, done.stderr)

    def must(self, *args, **more):
        result = self.run(*args, **more)
        assert result.status == 0, result
        return result

    def resolving(self, *args, answers="udp"):
        """With name_server.py, which also serves what is asked for."""
        return self.run(*args, net=True, before=[sys.executable, NAMES, answers])


def test_it_needs_no_loader_and_no_library():
    data = pathlib.Path(dogs.DOGS).read_bytes()
    at, size, n = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    kinds = {struct.unpack_from("<I", data, at + i * size)[0] for i in range(n)}
    assert data[:5] == b"\x7fELF\2" and not kinds & {DYNAMIC, INTERPRETER}, kinds
    begin, runs = time.monotonic(), 50
    for _ in range(runs):
        subprocess.run([dogs.DOGS, "--version"], check=True, capture_output=True)
    dogs.count(f"static dogs: {len(data):,} bytes; `--version` takes "
               f"{(time.monotonic() - begin) * 1000 / runs:.1f} ms")


def test_the_licences_name_what_is_linked(host):
    text = host.must("help", "licences").out
    for name in ("musl 1.", "openssl 3.", "curl 8.", "libyaml 0.", "cjson 1.", "libmicrohttpd 1.",
                 "expat 2."):
        assert f"======== {name}" in text, name
    assert "Apache License" in text and "tools/static" in text


def test_without_d_bus_it_says_so_and_goes_on(host):
    result = host.must("awake", "true")
    assert "static dogs cannot speak to logind" in result.err, result


@needs_root
def test_an_evening_in_an_empty_root(place):
    root = Root(place / "root")
    for args in (["create", "mc"], ["stop", "mc", "--yes"], ["start", "mc"], ["stop", "mc", "--yes"]):
        root.must("--sandbox", *args)
    snapshots = json.loads(root.must("--sandbox", "snapshots", "mc", "--json").out)
    assert "mc-" in json.dumps(snapshots), snapshots
    assert not (root.dir / "proc").exists() and not (root.dir / "etc").exists()


@needs_root
def test_tls_by_ca_file_and_by_the_systems_cas(place, web, ca):
    data = transfers.fill(web.root / "world.bin", 3 * transfers.MIB)
    digest = ["--sha256", transfers.sha256(web.root / "world.bin")]
    url = f"{web.tls_url}/world.bin"

    root = Root(place / "own")
    root.write("ca.pem", pathlib.Path(ca.ca).read_text())
    root.must("get", url, "/home/world.bin", *digest, DOGS_CA_FILE="/ca.pem")
    assert (root.dir / "home/world.bin").read_bytes() == data

    root = Root(place / "system", trusted=ca.ca)
    root.must("get", url, "/home/world.bin", *digest)
    assert (root.dir / "home/world.bin").read_bytes() == data

    for name, trusted in (("none", None), ("other", "/etc/ssl/certs/ca-certificates.crt")):
        root = Root(place / name, trusted=trusted)
        result = root.run("get", url, "/home/world.bin")
        assert result.status == 1 and "ca_file" in result.err, result
        assert not (root.dir / "home/world.bin").exists()


@needs_root
@pytest.mark.parametrize("answers", ["udp", "cut"])  # cut: the whole answer comes over TCP only
def test_a_name_is_looked_up_as_resolv_conf_says(place, answers):
    root = Root(place / "root")
    root.write("etc/resolv.conf", "search example.test\nnameserver 127.0.0.1\n")
    for host in ("worlds.example.test", "worlds"):  # as it is, and by the search list
        result = root.resolving("get", f"http://{host}:8080/{host}", "/home/got", answers=answers)
        assert result.status == 0, result
        assert (root.dir / "home/got").read_text() == f"/{host} for {host}:8080"
        (root.dir / "home/got").unlink()


@needs_root
def test_a_name_that_is_not_there(place):
    root = Root(place / "root")
    root.write("etc/resolv.conf", "nameserver 127.0.0.1\n")
    result = root.resolving("get", "http://nowhere.example.test:8080/x", "/home/got", "--tries", "1")
    assert result.status in (1, 5) and "nowhere.example.test" in result.err, result


@needs_root
def test_without_resolv_conf_it_fails_and_says_what(place):
    root = Root(place / "root")
    result = root.run("get", "http://worlds.example.test:8080/x", "/home/got", "--tries", "1", net=True)
    assert result.status == 1 and "worlds.example.test" in result.err, result
    assert "next: " in result.err, result

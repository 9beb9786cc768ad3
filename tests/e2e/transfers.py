"""Helpers of the tests of `dogs get` and `dogs put`: homes with remotes, files, kills in time."""

import hashlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import pytest

import dogs

sys.path.insert(0, str(dogs.ROOT / "tests"))
from peers import common  # noqa: E402

MIB = 1 << 20
NOBODY = 65534


def peer(kind, *args, **more):
    try:
        return kind(*args, **more)
    except common.Missing as what:
        pytest.skip(f"not here: {what}")


class Home(dogs.Host):
    """One who types `dogs get` and `dogs put`. `remotes`: name -> keys of the config."""

    def __init__(self, folder, ca=None, **remotes):
        more = {"DOGS_CA_FILE": ca.ca} if ca else {}
        super().__init__(folder, "http://127.0.0.1:9", config="", **more)
        del self.env["DOGS_TOKEN"], self.env["DOGS_API_URL"]
        self.folder = self.home / "files"
        self.folder.mkdir(exist_ok=True)
        self.remotes(**remotes)

    def remotes(self, **remotes):
        lines = ["remotes:"] if remotes else []
        for name, keys in remotes.items():
            lines += [f"  {name}:"] + [f"    {k}: {json.dumps(v)}" for k, v in keys.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def s3(self, server, url=None, **more):
        """A remote of an S3 service."""
        return {"type": "s3", "endpoint": url or server.url, "region": server.region,
                "key_id": server.key_id, "secret": server.secret, **more}

    def got(self, name):
        return (self.folder / name).read_bytes()

    def files(self):
        """Everything below the folder, names of hidden files included."""
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*")
                      if not p.is_dir() or p.is_symlink())

    def start_as(self, command, *args):
        """The same, behind a command such as setpriv."""
        return subprocess.Popen(
            [*command, *dogs.WRAP, dogs.DOGS, *args], env=self.env, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )


def fill(path, size, seed=1):
    """A file of bytes that depend on seed and path's name only; returns them."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = random.Random(f"{seed} {path.name}").randbytes(size)
    path.write_bytes(data)
    return data


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
    return digest.hexdigest()


def events(result):
    """Of --json-lines."""
    return [json.loads(line) for line in result.out.splitlines()]


def says_changed(result):
    return "chang" in result.err or "another version" in result.err


def is_sound(result):
    """An error tells what, why and what to do; nobody is left with a crash."""
    assert result.status in (0, 1, 2, 130), result
    assert "AddressSanitizer" not in result.err, result
    return result


def written(pid):
    """Bytes that a process has handed to write calls so far; None once it has ended."""
    try:
        return int(re.search(r"wchar: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text())[1])
    except (OSError, TypeError):
        return None


def kill_when(child, moved, how=signal.SIGKILL, seconds=60):
    """Once moved() is true; False if the child ended before. moved() is asked without a pause."""
    end = time.monotonic() + seconds
    while child.poll() is None:
        if moved():
            os.kill(child.pid, how)
            return True
        assert time.monotonic() < end, "it never came so far"
    return False

"""Helpers of test_ready.py and test_leave.py: a host whose server has a game, on a clock that moves
only while everybody sleeps, so that virtual times are exact whatever this computer does."""

import contextlib
import json
import os
import signal

import pytest

import dogs

CONFIG = """\
api_url: {url}
region: fra1
size: s-1vcpu-2gb
servers:
  mc:
    image: debian-12-x64
"""


class Played(dogs.Host):
    def __init__(self, folder, sandbox, **keys):
        keys = {"game": "minecraft-java"} | keys
        lines = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in keys.items()
                        if value is not None)
        top = f"ssh_command: {dogs.DOGS} sandbox ssh --dir {sandbox.dir} --\n"
        super().__init__(folder, sandbox.url, config=top + CONFIG + lines.replace("{", "{{"),
                         DOGS_SANDBOX_CLIENT="host")
        self.sandbox = sandbox

    def game(self, **members):
        return self.sandbox.ask("POST", "/sandbox/game", {"server": "mc"} | members)

    def told(self, order=None):
        told = self.sandbox.ask("GET", "/sandbox/told")
        told = told["told"] if isinstance(told, dict) else told
        return [t for t in told if order in (None, t["order"])]

    def droplet(self):
        return dogs.droplets(self.sandbox.state(), "mc")[0]

    def kill(self, child):
        """kill -9, which cannot say goodbye to the clock."""
        child.send_signal(signal.SIGKILL)
        child.communicate()
        self.sandbox.leave("host")

    @contextlib.contextmanager
    def begun(self, *args):
        """A command under way. Time does not pass before it, nor while nobody says so."""
        self.sandbox.join("test")
        self.sandbox.join("host")
        child = self.start(*args)
        try:
            yield child
        finally:
            self.sandbox.leave("test")
            if child.poll() is None:
                child.kill()
                child.communicate()

    def events(self, *args, **env):
        result = self.run("--json-lines", *args, **env)
        return result, [json.loads(line) for line in result.out.splitlines()]


@pytest.fixture
def place():
    if os.uname().sysname == "Darwin" or dogs.WINE:
        pytest.skip("games answer on addresses of their own, which only Linux has")
    with dogs.workplace() as folder:
        yield folder


@pytest.fixture
def sandbox(place):
    with dogs.Sandbox(place / "sandbox") as box:
        box.settings(speed=0)
        yield box

"""Where the game servers are that tools/test fetches: in build/games, or DOGS_GAMES, where packages
are unpacked so that no service is installed and started on this computer; then the system's."""

import contextlib
import os
import pathlib
import shutil
import socket

from peers import common

UNPACKED = pathlib.Path(os.environ.get("DOGS_GAMES") or common.ROOT / "build/games")
PACKAGES = UNPACKED / "root"
NODE_MODULES = UNPACKED / "node/node_modules"


def file(pattern, package):
    """The first file that fits, below the unpacked packages or in the system."""
    for top in (PACKAGES, pathlib.Path("/")):
        for found in sorted(top.glob(pattern)):
            return found
    raise common.Missing(f"{package} (tools/test fetches it)")


def program(path, package):
    return file(path, package)


def node():
    found = shutil.which("node")
    if not found:
        raise common.Missing("nodejs")
    return found


def module(name):
    if not (NODE_MODULES / name / "package.json").exists():
        raise common.Missing(f"{name} (npm; tools/test fetches it)")
    return name


def libraries():
    """For a program of program()."""
    found = [x for top in ("usr/lib", "lib") for x in (PACKAGES / top).glob("*-linux-gnu*")]
    return "LD_LIBRARY_PATH=" + ":".join(map(str, found))


def free_udp_ports(n):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                   for _ in range(n)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]

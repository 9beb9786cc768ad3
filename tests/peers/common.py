"""What the servers have in common: where their programs are, ports, a CA, children and their end.

Programs are looked for in build/peers (tools/test unpacks the packages there, so that no service
is installed and started on this computer), then among the system's."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = pathlib.Path(os.environ.get("DOGS_PEERS") or ROOT / "build/peers") / "root"
START_S = 60
NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split()


class Missing(Exception):
    """A package is not here: str() names it."""


def libraries():
    """Where an unpacked program's own libraries, or plugins below them, are."""
    tops = [x for top in ("usr/lib", "lib") for x in (UNPACKED / top).glob("*-linux-gnu*")]
    return tops + [folder / "ceph" for folder in tops if (folder / "ceph").is_dir()]


def environment():
    """For a program of program(): its libraries are found, no proxy is asked."""
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    if libraries():
        env["LD_LIBRARY_PATH"] = ":".join(map(str, libraries()))
    return env


def program(name, package):
    for folder in (UNPACKED / "usr/sbin", UNPACKED / "usr/bin"):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Missing(f"{package} (tools/test fetches it)")
    return found


def free_ports(n):
    """All different: they are held until the last one is known."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(n)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


class Authority:
    """A CA and its certificate for localhost and 127.0.0.1: ca, cert, key are files of PEM."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.cert, self.key = folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key"
        if self.cert.exists():
            return

        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

        openssl("req", "-x509", *NEW_KEY, "-days", "30", "-subj", "/CN=CA of the tests", "-keyout",
                "ca.key", "-out", "ca.pem")
        openssl("req", *NEW_KEY, "-subj", "/CN=localhost", "-keyout", "leaf.key",
                "-out", "leaf.csr")
        (folder / "ext").write_text("subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", "ext", "-out", "leaf.pem")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def wait_until(condition, seconds=START_S, step=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return False


class Children:
    """Processes of one server; they do not outlive the one who started them."""

    def __init__(self, folder):
        self.folder, self.children = pathlib.Path(folder), []
        self.folder.mkdir(parents=True, exist_ok=True)

    def start(self, name, command, end=signal.SIGKILL, **more):
        """`end`: the signal that ends it, also where the starter itself is killed."""
        log = open(self.folder / f"{name}.out", "ab")
        with log:
            child = subprocess.Popen(
                ["setpriv", "--pdeathsig", signal.Signals(end).name[3:], *map(str, command)],
                env=environment(), cwd=self.folder,
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log} | more,
            )
        self.children.append((name, child, end))
        return child

    def wait_for(self, condition, seconds=START_S):
        """Until it holds; what the children said is in the error if it never does."""
        if wait_until(lambda: condition() or self.dead(), seconds) and not self.dead():
            return
        said = "\n".join(f"{path.name}: {path.read_text(errors='replace')[-2000:]}"
                         for path in sorted(self.folder.glob("*.out")))
        self.close()
        raise RuntimeError(f"the server did not start\n{said}")

    def dead(self):
        return any(child.poll() is not None for _, child, _ in self.children)

    def close(self):
        for _, child, end in reversed(self.children):
            if child.poll() is None:
                child.send_signal(end)
        for _, child, _ in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()
        self.children = []

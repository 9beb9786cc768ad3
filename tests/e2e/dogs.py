"""Helpers of the end-to-end tests: the sandbox as a server of its own, a host that types commands,
and what must hold in the account afterwards.

    DOGS        the binary (tools/test sets it; default build/dogs); a .exe is run under Wine
    DOGS_WRAP   what each client command runs under (valgrind …)
    DOGS_SPEED  how many times faster than real the sandbox runs (default 600)
    DOGS_SHORT  N: every campaign tries only every N-th of its optional points
    DOGS_LONG   1: every campaign tries all its points
"""

import atexit
import contextlib
import json
import os
import pathlib
import random
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import wine

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOGS = os.environ.get("DOGS") or str(ROOT / "build/dogs")
WINE = wine.Wine(DOGS) if DOGS.endswith(".exe") else None
if WINE:
    DOGS = str(WINE.script)
    atexit.register(WINE.close)
WRAP = shlex.split(os.environ.get("DOGS_WRAP", ""))
SPEED = float(os.environ.get("DOGS_SPEED", "600"))
LONG = bool(os.environ.get("DOGS_LONG"))
SHORT = 1 if LONG else int(os.environ.get("DOGS_SHORT", "1"))
SLOW = bool(WRAP) or "asan" in DOGS or "tsan" in DOGS
TOKEN = "dop_v1_sandbox" + "0" * 58
PATIENCE_S = 120 if SLOW else 60  # of a test for one command; the commands are made to be quick

# What must never happen, by the sandbox's own count.
NEVER = (
    "worlds_lost", "deletes_repeated", "dangerous_called", "by_tag_called", "tag_deleted",
    "put_firewall", "rebuild_restore_called",
)

CONFIG = """\
api_url: {url}
region: fra1
size: s-1vcpu-2gb
snapshot_max: 2
servers:
  mc:
    image: debian-12-x64
  mc2:
    image: debian-12-x64
  mc-modded:
    image: debian-12-x64
"""


def environment(home, **more):
    """A clean environment whose every folder lies below `home`."""
    keep = ("PATH", "LANG", "LC_ALL", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    env |= {
        "HOME": str(home), "XDG_CONFIG_HOME": f"{home}/.config", "XDG_STATE_HOME": f"{home}/.state",
        "XDG_CACHE_HOME": f"{home}/.cache", "TMPDIR": tempfile.gettempdir(), "TERM": "dumb",
        # Not this computer's own services, which would keep it awake for imitated work.
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus",
    }
    if WINE:
        env["DOGS_STATE_DIR"] = f"{home}/.state/dogs"
    return env | {name: str(value) for name, value in more.items()}


class Sandbox:
    """`dogs sandbox serve` as a child, and its control interface."""

    def __init__(self, folder, speed=None, world=None):
        self.dir = pathlib.Path(folder)
        if world:
            shutil.copytree(world, self.dir)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.speed = speed or SPEED
        self.errors = open(self.dir.parent / f"{self.dir.name}.stderr", "w+b")
        self.child = subprocess.Popen(
            [DOGS, "sandbox", "serve", "--speed", f"{self.speed:g}", "--dir", str(self.dir)],
            env=environment(self.dir.parent), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        ready, _, _ = select.select([self.child.stdout], [], [], 30)
        line = self.child.stdout.readline().decode().strip() if ready else ""
        if not line.startswith("http://127.0.0.1:"):
            self.close(check=False)
            raise AssertionError(f"sandbox did not start: {line!r} {self.said()}")
        self.url = line.split()[0]

    def said(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def close(self, check=True):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdout.close()
        said = self.said()
        self.errors.close()
        if check:
            assert "Sanitizer" not in said and "runtime error" not in said, said
            assert self.child.returncode in (0, 130, -signal.SIGTERM), (self.child.returncode, said)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    def ask(self, method, path, body=None, token=None, seconds=30):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=seconds) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def state(self):
        return self.ask("GET", "/sandbox/state")

    def log(self):
        """The API requests so far, oldest first."""
        calls = self.ask("GET", "/sandbox/log")["log"]
        return [call for call in calls if call["path"].startswith("/v2/")]

    def clear_log(self):
        self.ask("POST", "/sandbox/log/clear")

    def play(self, server):
        """Somebody plays: the world's generation grows by one; returns it."""
        return self.ask("POST", "/sandbox/play", {"server": server})["world"]

    def game(self, **members):
        """Installs or changes a game (tests/sandbox.md); returns all of them."""
        return self.ask("POST", "/sandbox/game", members)["games"]

    def told(self):
        """What games were told, oldest first: (order, text)."""
        return [(o["order"], o["text"]) for o in self.ask("GET", "/sandbox/told")]

    def faults(self, *faults):
        self.ask("POST", "/sandbox/faults", {"faults": list(faults)})

    def no_faults(self):
        self.ask("POST", "/sandbox/faults", {"faults": []})

    def fired(self):
        return sum(f["fired"] for f in self.ask("GET", "/sandbox/faults")["faults"])

    def settings(self, **settings):
        self.ask("POST", "/sandbox/settings", settings)

    def advance(self, seconds):
        self.ask("POST", "/sandbox/advance", {"seconds": seconds})

    def join(self, who):
        """For the stepped clock: no time passes until `who` has slept or left."""
        return self.ask("POST", "/sandbox/join", {"who": who})

    def leave(self, who):
        return self.ask("POST", "/sandbox/leave", {"who": who})

    def sleep(self, who, seconds):
        return self.ask("POST", "/sandbox/sleep", {"who": who, "ms": int(seconds * 1000)},
                        seconds=PATIENCE_S)

    def put(self, **things):
        self.ask("POST", "/sandbox/put", things)

    def vanish(self, droplet_id):
        self.ask("POST", "/sandbox/vanish", {"droplet_id": droplet_id})


class Result:
    def __init__(self, args, status, out, err, usage=None):
        self.args, self.status, self.out, self.err, self.usage = args, status, out, err, usage

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"$ dogs {' '.join(self.args)}\n{self.out}{self.err}[status {self.status}]"


class Host:
    """One person's computer: its own home, state folder and config."""

    def __init__(self, folder, url, config=CONFIG, token=TOKEN, **env):
        self.home = pathlib.Path(folder)
        self.home.mkdir(parents=True, exist_ok=True)
        self.config = self.home / "config.yaml"
        self.config.write_text(config.format(url=url))
        self.config.chmod(0o600)
        self.state_dir = self.home / "state"
        self.env = environment(
            self.home, DOGS_API_URL=url, DOGS_STATE_DIR=self.state_dir, DOGS_CONFIG=self.config,
            DOGS_TOKEN=token, **env,
        )
        self.transcript = []

    def start(self, *args, **env):
        return subprocess.Popen(
            [*WRAP, DOGS, *args], env=self.env | {k: str(v) for k, v in env.items()}, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def finish(self, child, *args, seconds=None):
        try:
            out, err = child.communicate(timeout=seconds or PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            err += b"\n[still ran when the test lost patience]"
            child.returncode = None
        result = Result(args, child.returncode, out.decode(errors="replace"),
                        err.decode(errors="replace"))
        self.transcript.append(str(result))
        assert "Sanitizer" not in result.err and "runtime error" not in result.err, result
        assert result.status != 99, result
        return result

    def run(self, *args, seconds=None, **env):
        return self.finish(self.start(*args, **env), *args, seconds=seconds)

    def must(self, *args, **env):
        result = self.run(*args, **env)
        assert result.status == 0, self.story()
        return result

    def story(self):
        return "\n" + "\n".join(self.transcript[-8:])


# --- what is in the account -----------------------------------------------------------------------


def series_of(name):
    """"mc" of "mc-1790000000"; None for other names."""
    server, dash, digits = name.rpartition("-")
    return server if dash and digits.isdigit() else None


def droplets(state, server=None):
    """Living droplets, of one server if it is given."""
    return [d for d in state["droplets"] if not d.get("deleted")
            and (server is None or f"dogs:{server}" in d["tags"] or d["name"] == server)]


def snapshots(state, server):
    """The server's series, oldest first."""
    found = [s for s in state["snapshots"] if series_of(s["name"]) == server]
    return sorted(found, key=lambda s: (s["created_ms"], s["id"]))


def newest_world(state, server):
    return max((x["world"] for x in droplets(state, server) + snapshots(state, server)), default=0)


def counters(state):
    return {name: state["counters"].get(name, 0) for name in NEVER}


def assert_sound(state, server="mc"):
    """What holds at any moment, whatever was killed or answered wrongly."""
    assert not any(counters(state).values()), counters(state)
    of_server = snapshots(state, server)
    names = [s["name"] for s in of_server]
    assert len(names) == len(set(names)), f"two snapshots of one name: {names}"


def assert_no_duplicate_snapshots(state, server="mc"):
    """No two snapshots of one droplet with one generation: nothing was done between them."""
    seen = [(s["droplet_id"], s["world"]) for s in snapshots(state, server)]
    assert len(seen) == len(set(seen)), f"one evening snapshotted twice: {snapshots(state, server)}"


# --- polling, in the log ----------------------------------------------------------------------------


POLL = re.compile(r"/v2/(droplets/\d+(/actions|/snapshots)?|actions/\d+)/?(\?|$)")
NEW_SNAPSHOT = re.compile(r"/v2/snapshots/\d+/?$")


def without_polls(log):
    """The calls of a run apart from polls: GETs of the one droplet (its actions, its snapshots) or
    of the one action that the run waits for, and repeated ones of its new snapshot."""
    kept = []
    for call in log:
        if call["method"] == "GET" and POLL.match(call["path"]):
            continue
        if call["method"] == "GET" and NEW_SNAPSHOT.match(call["path"]) and \
                call["path"] in [other["path"] for other in kept if other["method"] == "GET"]:
            continue
        kept.append(call)
    return kept


def first_looks(log):
    """How many of the polls were the first of their path."""
    return len({call["path"] for call in log if call["method"] == "GET" and POLL.match(call["path"])})


# --- campaigns --------------------------------------------------------------------------------------


def choose(points, k=1, seed=20261120):
    """Every k-th point on average, the same ones each time; all of them with DOGS_LONG."""
    k = max(k, SHORT)
    if LONG or k <= 1:
        return list(points)
    return [point for point in points if random.Random(f"{seed} {point}").randrange(k) == 0]


FIGURES = []  # what campaigns counted; conftest.py prints it at the end


def count(text):
    FIGURES.append(text)


def told(failures, whole=3):
    """Failures "point: story" of a campaign: the first in full, of the others a line each."""
    lines = [" ".join(text.split())[:200] for text in failures[whole:]]
    return "\n\n".join(failures[:whole]) + "\n\nand:\n" * bool(lines) + "\n".join(lines)


@contextlib.contextmanager
def workplace():
    """A temporary folder, removed also where a killed client left odd things behind."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dogs-e2e-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(condition, seconds=30, step=0.004):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return False

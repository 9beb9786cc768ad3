"""Worlds beside the disk image: packed on a droplet, kept in a real S3 server, brought back. The
droplets are the sandbox's folders, reached by `dogs sandbox ssh`."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import stat
import tarfile

import pytest

import dogs
import transfers
from peers import faulty

pytest_plugins = ["transfer_peers"]

PATH = "/srv/game/my world"
BUCKET = "worlds"
FOLDER = f"{BUCKET}/kept/mc"
CONFIG = """\
api_url: {{url}}
region: fra1
size: s-1vcpu-2gb
ssh_command: {ssh}
remotes:
  store: {remote}
servers:
  mc:
    image: debian-12-x64
    world: {world}
"""
ARCHIVE = re.compile(r"mc-\d+\.tar\.(zst|gz)$")
PROOF = re.compile(r"mc-\d+\.tar\.(zst|gz)\.(\d+)\.([0-9a-f]{64})\.proof$")
# What the game scripts put on a droplet; it says when it was called, and whether a world was there.
GAME = """\
#!/bin/sh
[ -d "$DOGS_ROOT{path}" ] && there=1 || there=0
echo "$1 $there" >>"$DOGS_ROOT/calls"
"""


class Server:
    """mc, its droplet's disk and its place in an S3 server."""

    def __init__(self, place, sandbox, s3, url=None, ssh=None, **world):
        self.sandbox, self.client = sandbox, s3.client()
        self.ssh = [dogs.DOGS, "sandbox", "ssh", "--dir", str(sandbox.dir), "--"]
        remote = {"type": "s3", "endpoint": url or s3.url, "region": s3.region,
                  "key_id": s3.key_id, "secret": s3.secret, "bucket": BUCKET}
        world = {"path": PATH, "to": "store:kept", "on_stop": False} | world
        world = {key: value for key, value in world.items() if value is not None}
        config = CONFIG.format(ssh=json.dumps(ssh or " ".join(self.ssh)),
                               remote=json.dumps(remote), world=json.dumps(world))
        config = config.replace("{", "{{").replace("}", "}}").replace("{{url}}", "{url}")
        self.host = dogs.Host(place / "host", sandbox.url, config=config)
        for key in self.keys():
            self.client.delete(f"{FOLDER}/{key}")

    def start(self, verb="start"):
        self.host.must(verb, "mc")
        assert self.sh("true") == 0
        root = self.root()
        game = root / "usr/local/lib/dogs/game"
        game.parent.mkdir(parents=True, exist_ok=True)
        game.write_text(GAME.replace("{path}", PATH))
        game.chmod(0o755)

    def address(self):
        return self.host.must("status", "mc", "--json").json()["servers"][0]["address"]

    def sh(self, script):
        child = dogs.subprocess.run([*self.ssh, self.address(), "sh", "-s"], input=script.encode(),
                                    env=self.host.env)
        return child.returncode

    def root(self):
        ids = [d["id"] for d in dogs.droplets(self.sandbox.state(), "mc")]
        assert len(ids) == 1, ids
        return self.sandbox.dir / "droplets" / str(ids[0])

    def world(self):
        return pathlib.Path(f"{self.root()}{PATH}")

    def calls(self):
        log = self.root() / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def keys(self):
        return [key.removeprefix("kept/mc/") for key in self.client.list(BUCKET, "kept/mc/")]

    def archives(self):
        return sorted(key for key in self.keys() if ARCHIVE.fullmatch(key))

    def worlds(self):
        return self.host.must("worlds", "mc", "--json").json()["worlds"]

    def nothing_is_left(self):
        """No temporary folder, no half-unpacked world on the droplet."""
        assert not list((self.root() / "var/tmp").glob("*")), "a temporary folder was left"
        assert not list(self.world().parent.glob("*.dogs-new")), "an unpacked world was left"

    def asides(self):
        return sorted(self.world().parent.glob(f"{self.world().name}.before-*"))


NAMES = ["plain", "with blanks in it", "it's \"quoted\"", "new\nline", "grüße 日本語 🐕", "-dash",
         "$(id) `id` *?[a]", "back\\slash", ".hidden", "x" * 200]


def fill(folder, seed=1):
    """A world with all that a world may have."""
    for n, name in enumerate(NAMES):
        transfers.fill(folder / name, 1000 * n, seed)
        transfers.fill(folder / f"d {name}"[:200] / "sub" / name, 50000, seed)
        (folder / name).chmod(0o600 + n)
    (folder / "empty folder").mkdir()
    (folder / "closed").mkdir(mode=0o700)
    (folder / "run me").write_text("#!/bin/sh\n")
    (folder / "run me").chmod(0o755)
    (folder / "link").symlink_to("plain")
    folder.chmod(0o750)


def tree(folder):
    """Everything of it: kinds, modes, owners, bytes."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        about = path.lstat()
        what = (os.readlink(path) if path.is_symlink() else
                path.read_bytes() if path.is_file() else None)
        mode = 0 if path.is_symlink() else stat.S_IMODE(about.st_mode)
        found[str(path.relative_to(folder))] = (stat.S_IFMT(about.st_mode), mode, about.st_uid,
                                                about.st_gid, what)
    return found


@pytest.fixture(params=["ceph", "s3rver"])
def s3(request):
    server = request.getfixturevalue({"ceph": "ceph", "s3rver": "small_s3"}[request.param])
    return server


@pytest.fixture
def mc(place, sandbox, ceph):
    server = Server(place, sandbox, ceph)
    server.start("create")
    fill(server.world())
    return server


@pytest.fixture
def liar(place, ca, ceph):
    """The S3 server behind one that answers wrongly by a plan."""
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as server:
        yield server


def through(place, sandbox, ceph, liar, **world):
    server = Server(place, sandbox, ceph, url=liar.url, **world)
    server.start("create")
    fill(server.world())
    return server


# --- there and back -------------------------------------------------------------------------------


def test_from_one_droplet_into_another(place, sandbox, s3):
    mc = Server(place, sandbox, s3)
    mc.start("create")
    fill(mc.world())
    before, first = tree(mc.world()), mc.root()
    result = mc.host.must("backup", "mc")
    [name] = mc.archives()
    assert name in result.out and mc.calls() == ["save 1"], result
    [world] = mc.worlds()
    archive = mc.client.get(f"{FOLDER}/{name}")
    assert world["name"] == name and world["proved"] and not world["prunable"]
    assert world["bytes"] == len(archive)
    assert world["sha256"] == hashlib.sha256(archive).hexdigest()
    [proof] = [key for key in mc.keys() if PROOF.fullmatch(key)]
    assert mc.client.get(f"{FOLDER}/{proof}").decode() == f"{world['sha256']}  {name}\n"
    mc.nothing_is_left()
    mc.host.must("stop", "mc")
    mc.start()
    assert mc.root() != first and not first.exists()
    assert tree(mc.world()) == before, "a snapshot carries its droplet's disk"
    shutil.rmtree(mc.world())
    fill(mc.world(), seed=2)
    present = tree(mc.world())
    mc.calls()
    result = mc.host.must("restore-world", "mc", "--yes")
    assert tree(mc.world()) == before and name in result.out, result
    assert mc.calls() == ["stop 1", "start 1"]
    [aside] = mc.asides()
    assert tree(aside) == present
    mc.nothing_is_left()
    mc.host.must("restore-world", "mc", "--undo", "--yes")
    assert tree(mc.world()) == present and len(mc.asides()) == 1
    assert mc.calls() == ["stop 1", "start 1"]


def test_what_is_put_aside_does_not_pile_up(mc):
    mc.host.must("backup", "mc")
    before = tree(mc.world())
    own = pathlib.Path(f"{mc.world()}.before-2027-by-hand")
    own.mkdir()
    for n in range(4):
        (mc.world() / "number").write_text(str(n))
        mc.host.must("restore-world", "mc", "--yes")
        assert tree(mc.world()) == before
    assert own.exists()
    own.rmdir()
    asides = mc.asides()
    assert [(a / "number").read_text() for a in asides] == ["2", "3"]


def test_restoring_asks(mc):
    mc.host.must("backup", "mc")
    (mc.world() / "new").write_text("x")
    mc.calls()
    present = tree(mc.world())
    for args in (["--no-input"], ["--undo", "--no-input"]):
        result = mc.host.run("restore-world", "mc", *args)
        assert result.status == 2 and "--yes" in result.err, result
    assert tree(mc.world()) == present and mc.calls() == []
    result = mc.host.run("restore-world", "mc", "--undo", "--yes")
    assert result.status == 1 and "no earlier world" in result.err, result
    assert tree(mc.world()) == present


def test_where_there_is_no_world_yet(mc):
    mc.host.must("backup", "mc")
    before = tree(mc.world())
    shutil.rmtree(mc.world())
    result = mc.host.run("backup", "mc")
    assert result.status == 1 and PATH in result.err and len(mc.archives()) == 1, result
    mc.host.must("restore-world", "mc", "--yes")
    assert tree(mc.world()) == before and mc.asides() == []


def test_a_game_that_does_not_obey(mc):
    mc.host.must("backup", "mc")
    before = tree(mc.world())
    (mc.world() / "later").write_text("x")
    mc.calls()
    present = tree(mc.world())
    game = mc.root() / "usr/local/lib/dogs/game"
    script = game.read_text()
    game.write_text(f"{script}[ $1 != stop ]\n")
    result = mc.host.run("restore-world", "mc", "--yes")
    assert result.status == 1 and "could not be stopped" in result.err, result
    assert tree(mc.world()) == present and mc.asides() == []
    assert mc.calls() == ["stop 1", "start 1"]
    game.write_text(f"{script}[ $1 != save ]\n")
    result = mc.host.must("backup", "mc")
    assert "could not be told to save" in result.err, result
    mc.host.must("restore-world", "mc", mc.archives()[0], "--yes")
    game.write_text(f"{script}[ $1 != start ]\n")
    result = mc.host.run("restore-world", "mc", "--yes")
    assert result.status == 1 and "does not start" in result.err, result
    assert tree(mc.world()) == present and len(mc.asides()) == 2
    mc.nothing_is_left()


def test_disks_come_and_go_with_their_machines(mc):
    """Snapshots that retention deletes take their folders along; so does a reset."""
    for n in range(4):
        (mc.world() / "n").write_text(str(n))
        mc.host.must("stop", "mc")
        state = mc.sandbox.state()
        ids = sorted(str(s["id"]) for s in dogs.snapshots(state, "mc"))
        folders = sorted(p.name for p in (mc.sandbox.dir / "snapshots").iterdir())
        assert folders == ids and len(ids) == min(n + 1, 2)
        assert not list((mc.sandbox.dir / "droplets").iterdir())
        mc.host.must("start", "mc", "--snapshot", ids[0])
        assert (mc.world() / "n").read_text() == str(max(n - 1, 0))
    oldest = tree(mc.root())
    mc.host.must("stop", "mc")
    mc.host.must("start", "mc")
    assert tree(mc.root()) == oldest
    gone = mc.ssh + ["198.51.100.1", "true"]
    assert dogs.subprocess.run(gone, env=mc.host.env, stderr=-3).returncode == 255
    assert mc.sh("exit 3") == 3
    mc.host.must("sandbox", "reset", "--dir", str(mc.sandbox.dir))
    assert not (mc.sandbox.dir / "droplets").exists()
    assert not (mc.sandbox.dir / "snapshots").exists()


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [["backup"], ["worlds"], ["restore-world", "--yes"]])
def test_without_a_place(place, sandbox, ceph, args):
    mc = Server(place, sandbox, ceph, to=None, on_stop=None)
    mc.host.must("create", "mc")
    result = mc.host.run(args[0], "mc", *args[1:])
    assert result.status == 2 and "world: to:" in result.err, result
    assert len(re.findall("not set", result.err)) == 1, result


@pytest.mark.parametrize("verb", ["backup", "restore-world"])
def test_without_a_droplet(place, sandbox, ceph, verb):
    mc = Server(place, sandbox, ceph)
    result = mc.host.run(verb, "mc", "--yes")
    assert result.status == 7 and "not running" in result.err, result


def test_names_that_others_wrote(mc):
    """They are neither listed nor touched; nothing of them is ever asked for."""
    names = ["mc-1.tar.zst.1.zz.proof", "mc-12.tar", "mc2-12.tar.gz", "mc--1.tar.gz", "mc-1.tar.gz/x",
             "mc-01.tar.gz", "mc-99999999999999999999.tar.gz", "a\nb", "mc-5.tar.gz.proof"]
    for name in names:
        mc.client.put(f"{FOLDER}/{name}", b"x")
    mc.client.put(f"{FOLDER}/mc-7.tar.gz", b"never proved")
    assert [(w["name"], w["proved"]) for w in mc.worlds()] == [("mc-7.tar.gz", False)]
    result = mc.host.run("restore-world", "mc", "--yes")
    assert result.status == 5 and "no proved archive" in result.err, result
    result = mc.host.run("restore-world", "mc", "mc-7.tar.gz", "--yes")
    assert result.status == 8 and "never proved" in result.err, result
    result = mc.host.run("restore-world", "mc", "../mc-7.tar.gz", "--yes")
    assert result.status == 5, result
    mc.host.must("backup", "mc")
    assert set(names) | {"mc-7.tar.gz"} < set(mc.keys())
    assert len(mc.worlds()) == 2 and mc.worlds()[0]["proved"]


def forge(mc, data, name="mc-1800000000.tar.gz", of=None):
    """An archive with a proof, of other bytes if they are given."""
    digest = hashlib.sha256(of or data).hexdigest()
    mc.client.put(f"{FOLDER}/{name}", data)
    mc.client.put(f"{FOLDER}/{name}.{len(data)}.{digest}.proof", b"x")
    return name


def tarball(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def member(name, **more):
    info = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(info, key, value)
    return info


BAD = {
    "outside": tarball((member("./ok"), b"1"), (member("../outside"), b"2")),
    "deep outside": tarball((member("a/../../outside"), b"2")),
    "absolute": tarball((member("/tmp/dogs-outside"), b"2")),
    "device": tarball((member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3), b"")),
    "no archive": b"this is no archive",
    "cut": tarball((member("a"), os.urandom(50000)))[:30000],
}


@pytest.mark.parametrize("what", BAD)
def test_an_archive_that_does_harm(mc, what):
    present = tree(mc.root())
    name = forge(mc, BAD[what])
    result = mc.host.run("restore-world", "mc", name, "--yes")
    assert result.status == 1 and "nothing was changed" in result.err, result
    assert tree(mc.root()) | {"var/tmp": 0} == present | {"var/tmp": 0, "var": tree(mc.root())["var"]}
    assert not pathlib.Path("/tmp/dogs-outside").exists()
    assert mc.calls() == [] and mc.asides() == []
    mc.nothing_is_left()


def test_a_wrong_digest(mc):
    mc.host.must("backup", "mc")
    [name] = mc.archives()
    good = mc.client.get(f"{FOLDER}/{name}")
    mc.calls()
    present = tree(mc.world())
    mc.client.put(f"{FOLDER}/{name}", good[:-1] + bytes([good[-1] ^ 1]))
    result = mc.host.run("restore-world", "mc", "--yes")
    assert result.status == 1 and "SHA-256" in result.err, result
    mc.client.put(f"{FOLDER}/{name}", good[:-1])
    assert not mc.worlds()[0]["proved"]
    assert mc.host.run("restore-world", "mc", "--yes").status == 5
    assert tree(mc.world()) == present and mc.calls() == [] and mc.asides() == []
    mc.nothing_is_left()


# --- retention ------------------------------------------------------------------------------------


def test_retention_by_count(place, sandbox, ceph):
    mc = Server(place, sandbox, ceph, keep=2)
    mc.start("create")
    mc.world().mkdir(parents=True)
    mc.client.put(f"{FOLDER}/mc-5.tar.gz", b"never proved")
    made = []
    for n in range(4):
        (mc.world() / "n").write_text(str(n))
        sandbox.advance(60)
        mc.host.must("backup", "mc")
        made += [key for key in mc.archives() if key not in made]
    assert mc.archives() == sorted(made[-2:] + ["mc-5.tar.gz"]), made
    assert len([key for key in mc.keys() if PROOF.fullmatch(key)]) == 2, "a proof was left"
    assert [w["proved"] for w in mc.worlds()] == [True, True, False]


def test_retention_by_age(place, sandbox, ceph):
    mc = Server(place, sandbox, ceph, keep=1, keep_days=10)
    mc.start("create")
    mc.world().mkdir(parents=True)
    counts = []
    for n in range(4):
        mc.host.must("backup", "mc")
        counts.append(len(mc.archives()))
        sandbox.advance(6 * 86400)
    assert counts == [1, 2, 2, 2]


# --- interruptions --------------------------------------------------------------------------------

PUT = {"method": "PUT", "path": "*.tar.*[tz]"}


@pytest.mark.parametrize("do", ["status", "cut", "reset", "lost"])
def test_an_upload_that_breaks(place, sandbox, ceph, liar, do):
    mc = through(place, sandbox, ceph, liar)
    liar.plan({**PUT, "do": do, "status": 500})
    result = mc.host.run("backup", "mc")
    assert result.status == 1 and "upload failed" in result.err, result
    assert not any(w["proved"] for w in mc.worlds())
    mc.nothing_is_left()
    liar.plan({**PUT, "do": do, "status": 503, "times": 1})
    mc.host.must("backup", "mc")
    assert mc.worlds()[0]["proved"]


def test_an_upload_that_is_only_said_to_be_there(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar)
    liar.plan({**PUT, "do": "serve"})
    result = mc.host.run("backup", "mc")
    assert result.status == 8 and "does not list" in result.err and mc.keys() == [], result


def test_a_proof_that_cannot_be_written(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar)
    liar.plan({"method": "PUT", "path": "*.proof", "do": "status", "status": 403})
    result = mc.host.run("backup", "mc")
    assert result.status != 0 and [w["proved"] for w in mc.worlds()] == [False], result


def processes(*texts):
    """Command lines and environments that hold all of them: (pid, which, it)."""
    texts = [str(text).encode() for text in texts]
    found = []
    for proc in pathlib.Path("/proc").iterdir():
        for name in ("cmdline", "environ") if proc.name.isdigit() else ():
            try:
                data = (proc / name).read_bytes()
            except OSError:
                continue
            if all(text in data for text in texts) and int(proc.name) != os.getpid():
                found.append((int(proc.name), name, data))
    return found


def under_way(liar, method):
    """An archive is on its way, and the server waits with its answer."""
    def seen():
        return any(r["method"] == method and ".tar." in r["path"] and ".proof" not in r["path"]
                   for r in liar.log())
    return dogs.wait_until(seen, 60, step=0.1)


def test_the_address_is_told_to_nobody(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar)
    liar.plan({**PUT, "do": "stall", "head": True, "seconds": 15, "times": 1})
    child = mc.host.start("backup", "mc", "-vv")
    assert under_way(liar, "PUT") and processes("--upload-file", place), "no upload was seen"
    leaks = processes("X-Amz-Signature", liar.url) + processes(ceph.secret, place)
    written = []
    for path in mc.root().rglob("*"):
        with contextlib.suppress(OSError):  # it may be gone by now
            written += [path] * (path.is_file() and b"X-Amz-Signature" in path.read_bytes())
    result = mc.host.finish(child)
    assert result.status == 0 and not leaks and not written, (result, leaks, written)
    assert "X-Amz-Signature=" not in result.err + result.out
    for file in mc.host.state_dir.rglob("*"):
        assert not file.is_file() or b"X-Amz-Signature" not in file.read_bytes(), file


def test_killed_while_it_uploads(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar)
    before = tree(mc.world())
    liar.plan({**PUT, "do": "stall", "head": True, "seconds": 8, "times": 1})
    child = mc.host.start("backup", "mc")
    assert under_way(liar, "PUT")
    os.kill(child.pid, signal.SIGKILL)
    mc.host.finish(child)
    assert not any(w["proved"] for w in mc.worlds())
    # What runs on the droplet goes on to its end, alone.
    assert dogs.wait_until(lambda: not processes(f"DOGS_ROOT={mc.root()}"), 60, step=0.1)
    mc.host.must("backup", "mc")
    assert mc.worlds()[0]["proved"] and tree(mc.world()) == before
    mc.nothing_is_left()
    mc.host.must("restore-world", "mc", "--yes")
    assert tree(mc.world()) == before


def test_killed_while_it_restores(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar)
    mc.host.must("backup", "mc")
    before = tree(mc.world())
    (mc.world() / "later").write_text("x")
    mc.calls()
    present = tree(mc.world())
    liar.plan({"method": "GET", "path": "*.tar.*[tz]", "do": "stall", "head": True, "seconds": 30, "times": 1})
    child = mc.host.start("restore-world", "mc", "--yes")
    assert under_way(liar, "GET")
    scripts = {pid for pid, *_ in processes(f"DOGS_ROOT={mc.root()}")}
    for pid in [child.pid, *scripts]:  # the droplet dies, too
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    mc.host.finish(child)
    assert tree(mc.world()) == present and mc.calls() == []
    child = mc.host.start("restore-world", "mc", "--yes")
    os.kill(child.pid, signal.SIGKILL)
    mc.host.finish(child)
    assert dogs.wait_until(lambda: not processes(f"DOGS_ROOT={mc.root()}"), 60)
    assert tree(mc.world()) in (present, before)
    mc.host.must("restore-world", "mc", "--yes")
    assert tree(mc.world()) == before
    mc.nothing_is_left()


@pytest.mark.parametrize("verb", ["backup", "restore-world"])
def test_a_full_disk(place, sandbox, ceph, verb):
    """Imitated by a limit on the length of files."""
    mc = Server(place, sandbox, ceph)
    mc.start("create")
    transfers.fill(mc.world() / "big", 2 * transfers.MIB)
    mc.host.must("backup", "mc")
    present, archives = tree(mc.world()), mc.archives()
    small = place / "small-disk"
    small.write_text(f"#!/bin/sh\nulimit -f 100\nexec {shlex.join(mc.ssh)} \"$@\"\n")
    small.chmod(0o755)
    text = mc.host.config.read_text()
    mc.host.config.write_text(re.sub("ssh_command: .*", f"ssh_command: {small}", text))
    result = mc.host.run(verb, "mc", "--yes")
    assert result.status == 1 and "changed" in result.err or "written" in result.err, result
    assert tree(mc.world()) == present and mc.archives() == archives and mc.asides() == []
    mc.nothing_is_left()


# --- the stop -------------------------------------------------------------------------------------


def test_a_stop_archives(place, sandbox, ceph):
    mc = Server(place, sandbox, ceph, on_stop=True)
    mc.start("create")
    fill(mc.world())
    result = mc.host.must("stop", "mc")
    assert [w["proved"] for w in mc.worlds()] == [True] and "no archive" not in result.out, result
    assert not dogs.droplets(sandbox.state(), "mc")


def test_a_stop_goes_on_without_one(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar, on_stop=True)
    before = tree(mc.world())
    liar.plan({"do": "status", "status": 403})
    result = mc.host.must("stop", "mc")
    assert "no archive" in result.out and "no archive" in result.err, result
    assert not dogs.droplets(sandbox.state(), "mc")
    liar.reset()
    mc.start()
    assert tree(mc.world()) == before


def test_a_stop_that_is_killed_makes_one_archive(place, sandbox, ceph, liar):
    mc = through(place, sandbox, ceph, liar, on_stop=True)
    liar.plan({"method": "PUT", "path": "*.proof", "do": "stall", "head": True, "seconds": 5, "times": 1})
    child = mc.host.start("stop", "mc")
    assert dogs.wait_until(lambda: mc.archives(), 60)
    os.kill(child.pid, signal.SIGKILL)
    mc.host.finish(child)
    sandbox.advance(60)
    mc.host.must("resume", "mc")
    assert [w["proved"] for w in mc.worlds()] == [True] and len(mc.archives()) == 1
    assert not dogs.droplets(sandbox.state(), "mc")

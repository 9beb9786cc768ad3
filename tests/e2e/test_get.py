"""`dogs get`: names and places, hostile ones too, lists, checks of digests, what it prints and how
it ends. Against nginx and, where an answer must be wrong, the server of peers/faulty.py."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import dogs
import transfers
from peers import common, nginx
from transfers import MIB, fill, sha256

pytest_plugins = ["transfer_peers"]

A, B = b"the first file\n", b"the second file, a little longer\n"


@pytest.fixture
def site(web):
    """nginx with a few small files and an empty log."""
    shutil.rmtree(web.root)
    for name, data in {"a": A, "b": B, "empty": b"", "deep/er/c.bin": A + B, "b c.txt": B,
                       "grüße.txt": A, "100%.txt": A, "a+b~(c)&d=e;f'g.txt": B}.items():
        path = web.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    web.clear_log()
    return web


# --- names and places -----------------------------------------------------------------------------


@pytest.mark.parametrize("path, name", [
    ("a", "a"), ("empty", "empty"), ("deep/er/c.bin", "c.bin"), ("b%20c.txt", "b c.txt"),
    ("gr%C3%BC%C3%9Fe.txt", "grüße.txt"), ("a?v=1/2&x=%2e%2e", "a"), ("a#part", "a"),
    ("100%25.txt", "100%.txt"), ("a+b~(c)&d=e;f'g.txt", "a+b~(c)&d=e;f'g.txt"),
    ("deep/../b", "b"),
])
def test_the_name_comes_from_the_address(home, site, path, name):
    home.must("get", f"{site.url}/{path}", "files/")
    assert home.files() == [name]
    # nginx and we read the address alike, or the bytes would be another file's.
    assert home.got(name) in (A, B, b"", A + B)


@pytest.mark.parametrize("dest, made", [
    ("files/x", "files/x"),           # a name
    ("files", "files/a"),             # a folder that is there
    ("files/", "files/a"),
    ("files/new/", "files/new/a"),    # one that is not
    (None, "a"),                      # here
    (".", "a"), ("./y", "y"),
])
def test_where_one_source_goes(home, site, dest, made):
    home.must("get", f"{site.url}/a", *([dest] if dest else []))
    assert (home.home / made).read_bytes() == A


def test_an_absolute_target(home, site, place):
    home.must("get", f"{site.url}/a", str(place / "there"))
    assert (place / "there").read_bytes() == A


@pytest.mark.parametrize("dest", ["files", "files/", "files/new/"])
def test_several_sources_go_into_a_folder(home, site, dest):
    home.must("get", f"{site.url}/a", f"{site.url}/b", f"{site.url}/deep/er/c.bin", dest)
    folder = home.home / dest
    assert sorted(p.name for p in folder.iterdir()) == ["a", "b", "c.bin"]
    assert (folder / "b").read_bytes() == B


def test_the_folder_of_a_target_must_be_there(home, site):
    result = home.run("get", f"{site.url}/a", "files/none/x")
    assert result.status in (1, 2) and "none" in result.err, result
    assert home.files() == []


def test_a_folder_in_the_place_of_the_file(home, site):
    (home.folder / "a").mkdir()
    result = home.run("get", f"{site.url}/a", "files/")
    assert result.status == 1 and "files/a" in result.err, result
    assert home.files() == [] and (home.folder / "a").is_dir()


def test_two_sources_of_one_name(home, site):
    """One of them must not silently stand for both."""
    (site.root / "deep/a").write_bytes(B)
    result = home.run("get", f"{site.url}/a", f"{site.url}/deep/a", "files/")
    assert result.status in (1, 2), result
    assert "twice" in result.err or "same" in result.err or "both" in result.err, result
    assert home.files() in ([], ["a"])


# --- hostile names --------------------------------------------------------------------------------

HOSTILE = ["..%2f..%2fevil", "%2e%2e%2fevil", "..%5c..%5cevil", "%2fetc%2fevil", "evil%0aline",
           "evil%1b[31m", "evil%7f", "%c0%ae%c0%ae%2fevil", "evil%ff", "con", "NUL.txt", "evil.",
           "evil%20", "c%3aevil", "evil%3astream", ".dogs-part", "-evil", "%7eevil", "e" * 300,
           "%f0%9f%90%95" * 80, "evil%e2%80%aegnp", ".", "..", "...", "%20", "*%3f%22%3c%3e%7c"]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_name_becomes_a_harmless_one(home, liar, path):
    liar.plan({"do": "serve", "bytes": "evil"})
    result = transfers.is_sound(home.run("get", f"{liar.url}/x/{path}", "files/"))
    outside = [p for p in home.home.iterdir() if p.name not in ("files", "config.yaml", "state")]
    assert [p for p in outside if not p.name.startswith(".")] == []
    if result.status:
        assert home.files() == [], result
        return
    (name,) = home.files()
    assert "/" not in name and "\\" not in name and name not in (".", "..", ""), repr(name)
    assert all(c.isprintable() for c in name) and len(os.fsencode(name)) <= 255, repr(name)
    assert (home.folder / name).read_bytes() == b"evil"


@pytest.mark.parametrize("said", [
    'attachment; filename="../../evil"', "attachment; filename=/etc/evil", 'inline; filename=""',
    "attachment; filename*=UTF-8''..%2f..%2fevil", 'attachment; filename="evil\x00"',
])
def test_a_name_that_the_server_says_changes_nothing(home, liar, said):
    """The address was asked for, so the address names the file."""
    fill(liar.root / "a", 5)
    liar.plan({"do": "headers", "headers": {"content-disposition": said}})
    transfers.is_sound(home.run("get", f"{liar.url}/a", "files/"))
    assert home.files() in (["a"], [])
    assert not list(home.home.rglob("*evil*"))


def test_control_characters_of_a_server_do_not_reach_the_terminal(home, liar):
    liar.plan({"do": "status", "status": 404, "body": "\x1b[2J\x1b]0;evil\x07 \x9b1m"})
    result = home.run("get", f"{liar.url}/%1b[2Jx", "files/")
    assert result.status == 1 and "\x1b" not in result.err + result.out, repr(result)


# --- links in the way -----------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["a", ".a.dogs-part", ".a.dogs-record"])
@pytest.mark.parametrize("size", [100, 40 * MIB])
def test_a_link_in_the_way_is_not_followed(home, site, link, size):
    """Whoever may make links in the folder must not choose what is overwritten."""
    data = fill(site.root / "a", size)
    victim = home.home / "victim"
    victim.write_bytes(b"precious")
    (home.folder / link).symlink_to(victim)
    transfers.is_sound(home.run("get", f"{site.url}/a", "files/"))
    assert victim.read_bytes() == b"precious"
    if (home.folder / "a").is_file() and not (home.folder / "a").is_symlink():
        assert home.got("a") == data


def test_a_link_to_a_folder_is_a_folder_that_was_named(home, site):
    (home.home / "real").mkdir()
    (home.home / "link").symlink_to("real")
    home.must("get", f"{site.url}/a", "link/")
    assert (home.home / "real/a").read_bytes() == A


@pytest.mark.parametrize("size", [100, 40 * MIB])
def test_a_pipe_in_the_way(home, site, size):
    fill(site.root / "a", size)
    os.mkfifo(home.folder / "a")
    transfers.is_sound(home.run("get", f"{site.url}/a", "files/", seconds=20))


# --- lists ----------------------------------------------------------------------------------------


def test_a_list(home, site):
    spec = home.home / "list"
    spec.write_text(f"# a comment\n\n{site.url}/a files/one\n  {site.url}/b\t 'files/two words' \n"
                    f'{site.url}/deep/er/c.bin "files/thr\'ee"  \n{site.url}/b%20c.txt files/\n')
    home.must("get", "--spec", "list")
    assert home.files() == ["b c.txt", "one", "thr'ee", "two words"]
    assert home.got("two words") == B


def test_a_list_from_standard_input(home, site):
    child = subprocess.run([dogs.DOGS, "get", "--spec", "-"], env=home.env, cwd=home.home,
                           input=f"{site.url}/a files/x\n".encode(), capture_output=True)
    assert child.returncode == 0, child
    assert home.got("x") == A


@pytest.mark.parametrize("line, words", [
    ("{url}/a 'files/x", "quote"), ("{url}/a files/x more", ""), ("ftp://x/y files/x", "ftp"),
    ("none:such files/x", "none"),
])
def test_a_list_with_a_mistake_moves_nothing(home, site, line, words):
    (home.home / "list").write_text(f"{site.url}/b files/ok\n{line.format(url=site.url)}\n")
    result = home.run("get", "--spec", "list")
    assert result.status == 2 and "list:2" in result.err and words in result.err, result
    assert home.files() == [] and site.log() == []


def test_what_failed_is_listed_and_taken_up_again(home, site):
    (home.home / "list").write_text(
        f"{site.url}/a 'files/a a'\n{site.url}/none 'files/no ne'\n{site.url}/no files/no\n")
    result = home.run("get", "--spec", "list", "--failed", "failed")
    assert result.status == 1 and home.files() == ["a a"], result
    assert "404" in result.err and "dogs get --retry-failed failed" in result.err, result
    lines = (home.home / "failed").read_text().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert len(comments) >= 2 and "404" in comments[-1], lines
    (site.root / "none").write_bytes(B)
    result = home.run("get", "--retry-failed", "failed")
    assert result.status == 1 and home.files() == ["a a", "no ne"], result
    (site.root / "no").write_bytes(A)
    home.must("get", "--retry-failed", "failed")
    assert home.got("no") == A and not (home.home / "failed").exists()


def test_a_thousand_files(home, site):
    data = {f"{n}": fill(site.root / f"many/{n}", 1 + n * 7 % 5000) for n in range(1000)}
    (home.home / "list").write_text(
        "".join(f"{site.url}/many/{name} files/\n" for name in data))
    home.must("get", "--spec", "list")
    assert {name: home.got(name) for name in home.files()} == data
    assert len(site.log()) == 1000, "each file is one request"


# --- digests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 70000, 40 * MIB])
@pytest.mark.parametrize("right", [True, False])
def test_a_digest(home, site, size, right):
    fill(site.root / "big", size)
    digest = sha256(site.root / "big")
    if not right:
        digest = ("0" if digest[0] != "0" else "1") + digest[1:]
    result = home.run("get", f"{site.url}/big", "files/", "--sha256", digest.upper())
    if right:
        assert result.status == 0 and sha256(home.folder / "big") == digest, result
    else:
        assert result.status == 1 and "sha256" in result.err.lower().replace("-", ""), result
        assert "big" not in home.files()


def test_a_wrong_digest_leaves_the_old_file(home, site):
    (home.folder / "a").write_bytes(b"old")
    result = home.run("get", f"{site.url}/a", "files/", "--sha256", "0" * 64)
    assert result.status == 1 and home.got("a") == b"old", result


@pytest.mark.parametrize("digest", ["12", "g" * 64, "0" * 63, "0" * 65])
def test_what_is_no_digest(home, site, digest):
    assert home.run("get", f"{site.url}/a", "files/", "--sha256", digest).status == 2
    assert site.log() == []


def test_a_digest_is_of_one_file(home, site):
    result = home.run("get", f"{site.url}/a", f"{site.url}/b", "files/", "--sha256", "0" * 64)
    assert result.status == 2 and "--checksums" in result.err, result


def test_a_file_of_digests(home, site):
    sums = subprocess.run(["sha256sum", "a", "b", "b c.txt"], cwd=site.root, capture_output=True)
    (home.home / "sums").write_bytes(sums.stdout)
    home.must("get", f"{site.url}/a", f"{site.url}/b%20c.txt", "files/", "--checksums", "sums")
    assert home.files() == ["a", "b c.txt"]
    result = home.run("get", f"{site.url}/b", f"{site.url}/empty", "files/", "--checksums", "sums")
    assert result.status in (1, 2) and "empty" in result.err, result
    assert "empty" not in home.files()
    (home.home / "sums").write_bytes(sums.stdout.replace(b"  a\n", b"  b\n"))
    (home.folder / "a").unlink()
    result = home.run("get", f"{site.url}/b", "files/x/", "--checksums", "sums")
    assert result.status in (1, 2) and not (home.folder / "x/b").exists(), result


@pytest.mark.parametrize("text", ["nonsense\n", "12  a\n", f"{'z' * 64}  a\n", f"{'0' * 64}\n"])
def test_what_is_no_file_of_digests(home, site, text):
    (home.home / "sums").write_text(text)
    result = home.run("get", f"{site.url}/a", "files/", "--checksums", "sums")
    assert result.status == 2 and "sums:1" in result.err, result
    assert home.files() == []


@pytest.mark.parametrize("check", ["sha256", "sha1", "md5", "content-md5", "crc64"])
def test_a_digest_that_the_server_tells(home, liar, check):
    data = fill(liar.root / "a", 30000)
    liar.plan({"do": "checks", "checks": [check]}, {"path": "/a", "do": "damaged", "times": 1})
    result = transfers.is_sound(home.run("get", f"{liar.url}/a", "files/", "--tries", "1"))
    if result.status:
        assert home.files() == [], result
    else:
        assert home.got("a") == data, "one byte is wrong, and the server's digest said so"
    liar.plan({"do": "checks", "checks": [check]})
    home.must("get", f"{liar.url}/a", "files/")
    assert home.got("a") == data


# --- what is there already ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100, 40 * MIB])
def test_what_is_there_is_replaced(home, site, size):
    data = fill(site.root / "a", size)
    (home.folder / "a").write_bytes(b"old and " * 100)
    home.must("get", f"{site.url}/a", "files/")
    assert home.got("a") == data and home.files() == ["a"]


@pytest.mark.parametrize("option", ["-n", "--no-clobber"])
def test_what_is_there_may_stay(home, site, option):
    (home.folder / "a").write_bytes(b"old")
    result = home.must("get", option, f"{site.url}/a", f"{site.url}/b", "files/", "--json")
    assert home.got("a") == b"old" and home.got("b") == B
    assert '"skipped"' in result.out, result


def test_an_option_that_stands_before_stays_after(home, site):
    home.must("get", f"{site.url}/a", "files/x", "-n", "-j", "1")
    assert home.got("x") == A


# --- what it prints and how it ends ---------------------------------------------------------------


def test_a_dry_run_moves_nothing(home, site):
    result = home.must("--dry-run", "get", f"{site.url}/a", f"{site.url}/deep/er/c.bin", "files/")
    assert home.files() == []
    for word in (f"{site.url}/a", "files/a", "files/c.bin"):
        assert word in result.out, result
    assert not [entry for entry in site.log() if entry["sent"] > 0], "bytes of files were fetched"


def test_json(home, site):
    result = home.run("get", f"{site.url}/a", f"{site.url}/none", "files/", "--json")
    assert result.status == 1
    told = result.json()
    rows = {row["source"]: row for row in told["files"]}
    assert rows[f"{site.url}/a"]["state"] == "done" and rows[f"{site.url}/a"]["size"] == len(A)
    bad = rows[f"{site.url}/none"]
    assert bad["state"] == "failed" and "404" in json.dumps(bad["error"]), told


def test_json_lines(home, site):
    result = home.run("get", f"{site.url}/a", f"{site.url}/none", "files/", "--json-lines")
    assert result.status == 1
    told = transfers.events(result)
    assert len(told) >= 4 and all(isinstance(event, dict) for event in told), told


def test_quiet(home, site):
    result = home.must("--quiet", "get", f"{site.url}/a", "files/")
    assert result.err == "" and result.out == "", result
    result = home.run("--quiet", "get", f"{site.url}/none", "files/")
    assert result.status == 1 and "404" in result.err, result


def test_plain_output_is_short(home, site):
    for n in range(300):
        fill(site.root / f"many/{n}", 100)
    (home.home / "list").write_text("".join(f"{site.url}/many/{n} files/\n" for n in range(300)))
    result = home.must("get", "--spec", "list")
    assert len(result.err.splitlines()) < 10 and "300" in result.err, result
    assert result.out == "", "standard output is for data"


@pytest.mark.parametrize("args, words", [
    (["ftp://127.0.0.1/a"], "ftp"), (["file:///etc/passwd"], "file"), (["none:x/y"], "none"),
    ([], ""), (["{url}/a", "-j", "0"], "-j"), (["{url}/a", "-j", "65"], "-j"),
    (["{url}/a", "--limit-rate", "fast"], "--limit-rate"), (["http://"], ""),
    (["{url}/a", "--part-size", "0"], "--part-size"), (["{url}/a", "--tries", "0"], "--tries"),
    (["{url}/a", "--spec", "absent"], "absent"), (["{url}/a", "--presign", "1h"], "presign"),
    (["-r", "{url}/deep/"], ""), (["{url}/a", "--uploads"], ""), (["/etc/passwd"], ""),
    (["http://user:secretpw@127.0.0.1:1/x", "--limit-rate", "x"], ""),
])
def test_what_cannot_be_meant(home, site, args, words):
    result = home.run("get", *(arg.format(url=site.url) for arg in args))
    assert result.status == 2 and words in result.err, result
    assert "secretpw" not in result.err, result
    assert site.log() == [] and home.files() == []


def test_one_that_fails_does_not_stop_the_others(home, site):
    (site.root / "shut").write_bytes(A)
    result = home.run("get", f"{site.url}/none", f"{site.url}/a", f"{site.url}/b", "files/", "-j1")
    assert result.status == 1 and home.files() == ["a", "b"], result
    assert f"{site.url}/none" in result.err and "404" in result.err, result


def test_the_first_failure_may_stop_the_others(home, site):
    many = [f"{site.url}/m/{n}" for n in range(40)]
    for n in range(40):
        fill(site.root / f"m/{n}", 100)
    result = home.run("get", f"{site.url}/none", *many, "files/", "-j", "1", "--fail-fast")
    assert result.status == 1 and len(home.files()) < 40, result


def test_nobody_is_there(home):
    (port,) = common.free_ports(1)
    begin = time.monotonic()
    result = home.run("get", f"http://127.0.0.1:{port}/a", "files/", "--tries", "2")
    assert result.status == 1 and f"127.0.0.1:{port}" in result.err, result
    assert time.monotonic() - begin < 20


def test_tries(home, liar):
    fill(liar.root / "a", 10)
    liar.plan({"do": "status"})
    result = home.run("get", f"{liar.url}/a", "files/", "--tries", "3")
    assert result.status == 1 and "503" in result.err, result
    assert len(liar.log()) == 3


@pytest.mark.parametrize("connections", [1, 3, 16])
def test_connections(home, liar, connections):
    for n in range(60):
        fill(liar.root / f"m/{n}", 1000)
    fill(liar.root / "big", 30 * MIB)
    liar.plan({"do": "delay", "seconds": 0.02})
    (home.home / "list").write_text(f"{liar.url}/big files/\n"
                                    + "".join(f"{liar.url}/m/{n} files/\n" for n in range(60)))
    home.must("get", "--spec", "list", "-j", str(connections))
    counts = liar.counts()
    assert counts["most"] <= connections, counts
    assert counts["connections"] <= 2 * connections + 5, "connections are not kept"


def test_a_limit_of_the_rate(home, site):
    fill(site.root / "a", 3 * MIB)
    begin = time.monotonic()
    home.must("get", f"{site.url}/a", "files/", "--limit-rate", "1M")
    assert 1.8 < time.monotonic() - begin < 6


def test_ctrl_c(home, site):
    data = fill(site.root / "big", 24 * MIB)
    child = home.start("get", f"{site.url}/rate/2m/big", "files/", "-j", "2", "--part-size", "1M")
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    result = home.finish(child)
    assert result.status == 130 and "big" not in home.files(), result
    assert "again" in result.err or "resume" in result.err or "continue" in result.err, result
    site.clear_log()
    home.must("get", f"{site.url}/big", "files/")
    # Another address: what was there is of no use to it.
    assert home.got("big") == data


# --- where it cannot write ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100, 40 * MIB])
def test_a_folder_that_nobody_may_write(home, site, size):
    fill(site.root / "a", size)
    result = home.run("get", f"{site.url}/a", "/sys/kernel/")
    assert result.status == 1 and "/sys/kernel" in result.err, result


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("size", [100, 40 * MIB])
def test_a_folder_of_someone_else(home, site, size):
    fill(site.root / "a", size)
    home.home.parent.chmod(0o755)
    for path in (home.config, home.home):
        os.chown(path, transfers.NOBODY, transfers.NOBODY)
    os.chmod(home.folder, 0o555)
    child = home.start_as(["setpriv", f"--reuid={transfers.NOBODY}", "--clear-groups"],
                          "get", f"{site.url}/a", "files/")
    result = home.finish(child)
    assert result.status == 1 and "ermission" in result.err, result
    assert home.files() == []


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
                          capture_output=True)
    if done.returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("size", [3 * MIB, 60 * MIB])
@pytest.mark.parametrize("told", [True, False])
def test_a_full_disk(home, liar, size, told):
    """Said at once and not tried ten times; what fits beside it still arrives."""
    fill(liar.root / "big", size)
    small = fill(liar.root / "small", 1000)
    if not told:
        liar.plan({"path": "/big", "do": "wrong-length", "how": "absent"})
    with small_disk(home.home / "disk", "2m") as disk:
        begin = time.monotonic()
        result = home.run("get", f"{liar.url}/big", f"{liar.url}/small", "disk/")
        assert result.status == 1 and "pace" in result.err, result
        assert (disk / "small").read_bytes() == small and not (disk / "big").exists()
        assert time.monotonic() - begin < 20
        assert len([e for e in liar.log() if e["path"] == "/big"]) < 5


# --- two at once ----------------------------------------------------------------------------------


def test_two_of_one_file(home, site):
    data = fill(site.root / "big", 24 * MIB)
    args = ["get", f"{site.url}/rate/4m/big", "files/", "-j", "4", "--part-size", "1M"]
    children = [home.start(*args) for _ in range(2)]
    results = [home.finish(child) for child in children]
    assert sorted(r.status for r in results) in ([0, 0], [0, 1]), results
    assert home.got("big") == data and home.files() == ["big"]
    for result in results:
        assert result.status == 0 or "another" in result.err, result


@pytest.mark.parametrize("size", [1000, 24 * MIB])
def test_two_files_for_one_name(home, site, size):
    one, two = fill(site.root / "one", size), fill(site.root / "two", size)
    children = [home.start("get", f"{site.url}/rate/8m/{name}", "files/x", "-j", "4",
                           "--part-size", "1M") for name in ("one", "two")]
    results = [home.finish(child) for child in children]
    assert 0 in [r.status for r in results], results
    assert home.got("x") in (one, two), "a mix of both"
    assert [name for name in home.files() if not name.startswith(".")] == ["x"]


# --- over TLS -------------------------------------------------------------------------------------


def test_over_tls(home, site):
    data = fill(site.root / "big", 40 * MIB)
    home.must("get", f"{site.tls_url}/a", f"{site.tls_url}/big", "files/")
    assert home.got("a") == A and home.got("big") == data


def test_a_certificate_that_nobody_knows(home, site):
    del home.env["DOGS_CA_FILE"]
    begin = time.monotonic()
    result = home.run("get", f"{site.tls_url}/a", "files/")
    assert result.status == 1 and "certificate" in result.err, result
    assert site.log() == [] and time.monotonic() - begin < 10, "trying again does not help"


def test_a_server_that_ends_its_connections(place, home, ca):
    """After so many requests nginx says GOAWAY (HTTP/2) or close: nothing may be lost."""
    with nginx.Nginx(place / "nginx", ca=ca, keepalive_requests=7) as site:
        data = {f"{n}": fill(site.root / f"{n}", 500 + n) for n in range(300)}
        for url in (site.url, site.tls_url):
            shutil.rmtree(home.folder)
            home.folder.mkdir()
            (home.home / "list").write_text("".join(f"{url}/{name} files/\n" for name in data))
            home.must("get", "--spec", "list", "-j", "16")
            assert {name: home.got(name) for name in home.files()} == data


# --- who we are -----------------------------------------------------------------------------------

SECRET = "sEcReT-0123456789"
WHO = {
    "basic": ({"user": "me", "password": SECRET}, "authorization", "Basic "),
    "bearer": ({"token": SECRET}, "authorization", f"Bearer {SECRET}"),
    "header": ({"header": f"X-JFrog-Art-Api: {SECRET}"}, "x-jfrog-art-api", SECRET),
}


@pytest.mark.parametrize("who", WHO)
def test_a_remote_says_who_we_are(home, liar, who):
    keys, header, begin = WHO[who]
    data = fill(liar.root / "repo/libs/x.jar", 10 * MIB)
    home.remotes(art={"type": "http", "url": f"{liar.url}/repo/", **keys})
    result = home.must("get", "art:libs/x.jar", "files/", "-j", "4", "--part-size", "1M", "-v")
    assert home.got("x.jar") == data and SECRET not in result.err + result.out
    log = liar.log()
    assert all(e["headers"].get(header, "").startswith(begin) for e in log) and len(log) > 1
    liar.clear_log()
    home.must("get", f"{liar.url}/repo/libs/x.jar", "files/")
    assert all(header not in e["headers"] for e in liar.log()), "a bare address names no remote"


def test_netrc(home, liar):
    data = fill(liar.root / "a", 10)
    (home.home / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    (home.home / ".netrc").chmod(0o600)
    home.must("get", f"{liar.url}/a", "files/")
    assert home.got("a") == data
    assert liar.log()[-1]["headers"]["authorization"].startswith("Basic ")
    home.must("get", f"{liar.other_url}/a", "files/")
    assert "authorization" not in liar.log()[-1]["headers"], "another host's"


def test_a_secret_of_a_file_others_may_read(home, liar):
    (home.home / "secret").write_text(SECRET)
    (home.home / "secret").chmod(0o644)
    home.remotes(art={"type": "http", "url": liar.url, "token_file": str(home.home / "secret")})
    result = home.run("get", "art:a", "files/")
    assert result.status == 2 and "secret" in result.err and SECRET not in result.err, result
    assert liar.log() == []


def test_a_secret_is_not_shown(home, liar):
    """In no error, no log, no list of processes."""
    liar.plan({"do": "status", "status": 403, "body": "no"})
    home.remotes(art={"type": "http", "url": liar.url, "header": f"X-JFrog-Art-Api: {SECRET}"})
    result = home.run("get", "art:a", "files/", "-vv", "--json", "--failed", "failed")
    assert result.status == 1 and "403" in result.err + result.out, result
    assert SECRET not in result.err + result.out + (home.home / "failed").read_text()
    url = liar.url.replace("//", f"//me:{SECRET}@")
    result = home.run("get", f"{url}/a", "files/", "-vv")
    assert SECRET not in result.err + result.out, result
    for path in home.home.rglob("*"):
        if path.is_file() and path != home.config:
            assert SECRET.encode() not in path.read_bytes(), path


def test_a_password_in_the_address_is_used(home, liar):
    """And what the server says without it is told."""
    fill(liar.root / "a", 10)
    url = liar.url.replace("//", f"//me:{SECRET}@")
    result = transfers.is_sound(home.run("get", f"{url}/a", "files/"))
    sent = [e["headers"].get("authorization", "") for e in liar.log()]
    assert (result.status == 0 and sent[0].startswith("Basic ")) or result.status == 2, result

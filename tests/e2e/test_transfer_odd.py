"""Transfers where several things go wrong at the same time, or servers are right in a way that is
rarely seen: each of these once cost a file, a try too many or more memory than there was."""

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import dogs
import transfers
from peers import dropbox, faulty
from transfers import MIB, events, fill, kill_when, sha256, written

pytest_plugins = ["transfer_peers"]

PARTS = ["--part-size", "1M"]
NO_SUCH_UPLOAD = "<?xml version='1.0'?><Error><Code>NoSuchUpload</Code></Error>"


def plus(data, n=1):
    return data.translate(bytes((b + n) % 256 for b in range(256)))


def row_of(result):
    (row,) = result.json()["files"]
    return row


def count(log, **wanted):
    """Entries of a log of which these keys have these values."""
    return sum(all(entry[k] == v for k, v in wanted.items()) for entry in log)


def only(url, n, folder="files/", first=0):
    """Lines of a list: so many files."""
    return "".join(f"{url}/{k} {folder}\n" for k in range(first, n))


# --- what is told of the file ---------------------------------------------------------------------


@pytest.mark.parametrize("rule", [
    {"do": "wrong-range", "how": "star"}, {"do": "wrong-length", "how": "chunked"},
], ids=lambda rule: rule["how"])
@pytest.mark.parametrize("size", [0, 1, 3000, 8 * MIB, 8 * MIB + 1, 20 * MIB])
def test_the_size_is_not_told(home, liar, rule, size):
    """What was asked for first is not taken for all of it."""
    data = fill(liar.root / "a", size)
    liar.plan({"path": "/a", **rule})
    home.must("get", f"{liar.url}/a", "files/", "-j", "8")
    assert home.got("a") == data and home.files() == ["a"]


@pytest.mark.parametrize("after", ["chunked", "plain"])
def test_an_answer_of_no_length_breaks_off(home, liar, after):
    data = fill(liar.root / "a", 20 * MIB)
    rules = [{"path": "/a", "do": "wrong-length", "how": "chunked-cut", "times": 2}]
    if after == "chunked":
        rules.append({"path": "/a", "do": "wrong-length", "how": "chunked"})
    liar.plan(*rules)
    home.must("get", f"{liar.url}/a", "files/", "-j", "8")
    assert home.got("a") == data and home.files() == ["a"]


NO_NAME = {"nothing": {"etag": None, "last-modified": None},
           "a weak etag": {"etag": 'W/"1"', "last-modified": None}}


@pytest.mark.parametrize("told", NO_NAME)
@pytest.mark.parametrize("cut, nth", [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3), (3, 4)])
def test_nothing_tells_versions_apart(home, liar, told, cut, nth):
    """So nothing of one is put beside something of another: within a run."""
    data = fill(liar.root / "a", 20 * MIB)
    rules = [{"do": "headers", "headers": NO_NAME[told]},
             {"path": "/a", "do": "changed", "nth": nth, "times": 1}]
    if cut:
        rules.insert(1, {"path": "/a", "do": "cut", "nth": cut, "times": 1})
    liar.plan(*rules)
    home.must("get", f"{liar.url}/a", "files/", "-j", "8", *PARTS)
    asked = liar.counts()["requests"]
    assert home.got("a") == (plus(data) if asked >= nth else data), "a mix"


@pytest.mark.parametrize("told", NO_NAME)
def test_nothing_tells_versions_apart_across_runs(home, liar, told):
    data = fill(liar.root / "a", 20 * MIB)
    name = {"do": "headers", "headers": NO_NAME[told]}
    liar.plan(name, {"do": "trickle", "bytes": 256 * 1024, "seconds": 0.02})
    args = ["get", f"{liar.url}/a", "files/", "-j", "8", *PARTS]
    for how in (signal.SIGKILL, signal.SIGINT):
        child = home.start(*args)
        assert kill_when(child, lambda: (written(child.pid) or 0) > 5 * MIB, how)
        home.finish(child)
        assert not (home.folder / "a").exists()
    liar.plan(name, {"path": "/a", "do": "changed", "times": 1})
    home.must(*args)
    assert home.got("a") == plus(data), "a mix"


@pytest.mark.parametrize("told", [{"content-range": None}, {}], ids=["416", "416 with its size"])
def test_an_empty_file_has_no_ranges(home, liar, told):
    fill(liar.root / "a", 0)
    liar.plan({"do": "headers", "headers": told})
    home.must("get", f"{liar.url}/a", "files/", "-j", "4")
    assert home.got("a") == b"" and home.files() == ["a"]
    assert count(liar.log(), status=416) == 1


@pytest.mark.parametrize("day, kept", [("31 Dec 9999", False), ("28 Feb 2262", False),
                                       ("31 Dec 1600", False), ("31 Dec 1969", True),
                                       ("31 Dec 1899", True)])
@pytest.mark.parametrize("size", [1000, 12 * MIB])
def test_a_date_beyond_all_clocks(home, liar, day, kept, size):
    data = fill(liar.root / "a", size)
    liar.plan({"do": "headers", "headers": {"last-modified": f"Fri, {day} 23:59:59 GMT"}},
              {"path": "/a", "do": "blind"})
    home.must("get", f"{liar.url}/a", "files/", *PARTS)
    assert home.got("a") == data
    is_now = abs((home.folder / "a").stat().st_mtime - time.time()) < 100
    assert is_now != kept, "its date was made of too large a number"


@pytest.mark.parametrize("told", [
    {"content-range": f"bytes 0-8388607/{(1 << 63) - 1}"},
    {"content-range": f"bytes 0-8388607/{1 << 63}"},
    {"content-range": f"bytes {(1 << 63) - 8388609}-{(1 << 63) - 2}/{(1 << 63) - 1}"},
    {"content-range": f"bytes 0-{(1 << 63) - 1}/*"},
    {"content-range": None, "content-length": str((1 << 63) - 1)},
    {"content-range": None, "content-length": str(1 << 64)},
], ids=lambda told: " ".join(filter(None, told.values())))
def test_a_size_beyond_all_disks(home, liar, told):
    data = fill(liar.root / "a", 9 * MIB)
    rule = {"do": "headers", "headers": told}
    if told["content-range"] is None:
        liar.plan(rule, {"do": "wrong-range", "how": "whole"})
    else:
        liar.plan(rule)
    begin = time.monotonic()
    result = transfers.is_sound(home.run("get", f"{liar.url}/a", "files/", "--tries", "2", "-v"))
    assert time.monotonic() - begin < 20
    if result.status == 0:  # it asked once more, for all of it
        assert home.got("a") == data
    else:
        assert home.files() == [], result


# --- several at once ------------------------------------------------------------------------------


def hold(n, **which):
    """A rule: the first n that fit are answered only once answered_at_once lets them."""
    return {**which, "times": n, "do": "together", "n": 1 << 30}


def answered_at_once(home, liar, child, n):
    """The answers to the first n requests are all there before the child looks at one of them."""
    assert dogs.wait_until(lambda: liar.counts()["requests"] >= n), "they never came"
    child.send_signal(signal.SIGSTOP)
    time.sleep(1.3)  # `together` waits a second for more
    child.send_signal(signal.SIGCONT)
    result = home.finish(child)
    assert result.status == 0, result
    return result


def test_one_change_is_seen_by_sixteen(home, liar):
    """That is one change: parts are still fetched side by side afterwards."""
    data = fill(liar.root / "a", 40 * MIB)
    liar.plan(hold(16, path="/a", nth=2), {"path": "/a", "do": "changed", "nth": 2, "times": 1})
    child = home.start("get", f"{liar.url}/a", "files/", "-j", "16", *PARTS, "--json")
    result = answered_at_once(home, liar, child, 17)
    assert home.got("a") == plus(data) and row_of(result)["restarted"], result
    log = liar.log()
    assert count(log, status=412) >= 10, "they were not on their way together"
    assert all("range" in e["headers"] for e in log), "ranges were given up"


def test_three_changes_are_seen_by_sixteen(home, liar):
    """It ends, and with one state of the file or none."""
    data = fill(liar.root / "a", 24 * MIB)
    liar.plan({"path": "/a", "do": "together", "n": 4, "nth": 2, "times": 90},
              *({"path": "/a", "do": "changed", "nth": n, "times": 1} for n in (2, 20, 40)))
    result = transfers.is_sound(home.run("get", f"{liar.url}/a", "files/", "-j", "16", *PARTS))
    if result.status == 0:
        assert home.got("a") in [plus(data, n) for n in range(4)], "a mix"
    else:
        assert "chang" in result.err and "a" not in home.files(), result


PART_PUT = {"method": "PUT", "query": "*partNumber=*"}


@pytest.mark.parametrize("dead", ["all", "some"])
def test_an_upload_dies_under_its_parts(place, home, ceph, ca, dead):
    """All of the parts that were on their way tell so; it begins anew once, and is whole: what
    arrived of the old one is not counted as the new one's."""
    data = fill(home.folder / "big", 64 * MIB)
    client, key = ceph.client(), f"odd {dead}"
    rule = {"do": "status", "status": 404, "body": NO_SUCH_UPLOAD}
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as liar:
        home.remotes(s3=home.s3(ceph, liar.url))
        gone = [{**PART_PUT, **rule, "times": 8}] if dead == "all" else \
            [{"method": "PUT", "query": f"*partNumber={n}", **rule, "times": 1}
             for n in (2, 4, 6, 8)]
        liar.plan(hold(8, **PART_PUT), *gone)
        child = home.start("put", "files/big", f"s3:worlds/{key}", "--part-size", "5M", "-j", "8",
                           "--json")
        result = answered_at_once(home, liar, child, 9)
        assert row_of(result)["restarted"], result
        log = liar.log()
        assert count(log, status=404) in (4, 8), "they were not on their way together"
        assert sum(e["method"] == "POST" and e["query"].startswith("uploads") for e in log) == 2
        assert client.get(f"worlds/{key}") == data, "a part is missing"
    for name, upload in client.uploads("worlds"):
        client.abort(f"worlds/{name}", upload)


@pytest.mark.parametrize("who", ["first", "all"])
def test_a_blip(home, liar, who):
    """One and a half seconds in which nobody is served: sixteen refusals at once are one try."""
    data = fill(liar.root / "a", 40 * MIB)
    liar.plan(hold(15, path="/a", nth=2),
              {"path": "/a", "do": "status", "nth": 2 if who == "first" else 1, "lasts": 1.5})
    child = home.start("get", f"{liar.url}/a", "files/", "-j", "16", *PARTS, "--tries", "6")
    result = answered_at_once(home, liar, child, 1 if who == "all" else 16)
    assert home.got("a") == data
    refused = count(liar.log(), status=503)
    assert refused < 60, result


def sent_elsewhere(liar):
    return [e for e in liar.log() if e["path"] == "/a"], \
        [e for e in liar.log() if e["path"].startswith("/signed/")]


@pytest.mark.parametrize("status", [403, 410])
def test_an_address_runs_out_under_eight(home, liar, status):
    """The first address is asked for another one; once, not by each of them."""
    data = fill(liar.root / "signed/a", 40 * MIB)
    liar.plan(hold(7, path="/signed/a", nth=6),
              {"path": "/a", "do": "redirect", "to": "/signed/a?{n}"},
              {"path": "/signed/a", "query": "1", "nth": 6, "do": "status", "status": status})
    child = home.start("get", f"{liar.url}/a", "files/", "-j", "8", *PARTS)
    answered_at_once(home, liar, child, 13)
    asked, signed = sent_elsewhere(liar)
    assert home.got("a") == data
    assert count(signed, status=status) >= 5, "they were not on their way together"
    assert len(asked) <= 3, "each asked for itself"


def test_addresses_that_run_out_soon(home, liar):
    """Each is good for a few requests: as long as something comes, it goes on."""
    data = fill(liar.root / "signed/a", 24 * MIB)
    rules = [{"path": "/signed/a", "query": str(n), "nth": 9 * n, "do": "status", "status": 403}
             for n in range(1, 9)]
    liar.plan({"path": "/a", "do": "redirect", "to": "/signed/a?{n}"}, *rules)
    home.must("get", f"{liar.url}/a", "files/", "-j", "4", *PARTS)
    assert home.got("a") == data


def test_going_on_behind_a_redirect(home, liar):
    """With as many requests as there may be, all of which are sent on."""
    data = fill(liar.root / "there/a", 64 * MIB)
    elsewhere = {"path": "/a", "do": "redirect", "to": "/there/a"}
    liar.plan(elsewhere, {"do": "trickle", "bytes": 256 * 1024, "seconds": 0.02})
    args = ["get", f"{liar.url}/a", "files/", *PARTS]
    child = home.start(*args, "-j", "4")
    assert kill_when(child, lambda: (written(child.pid) or 0) > 10 * MIB)
    home.finish(child)
    liar.plan({"path": "/a", "times": 32, "do": "together", "n": 32}, elsewhere)
    result = home.must(*args, "-j", "32", "--json")
    assert home.got("a") == data and row_of(result)["resumed"] >= 4 * MIB, result


# --- services that ask for patience ---------------------------------------------------------------


def make_list(home, url, n, put=False):
    if put:
        fill(home.folder / "one", 100)
    lines = (f"files/one {url}/{k}\n" if put else f"{url}/{k} files/\n" for k in range(n))
    (home.home / "list").write_text("".join(lines))


def three_thousand(home, liar):
    make_list(home, f"{liar.url}/put", 3000, put=True)
    liar.plan({"method": "PUT", "do": "status", "lasts": 8})
    return home.start_as(["prlimit", "--nofile=256:256"], "put", "--spec", "list")


def six_hundred(home, liar):
    for n in range(600):
        fill(liar.root / str(n), 1000)
    make_list(home, liar.url, 600)
    liar.plan({"do": "busy", "over": 40, "retry_after": 1})
    return home.start("get", "--spec", "list", "-j", "8")


def late(home, liar):
    fill(liar.root / "a", 1000)
    liar.plan({"do": "delay", "seconds": 18})
    return home.start("get", f"{liar.url}/a", "files/")


@pytest.fixture(scope="module")
def patient():
    """What takes its time takes it at the same time: home, server and child of each."""
    all_of_them = {}
    with dogs.workplace() as folder, contextlib.ExitStack() as servers:
        for begin in (three_thousand, six_hundred, late):
            home = transfers.Home(folder / begin.__name__)
            liar = servers.enter_context(faulty.Faulty(folder / f"{begin.__name__}-server"))
            all_of_them[begin] = home, liar, begin(home, liar)
        yield all_of_them
        for _, _, child in all_of_them.values():
            child.kill()


def test_three_thousand_wait(patient):
    """With fewer descriptors than files: those that wait have none."""
    home, liar, child = patient[three_thousand]
    result = home.finish(child, seconds=120)
    assert result.status == 0, result.err[:2000]
    assert len(liar.stored()) == 3000


def test_forty_a_second(patient):
    """Who asks more often is sent away, with the time that is to pass."""
    home, liar, child = patient[six_hundred]
    result = home.finish(child, seconds=120)
    assert result.status == 0 and len(home.files()) == 600, result.err[:2000]
    dogs.count(f"600 files at 40 requests a second: {liar.counts()['requests']} requests")


def test_the_first_byte_comes_late(patient):
    """A server may prepare for as long as others are given up within a body."""
    home, liar, child = patient[late]
    result = home.finish(child)
    assert result.status == 0 and len(home.got("a")) == 1000, result
    assert len(liar.log()) == 1, "it was asked again"


@pytest.fixture
def box(place, home):
    with dropbox.Dropbox(place / "dropbox") as server:
        home.remotes(box=server.remote())
        yield server


COMMIT = "files/upload_session/finish_batch_v2"


def fill_many(home, n):
    """`n` files of long names in a folder."""
    return {f"/many/{k:04} {'x' * 40}": fill(home.folder / f"many/{k:04} {'x' * 40}", 1 + k % 50)
            for k in range(n)}


def test_a_thousand_in_one_commit(home, box):
    """Its answer is as long as the service's would be."""
    data = fill_many(home, 1000)
    home.must("put", "-r", "files/many/", "box:/many/", "-j", "8")
    commits = [e for e in box.log() if e["route"] == COMMIT]
    assert box.paths() == sorted(data) and len(commits) <= 2, commits
    assert sum(e["answered"] for e in commits) > 177000, "the answers are shorter than real ones"
    for path in list(data)[::100]:
        assert box.data(path) == data[path]


def test_a_commit_is_put_off(home, box):
    """Whoever waits in the batch waits, too."""
    data = fill_many(home, 100)
    box.plan({"do": "rate", "route": COMMIT, "retry_after": 3, "lasts": 3, "times": 0})
    home.must("put", "-r", "files/many/", "box:/many/", "-j", "8")
    assert box.paths() == sorted(data)
    at = [e["time"] for e in box.log() if e["route"] == COMMIT]
    assert sum(t - at[0] < 2.9 for t in at) <= 2, at
    assert len(at) <= 4, at


# --- what is here ---------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
                          capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no small disk can be made here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("faults", [[], [{"path": "/a", "do": "cut", "times": 5}]],
                         ids=["", "cut"])
def test_a_disk_that_is_full_but_for_the_file(home, liar, faults):
    """What is only there to spare work later is no reason to fail."""
    data = fill(liar.root / "a", 16 * MIB)
    liar.plan({"do": "delay", "seconds": 0.2}, *faults)
    with small_disk(home.folder, len(data)):
        home.must("get", f"{liar.url}/a", "files/", "-j", "4", *PARTS)
        assert home.got("a") == data and home.files() == ["a"]


def test_a_disk_that_is_too_small(home, liar):
    fill(liar.root / "a", 16 * MIB)
    with small_disk(home.folder, 15 * MIB):
        result = home.run("get", f"{liar.url}/a", "files/", "-j", "4", *PARTS)
        assert result.status == 1 and "space" in result.err.lower(), result
        assert "a" not in home.files()
    assert liar.counts()["requests"] < 4, "it cannot pass"


def test_records_cannot_be_written(home, ceph):
    """Of uploads: they go all the same."""
    data = fill(home.folder / "big", 24 * MIB)
    home.remotes(s3=home.s3(ceph))
    home.state_dir.mkdir(exist_ok=True)
    probe = home.run("put", "files/big", "s3:worlds/probe", "--part-size", "5M", "--limit-rate",
                     "100M")
    assert probe.status == 0
    for folder in home.state_dir.iterdir():
        shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
        folder.write_text("no folder")
    shutil.rmtree(home.state_dir)
    home.state_dir.write_text("no folder")
    home.must("put", "files/big", "s3:worlds/odd records", "--part-size", "5M", "-j", "4")
    assert ceph.client().get("worlds/odd records") == data


@pytest.mark.parametrize("size", [0, 100, 3 * MIB])
def test_the_answer_to_a_careful_put_is_lost(home, liar, size):
    """What lies there then is our own: it was stored, and not left out."""
    data = fill(home.folder / "a", size)
    liar.plan({"method": "PUT", "do": "lost", "times": 1})
    result = home.must("put", "--no-clobber", "files/a", f"{liar.url}/there", "--json")
    assert row_of(result)["state"] == "done", result
    assert liar.stored()["/there"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_somebody_else_was_faster(home, liar):
    """While the answer was lost: it stays as it is."""
    fill(home.folder / "a", 100)
    liar.plan({"method": "PUT", "do": "close", "times": 1},
              {"method": "PUT", "do": "status", "status": 412},
              {"method": "GET", "path": "/there", "do": "serve", "bytes": "another", "nth": 2})
    result = home.must("put", "--no-clobber", "files/a", f"{liar.url}/there", "--json")
    assert row_of(result)["state"] == "skipped", result


# --- how much it takes ----------------------------------------------------------------------------


class Spent:
    """Peak memory (MiB) and processor time (s) of a child, looked at until it ends."""

    def __init__(self, child):
        self.peak, self.cpu, self.child = 0, 0.0, child
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        ticks = os.sysconf("SC_CLK_TCK")
        with contextlib.suppress(OSError, IndexError, StopIteration):
            while True:
                with open(f"/proc/{self.child.pid}/status", encoding="ascii") as file:
                    line = next(x for x in file if x.startswith("VmHWM:"))
                self.peak = int(line.split()[1]) / 1024
                with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as file:
                    user, system = file.read().rpartition(")")[2].split()[11:13]
                self.cpu = (int(user) + int(system)) / ticks
                time.sleep(0.02)

    def end(self):
        self.thread.join()


def spend(home, *args, seconds=120):
    child = home.start(*args)
    spent = Spent(child)
    result = home.finish(child, seconds=seconds)
    spent.end()
    return result, spent


def in_bounds(what, spent, mb):
    dogs.count(f"{what}: {spent.peak:.1f} MiB at most, {spent.cpu:.1f} s of processor time")
    assert spent.peak > 1, "it was not measured"
    assert dogs.SLOW or spent.peak * MIB < mb * 1e6, f"{spent.peak:.1f} MiB"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_memory_of_sixty_four_downloads(home, web, tls):
    shutil.rmtree(web.root)
    data = fill(web.root / "0", 12 * MIB)
    for n in range(1, 64):
        os.link(web.root / "0", web.root / str(n))
    make_list(home, web.tls_url if tls else web.url, 64)
    result, spent = spend(home, "get", "--spec", "list", "-j", "64")
    assert result.status == 0, result
    assert {sha256(home.folder / str(n)) for n in range(64)} == {hashlib.sha256(data).hexdigest()}
    in_bounds(f"64 downloads of 12 MiB at once{', TLS' * tls}", spent, 40)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_memory_of_sixty_four_uploads(home, ceph, tls):
    """In parts, as objects of S3."""
    data = fill(home.folder / "m/0", 6 * MIB)
    for n in range(1, 64):
        os.link(home.folder / "m/0", home.folder / f"m/{n}")
    home.remotes(s3=home.s3(ceph, ceph.tls_url if tls else None))
    prefix = f"mem{tls}/"
    result, spent = spend(home, "put", "-r", "files/m/", f"s3:worlds/{prefix}", "-j", "64",
                          "--part-size", "5M")
    assert result.status == 0, result
    client = ceph.client()
    there = client.list("worlds", prefix)
    assert list(there.values()) == [6 * MIB] * 64
    assert client.get(f"worlds/{next(iter(there))}") == data
    for key in there:
        client.delete(f"worlds/{key}")
    in_bounds(f"64 uploads of 6 MiB at once{', TLS' * tls}", spent, 40)


@pytest.mark.parametrize("way", ["get", "put"])
def test_two_hundred_thousand_fail(home, way):
    """Nobody is there to answer: memory and time are bounded, and all of them are told."""
    n = 20000 if dogs.SLOW else 200000
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        make_list(home, f"http://127.0.0.1:{held.getsockname()[1]}", n, way == "put")
        result, spent = spend(home, way, "--spec", "list", "--tries", "1", "--failed", "failed",
                              seconds=110)
    assert result.status == 1, result.err[-2000:]
    with open(home.home / "failed", encoding="utf-8") as file:
        assert sum(not line.startswith("#") for line in file) == n
    in_bounds(f"{n} of {way} that fail", spent, 400)
    assert dogs.SLOW or spent.cpu < 60, spent.cpu


CONNECTED = {
    "many": [],
    "many that break off": [{"path": "/[0-9]*", "rate": 0.2, "do": ["cut", "close", "reset"]}],
    "many that are sent elsewhere": [{"path": "/[0-9]*", "rate": 0.5, "do": "redirect", "hops": 2}],
}


@pytest.mark.parametrize("rules", CONNECTED)
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_no_more_connections_than_allowed(home, liar, rules, n, tls):
    """Kept ones that nobody uses count, too."""
    for k in range(150):
        fill(liar.root / str(k), 500 if k % 50 else 4 * MIB)
    make_list(home, liar.tls_url if tls else liar.url, 150)
    # What killed ones have left behind is no matter of this.
    assert dogs.wait_until(lambda: liar.counts()["open"] == 0), "a connection of before is kept"
    liar.plan(*CONNECTED[rules])
    home.must("get", "--spec", "list", "-j", str(n), *PARTS)
    assert len(home.files()) == 150
    most = liar.counts()["most"]
    assert most <= n, f"{most} connections at once"


def established(port):
    """Ends of connections to this port of 127.0.0.1 or ::1, looked at from outside."""
    lines = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}", encoding="ascii") as file:
            lines += [line.split() for line in list(file)[1:]]
    return {row[1] for row in lines if row[2].endswith(f":{port:04X}") and row[3] == "01"}


@pytest.mark.parametrize("n", [1, 3, 8])
def test_no_more_connections_than_allowed_over_http2(home, web, n):
    """Small files share connections, parts of large ones have their own: together they are no more
    either."""
    shutil.rmtree(web.root)
    for k in range(120):
        fill(web.root / str(k), 30000 if k % 30 else 16 * MIB)
    make_list(home, f"{web.tls_url}/delay/0.02", 120)
    child = home.start("get", "--spec", "list", "-j", str(n), *PARTS)
    most, port, last = 0, int(web.tls_url.rpartition(":")[2]), set()
    while child.poll() is None:
        # One look takes its time: what it shows need not have been open at once. What the next look
        # shows again was.
        now = established(port)
        most, last = max(most, len(now & last)), now
    result = home.finish(child)
    assert result.status == 0 and len(home.files()) == 120, result
    assert n == 1 or "HTTP/2.0" in {e["protocol"] for e in web.log()}
    assert most <= n, f"{most} connections at once"


def test_events_tell_of_each_file_once(home, liar):
    """Also where a file is begun again and again."""
    for k in range(100):
        fill(liar.root / str(k), 300)
    make_list(home, liar.url, 100)
    liar.plan({"path": "/*", "rate": 0.3, "do": ["cut", "status", "close", "changed"]})
    result = home.must("get", "--spec", "list", "-j", "8", "--json-lines")
    told = [e.get("source") for e in events(result) if e.get("source")]
    assert sorted(told) == sorted(set(told)) and len(told) == 100, told

"""`dogs put` and `dogs get` with the stand-in for Dropbox: batches, uploads in parts side by side,
kills, tokens that run out, what is there already, what was damaged."""

import collections
import os
import signal
import time

import pytest

import dogs
import transfers
from peers import dropbox
from transfers import MIB, fill, kill_when, written

pytest_plugins = ["transfer_peers"]

STEP = 4 * MIB  # parts are multiples of it
START, APPEND, COMMIT, UPLOAD, DOWNLOAD = (
    "files/upload_session/start", "files/upload_session/append_v2",
    "files/upload_session/finish_batch_v2", "files/upload", "files/download")
PARTS = ["--part-size", "4M"]


@pytest.fixture
def box(place, home):
    with dropbox.Dropbox(place / "dropbox") as server:
        home.remotes(box=server.remote())
        yield server


def routes(box):
    return collections.Counter(entry["route"] for entry in box.log())


def rows_of(result):
    return {row["target"]: row for row in result.json()["files"]}


def make(home, sizes):
    """Files below files/m: name -> bytes."""
    return {name: fill(home.folder / "m" / name, size) for name, size in sizes.items()}


SOME = {"a": 10, "empty": 0, "b c.txt": 3000, "deep/er/grüße 🐕.bin": 70000, "deep/x": 5 * MIB,
        "quote'\"": 1}


def put_some(home, *args):
    return home.must("put", "-r", "files/m/", "box:/Back up/", *args)


def is_there(box, data, folder="/Back up/"):
    paths = {folder + name: name for name in data}
    assert box.paths() == sorted(paths)
    for path, name in paths.items():
        assert box.data(path) == data[name], path


# --- there and back -------------------------------------------------------------------------------


def test_a_small_batch(home, box):
    data = make(home, SOME)
    os.utime(home.folder / "m/a", (1795197600, 1795197600))
    result = put_some(home, "-j", "4", "--json")
    is_there(box, data)
    told = routes(box)
    assert told[COMMIT] == 1 and told[UPLOAD] == 0 and told["/oauth2/token"] == 1, told
    assert box.metadata("/Back up/a")["client_modified"] == "2026-11-20T18:00:00Z"
    assert all(row["verified"] for row in rows_of(result).values()), result
    home.must("get", "-r", "box:/Back up/", "files/back/", "-j", "4")
    back = {str(p.relative_to(home.folder / "back")): p.read_bytes()
            for p in (home.folder / "back").rglob("*") if p.is_file()}
    assert back == data
    assert (home.folder / "back/a").stat().st_mtime == 1795197600


@pytest.mark.parametrize("size", [0, 1, 3 * MIB])
def test_one_file(home, box, size):
    """Alone it goes in one request."""
    data = fill(home.folder / "a", size)
    home.must("put", "files/a", "box:/x/")
    assert box.data("/x/a") == data and routes(box) == {UPLOAD: 1, "/oauth2/token": 1}
    result = home.must("get", "box:/x/a", "files/back", "--json")
    assert home.got("back") == data
    assert [row["verified"] for row in result.json()["files"]] == [size > 0]


def test_a_list_in_pages(home, place):
    with dropbox.Dropbox(place / "dropbox", page=3) as box:
        home.remotes(box=box.remote())
        data = {f"{n}": box.put(f"/f/{n}", b"%d" % n) and b"%d" % n for n in range(20)}
        home.must("get", "-r", "box:/f", "files/back/")
        assert {p.name: p.read_bytes() for p in (home.folder / "back").iterdir()} == data


def test_over_tls(home, place, ca):
    with dropbox.Dropbox(place / "dropbox", ca=ca) as box:
        home.remotes(box=box.remote())
        data = make(home, SOME)
        put_some(home, *PARTS)
        is_there(box, data)
        home.must("get", "-r", "box:/Back up/", "files/back/", *PARTS)
        assert (home.folder / "back/deep/x").read_bytes() == data["deep/x"]


# --- large ones -----------------------------------------------------------------------------------


def test_a_large_one_in_parts(home, box):
    """Side by side; the last one when the others are there."""
    data = make(home, {"big": 7 * STEP + 5, "small": 1})
    box.plan({"do": "slow", "route": APPEND, "seconds": 0.2, "times": 0})
    result = put_some(home, "-j", "4", *PARTS, "--json")
    is_there(box, data)
    parts = [e for e in box.log() if e["route"] == APPEND]
    assert len(parts) == 8 and 2 <= max(e["at_once"] for e in parts) <= 4
    assert [e["arg"]["close"] for e in parts] == 7 * [False] + [True]
    assert all(row["verified"] for row in rows_of(result).values()), result


def test_larger_than_one_request(home, box):
    data = fill(home.folder / "big", 151 * 1000 * 1000)
    home.must("put", "files/big", "box:/big", "-j", "4")
    assert box.data("/big") == data and routes(box)[UPLOAD] == 0
    result = home.must("get", "box:/big", "files/back", "-j", "4", "--json")
    assert home.got("back") == data
    assert [row["verified"] for row in result.json()["files"]] == [True]
    assert routes(box)[DOWNLOAD] > 4, "in one stream"


def moved_up(box):
    return sum(e["bytes"] for e in box.log() if e["route"] == APPEND)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_upload_goes_on(home, box, how):
    """What arrived before the kill is not sent again, but for what was on its way."""
    data = make(home, {"big": 12 * STEP + 5, "small": 1})
    args = ["put", "-r", "files/m/", "box:/Back up/", "-j", "3", *PARTS]
    child = home.start(*args, "--limit-rate", "25M")
    assert kill_when(child, lambda: sum(sum(s.values()) for s in box.sessions().values())
                     > 5 * STEP, how)
    home.finish(child)
    assert "/Back up/big" not in box.paths()
    home.must(*args)
    is_there(box, data)
    assert moved_up(box) <= len(data["big"]) + 2 * 3 * STEP, "it was sent again"


def test_an_upload_that_is_no_more(home, box):
    """Unfinished ones die: from the beginning, and that is said."""
    data = make(home, {"big": 8 * STEP, "small": 1})
    args = ["put", "-r", "files/m/", "box:/Back up/", "-j", "3", *PARTS]
    child = home.start(*args, "--limit-rate", "25M")
    assert kill_when(child, lambda: moved_up(box) > 3 * STEP)
    home.finish(child)
    box.forget_sessions()
    result = home.must(*args, "--json")
    is_there(box, data)
    assert rows_of(result)["box:/Back up/big"]["restarted"], result


def test_a_file_that_changed_in_between(home, box):
    make(home, {"big": 8 * STEP, "small": 1})
    args = ["put", "-r", "files/m/", "box:/Back up/", "-j", "3", *PARTS]
    child = home.start(*args, "--limit-rate", "25M")
    assert kill_when(child, lambda: moved_up(box) > 3 * STEP)
    home.finish(child)
    data = {"big": fill(home.folder / "m/big", 8 * STEP, seed=2),
            "small": (home.folder / "m/small").read_bytes()}
    home.must(*args)
    is_there(box, data)


def test_a_download_goes_on(home, box):
    data = fill(home.folder / "source", 48 * MIB)
    box.put("/big", data)
    box.plan({"do": "slow", "route": DOWNLOAD, "seconds": 0.1, "times": 0})
    args = ["get", "box:/big", "files/back", "-j", "4", "--part-size", "1M"]
    child = home.start(*args)
    assert kill_when(child, lambda: (written(child.pid) or 0) > 20 * MIB)
    home.finish(child)
    result = home.must(*args, "--json")
    assert home.got("back") == data
    (row,) = result.json()["files"]
    assert row["resumed"] >= 14 * MIB and row["verified"], result
    sent = sum(e.get("sent", 0) for e in box.log())
    assert sent <= len(data) + 2 * 9 * MIB, "it was fetched again"


def test_another_version_in_between(home, box):
    """Its revision tells."""
    box.put("/big", fill(home.folder / "source", 48 * MIB))
    box.plan({"do": "slow", "route": DOWNLOAD, "seconds": 0.1, "times": 0})
    args = ["get", "box:/big", "files/back", "-j", "4", "--part-size", "1M"]
    child = home.start(*args)
    assert kill_when(child, lambda: (written(child.pid) or 0) > 20 * MIB)
    home.finish(child)
    data = fill(home.folder / "source", 48 * MIB, seed=2)
    box.put("/big", data)
    result = home.must(*args, "--json")
    assert home.got("back") == data, "a mix"
    assert result.json()["files"][0]["restarted"], result


# --- what goes wrong ------------------------------------------------------------------------------

UP = [
    {"do": "rate", "route": UPLOAD}, {"do": "rate", "route": START, "times": 3},
    {"do": "rate", "route": START, "plain": True}, {"do": "rate", "route": APPEND, "times": 2},
    {"do": "rate", "route": COMMIT}, {"do": "busy", "route": COMMIT, "entries": 2},
    {"do": "busy", "route": COMMIT}, {"do": "lost", "route": START, "times": 2},
    {"do": "lost", "route": APPEND, "skip": 2}, {"do": "lost", "route": COMMIT},
    {"do": "lost", "route": UPLOAD}, {"do": "drop", "route": "files/*", "times": 3},
    {"do": "drop", "route": COMMIT}, {"do": "status", "route": "files/*", "times": 3},
    {"do": "status", "route": COMMIT, "status": 500}, {"do": "status", "route": "*oauth2/token"},
    {"do": "expire", "route": START, "skip": 2}, {"do": "expire", "route": APPEND, "skip": 1},
    {"do": "expire", "route": COMMIT}, {"do": "expire", "route": UPLOAD},
    {"do": "gone", "route": APPEND, "skip": 2}, {"do": "gone", "route": COMMIT},
    {"do": "damage", "route": UPLOAD},
]


def names_of(rules):
    return [" ".join(str(v).rpartition("/")[2] for v in rule.values()) for rule in rules]


@pytest.mark.parametrize("rule", UP, ids=names_of(UP))
def test_a_put_that_goes_wrong_for_a_while(home, box, rule):
    data = make(home, {"one": 500} if rule["route"] == UPLOAD else
                {"big": 3 * STEP + 5, **{f"{n}": 10 * n for n in range(8)}})
    box.plan(rule)
    put_some(home, "-j", "4", *PARTS)
    is_there(box, data)
    assert any(e.get("faults") for e in box.log()), "the fault never came"


@pytest.mark.parametrize("repeated", ["accept", "refuse"])
def test_the_last_answer_is_lost(home, place, repeated):
    """Of the part that closes the upload, which is then closed to a second one."""
    with dropbox.Dropbox(place / "dropbox", repeated_parts=repeated) as box:
        home.remotes(box=box.remote())
        data = make(home, {"big": 3 * STEP + 5, "small": 1})
        box.plan({"do": "lost", "route": APPEND, "skip": 3})
        put_some(home, "-j", "2", *PARTS)
        is_there(box, data)


DOWN = [
    {"do": "rate", "route": DOWNLOAD, "times": 3}, {"do": "drop", "route": DOWNLOAD, "times": 2},
    {"do": "lost", "route": DOWNLOAD, "times": 2}, {"do": "status", "route": DOWNLOAD, "times": 2},
    {"do": "cut", "route": DOWNLOAD, "bytes": 1000, "times": 3},
    {"do": "expire", "route": DOWNLOAD, "skip": 3}, {"do": "expire", "route": "*list_folder"},
    {"do": "rate", "route": "*list_folder", "times": 2}, {"do": "status", "route": "*list_folder"},
]


@pytest.mark.parametrize("rule", DOWN, ids=names_of(DOWN))
def test_a_get_that_goes_wrong_for_a_while(home, box, rule):
    data = {f"{n}": fill(home.folder / f"s/{n}", 12 * MIB if n == 3 else 100 * n)
            for n in range(6)}
    for name, content in data.items():
        box.put(f"/f/{name}", content)
    box.plan(rule)
    home.must("get", "-r", "box:/f/", "files/back/", "-j", "4", "--part-size", "1M")
    assert {p.name: p.read_bytes() for p in (home.folder / "back").iterdir()} == data
    assert any(e.get("faults") for e in box.log()), "the fault never came"


def test_a_token_that_nobody_renews(home, box):
    """It is said what is to be done."""
    fill(home.folder / "a", 10)
    home.remotes(box={"type": "dropbox", "url": box.url, "token": box.token})
    home.must("put", "files/a", "box:/a")
    box.expire()
    result = home.run("put", "files/a", "box:/b")
    assert result.status == 1 and "expired" in result.err, result
    assert "refresh_token" in result.err, result
    assert box.token not in result.err + result.out and box.paths() == ["/a"]


def test_a_refresh_token_that_is_revoked(home, box):
    fill(home.folder / "a", 10)
    home.remotes(box={**box.remote(), "refresh_token": "rEvOkEd"})
    result = home.run("put", "files/a", "box:/a")
    assert result.status == 1 and "withdrawn" in result.err and "rEvOkEd" not in result.err, result


def test_no_room(place, home):
    with dropbox.Dropbox(place / "dropbox", quota=10000) as box:
        home.remotes(box=box.remote())
        make(home, {"1": 9000, "2": 9000, "3": 10})
        result = home.run("put", "-r", "files/m/", "box:/f/", "--json")
        assert result.status == 1, result
        states = collections.Counter(row["state"] for row in result.json()["files"])
        assert states == {"done": 2, "failed": 1}, result
        assert "space" in result.out, result


# --- what is there already ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5])
def test_no_clobber(home, box, n):
    """What is there stays, with other bytes too; the others go."""
    data = make(home, {f"{k}": 100 + k for k in range(n)})
    for path in ("/Back up/0", "/Back up/3"):
        box.put(path, b"precious")
    paths = set(box.paths())
    result = put_some(home, "--no-clobber", "--json")
    rows = rows_of(result)
    for k in range(n):
        path = f"/Back up/{k}"
        kept = path in paths
        assert rows[f"box:{path}"]["state"] == ("skipped" if kept else "done"), result
        assert box.data(path) == (b"precious" if kept else data[str(k)])
    put_some(home)
    assert all(box.data(f"/Back up/{k}") == data[str(k)] for k in range(n))


def test_no_clobber_and_no_answer(home, box):
    """What lies there then is our own."""
    data = make(home, {f"{k}": 100 + k for k in range(5)})
    box.plan({"do": "lost", "route": COMMIT})
    result = put_some(home, "--no-clobber", "--json")
    assert {row["state"] for row in rows_of(result).values()} == {"done"}, result
    is_there(box, data)


def test_no_clobber_here(home, box):
    box.put("/a", b"new")
    (home.folder / "a").write_bytes(b"old")
    home.must("get", "--no-clobber", "box:/a", "files/a")
    assert home.got("a") == b"old"


def test_a_folder_is_in_the_way(home, box):
    box.put("/a/b", b"x")
    fill(home.folder / "a", 10)
    result = home.run("put", "files/a", "box:/a")
    assert result.status == 1 and "folder" in result.err, result


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("route, skip", [(START, 1), (APPEND, 0), (APPEND, 3)])
def test_a_byte_is_lost_on_the_way_up(home, box, route, skip):
    """The service's own sum of what it has tells, and the file is not told as stored."""
    data = make(home, {"big": 3 * STEP + 5, "1": 100, "2": 200})
    box.plan({"do": "damage", "route": route, "skip": skip})
    args = ["put", "-r", "files/m/", "box:/Back up/", "-j", "2", *PARTS]
    result = home.run(*args, "--json")
    bad = [p for p in box.paths() if box.data(p) != data[p.rpartition("/")[2]]]
    failed = [row["target"][4:] for row in result.json()["files"] if row["state"] == "failed"]
    assert failed == bad, result
    if bad:
        assert result.status == 1 and "damaged" in result.out, result
    home.must(*args)
    is_there(box, data)


@pytest.mark.parametrize("size", [100, 12 * MIB])
def test_a_byte_is_lost_on_the_way_down(home, box, size):
    data = fill(home.folder / "source", size)
    box.put("/a", data)
    spool = box.ask(lambda: box.server.box.files["/a"].spool)
    spool.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    begin = time.monotonic()
    result = transfers.is_sound(home.run("get", "box:/a", "files/a", "-j", "4", "--part-size",
                                         "1M"))
    assert result.status == 1 and "content_hash" in result.err, result
    assert home.files() == ["source"] and time.monotonic() - begin < 20
    spool.write_bytes(data)
    home.must("get", "box:/a", "files/a")
    assert home.got("a") == data

"""kill -9 in the middle of large transfers: the same command again ends them right, and moves what
was there no second time – counted at the server. And what must not be believed: records that are
torn, another's or from before a change.

The short form kills at 5 moments of 256 MiB; the long form (DOGS_LONG) at 20 of 1 GiB."""

import hashlib
import os
import random
import shutil
import signal
import time

import pytest

import dogs
import transfers
from peers import faulty, nginx
from transfers import MIB, fill, kill_when, sha256, written

pytest_plugins = ["transfer_peers"]

SIZE, MOMENTS = (1024 * MIB, 20) if dogs.LONG else (256 * MIB, 5)
CONNECTIONS, PART = 16, 4 * MIB
UP_PART = 5 * MIB
SMALL = 24 * MIB
MARGIN = MIB  # heads, tails and what an interrupted request had in the socket's buffers
RANDOM = random.Random(20261120)


def moments(n=MOMENTS):
    """One in each n-th of the way."""
    return [(k + RANDOM.random()) / n for k in range(n)]


def at(part):
    return f"{100 * part:.0f}%"


KILLS = [(part, False) for part in moments()]
KILLS += [(part, True) for part in moments(MOMENTS if dogs.LONG else 2)]


def told(value):
    return at(value) if isinstance(value, float) else "tls" if value else "plain"


@pytest.fixture(scope="module")
def big(ca):
    """A large file on an nginx that gives each connection a sixteenth of what kills need."""
    with dogs.workplace() as folder:
        server = transfers.peer(nginx.Nginx, folder / "nginx", ca=ca, rate="20m")
        with server:
            path = server.root / "big"
            with open(path, "wb") as file:
                for _ in range(SIZE // (16 * MIB)):
                    file.write(os.urandom(16 * MIB))
            server.digest = sha256(path)
            yield server


def get_args(url, name="big"):
    return ["get", f"{url}/{name}", "files/", "-j", str(CONNECTIONS),
            "--part-size", f"{PART // MIB}M"]


def moved_down(server):
    """The log tells of a request once the server has noticed its end."""
    last = -1
    while last != (last := server.sent()):
        time.sleep(0.1)
    return last


def check_download(home, server, kills, what):
    moved = moved_down(server)
    most = SIZE + kills * CONNECTIONS * PART + MARGIN
    dogs.count(f"{what}: {moved / SIZE:.4f} of the size moved, at most {most / SIZE:.4f} allowed")
    assert sha256(home.folder / "big") == server.digest
    assert home.files() == ["big"], "something was left behind"
    assert moved <= most


@pytest.mark.parametrize("moment, tls", KILLS, ids=told)
def test_a_killed_download(home, big, moment, tls):
    big.clear_log()
    args = get_args(big.tls_url if tls else big.url)
    child = home.start(*args)
    assert kill_when(child, lambda: (written(child.pid) or 0) >= moment * SIZE)
    home.finish(child, *args)
    assert "big" not in home.files()
    home.must(*args)
    check_download(home, big, 1, f"download, killed once at {at(moment)}{', TLS' * tls}")


def test_a_download_killed_many_times(home, big):
    big.clear_log()
    args = get_args(big.url)
    kills = 0
    for _ in range(MOMENTS):
        share = 2 * RANDOM.random() / (MOMENTS + 1)
        child = home.start(*args)
        killed = kill_when(child, lambda: (written(child.pid) or 0) >= share * SIZE)
        home.finish(child, *args)
        kills += killed
        if not killed:
            break
    else:
        home.must(*args)
    assert kills >= MOMENTS // 2
    check_download(home, big, kills, f"download, killed {kills} times")


def test_a_resumed_download_says_so(home, big):
    args = get_args(big.url)
    child = home.start(*args)
    assert kill_when(child, lambda: (written(child.pid) or 0) >= SIZE // 2)
    home.finish(child, *args)
    result = home.must(*args, "--json")
    (row,) = result.json()["files"]
    assert row["resumed"] > SIZE // 4 and row["size"] == SIZE, row


# --- uploads --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source():
    """A large file to put."""
    with dogs.workplace() as folder:
        path = folder / "big"
        with open(path, "wb") as file:
            for _ in range(SIZE // (16 * MIB)):
                file.write(os.urandom(16 * MIB))
        yield path


@pytest.fixture(scope="module")
def counting(ceph, ca):
    """Ceph behind a server that counts."""
    with dogs.workplace() as folder:
        with faulty.Faulty(folder / "faulty", ca=ca, upstream=ceph.url) as server:
            yield server


def put_args(path, key):
    return ["put", str(path), f"s3:worlds/{key}", "-j", str(CONNECTIONS), "--part-size",
            f"{UP_PART // MIB}M"]


def sha256_of(client, key):
    return hashlib.sha256(client.get(f"worlds/{key}")).hexdigest()


@pytest.mark.parametrize("moment, tls", KILLS, ids=told)
def test_a_killed_upload(home, ceph, counting, source, moment, tls):
    counting.clear_log()
    home.remotes(s3=home.s3(ceph, counting.tls_url if tls else counting.url))
    key, client = f"up {at(moment)} {tls}", ceph.client()
    args = put_args(source, key)
    child = home.start(*args)
    assert kill_when(child, lambda: counting.counts()["got"] >= moment * SIZE)
    home.finish(child, *args)
    assert key not in client.list("worlds"), "half an object"
    home.must(*args)
    moved, most = counting.counts()["got"], SIZE + CONNECTIONS * UP_PART + MARGIN
    dogs.count(f"upload, killed once at {at(moment)}{', TLS' * tls}: {moved / SIZE:.4f} of the "
               f"size moved, at most {most / SIZE:.4f} allowed")
    assert sha256_of(client, key) == sha256(source)
    assert moved <= most and client.uploads("worlds") == []
    client.delete(f"worlds/{key}")


def start_upload(home, ceph, path, share=0.5):
    """An upload to Ceph that was killed there; what it had sent."""
    home.remotes(s3=home.s3(ceph))
    args = put_args(path, "up")
    child = home.start(*args, "--limit-rate", "30M")
    size, client = path.stat().st_size, ceph.client()

    def enough():
        begun = client.uploads("worlds")
        return begun and sum(client.parts("worlds/up", begun[0][1]).values()) >= share * size

    assert kill_when(child, enough)
    home.finish(child, *args)
    return args


@pytest.fixture
def no_uploads(ceph):
    yield
    client = ceph.client()
    for key, upload in client.uploads("worlds"):
        client.abort(f"worlds/{key}", upload)


def test_an_upload_whose_file_changed(home, ceph, no_uploads):
    """Its parts are of another file: all anew, and the old upload is given up."""
    path = home.folder / "big"
    old = fill(path, 60 * MIB)
    args = start_upload(home, ceph, path)
    new = bytes(255 - b for b in old[:100]) + old[100:]
    path.write_bytes(new)
    result = home.must(*args)
    assert ceph.client().get("worlds/up") == new, "a mix"
    assert ceph.client().uploads("worlds") == [], result


def test_an_upload_that_the_service_forgot(home, ceph, no_uploads):
    data = fill(home.folder / "big", 60 * MIB)
    args = start_upload(home, ceph, home.folder / "big")
    client = ceph.client()
    for key, upload in client.uploads("worlds"):
        client.abort(f"worlds/{key}", upload)
    home.must(*args)
    assert client.get("worlds/up") == data and client.uploads("worlds") == []


def test_an_upload_whose_part_is_another_one(home, ceph, no_uploads):
    """The record does not tell what the service has; the service's list does."""
    data = fill(home.folder / "big", 60 * MIB)
    args = start_upload(home, ceph, home.folder / "big")
    client = ceph.client()
    ((key, upload),) = client.uploads("worlds")
    client.part(f"worlds/{key}", upload, 1, b"x" * UP_PART)
    home.must(*args)
    assert client.get("worlds/up") == data, "a foreign part was believed"


@pytest.mark.parametrize("what", ["truncated", "empty", "garbage", "zeros", "gone"])
def test_an_upload_whose_record_is_no_good(home, ceph, no_uploads, what):
    data = fill(home.folder / "big", 60 * MIB)
    args = start_upload(home, ceph, home.folder / "big")
    records = [p for p in home.state_dir.rglob("*") if p.is_file() and p.stat().st_size < MIB
               and p.suffix != ".lock"]
    assert records, "no record below the state folder"
    for record in records:
        spoil(record, what)
    home.must(*args)
    assert ceph.client().get("worlds/up") == data


def test_an_upload_to_a_service_without_a_list_of_parts(home, small_s3):
    data = fill(home.folder / "big", 40 * MIB)
    home.remotes(s3=home.s3(small_s3))
    args = put_args(home.folder / "big", "up")
    child = home.start(*args, "--limit-rate", "16M")
    time.sleep(1.5)
    child.kill()
    home.finish(child, *args)
    home.must(*args)
    assert small_s3.client().get("worlds/up") == data


# --- what must not be believed --------------------------------------------------------------------


def spoil(path, what):
    data = path.read_bytes()
    if what == "gone":
        path.unlink()
    else:
        path.write_bytes({"truncated": data[:len(data) // 2], "empty": b"", "garbage":
                          RANDOM.randbytes(len(data)), "zeros": bytes(len(data))}[what])


PART_FILE, RECORD = ".{}.dogs-part", ".{}.dogs-record"


def args_small(url, name="one", target="x"):
    return ["get", f"{url}/{name}", f"files/{target}", "-j", "4", "--part-size", "1M"]


@pytest.fixture
def half(place, home, web):
    """nginx and half a download of `one` to x, killed; a second file `two` of the same size."""
    shutil.rmtree(web.root)
    web.one, web.two = fill(web.root / "one", SMALL), fill(web.root / "two", SMALL)
    stop_half_way(home, web)
    web.clear_log()
    return web


def stop_half_way(home, web, name="one", target="x"):
    args = args_small(web.url, name, target)
    child = home.start(*args, "--limit-rate", "16M")
    assert kill_when(child, lambda: (written(child.pid) or 0) >= SMALL // 2)
    home.finish(child, *args)
    assert (home.folder / RECORD.format(target)).exists(), home.files()


def test_half_is_kept(home, half):
    home.must(*args_small(half.url))
    assert home.got("x") == half.one and home.files() == ["x"]
    assert half.sent() < 0.5 * SMALL + 4 * MIB + MARGIN


@pytest.mark.parametrize("same_size", [True, False])
@pytest.mark.parametrize("same_date", [True, False])
def test_the_remote_changed(home, half, same_size, same_date):
    was = (half.root / "one").stat()
    new = half.two if same_size else half.two[:-1000]
    (half.root / "one").write_bytes(new)
    if same_date:  # not to the second, so that Last-Modified tells: nginx's ETag is date and size
        if same_size:
            pytest.skip("nothing tells it")
        os.utime(half.root / "one", ns=(was.st_atime_ns, was.st_mtime_ns))
    else:
        os.utime(half.root / "one", (was.st_atime + 10, was.st_mtime + 10))
    result = home.must(*args_small(half.url))
    assert home.got("x") == new, "old or a mix"
    assert transfers.says_changed(result), result
    assert home.files() == ["x"]


def test_the_remote_is_gone(home, half):
    (half.root / "one").unlink()
    result = home.run(*args_small(half.url))
    assert result.status == 1 and "404" in result.err and "x" not in home.files(), result


def test_the_record_of_another_address(home, half):
    """The same target, another source of the same size."""
    home.must(*args_small(half.url, "two"))
    assert home.got("x") == half.two, "a mix"


def test_swapped_records(home, half):
    """Two half downloads whose records somebody exchanged."""
    stop_half_way(home, half, "two", "y")
    x, y = (home.folder / RECORD.format(target) for target in "xy")
    of_x, of_y = x.read_bytes(), y.read_bytes()
    x.write_bytes(of_y)
    y.write_bytes(of_x)
    home.must(*args_small(half.url))
    home.must(*args_small(half.url, "two", "y"))
    assert home.got("x") == half.one and home.got("y") == half.two


@pytest.mark.parametrize("what", ["truncated", "empty", "garbage", "zeros", "gone"])
@pytest.mark.parametrize("which", [RECORD, PART_FILE])
def test_what_is_there_is_no_good(home, half, what, which):
    if which == PART_FILE and what in ("garbage", "zeros"):
        pytest.skip("only a digest could tell; see test_a_part_file_that_was_written_to")
    spoil(home.folder / which.format("x"), what)
    home.must(*args_small(half.url))
    assert home.got("x") == half.one and home.files() == ["x"]


def test_a_part_file_that_was_written_to(home, half):
    """With a digest it is noticed, and the file fetched again."""
    spoil(home.folder / PART_FILE.format("x"), "zeros")
    digest = hashlib.sha256(half.one).hexdigest()
    result = home.run(*args_small(half.url), "--sha256", digest)
    if result.status:
        assert "sha256" in result.err.lower().replace("-", "") and "x" not in home.files(), result
        home.must(*args_small(half.url), "--sha256", digest)
    assert home.got("x") == half.one


def test_every_byte_of_the_record(home, half):
    """Each run of bytes flipped: never a wrong file, whatever of it is believed."""
    folder = home.home / "kept"
    shutil.copytree(home.folder, folder)
    record = folder / RECORD.format("x")
    data = record.read_bytes()
    places = range(len(data)) if dogs.LONG else sorted(RANDOM.sample(range(len(data)), 24))
    for place in places:
        shutil.rmtree(home.folder)
        shutil.copytree(folder, home.folder)
        spoilt = bytearray(data)
        spoilt[place] ^= 1 << RANDOM.randrange(8)
        (home.folder / record.name).write_bytes(spoilt)
        home.must(*args_small(half.url))
        assert home.got("x") == half.one, f"byte {place} of the record"


@pytest.mark.parametrize("which", [RECORD, PART_FILE])
def test_a_folder_in_its_place(home, half, which):
    (home.folder / which.format("x")).unlink()
    (home.folder / which.format("x")).mkdir()
    result = transfers.is_sound(home.run(*args_small(half.url)))
    assert result.status == 1 or home.got("x") == half.one, result


def test_other_parts_than_last_time(home, half):
    """-j and --part-size may change between runs."""
    home.must("get", f"{half.url}/one", "files/x", "-j", "7", "--part-size", "3M")
    assert home.got("x") == half.one
    assert half.sent() < 0.5 * SMALL + 7 * 3 * MIB + MARGIN


def test_killed_at_every_name(home, web, killer):
    """Of each name that is given or taken in the target's folder (records are replaced by a
    rename): before and after it."""
    shutil.rmtree(web.root)
    data = fill(web.root / "one", 12 * MIB)
    args = ["get", f"{web.url}/rate/8m/one", str(home.folder / "x"), "-j", "4", "--part-size", "1M"]
    tried = 0
    for when in ("before", "after"):
        for nth in range(1, 100) if dogs.LONG else (1, 2, 3, 4, 7, 8, 15, 22, 23, 24, 25, 26, 27):
            shutil.rmtree(home.folder)
            home.folder.mkdir()
            child = home.start(*args, LD_PRELOAD=killer, KILLER_UNDER=home.folder, KILLER_NTH=nth,
                               KILLER_WHEN=when)
            result = home.finish(child)
            if result.status == 0:
                break
            assert result.status == -signal.SIGKILL, result
            tried += 1
            if (home.folder / "x").exists():
                assert home.got("x") == data, "half under its name"
            home.must(*args)
            assert home.got("x") == data and home.files() == ["x"], (when, nth)
    dogs.count(f"download, killed at each name given or taken: {tried} points")
    assert tried > 0

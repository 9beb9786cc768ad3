"""`dogs put`, and `dogs get` of what has no file names of its own: against Ceph's radosgw, npm's
s3rver and nginx. What arrived is looked at by a client of the tests' own (peers/s3.py)."""

import hashlib
import os
import re
import signal
import subprocess
import time

import pytest

import dogs
import transfers
from peers.s3 import Refused
from transfers import MIB, fill, sha256

pytest_plugins = ["transfer_peers"]

SECRET_WRONG = "sEcReT-0123456789"
KEYS = ["plain", "with blanks in it", "a+b", "~tilde~", "100%", "100%25", "(round)", "a&b=c;d,e",
        "grüße/été/日本語", "emoji 🐕", "'quoted'\"twice\"", "star*and?mark", "#hash", "[square]",
        "colon:at@bang!", "dollar$^`|", "dir/sub/leaf", "dot.", ".hidden", "-dash", "x" * 200]


class Service:
    """An S3 server and how this test reaches it."""
    way = "ceph"

    def __init__(self, server, home, url=None, bucket="worlds", **more):
        self.server, self.client, self.bucket = server, server.client(), bucket
        home.remotes(s3=home.s3(server, url, **more))

    def clear(self):
        for key in self.client.list(self.bucket):
            self.client.delete(f"{self.bucket}/{key}")
        if self.way != "s3rver":
            for key, upload in self.client.uploads(self.bucket):
                self.client.abort(f"{self.bucket}/{key}", upload)


WAYS = ["ceph", "ceph-tls", "ceph-virtual", "s3rver"]


@pytest.fixture(params=WAYS)
def s3(request, home):
    return service_of(request, home, request.param)


@pytest.fixture
def ceph_s3(request, home):
    return service_of(request, home, "ceph")


def service_of(request, home, way):
    if way == "s3rver":
        service = Service(request.getfixturevalue("small_s3"), home)
    else:
        server = request.getfixturevalue("ceph")
        url = {"ceph-tls": server.tls_url,
               "ceph-virtual": server.url.replace("127.0.0.1", "localhost")}.get(way, server.url)
        more = {"style": "virtual"} if way == "ceph-virtual" else {}
        service = Service(server, home, url, **more)
    service.way = way
    service.clear()
    return service


# --- one object -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 70000, 5 * MIB])
def test_a_file(home, s3, size):
    data = fill(home.folder / "one", size)
    home.must("put", "files/one", "s3:worlds/there")
    assert s3.client.get("worlds/there") == data
    assert s3.client.head("worlds/there")["etag"] == f'"{hashlib.md5(data).hexdigest()}"'
    if s3.way == "s3rver" and not size:
        return  # it answers with a byte that it then does not send
    home.must("get", "s3:worlds/there", "files/back")
    assert home.got("back") == data


@pytest.mark.parametrize("size", [10 * MIB + 1, 33 * MIB])
def test_a_file_in_parts(home, s3, size):
    data = fill(home.folder / "big", size)
    home.must("put", "files/big", "s3:worlds/big one", "--part-size", "5M", "-j", "4")
    assert s3.client.get("worlds/big one") == data
    if s3.way != "s3rver":  # its ETag does not tell
        parts = re.fullmatch(r'"[0-9a-f]{32}-(\d+)"', s3.client.head("worlds/big one")["etag"])
        assert parts and int(parts[1]) == -(-size // (5 * MIB))
    home.must("get", "s3:worlds/big one", "files/back", "-j", "4", "--part-size", "1M")
    assert home.got("back") == data
    if s3.way != "s3rver":
        assert s3.client.uploads("worlds") == []
    assert not list((home.state_dir).rglob("*record*")), "a record was left behind"


@pytest.mark.parametrize("key", KEYS)
def test_a_key(home, s3, key):
    if s3.way == "s3rver" and len(key.encode()) > 200:
        pytest.skip("s3rver makes longer file names of keys than the file system takes")
    data = fill(home.folder / "source", 1000)
    home.must("put", "files/source", f"s3:worlds/{key}")
    assert list(s3.client.list("worlds")) == [key]
    assert s3.client.get(f"worlds/{key}") == data
    home.must("get", f"s3:worlds/{key}", "files/back")
    assert home.got("back") == data


@pytest.mark.parametrize("key", ["with blanks + ~ % ( ) grüße", "a&b=c"])
def test_a_key_in_parts(home, ceph_s3, key):
    """The id of the upload and the part's number are signed with the key."""
    data = fill(home.folder / "source", 11 * MIB)
    home.must("put", "files/source", f"s3:worlds/{key}", "--part-size", "5M")
    assert ceph_s3.client.get(f"worlds/{key}") == data


def test_a_bucket_that_the_remote_names(home, ceph):
    data = fill(home.folder / "a", 10)
    home.remotes(s3=home.s3(ceph, bucket="worlds"))
    home.must("put", "files/a", "s3:in/the/bucket")
    assert ceph.client().get("worlds/in/the/bucket") == data


def test_the_name_is_added_to_a_folder(home, ceph_s3):
    fill(home.folder / "a", 10)
    fill(home.folder / "b c", 10)
    home.must("put", "files/a", "s3:worlds/folder/")
    home.must("put", "files/a", "files/b c", "s3:worlds/two")
    assert list(ceph_s3.client.list("worlds")) == ["folder/a", "two/a", "two/b c"]


def test_what_is_there_is_replaced_or_stays(home, ceph_s3):
    ceph_s3.client.put("worlds/a", b"old")
    data = fill(home.folder / "a", 10)
    fill(home.folder / "big", 11 * MIB)
    result = home.must("put", "-n", "files/a", "s3:worlds/a", "--json")
    assert ceph_s3.client.get("worlds/a") == b"old" and '"skipped"' in result.out, result
    home.must("put", "files/a", "s3:worlds/a")
    assert ceph_s3.client.get("worlds/a") == data
    home.must("put", "-n", "files/big", "s3:worlds/a", "--part-size", "5M")
    assert ceph_s3.client.get("worlds/a") == data and ceph_s3.client.uploads("worlds") == []


def test_several_and_their_failures(home, ceph_s3):
    for n in range(200):
        fill(home.folder / f"many/{n}", n)
    spec = "".join(f"files/many/{n} 's3:worlds/m n/{n}'\n" for n in range(200))
    (home.home / "list").write_text(spec + "files/none s3:worlds/none\n"
                                    "files/many/1 s3:nosuchbucket/x\n")
    result = home.run("put", "--spec", "list", "--failed", "failed", "-j", "16")
    assert result.status in (1, 2), result
    if result.status == 1:
        assert len(ceph_s3.client.list("worlds")) == 200
        failed = (home.home / "failed").read_text()
        assert "NoSuchBucket" in failed or "404" in failed, failed
        assert "nosuchbucket" in failed and "many/7" not in failed, failed
        (home.folder / "none").write_bytes(b"now")
        ceph_s3.client.make_bucket("nosuchbucket")
        home.must("put", "--retry-failed", "failed")
        assert ceph_s3.client.get("worlds/none") == b"now"


@pytest.mark.parametrize("change, words", [
    ({"secret": SECRET_WRONG}, ("403", "Signature")), ({"key_id": "NOSUCHKEY"}, ("403", "Access")),
])
def test_who_is_not_let_in(home, ceph, change, words):
    fill(home.folder / "a", 10)
    home.remotes(s3={**home.s3(ceph), **change})
    begin = time.monotonic()
    for args in (["put", "files/a", "s3:worlds/a"], ["get", "s3:worlds/a", "files/x"]):
        result = home.run(*args, "-vv")
        assert result.status == 1 and any(word in result.err for word in words), result
        assert SECRET_WRONG not in result.err + result.out, result
    assert time.monotonic() - begin < 10, "trying again does not help"


def test_a_file_that_is_not_there(home, ceph_s3):
    result = home.run("put", "files/none", "s3:worlds/none")
    assert result.status in (1, 2) and "files/none" in result.err, result
    result = home.run("get", "s3:worlds/none", "files/")
    assert result.status == 1 and ("NoSuchKey" in result.err or "404" in result.err), result


def test_a_file_that_changes_meanwhile(home, ceph_s3):
    """Parts of two states of a file are no file."""
    old = fill(home.folder / "big", 24 * MIB)
    child = home.start("put", "files/big", "s3:worlds/big", "--part-size", "5M", "-j", "2",
                       "--limit-rate", "16M")
    time.sleep(0.8)
    new = bytes(255 - byte for byte in old[:MIB]) + old[MIB:]
    (home.folder / "big").write_bytes(new)
    result = home.finish(child)
    if result.status == 0:
        assert ceph_s3.client.get("worlds/big") == new, "a mix"
    else:
        assert result.status == 1 and transfers.says_changed(result), result
        assert "big" not in ceph_s3.client.list("worlds")


# --- folders --------------------------------------------------------------------------------------

TREE = {"top": 10, "a/one.jar": 2000, "a/two.txt": 0, "a/b/three.jar": 70000, "ü b/four (4).txt": 5,
        ".hidden": 3, "a/big.bin": 6 * MIB}


def test_a_folder_there_and_back(home, s3):
    least = 1 if s3.way == "s3rver" else 0  # see test_a_file
    data = {name: fill(home.folder / "tree" / name, max(size, least))
            for name, size in TREE.items()}
    (home.folder / "tree/empty").mkdir()
    home.must("put", "-r", "files/tree", "s3:worlds/t/", "--part-size", "5M")
    there = s3.client.list("worlds")
    prefix = "t/tree/" if "t/tree/top" in there else "t/"
    assert there == {prefix + name: len(content) for name, content in data.items()}
    home.must("get", "-r", f"s3:worlds/{prefix}", "files/back/")
    back = home.folder / "back"
    found = {str(p.relative_to(back)): p.read_bytes() for p in back.rglob("*") if p.is_file()}
    assert found == data


@pytest.mark.parametrize("globs, kept", [
    (["--include", "*.jar"], {"a/one.jar", "a/b/three.jar"}),
    (["--include", "a/*.jar"], {"a/one.jar"}),
    (["--include", "a/**"], {"a/one.jar", "a/two.txt", "a/b/three.jar", "a/big.bin"}),
    (["--exclude", "*.jar", "--exclude", "*.bin"],
     {"top", "a/two.txt", "ü b/four (4).txt", ".hidden"}),
    (["--include", "a/**", "--exclude", "*.txt", "--exclude", "*.bin"],
     {"a/one.jar", "a/b/three.jar"}),
    (["--include", "*.[jt]??"],
     {"a/one.jar", "a/b/three.jar", "a/two.txt", "ü b/four (4).txt"}),
    (["--include", "no*such"], set()),
])
def test_globs(home, ceph_s3, globs, kept):
    for name in TREE:
        ceph_s3.client.put(f"worlds/t/{name}", name.encode())
        fill(home.folder / "tree" / name, 5)
    result = transfers.is_sound(home.run("get", "-r", "s3:worlds/t/", "files/back/", *globs))
    back = home.folder / "back"
    assert {str(p.relative_to(back)) for p in back.rglob("*") if p.is_file()} == kept, result
    assert result.status == 0 or not kept
    result = transfers.is_sound(home.run("put", "-r", "files/tree/", "s3:worlds/put/", *globs))
    there = {key.removeprefix("put/").removeprefix("tree/")
             for key in ceph_s3.client.list("worlds", "put/")}
    assert there == kept, result


def test_a_prefix_of_many_pages(home, ceph_s3):
    """More than a thousand names come on several pages."""
    names = [f"n{n:04}" for n in range(1100)]
    for name in names:
        (home.folder / name).write_text(name)
    ceph_s3.client.make_bucket("pages")
    home.must("put", "-r", "files/", "s3:pages/many/", "-j", "16")
    assert len(ceph_s3.client.list("pages")) == 1100
    home.must("get", "-r", "s3:pages/many/", "files/back/", "-j", "16")
    found = {p.name: p.read_bytes().decode() for p in (home.folder / "back").iterdir()}
    assert found == dict(zip(names, names))


HOSTILE_KEYS = ["../evil", "a/../../evil", "/abs/evil", "a//evil", "./evil", "a/./evil", "..",
                "con", "a\\..\\evil", "evil\nline", "c:evil", "evil.", "evil\x1b[2J",
                "a/" + "e" * 300]


def test_hostile_keys_are_refused_and_the_others_arrive(home, ceph_s3):
    kept = []
    for key in [*HOSTILE_KEYS, "good", "fine/too"]:
        try:
            ceph_s3.client.put(f"worlds/h/{key}", b"evil")
            kept.append(key)
        except Refused:
            pass
    there = [key.removeprefix("h/") for key in ceph_s3.client.list("worlds", "h/")]
    hostile = [key for key in there if key not in ("good", "fine/too")]
    assert len(hostile) >= 8, kept
    result = home.run("get", "-r", "s3:worlds/h/", "files/back/", "--json")
    assert result.status == 1 and home.files() == ["back/fine/too", "back/good"], result
    assert not [p for p in home.home.rglob("*evil*")]
    failed = [row for row in result.json()["files"] if row["state"] == "failed"]
    assert len(failed) == len(hostile), result
    assert "\x1b" not in result.err and "\n" not in "".join(row["source"] for row in failed)


def test_links_among_the_folders(home, ceph_s3):
    """A folder that someone has made a link to elsewhere is not walked through."""
    ceph_s3.client.put("worlds/t/sub/file", b"new")
    (home.home / "elsewhere").mkdir()
    (home.folder / "back").mkdir()
    (home.folder / "back/sub").symlink_to(home.home / "elsewhere")
    result = home.run("get", "-r", "s3:worlds/t/", "files/back/")
    assert result.status == 1 and list((home.home / "elsewhere").iterdir()) == [], result
    assert "link" in result.err, result


def test_links_in_a_folder_that_is_put(home, ceph_s3):
    (home.home / "outside").write_bytes(b"precious")
    fill(home.folder / "tree/real", 5)
    (home.folder / "tree/link").symlink_to(home.home / "outside")
    (home.folder / "tree/loop").symlink_to(".")
    os.mkfifo(home.folder / "tree/pipe")
    result = transfers.is_sound(home.run("put", "-r", "files/tree/", "s3:worlds/t/", seconds=30))
    there = {key.rpartition("/")[2] for key in ceph_s3.client.list("worlds")}
    assert there in ({"real"}, {"real", "link"}), result


def test_a_dry_run(home, ceph_s3):
    fill(home.folder / "tree/a", 5)
    result = home.must("--dry-run", "put", "-r", "files/tree/", "s3:worlds/t/")
    assert "tree/a" in result.out and ceph_s3.client.list("worlds") == {}, result
    ceph_s3.client.put("worlds/t/x", b"12345")
    result = home.must("--dry-run", "get", "-r", "s3:worlds/t/", "files/back/")
    assert "back/x" in result.out and not (home.folder / "back").exists(), result


# --- uploads that were begun ----------------------------------------------------------------------


def test_begun_uploads_are_listed_and_given_up(home, ceph_s3):
    client = ceph_s3.client
    for key in ("u/one", "u/two words ü", "other"):
        client.part(f"worlds/{key}", client.begin(f"worlds/{key}"), 1, b"x" * 100)
    result = home.must("put", "--uploads", "s3:worlds/u/")
    assert "u/one" in result.out and "u/two words ü" in result.out and "other" not in result.out
    assert len(client.uploads("worlds")) == 3, "only looked"
    home.must("put", "--abort-uploads", "s3:worlds/u/")
    assert len(client.uploads("worlds")) == 3, "they are not older than a day"
    time.sleep(1.1)
    home.must("put", "--abort-uploads", "--older", "1s", "s3:worlds/u/")
    assert [key for key, _ in client.uploads("worlds")] == ["other"]
    home.must("put", "--abort-uploads", "--older", "1s", "s3:worlds/")
    assert client.uploads("worlds") == []


def test_a_killed_upload_is_listed(home, ceph_s3):
    fill(home.folder / "big", 40 * MIB)
    child = home.start("put", "files/big", "s3:worlds/big", "--part-size", "5M", "-j", "2",
                       "--limit-rate", "16M")
    assert dogs.wait_until(lambda: ceph_s3.client.uploads("worlds"))
    child.kill()
    home.finish(child)
    result = home.must("put", "--uploads", "s3:worlds/", "--json")
    assert '"worlds/big"' in result.out or '"big"' in result.out, result
    time.sleep(1.1)
    home.must("put", "--abort-uploads", "--older", "1s", "s3:worlds/")
    assert ceph_s3.client.uploads("worlds") == []
    home.must("put", "files/big", "s3:worlds/big", "--part-size", "5M")
    assert hashlib.sha256(ceph_s3.client.get("worlds/big")).hexdigest() == \
        sha256(home.folder / "big")


def test_ctrl_c(home, ceph_s3):
    """What can be resumed stays; it says so."""
    data = fill(home.folder / "big", 40 * MIB)
    args = ["put", "files/big", "s3:worlds/big", "--part-size", "5M", "-j", "2"]
    child = home.start(*args, "--limit-rate", "8M")
    time.sleep(2)
    child.send_signal(signal.SIGINT)
    result = home.finish(child)
    assert result.status == 130 and len(ceph_s3.client.uploads("worlds")) == 1, result
    home.must(*args)
    assert ceph_s3.client.get("worlds/big") == data and ceph_s3.client.uploads("worlds") == []


def test_a_service_without_a_list_of_uploads(home, small_s3):
    Service(small_s3, home)
    result = home.run("put", "--uploads", "s3:worlds/")
    assert result.status == 1 and result.err, result


# --- signed addresses -----------------------------------------------------------------------------


def curl(ca, *args):
    done = subprocess.run(["curl", "-sS", "--fail-with-body", "--cacert", ca.ca, *args],
                          capture_output=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("way", ["ceph", "ceph-tls", "s3rver"])
@pytest.mark.parametrize("key", ["plain", "a b+c~(d) ü%"])
def test_signed_addresses(request, home, ca, way, key):
    s3 = service_of(request, home, way)
    data = fill(home.folder / "a", 1000)
    begin = s3.client.list("worlds")
    put = home.must("put", f"s3:worlds/{key}", "--presign", "1h").out.strip()
    assert put.startswith("http") and "\n" not in put and s3.client.list("worlds") == begin
    assert s3.server.secret not in put or s3.server.secret == s3.server.key_id
    status, _ = curl(ca, "-T", home.folder / "a", put)
    assert status == 0 and s3.client.get(f"worlds/{key}") == data
    got = home.must("get", f"s3:worlds/{key}", "--presign", "60s").out.strip()
    assert curl(ca, got) == (0, data)
    # And they are addresses like any other to us.
    home.must("get", got, "files/back")
    assert home.got("back") == data
    home.must("put", "files/a", put)
    if way != "s3rver":
        assert curl(ca, got.replace("plain", "other"))[0] != 0 or "plain" not in got
        short = home.must("get", f"s3:worlds/{key}", "--presign", "1s").out.strip()
        time.sleep(2.1)
        assert curl(ca, short)[0] != 0, "it has run out"


@pytest.mark.parametrize("duration", ["8d", "0s", "x", "-1h"])
def test_a_signature_of_no_duration(home, ceph_s3, duration):
    assert home.run("get", "s3:worlds/a", f"--presign={duration}").status == 2


# --- plain HTTP -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("size", [0, 1000, 20 * MIB])
def test_to_a_web_server(home, web, tls, size):
    data = fill(home.folder / "a b", size)
    url = web.tls_url if tls else web.url
    home.must("put", "files/a b", f"{url}/put/{size}/")
    assert (web.root / f"put/{size}/a b").read_bytes() == data
    home.must("put", "files/a b", f"{url}/put/named%20so")
    assert (web.root / "put/named so").read_bytes() == data


def test_a_folder_to_a_web_server(home, web):
    data = {name: fill(home.folder / "tree" / name, size) for name, size in TREE.items()}
    home.remotes(web={"type": "http", "url": f"{web.url}/put/"})
    home.must("put", "-r", "files/tree/", "web:deep/")
    top = web.root / "put/deep"
    top = top / "tree" if (top / "tree").exists() else top
    found = {str(p.relative_to(top)): p.read_bytes() for p in top.rglob("*") if p.is_file()}
    assert found == data


def test_a_web_server_that_takes_nothing(home, web):
    fill(home.folder / "a", 10)
    result = home.run("put", "files/a", f"{web.url}/x")
    assert result.status == 1 and ("405" in result.err or "403" in result.err), result
    assert home.run("put", "--uploads", f"{web.url}/put/").status == 2


@pytest.mark.parametrize("args", [
    ["files/a"], [], ["files/a", "files/b"], ["-r", "files/a"], ["files", "s3:worlds/x"],
    ["files/a", "nosuch:x"], ["files/a", "s3:"], ["files/a", "s3:worlds/x", "--sha256", "0" * 64],
])
def test_what_cannot_be_meant(home, ceph_s3, args):
    fill(home.folder / "a", 10)
    result = home.run("put", *args)
    assert result.status in (1, 2) and result.err, result
    assert ceph_s3.client.list("worlds") == {}, result

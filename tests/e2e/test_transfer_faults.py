"""Transfers with servers that answer wrongly: whatever arrives under its name is right to the byte,
whatever does not is listed with the true reason, and credentials stay with the host they are
for. The long form tries more seeds."""

import calendar
import email.utils
import hashlib
import json
import time

import pytest

import dogs
import transfers
from peers import faulty
from transfers import MIB, fill

pytest_plugins = ["transfer_peers"]

SECRET = "sEcReT-0123456789"
PASSING = [
    {"do": "status"}, {"do": "status", "status": 500},
    {"do": "status", "status": 502, "close": True},
    {"do": "status", "status": 504, "retry_after": 0}, {"do": "status", "retry_after": 1},
    {"do": "busy", "retry_after": 1}, {"do": "busy", "retry_after": 0},
    {"do": "cut"}, {"do": "cut", "at": 1}, {"do": "reset"}, {"do": "close"},
    {"do": "close", "reset": True}, {"do": "wrong-length", "how": "long"},
    {"do": "wrong-range", "how": "shift"}, {"do": "wrong-range", "how": "total"},
    {"do": "wrong-range", "how": "short"}, {"do": "gzip"}, {"do": "redirect", "hops": 2},
    {"do": "status", "status": 408}, {"do": "delay", "seconds": 0.1},
]


def names_of(rules):
    return [" ".join(str(v) for v in rule.values()) for rule in rules]


# --- many files -----------------------------------------------------------------------------------


def every_fifth(kinds, share=0.2):
    """Rules under which in all `share` of the answers go wrong, each kind as often."""
    left, rules = 1.0, []
    for kind in kinds:
        each = share / len(kinds)
        rules.append({"path": "/f/*", **kind, "rate": each / left})
        left -= each
    return rules


@pytest.mark.parametrize("seed", range(1, 11 if dogs.LONG else 3))
def test_a_thousand_files(place, home, ca, seed):
    with faulty.Faulty(place / "faulty", ca=ca, seed=seed) as liar:
        data = {f"{n:03}": fill(liar.root / f"f/{n:03}", 1 + n * 97 % 65536, seed)
                for n in range(1000)}
        url = liar.tls_url if seed % 2 == 0 else liar.url
        (home.home / "list").write_text("".join(f"{url}/f/{name} files/\n" for name in data))
        liar.plan(*every_fifth(PASSING))
        result = home.run("get", "--spec", "list", "-j", "16", "--json", "--failed", "failed",
                          seconds=300)
        right = {name: home.got(name) for name in home.files() if not name.startswith(".")}
        assert all(right[name] == data[name] for name in right), "wrong under its name"
        rows = {row["source"]: row for row in result.json()["files"]}
        assert len(rows) == 1000
        for name in data:
            assert (rows[f"{url}/f/{name}"]["state"] == "done") == (name in right), rows
        assert (result.status == 0) == (len(right) == 1000), result.err
        assert len(right) == 1000, "all of these faults pass: " + result.err
        counts = liar.counts()
        moved = counts["sent"] / sum(map(len, data.values()))
        dogs.count(f"1,000 files, seed {seed}: {counts['requests']} requests, faults "
                   f"{sum(counts['fired'].values())}, bytes sent / size {moved:.3f}, "
                   f"{len(right)} right")


def test_some_never_pass(home, liar):
    """The others arrive, and each of these is listed with its own reason."""
    for n in range(200):
        fill(liar.root / f"f/{n}", 500)
    never = {"10": (404, "404"), "20": (403, "403"), "30": (410, "410"), "40": (503, "503"),
             "50": (418, "418")}
    liar.plan({"path": "/f/60", "do": "redirect", "loop": True},
              *({"path": f"/f/{n}", "do": "status", "status": status, "body": f"odd {status}"}
                for n, (status, _) in never.items()))
    (home.home / "list").write_text("".join(f"{liar.url}/f/{n} files/\n" for n in range(200)))
    result = home.run("get", "--spec", "list", "--json", "--failed", "failed", "--tries", "3")
    assert result.status == 1 and len(home.files()) == 194, result
    bad = {row["source"].rpartition("/")[2]: json.dumps(row["error"])
           for row in result.json()["files"] if row["state"] == "failed"}
    assert set(bad) == {*never, "60"}, bad
    assert all(words in bad[n] for n, (_, words) in never.items()), bad
    assert "redirect" in bad["60"], bad
    text = (home.home / "failed").read_text()
    assert all(f"{liar.url}/f/{n} " in text for n in bad), text


# --- each kind ------------------------------------------------------------------------------------

SIZES = [3000, 12 * MIB]  # in one request; in parts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rule", PASSING, ids=names_of(PASSING))
def test_a_fault_that_passes(home, liar, rule, size):
    data = fill(liar.root / "a", size)
    liar.plan({"path": "/a", **rule, "times": 3 if dogs.LONG else 1})
    result = home.must("get", f"{liar.url}/a", "files/", "-j", "4", "--part-size", "1M")
    assert home.got("a") == data and home.files() == ["a"], result
    # What had come before the fault is not fetched again.
    again = {"cut": 0, "reset": 0, "wrong-length": 1.2}.get(rule["do"], 1.1 if size > MIB else 4)
    if size > MIB:
        assert liar.sent() <= size * (1 + again) + 4 * MIB


# Faults that stay: the file arrives all the same or the reason is one of these words.
STAYING = [
    ({"do": "status", "status": 404}, ["404"]),
    ({"do": "status", "status": 401}, ["401"]),
    ({"do": "status", "status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}, ["403"]),
    ({"do": "status", "status": 410}, ["410"]),
    ({"do": "status", "status": 500}, ["500"]),
    ({"do": "status", "status": 204}, ["204"]),
    ({"do": "status", "status": 304}, ["304"]),
    ({"do": "status", "status": 999}, ["999"]),
    ({"do": "busy", "retry_after": 0}, ["429"]),
    ({"do": "close"}, ["closed", "broke off", "empty", "mpty reply", "no answer"]),
    ({"do": "cut", "at": 2000000}, None),
    ({"do": "garbage"}, ["in HTTP"]),
    ({"do": "endless"}, ["header"]),
    ({"do": "gzip"}, None),
    ({"do": "gzip", "lie": True}, ["pack", "gzip", "encod"]),
    ({"do": "redirect", "loop": True}, ["redirect"]),
    ({"do": "redirect", "hops": 30}, ["redirect"]),
    ({"do": "redirect", "hops": 3}, None),
    ({"do": "redirect", "to": "ftp://127.0.0.1/a"}, ["ftp"]),
    ({"do": "redirect", "to": "file:///etc/passwd"}, ["file", "URL"]),
    ({"do": "redirect", "to": "http://"}, ["redirect", "address", "URL"]),
    ({"do": "status", "status": 302}, ["redirect", "Location", "302"]),
    ({"do": "wrong-length", "how": "two"}, ["length", "Length", "broke off", "closed"]),
    ({"do": "wrong-length", "how": "odd"}, ["length", "Length"]),
    ({"do": "wrong-length", "how": "absent"}, None),
    ({"do": "wrong-range", "how": "whole"}, None),
    ({"do": "wrong-range", "how": "none"}, None),
    ({"do": "wrong-range", "how": "short"}, None),
    ({"do": "wrong-range", "how": "shift"}, ["range", "Range"]),
    ({"do": "wrong-range", "how": "total"}, ["range", "Range", "chang", "size"]),
    ({"do": "wrong-range", "how": "untold"}, ["range", "Range"]),
    ({"do": "blind"}, None),
]


IN_PARTS = ("cut", "gzip", "wrong-range", "wrong-length", "blind")  # there it is another matter


@pytest.mark.parametrize("rule, words, size", [
    (rule, words, size) for rule, words in STAYING for size in SIZES
    if size == SIZES[0] or rule["do"] in IN_PARTS or dogs.LONG
], ids=lambda value: names_of([value])[0] if isinstance(value, dict) else None)
def test_a_fault_that_stays(home, liar, rule, words, size):
    data = fill(liar.root / "a", size)
    liar.plan({"path": "/a", **rule})
    begin = time.monotonic()
    result = transfers.is_sound(home.run("get", f"{liar.url}/a", "files/", "-j", "4", "--part-size",
                                         "1M", "--tries", "2", "-v"))
    if result.status == 0:
        assert home.got("a") == data and home.files() == ["a"], "wrong under its name"
        one_stream = rule["do"] == "wrong-length" or rule.get("how") == "total"
        assert words is None or size == SIZES[0] or one_stream, result
    else:
        assert "a" not in home.files(), "half a file under its name"
        assert rule["do"] == "cut" or any(word in result.err for word in words or ()), result
    assert time.monotonic() - begin < 20, "it cannot pass"


@pytest.mark.parametrize("rule", [{"do": "wrong-length", "how": "short"},
                                  {"do": "wrong-length", "how": "absent-cut"},
                                  {"do": "wrong-range", "how": "bytes"}, {"do": "damaged"}])
@pytest.mark.parametrize("size", SIZES)
def test_what_only_a_digest_tells(home, liar, rule, size):
    data = fill(liar.root / "a", size)
    digest = hashlib.sha256(data).hexdigest()
    for times, told in ((1, True), (1, False), (99, False)):
        liar.plan({"do": "checks", "checks": ["sha256"]} if told else {"do": "delay", "seconds": 0},
                  {"path": "/a", **rule, "times": times})
        result = transfers.is_sound(home.run(
            "get", f"{liar.url}/a", "files/", "-j", "4", "--part-size", "1M", "--tries", "3",
            *([] if told else ["--sha256", digest])))
        assert not (home.folder / "a").exists() or home.got("a") == data, "wrong under its name"
        assert (result.status == 0) == (home.folder / "a").exists(), result
        (home.folder / "a").unlink(missing_ok=True)
    liar.plan()
    home.must("get", f"{liar.url}/a", "files/", "--sha256", digest)
    assert home.got("a") == data


@pytest.mark.parametrize("size", SIZES)
def test_packed_though_not_asked(home, liar, size):
    """What arrives is the file, not its package; and nobody asks for one."""
    data = fill(liar.root / "a", size)
    liar.plan({"do": "gzip"})
    home.must("get", f"{liar.url}/a", "files/", "--sha256", hashlib.sha256(data).hexdigest())
    assert home.got("a") == data
    asked = {e["headers"].get("accept-encoding", "identity") for e in liar.log()}
    assert asked == {"identity"}


def test_a_bomb(home, liar):
    """What unpacks without end does not fill the disk beyond what was announced: no size is known,
    so a limit cannot be; but memory stays flat."""
    fill(liar.root / "z", 0)
    (liar.root / "z").write_bytes(bytes(64 * MIB))
    liar.plan({"do": "gzip"})
    transfers.is_sound(home.run("get", f"{liar.url}/z", "files/"))


STALLS = [{"do": "stall"}] + [{"do": "stall", "head": True}] * dogs.LONG


@pytest.mark.parametrize("rule", STALLS)
def test_a_stall(home, liar, rule):
    """Given up after a while, and gone on where it was; the others do not wait for it."""
    data = fill(liar.root / "a", 3 * MIB)
    others = [fill(liar.root / f"f/{n}", 100) for n in range(20)]
    liar.plan({"path": "/a", **rule, "once": True, "times": 2})
    (home.home / "list").write_text(f"{liar.url}/a files/\n" + "".join(
        f"{liar.url}/f/{n} files/\n" for n in range(20)))
    child = home.start("get", "--spec", "list", "-j", "4")
    assert dogs.wait_until(lambda: len(list(home.folder.glob("[0-9]*"))) == 20, 10)
    result = home.finish(child, seconds=90)
    assert result.status == 0 and home.got("a") == data, result
    assert home.got("19") == others[19]
    assert liar.sent() < 5.2 * MIB, "what had come was fetched again"


def test_a_slow_one_is_no_stall(home, liar):
    data = fill(liar.root / "a", 30)
    liar.plan({"do": "trickle", "seconds": 0.1})
    home.must("get", f"{liar.url}/a", "files/")
    assert home.got("a") == data


@pytest.mark.parametrize("rule", [{"do": "busy", "retry_after": 2},
                                  {"do": "status", "status": 503, "retry_after": 2}])
def test_the_server_says_when(home, liar, rule):
    data = fill(liar.root / "a", 100)
    liar.plan({"path": "/a", **rule, "times": 1})
    home.must("get", f"{liar.url}/a", "files/")
    first, second = [e["at"] for e in liar.log()]
    assert home.got("a") == data and 1.9 < second - first < 5


def test_the_server_says_when_as_a_date(home, liar):
    fill(liar.root / "a", 100)
    date = email.utils.formatdate(time.time() + 3, usegmt=True)
    liar.plan({"path": "/a", "do": "busy", "retry_after": date, "times": 1})
    home.must("get", f"{liar.url}/a", "files/")
    first, second = [e["at"] for e in liar.log()]
    assert 1 <= second - first < 6


def test_a_server_that_wants_an_hour(home, liar):
    """Nobody waits for that: it is said instead, or waited only for a bearable time."""
    fill(liar.root / "a", 100)
    liar.plan({"path": "/a", "do": "busy", "retry_after": 3600})
    child = home.start("get", f"{liar.url}/a", "files/", "--tries", "2")
    ended = dogs.wait_until(lambda: child.poll() is not None, 4)
    if not ended:
        child.send_signal(2)
    result = home.finish(child, seconds=10)
    assert result.status == 1 or (not ended and result.status == 130), result
    assert not ended or "429" in result.err, result


def test_waits_grow(home, liar):
    fill(liar.root / "a", 100)
    liar.plan({"path": "/a", "do": "status", "times": 4})
    home.must("get", f"{liar.url}/a", "files/")
    at = [e["at"] for e in liar.log()]
    gaps = [b - a for a, b in zip(at, at[1:])]
    assert len(gaps) == 4 and gaps[3] > gaps[0] and sum(gaps) > 1, gaps


# --- the file changes -----------------------------------------------------------------------------


def plus(data, n=1):
    return data.translate(bytes((b + n) % 256 for b in range(256)))


@pytest.mark.parametrize("nth", [2, 3, 9])
@pytest.mark.parametrize("blind", [False, True])
def test_the_file_changes_meanwhile(home, liar, nth, blind):
    """Never a mix; also where the server does not look at conditions."""
    data = fill(liar.root / "a", 16 * MIB)
    rules = [{"path": "/a", "do": "changed", "nth": nth, "times": 1, "blind": blind}]
    if blind:
        rules.append({"path": "/a", "do": "blind"})
    liar.plan({"do": "delay", "seconds": 0.02}, *rules)
    result = home.must("get", f"{liar.url}/a", "files/", "-j", "4", "--part-size", "1M", "-v")
    assert home.got("a") == plus(data), "old or a mix"
    assert transfers.says_changed(result), "it says so"


def test_the_file_changes_all_the_time(home, liar):
    """It ends, and not with a mix."""
    data = fill(liar.root / "a", 8 * MIB)
    liar.plan({"path": "/a", "do": "changed"})
    result = transfers.is_sound(home.run("get", f"{liar.url}/a", "files/", "-j", "4", "--part-size",
                                         "1M", "--tries", "3"))
    if result.status == 0:  # in one stream it is one state of the file
        assert home.got("a") in [plus(data, n) for n in range(liar.counts()["requests"] + 1)]
    else:
        assert transfers.says_changed(result) and "a" not in home.files(), result


# --- redirects and who we are ---------------------------------------------------------------------

WHO = {
    "basic": {"user": "me", "password": SECRET}, "bearer": {"token": SECRET},
    "header": {"header": f"X-JFrog-Art-Api: {SECRET}"}, "netrc": {"netrc": True},
}
OURS = ("authorization", "x-jfrog-art-api", "cookie")


@pytest.mark.parametrize("status, size", [
    *((status, SIZES[0]) for status in (301, 302, 303, 307, 308)), (302, SIZES[1]), (307, SIZES[1]),
])
@pytest.mark.parametrize("other", [True, False])
@pytest.mark.parametrize("who", WHO)
def test_credentials_stay_with_their_host(home, liar, who, status, other, size):
    data = fill(liar.root / "there/a", size)
    if who == "netrc":
        (home.home / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
        (home.home / ".netrc").chmod(0o600)
    home.remotes(art={"type": "http", "url": f"{liar.url}/", **WHO[who]})
    to = liar.other_url if other else liar.url
    liar.plan({"path": "/a", "do": "redirect", "status": status, "to": f"{to}/there/a"})
    home.must("get", "art:a", "files/", "-j", "4", "--part-size", "1M")
    assert home.got("a") == data
    asked = [e for e in liar.log() if e["path"] == "/a"]
    sent_on = [e for e in liar.log() if e["path"] == "/there/a"]
    assert asked and all(any(h in e["headers"] for h in OURS) for e in asked)
    assert sent_on and all(any(h in e["headers"] for h in OURS) != other for e in sent_on), sent_on
    assert not other or SECRET not in json.dumps(sent_on)


def test_credentials_do_not_come_back(home, liar):
    """There and back again by way of a stranger: he could have said where to."""
    fill(liar.root / "end", 10)
    home.remotes(art={"type": "http", "url": f"{liar.url}/", "token": SECRET})
    liar.plan({"path": "/a", "do": "redirect", "to": f"{liar.other_url}/b"},
              {"path": "/b", "do": "redirect", "to": f"{liar.url}/end"})
    home.must("get", "art:a", "files/")
    last = liar.log()[-1]
    assert last["path"] == "/end" and not any(h in last["headers"] for h in OURS)


def test_from_tls_into_the_clear(home, liar):
    """Credentials do not follow; whether the file does is the program's choice."""
    fill(liar.root / "end", 10)
    home.remotes(art={"type": "http", "url": f"{liar.tls_url}/", "token": SECRET})
    liar.plan({"path": "/a", "do": "redirect", "to": f"{liar.other_url}/end"})
    transfers.is_sound(home.run("get", "art:a", "files/"))
    assert SECRET not in json.dumps([e for e in liar.log() if e["path"] == "/end"])


def test_the_name_is_that_of_the_address_asked_for(home, liar):
    fill(liar.root / "evil.sh", 10)
    liar.plan({"path": "/good.txt", "do": "redirect", "to": "/evil.sh"})
    home.must("get", f"{liar.url}/good.txt", "files/")
    assert home.files() == ["good.txt"]


# --- putting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [
    {"do": "status"}, {"do": "status", "early": True}, {"do": "busy"}, {"do": "cut"},
    {"do": "cut", "reset": True}, {"do": "close"}, {"do": "lost"}, {"do": "redirect", "hops": 2},
], ids=lambda rule: " ".join(map(str, rule.values())))
@pytest.mark.parametrize("size", [0, 2000, 3 * MIB])
def test_a_put_that_goes_wrong_once(home, liar, rule, size):
    data = fill(home.folder / "a", size)
    if rule["do"] == "redirect":
        rule = {**rule, "status": 307}
    liar.plan({"method": "PUT", "times": 99 if rule["do"] == "redirect" else 1, **rule})
    home.must("put", "files/a", f"{liar.url}/there")
    assert liar.stored()["/there"] == {"size": size, "sha256": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize("status, words", [(403, "403"), (413, "413"), (507, "507"), (503, "503")])
def test_a_put_that_is_refused(home, liar, status, words):
    fill(home.folder / "a", 2 * MIB)
    liar.plan({"method": "PUT", "do": "status", "status": status, "early": True})
    result = home.run("put", "files/a", f"{liar.url}/there", "--tries", "2")
    assert result.status == 1 and words in result.err and liar.stored() == {}, result


@pytest.mark.parametrize("who", ["basic", "bearer", "header"])
def test_a_put_that_is_sent_elsewhere(home, liar, who):
    data = fill(home.folder / "a", 2000)
    home.remotes(art={"type": "http", "url": f"{liar.url}/", **WHO[who]})
    liar.plan({"path": "/a", "do": "redirect", "status": 307, "to": f"{liar.other_url}/there"})
    result = transfers.is_sound(home.run("put", "files/a", "art:a"))
    sent_on = [e for e in liar.log() if e["path"] == "/there"]
    assert SECRET not in json.dumps(sent_on)
    if result.status == 0:
        assert liar.stored()["/there"]["sha256"] == hashlib.sha256(data).hexdigest()


# --- S3 -------------------------------------------------------------------------------------------

SLOW_DOWN = "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>slow down</Message></Error>"
INTERNAL = "<?xml version='1.0'?><Error><Code>InternalError</Code><Message>oops</Message></Error>"
PART, BEGIN, FINISH = ({"method": "PUT", "query": "*partNumber=*"},
                       {"method": "POST", "query": "uploads*"},
                       {"method": "POST", "query": "*uploadId=*"})
S3_FAULTS = {
    "begin refused": {**BEGIN, "do": "status", "body": SLOW_DOWN, "times": 2},
    "begin lost": {**BEGIN, "do": "lost", "times": 1},
    "parts refused": {**PART, "do": "status", "body": SLOW_DOWN, "once": True},
    "parts refused early": {**PART, "do": "status", "body": SLOW_DOWN, "early": True, "times": 3},
    "parts cut": {**PART, "do": "cut", "at": 100000, "times": 4},
    "parts reset": {**PART, "do": "cut", "at": 1, "reset": True, "times": 4},
    "parts lost": {**PART, "do": "lost", "times": 4},
    "parts lose a byte": {**PART, "do": "serve", "bytes": "", "times": 1},
    "finish refused": {**FINISH, "do": "status", "status": 500, "body": INTERNAL, "times": 2},
    "finish says error in a 200": {**FINISH, "do": "serve", "bytes": INTERNAL, "times": 1},
    "finish lost": {**FINISH, "do": "lost", "times": 1},
}


@pytest.mark.parametrize("fault", S3_FAULTS)
def test_an_upload_in_parts(place, home, ceph, ca, fault):
    data = fill(home.folder / "big", 32 * MIB)
    key = "worlds/f " + fault
    client = ceph.client()
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as liar:
        home.remotes(s3=home.s3(ceph, liar.tls_url))
        liar.plan(S3_FAULTS[fault])
        home.must("put", "files/big", f"s3:{key}", "--part-size", "5M", "-j", "4")
        assert client.get(key) == data
        log = liar.log()
        assert [e for e in log if e["fault"]], "the fault never came"
        parts = sum(e["got"] for e in log if "partNumber" in e["query"])
        assert parts <= len(data) + 8 * 5 * MIB
        left = [u for u in client.uploads("worlds") if u[0] in key]
        assert len(left) <= (fault == "begin lost"), "uploads are left behind"
        for name, upload in left:
            client.abort(f"worlds/{name}", upload)


def test_an_upload_that_never_succeeds(place, home, ceph, ca):
    """Nothing is there under its name, and it can be taken up."""
    data = fill(home.folder / "big", 16 * MIB)
    client = ceph.client()
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as liar:
        home.remotes(s3=home.s3(ceph, liar.url))
        liar.plan({**PART, "query": "*partNumber=3*", "do": "status", "body": SLOW_DOWN})
        args = ["put", "files/big", "s3:worlds/never", "--part-size", "5M", "-j", "2"]
        result = home.run(*args, "--tries", "2")
        assert result.status == 1 and "SlowDown" in result.err, result
        assert "never" not in client.list("worlds")
        liar.plan()
        liar.clear_log()
        home.must(*args)
        assert client.get("worlds/never") == data and client.uploads("worlds") == []
        again = sum(e["got"] for e in liar.log() if "partNumber" in e["query"])
        assert again <= 11 * MIB, "parts that were there were sent again"


def test_many_objects(place, home, ceph, ca):
    client = ceph.client()
    data = {f"{n}": fill(home.folder / f"many/{n}", n * 31 % 20000) for n in range(300)}
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as liar:
        home.remotes(s3=home.s3(ceph, liar.url))
        kinds = [{"do": "status", "body": SLOW_DOWN}, {"do": "cut"}, {"do": "lost"},
                 {"do": "close"}]
        liar.plan(*({**rule, "path": "/worlds/m/*"} for rule in every_fifth(kinds)))
        home.must("put", "-r", "files/many/", "s3:worlds/m/", "-j", "16")
        there = client.list("worlds", "m/")
        assert sorted(there.values()) == sorted(map(len, data.values()))
        prefix = "m/many/" if "m/many/1" in there else "m/"
        home.must("get", "-r", f"s3:worlds/{prefix}", "files/back/", "-j", "16")
        assert {p.name: p.read_bytes() for p in (home.folder / "back").iterdir()} == data


def test_a_list_that_is_cut_or_wrong(place, home, ceph, ca):
    client = ceph.client()
    for n in range(5):
        client.put(f"worlds/l/{n}", b"x")
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as liar:
        home.remotes(s3=home.s3(ceph, liar.url))
        liar.plan({"query": "*list-type=2*", "do": ["cut", "status"], "at": 100, "times": 2})
        home.must("get", "-r", "s3:worlds/l/", "files/back/")
        assert len(list((home.folder / "back").iterdir())) == 5
        for text in ("<html>no list</html>", "<ListBucketResult><Contents>", "", "\0" * 100,
                     "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><ListBucketResult>&a;</ListBucketResult>"):
            liar.plan({"query": "*list-type=2*", "do": "serve", "bytes": text})
            result = home.run("get", "-r", "s3:worlds/l/", "files/again/", "--tries", "1")
            assert result.status == 1 and result.err, (text, result)


def test_a_clock_that_is_wrong(place, home, ceph, ca):
    """The service says its time in the refusal; the signature follows it."""
    data = fill(home.folder / "a", 100)
    theirs = time.time() + 300  # Ceph takes what is wrong by less than 15 minutes
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(theirs))
    skewed = ("<?xml version='1.0'?><Error><Code>RequestTimeTooSkewed</Code>"
              f"<ServerTime>{stamp}</ServerTime></Error>")
    with faulty.Faulty(place / "faulty", ca=ca, upstream=ceph.url) as liar:
        home.remotes(s3=home.s3(ceph, liar.url))
        liar.plan({"do": "status", "status": 403, "body": skewed, "times": 1,
                   "headers": {"date": email.utils.formatdate(theirs, usegmt=True)}})
        home.must("put", "files/a", "s3:worlds/skewed")
        assert ceph.client().get("worlds/skewed") == data
        first, *_, last = [e["headers"]["x-amz-date"] for e in liar.log()]
        first, last = (calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
                       for stamp in (first, last))
        assert 295 < last - first < 320

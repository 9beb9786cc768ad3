"""What `dogs get` and `dogs put` look like while they run and how they end: the live line, events,
time limits, many words. What they move is the matter of test_get.py and test_put.py."""

import json
import time

import pytest

import transfers
from test_cli import on_terminal
from transfers import MIB, fill

pytest_plugins = ["transfer_peers"]

STEP_S = 1  # between two events that tell how far it is


@pytest.fixture
def site(web):
    for n in range(200):
        fill(web.root / f"many/{n}", n)
    fill(web.root / "big", 4 * MIB)
    return web


def test_more_words_than_fit_a_table(home, site):
    """A shell makes as many words of a pattern as there are files."""
    home.must("get", *(f"{site.url}/many/{n}" for n in range(200)), "files/")
    assert len(home.files()) == 200


def test_the_live_line(home, site):
    status, seen = on_terminal(home.env | {"TERM": "xterm"}, home.home,
                               ("get", f"{site.url}/big", f"{site.url}/many/3", "files/",
                                "--limit-rate", "2M"))
    assert status == 0, seen
    drawn = [line for line in seen.split("\r") if "MB of 4.2 MB (" in line]
    assert len(drawn) > 3 and any(" of 2 files, " in line and " left" in line for line in drawn)
    assert len(drawn) < 20, "redrawn more often than anybody reads"
    assert "2 files, 4.2 MB in " in seen.splitlines()[-1], seen


def test_no_live_line_elsewhere(home, site):
    result = home.must("get", f"{site.url}/big", "files/", "--limit-rate", "2M")
    assert "\x1b" not in result.err and len(result.err.splitlines()) == 1, result
    assert result.out == ""


def test_events(home, site):
    began = time.monotonic()
    result = home.run("get", f"{site.url}/big", f"{site.url}/none", f"{site.url}/many/7", "files/",
                      "--limit-rate", "1M", "--json-lines")
    took = time.monotonic() - began
    told = transfers.events(result)
    kinds = [event["event"] for event in told]
    assert kinds[0] == "begin" and kinds[-2:] == ["end", "result"], kinds
    assert sorted(event["state"] for event in told if event["event"] == "file") == [
        "done", "done", "failed"]
    progress = [event for event in told if event["event"] == "progress"]
    assert 2 <= len(progress) <= took / STEP_S + 2, kinds
    assert all(a["size_done"] <= b["size_done"] for a, b in zip(progress, progress[1:]))
    assert told[0]["count"] == 3 and told[-1]["done"] == 2 and told[-1]["failed"] == 1
    assert told[-1]["ok"] is False and result.status == 1
    assert "\x1b" not in result.err


def test_a_line_for_each_file(home, site):
    result = home.run("get", "-v", f"{site.url}/many/1", f"{site.url}/none", "files/")
    assert f"done     {site.url}/many/1 -> files/1 (1 B)" in result.err, result
    assert f"failed   {site.url}/none: HTTP 404" in result.err, result


def test_the_time_is_over(home, site):
    args = ("get", f"{site.url}/big", "files/", "--part-size", "1M")
    result = home.run(*args, "--limit-rate", "200k", "-j", "1", "--timeout", "2")
    assert result.status == 6 and "0 of 1 file done" in result.err, result
    assert "kept" in result.err and "the same command again" in result.err, result
    (row,) = home.must(*args, "--json").json()["files"]
    assert row["resumed"] > 0 and row["state"] == "done", row


def test_the_list_of_what_failed_goes_away(home, site):
    again = home.home / "again"
    result = home.run("get", f"{site.url}/late?key=a&c='d'", f"{site.url}/many/1", "files/",
                      "--failed", "again")
    assert result.status == 1 and "dogs get --retry-failed again" in result.err, result
    assert "key=" not in result.err, "what is behind a '?' may be a credential"
    assert again.stat().st_mode & 0o77 == 0 and again.read_text().startswith("# HTTP 404")
    fill(site.root / "late", 10)
    result = home.must("get", "--retry-failed", "again")
    assert home.files() == ["1", "late"] and not again.exists(), result
    (site.root / "late").unlink()


def test_what_is_named_twice_moves_once(home, site):
    result = home.must("get", f"{site.url}/many/1", f"{site.url}/many/1", "files/")
    assert "1 file, " in result.err, result


def test_a_dry_run_knows_what_is_there(home, site):
    fill(home.folder / "1", 1)
    result = home.must("get", "--dry-run", "-n", f"{site.url}/many/1", f"{site.url}/many/2",
                       "files/", "--json")
    files = result.json()["files"]
    assert [(f["target"], f["there"]) for f in files] == [("files/1", True), ("files/2", False)]
    assert result.json()["dry_run"] is True and home.files() == ["1"]


def test_remotes_are_shown_without_their_secrets(home):
    home.remotes(spaces={"type": "s3", "endpoint": "https://x.example", "secret": "SECRETSECRET"},
                 art={"type": "http", "url": "https://y.example", "header": "X-Key: KEYKEYKEY"})
    shown = home.must("config", "show")
    assert "endpoint: 'https://x.example'" in shown.out and "header: '***'" in shown.out, shown
    told = home.must("config", "show", "--json")
    assert [r["name"] for r in told.json()["remotes"]] == ["spaces", "art"]
    for text in (shown.out, told.out, json.dumps(told.json())):
        assert "SECRET" not in text and "KEYKEY" not in text


def test_a_remote_that_is_not_used_costs_nothing(home, site):
    """Its command is not run, and its file may be absent."""
    mark = home.home / "ran"
    home.remotes(art={"type": "http", "url": site.url, "token_command": f"touch {mark}; echo t"},
                 web={"type": "http", "url": f"{site.url}/many"})
    home.must("get", "web:5", "files/")
    assert not mark.exists()
    assert home.run("get", "nowhere:5", "files/").status == 2
    assert "did you mean 'web'" in home.run("get", "wbe:5", "files/").err

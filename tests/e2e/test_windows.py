"""What only dogs.exe has: names outside of every code page, a configuration beside the program, its
commands through cmd.exe, the Credential Manager, the system's own trust, a console that is found
again as it was, a terminal that goes away."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import urllib.parse

import pytest

import dogs
import test_interrupt
import test_tls
import transfers
import wine
from peers import faulty  # noqa: E402 (transfers knows where)

if not dogs.WINE:
    pytest.skip("only for dogs.exe", allow_module_level=True)

ODD = "Spieler ä 字 🎮"
certs = test_tls.certs


@pytest.fixture(autouse=True)
def nothing_kept():
    shutil.rmtree(dogs.WINE.config_folder(), ignore_errors=True)
    yield
    dogs.WINE.run("reg", "delete", r"HKCU\Software\Wine\Credential Manager", "/f", check=False)


def test_names_outside_of_every_code_page(sandbox, place):
    """In arguments, variables, file names and output."""
    folder = place / ODD
    host = dogs.Host(folder / "host", sandbox.url)
    other = host.config.rename(folder / f"{ODD}.yaml")
    host.must("create", "mc", "--config", str(other))
    (journal,) = host.state_dir.glob("*.journal")
    assert ODD in str(journal)
    shown = host.must("config", "path", "--config", str(other), "--json").json()
    assert shown["files"][0]["path"] == str(other)
    missing = host.run("list", "--config", f"{ODD}.no")
    assert missing.status == 5 and f"there is no file {ODD}.no" in missing.err, missing
    host.must("stop", "mc", "--config", str(other))


def test_a_configuration_beside_the_program(place, sandbox):
    host = dogs.Host(place / "host", sandbox.url)
    exe = shutil.copy(dogs.WINE.exe, place / "dogs.exe")
    (place / "config.yaml").write_bytes(
        b"\xef\xbb\xbf" + host.config.read_bytes().replace(b"\n", b"\r\n"))
    env = {k: v for k, v in host.env.items() if k != "DOGS_CONFIG"}
    done = subprocess.run(["wine", exe, "config", "path"], env=dogs.WINE.env | env, cwd=host.home / "..",
                          capture_output=True, text=True, timeout=60)
    assert re.search(r"^used .*config\.yaml$", done.stdout, re.M), done
    (host.home / "config.yaml").unlink()
    done = subprocess.run(["wine", exe, "list"], env=dogs.WINE.env | env, cwd=host.home,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "mc-modded" in done.stdout, done


def test_a_token_command_is_cmds(sandbox, place):
    host = dogs.Host(place / "host", sandbox.url)
    host.config.write_text(f"token_command: 'echo {dogs.TOKEN}&rem \"two words\"'\n"
                           + host.config.read_text())
    host.must("list", DOGS_TOKEN="")


def test_the_credential_manager(sandbox, place):
    host = dogs.Host(place / "host", sandbox.url)
    assert host.run("list", DOGS_TOKEN="").status == 4
    child = subprocess.run([dogs.DOGS, "login", "--with-token"], env=host.env | {"DOGS_TOKEN": ""},
                           cwd=host.home, input=dogs.TOKEN + "\r\n", capture_output=True, text=True,
                           timeout=60)
    assert child.returncode == 0 and "Credential Manager" in child.stdout + child.stderr, child
    host.must("list", DOGS_TOKEN="")
    for file in host.home.rglob("*"):
        assert file.is_dir() or dogs.TOKEN.encode() not in file.read_bytes(), file
    wrong = host.run("list", DOGS_TOKEN="dop_v1_" + "f" * 64)
    assert wrong.status == 4 and "$DOGS_TOKEN" in wrong.err
    host.must("logout", DOGS_TOKEN="")
    assert host.run("list", DOGS_TOKEN="").status == 4


def test_what_the_system_trusts(place, certs):
    """The system's own roots count, for the right host."""
    dogs.WINE.trust(certs, "ca")
    for cert, words in (("ca-leaf", None), ("elsewhere", "another host's"),
                        ("other-leaf", "nobody whom this computer trusts")):
        with test_tls.server(certs, cert) as url:
            result = dogs.Host(place / cert, url).run("list")
            if words:
                assert "is not trusted" in result.err and words in result.err, result
            else:
                assert "certificate" not in result.err, result
                assert test_tls.requests_so_far(url, certs, "ca") > 1


def test_licences(shell_home):
    text = subprocess.run([dogs.DOGS, "help", "licences"], cwd=shell_home, capture_output=True,
                          env=dogs.environment(shell_home), timeout=60).stdout.decode()
    for words in ("======== curl 8.", "Daniel Stenberg", "Kirill Simonov", "Dave Gamble",
                  "GNU LESSER GENERAL PUBLIC LICENSE", "winpthreads", "tools/windows"):
        assert words in text, words
    beside = dogs.WINE.exe.parent.parent / "LICENCES.txt"
    assert not beside.exists() or beside.read_text() == text


@pytest.fixture
def shell_home(place):
    return place


def read_all(terminal):
    seen = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b""
        if not piece:
            return seen.decode(errors="replace")
        seen += piece


def test_the_console_is_left_as_it_was_found(place):
    """Its code page, before and after: 437 of Wine's console, 65001 in between."""
    line = f"chcp & {dogs.WINE.windows_path(dogs.WINE.exe)} help & chcp"
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(place)
        os.execvpe("wine", ["wine", "cmd", "/c", line], dogs.WINE.env | {"TERM": "xterm"})
    seen = wine.screen(read_all(terminal))
    os.waitpid(child, 0)
    pages = re.findall(r"code page: (\d+)", seen)
    assert len(pages) == 2 and pages[0] == pages[1] != "65001", seen
    assert "dogs start mc" in seen


class Typist:
    """Someone at Wine's console, which does not obey escape sequences: the menu is the plain list,
    in which numbers are typed."""

    def __init__(self, host, *args):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(host.home)
            os.execvpe(dogs.DOGS, [dogs.DOGS, *args], host.env | {"TERM": "xterm"})
        self.seen, self.read = "", 0

    def wait_for(self, words):
        """Up to the last of the words, which must come in this order."""
        end = time.monotonic() + 90
        for word in words:
            while (at := wine.screen(self.seen).find(word, self.read)) < 0:
                assert time.monotonic() < end, f"no {word!r} in {wine.screen(self.seen)!r}"
                if select.select([self.terminal], [], [], 1)[0]:
                    self.seen += os.read(self.terminal, 65536).decode(errors="replace")
            self.read = at + len(word)

    def types(self, line):
        os.write(self.terminal, f"{line}\r".encode())

    def choose(self, action):
        """By its number in the list that was shown last."""
        self.wait_for(["Number, or q:"])
        rows = re.findall(r"(\d+) (\w[\w-]*)", wine.screen(self.seen)[:self.read])
        self.types({name: number for number, name in rows}[action])


def test_an_evening_through_the_menu(worlds):
    with worlds.at("stored") as (sandbox, host):
        before = max(s["world"] for s in dogs.snapshots(sandbox.state(), "mc"))
        typist = Typist(host)
        typist.choose("mc")
        typist.choose("start")
        typist.wait_for(["$ dogs start mc", "mc is running at"])
        sandbox.play("mc")
        typist.choose("stop")
        typist.wait_for(["$ dogs stop mc", "mc is stopped"])
        typist.choose("back")
        typist.choose("quit")
        assert os.waitpid(typist.child, 0)[1] == 0
        after = sandbox.state()
        assert not dogs.droplets(after, "mc")
        assert max(s["world"] for s in dogs.snapshots(after, "mc")) == before + 1


def test_a_terminal_that_goes_away_leaves_a_run_that_can_be_resumed(worlds):
    """Wine ends the program at once, before its console could tell of a closed window."""
    with worlds.at("running") as (sandbox, host):
        before = sandbox.state()
        sandbox.settings(durations={"snapshot": 7200})
        sandbox.clear_log()
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(host.home)
            os.execvpe(dogs.DOGS, [dogs.DOGS, "stop", "mc"], host.env)
        kinds = lambda: [call["kind"] for call in sandbox.log()]
        assert dogs.wait_until(lambda: "action.snapshot" in kinds(), dogs.PATIENCE_S)
        os.close(terminal)
        begin = time.monotonic()
        os.waitpid(child, 0)
        assert time.monotonic() - begin < 6
        assert len(dogs.droplets(sandbox.state(), "mc")) == 1
        sandbox.advance(7200)
        host.must("resume", "mc")
        test_interrupt.assert_stopped(before, sandbox)


def test_files_come_and_go(place):
    """Names outside of every code page, a run that stops in the midst and is taken up, uploads."""
    home = transfers.Home(place / "home")
    with faulty.Faulty(place / "faulty") as server:
        data = transfers.fill(server.root / "big", 12 * transfers.MIB)
        small = transfers.fill(server.root / f"{ODD}.txt", 3000)
        odd = urllib.parse.quote(f"{ODD}.txt")
        part = ("get", f"{server.url}/big", f"files/{ODD} big", "-j", "4", "--part-size", "1M")
        stopped = home.run(*part, "--limit-rate", "2M", "--timeout", "2")
        assert stopped.status == 6 and f"{ODD} big" not in home.files(), stopped
        taken_up = home.must(*part, "--json").json()
        assert taken_up["resumed_bytes"] > 0 and home.got(f"{ODD} big") == data, taken_up
        home.must("get", f"{server.url}/{odd}", "files/")
        assert home.got(f"{ODD}.txt") == small
        assert home.files() == sorted([f"{ODD} big", f"{ODD}.txt"])
        home.must("put", f"files/{ODD} big", f"{server.url}/put/it")
        home.must("get", f"{server.url}/put/it", "files/back")
        assert home.got("back") == data

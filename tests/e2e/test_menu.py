"""The menu on a pseudo-terminal: whole evenings by keys on screens of several widths, plain
terminals, resizing, Ctrl-C, suspension, and the terminal left as it was found on every way out."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import dogs
from test_cli import Shell

UP, DOWN, HOME, END, ESC = "\x1b[A", "\x1b[B", "\x1b[H", "\x1b[F", "\x1b"


class Screen:
    """What a terminal shows, as far as the program's sequences go; all others are an error."""

    TOKEN = re.compile("\x1b\\[([0-9;]*)([A-Za-z])|(\x1b)|([\x00-\x1f])|([^\x00-\x1f\x1b]+)")

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column, self.rest = [""] * rows, 0, 0, ""

    def resize(self, columns, rows):
        """As xterm does: lines are cut, not broken anew; the cursor's line stays."""
        gone = max(0, self.row - rows + 1)
        self.lines = [line[:columns] for line in self.lines[gone:]][:rows]
        self.lines += [""] * (rows - len(self.lines))
        self.columns, self.rows = columns, rows
        self.row, self.column = self.row - gone, min(self.column, columns)

    def feed(self, text):
        text = self.rest + text
        broken = re.search("\x1b(\\[[0-9;]*)?$", text)
        self.rest = text[broken.start():] if broken else ""
        for number, final, alone, control, plain in self.TOKEN.findall(text[:len(text) - len(self.rest)]):
            assert not alone, f"a bare ESC in {text!r}"
            if final:
                self.sequence(int(number or 0) if number.isdigit() or not number else 0, final)
            elif control == "\n":
                self.down()
            elif control == "\r":
                self.column = 0
            elif control == "\b":
                self.column = max(0, self.column - 1)
            for character in plain:
                self.put(character)

    def sequence(self, number, final):
        if final == "A":
            self.row = max(0, self.row - (number or 1))
        elif final == "H":
            self.row = self.column = 0
        elif final == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif final == "J" and number == 2:
            self.lines = [""] * self.rows
        elif final == "J":
            self.lines[self.row] = self.lines[self.row][:self.column]
            self.lines[self.row + 1:] = [""] * (self.rows - self.row - 1)
        else:
            assert final == "m", f"unexpected sequence ESC [ {number} {final}"

    def down(self):
        self.row += 1
        if self.row == self.rows:
            self.lines = self.lines[1:] + [""]
            self.row -= 1

    def put(self, character):
        if self.column == self.columns:
            self.column = 0
            self.down()
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
        self.column += 1

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")


class Menu:
    """`dogs` on a terminal of its own."""

    def __init__(self, env, cwd, *args, columns=80, rows=40, **more):
        self.master, self.slave = pty.openpty()
        self.screen = Screen(columns, rows)
        self.all = ""
        self.set_size(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.child = subprocess.Popen(
            [dogs.DOGS, *args], env=env | {"TERM": "xterm"} | more, cwd=cwd, stdin=self.slave,
            stdout=self.slave, stderr=self.slave, preexec_fn=self.own_terminal,
        )

    def own_terminal(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.take(0.2)
        self.screen.resize(columns, rows)
        self.set_size(columns, rows)

    def take(self, seconds):
        """What comes until nothing has come for so long."""
        while select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536).decode(errors="replace")
            self.all += data
            self.screen.feed(data)

    def until(self, *texts, seconds=dogs.PATIENCE_S / 2):
        """Waits until all the texts stand on the screen; returns it."""
        end = time.monotonic() + seconds
        while not all(text in self.screen.text() for text in texts):
            assert time.monotonic() < end and self.child.poll() is None, \
                f"{texts} not on the screen:\n{self.screen.text()}\n{self.all[-600:]!r}"
            self.take(0.02)
        self.take(0.05)
        return self.screen.text()

    def keys(self, *keys):
        for key in keys:
            os.write(self.master, key.encode())
            time.sleep(0.12 if key == ESC else 0.02)
        self.take(0.1)

    def chosen(self):
        """Title of the line with the mark; there is exactly one."""
        marked = re.findall(r"^> +\d+ (\S+)", self.screen.text(), re.M)
        assert len(marked) == 1, self.screen.text()
        return marked[0]

    def choose(self, title):
        """Goes down to it and presses Enter, as a person would."""
        for _ in range(30):
            if self.chosen() == title:
                self.keys("\r")
                return
            self.keys(DOWN)
        raise AssertionError(f"{title} is not offered:\n{self.screen.text()}")

    def offered(self):
        return re.findall(r"^[> ] +\d+ (\S+)", self.screen.text(), re.M)

    def modes(self):
        return termios.tcgetattr(self.slave)

    def wait(self):
        end = time.monotonic() + dogs.PATIENCE_S
        while self.child.poll() is None and time.monotonic() < end:
            self.take(0.02)
        self.take(0.1)
        assert self.modes() == self.before, "the terminal was not put back"
        return self.child.returncode


def shell_at(place, speed):
    """A home without a configuration, where the imitated cloud is so much faster than a real one."""
    shell = Shell(place)
    serving = subprocess.Popen([dogs.DOGS, "sandbox", "serve", "--speed", speed], env=shell.env,
                               stdout=subprocess.PIPE)
    serving.stdout.readline()
    serving.send_signal(signal.SIGINT)
    serving.communicate()
    return shell


@pytest.fixture
def shell(place):
    return shell_at(place, "600")


@pytest.fixture
def slow_shell(place):
    """Where a step takes a second or two: time to interrupt it."""
    return shell_at(place, "40")


def menu(shell, *args, **more):
    return Menu(shell.env, shell.home, *args, **more)


def key_line(columns):
    return "arrows or number" if columns >= 60 else "q back" if columns > 46 else "Enter"


# --- evenings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns, rows", [(80, 40), (40, 30), (20, 24)])
def test_an_evening_by_keys(shell, columns, rows):
    with menu(shell, "--sandbox", columns=columns, rows=rows) as m:
        m.until("no servers yet", "> 1 create", "$ dogs --sandbox")
        m.keys("1")
        m.until("Name of the server")
        m.keys("\r")
        m.until("mc: running", "> 1 address")
        wide = " ".join(m.all.split())
        assert "$ dogs --sandbox create mc" in wide and "mc is running at" in wide
        assert m.offered() == "address stop play snapshot power status back".split()
        for title, line in (("play", "sandbox play mc"), ("status", "status mc"),
                            ("address", "status mc --quiet")):
            m.choose(title)
            m.until("mc: running", "> 1 address")
            assert f"$ dogs --sandbox {line}\r\n" in m.all
        m.choose("stop")
        m.until("mc: stored", "> 1 start")
        assert "$ dogs --sandbox stop mc\r\n" in m.all and "mc is stopped" in m.all
        assert m.offered() == "start status snapshots restore back".split()
        m.choose("start")
        m.until("mc: running", "> 1 address")
        m.keys("q")
        m.until("1 mc", "> 1")
        m.choose("list")
        m.until("> 1 mc")
        assert "$ dogs --sandbox list\r\n" in m.all and "SERVER" in m.all
        m.keys("q")
        assert m.wait() == 0
        drawn = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", m.all)
        for line in drawn.splitlines():
            if re.match(r"[> ] +\d+ [a-z]+|\$ dogs .*SERVER", line):
                assert len(line) < columns, line
    server = shell.must("--sandbox", "status", "mc", "--json").json()["servers"][0]
    assert server["state"] == "running" and server["snapshots"] == 1


@pytest.mark.parametrize("columns, shown, hidden", [
    (80, ["running", "198.18.", "$0.01786/h", "s-1vcpu-2gb fra1"], []),
    (40, ["running", "$0.01786/h"], ["198.18.", "s-1vcpu"]),
    (20, ["running"], ["$0.01", "198.18."]),
])
def test_the_list_at_its_width(shell, columns, shown, hidden):
    shell.must("--sandbox", "create", "mc")
    with menu(shell, "--sandbox", columns=columns) as m:
        m.until("> 1 mc")
        row = next(line for line in m.screen.lines if "1 mc" in line)
        assert all(text in row for text in shown) and not any(text in row for text in hidden), row
        assert max(map(len, m.screen.lines)) < columns
        m.keys("q")
        assert m.wait() == 0


def test_off_power_and_restore(shell):
    shell.must("--sandbox", "create", "mc")
    with menu(shell, "--sandbox") as m:
        m.until("> 1 mc")
        m.keys("\r")
        m.until("mc: running")
        m.choose("power")
        m.until("Power of mc", "$ dogs --sandbox power mc reboot")
        assert m.offered() == "reboot off cycle back".split()
        m.choose("off")
        m.until("mc: off", "billed in full")
        assert m.offered() == "start stop snapshot power status back".split()
        m.choose("snapshot")
        m.until("snapshots  1", "mc: off")
        assert "destroy" in m.offered()
        m.choose("destroy")
        m.until("Type mc to go on")
        m.keys("no\r")
        m.until("cancelled", "mc: off", "> 1 start")
        m.choose("stop")
        m.until("mc: stored")
        m.choose("restore")
        m.until("Which snapshot of mc?", "> 1 mc-")
        m.keys(ESC)
        m.until("mc: stored", "> 1 start")
        m.choose("restore")
        m.until("Which snapshot of mc?")
        m.keys("1")
        m.until("mc: running")
        assert re.search(r"\$ dogs --sandbox restore mc --snapshot \d+\r\n", m.all)
        m.keys("q", "q")
        assert m.wait() == 0


def test_several_and_foreign_droplets(place):
    with dogs.Sandbox(place / "sandbox") as sandbox:
        host = dogs.Host(place / "host", sandbox.url)
        sandbox.put(droplets=[
            {"name": name, "tags": tags, "region": "fra1", "size": "s-1vcpu-2gb",
             "status": "active", "world": 0}
            for name, tags in (("mc", ["dogs", "dogs:mc"]), ("mc", ["dogs", "dogs:mc"]),
                               ("mc2", []))])
        with Menu(host.env, host.home) as m:
            m.until("1 mc", "several")
            m.keys("1")
            m.until("mc: several", "--droplet ID")
            assert m.offered() == ["status", "back"]
            m.keys("q", DOWN, "\r")
            m.until("mc2: running", "--adopt")
            assert m.offered()[0] == "adopt" and "stop" not in m.offered()
            m.keys("q", "q")
            assert m.wait() == 0


def test_global_options_are_kept_and_shown(place):
    with dogs.Sandbox(place / "sandbox") as sandbox:
        host = dogs.Host(place / "host", sandbox.url)
        path = host.home / "a config.yaml"
        path.write_text(host.config.read_text().replace("mc:", "only-here:"))
        with Menu(host.env, host.home, "--config", "a config.yaml", "--timeout", "500") as m:
            m.until("> 1 only-here ", "none")
            m.keys("\r")
            line = '$ dogs --config "a config.yaml" --timeout 500 create only-here'
            m.until("only-here: none", line)
            m.keys("\r")
            m.until("only-here: running")
            assert line + "\r\n" in m.all
            m.keys("q", "q")
            assert m.wait() == 0


# --- without anything -----------------------------------------------------------------------------


def test_without_configuration_and_token(shell):
    with menu(shell) as m:
        m.until("There is no configuration and no API token yet.", "> 1 sandbox")
        assert m.offered() == "sandbox init help quit".split()
        m.choose("help")
        m.until("> 1 sandbox")
        assert "$ dogs help\r\n" in m.all and "Exit status" in m.all
        m.keys("1")
        m.until("dogs (sandbox)", "no servers yet")
        m.choose("leave")
        m.until("> 1 sandbox")
        m.choose("quit")
        assert m.wait() == 0


def test_with_configuration_and_without_token(shell):
    shell.write_config("servers:\n  mc: {region: fra1, size: s-1vcpu-2gb}\n")
    with menu(shell) as m:
        m.until("There is no API token yet.")
        assert m.offered() == "sandbox login help quit".split()
        shell.write_config("sorvers: {}\n")
        m.choose("help")
        m.until("1 mistake in config.yaml", "next: ")
        assert m.offered() == "sandbox check help quit".split()
        m.keys("q")
        assert m.wait() == 0


def test_a_cloud_out_of_reach(place):
    with dogs.Sandbox(place / "sandbox") as sandbox:
        host = dogs.Host(place / "host", sandbox.url, token="dop_v1_" + "0" * 64)
        with Menu(host.env, host.home) as m:
            m.until("HTTP 401", "$DOGS_TOKEN")
            assert m.offered() == "login look help quit".split()
            m.keys("q")
            assert m.wait() == 0


def test_in_a_pipe_there_is_help(shell):
    result = shell.run()
    assert result.status == 2 and "no command given" in result.err
    for args in (["--json"], ["--no-input"], ["--quiet"]):
        with menu(shell, *args) as m:
            assert m.wait() == 2 and "no command given" in m.all


# --- plain terminals ------------------------------------------------------------------------------


@pytest.mark.parametrize("args, env", [
    ([], {"TERM": "dumb"}), ([], {"NO_COLOR": "1"}), (["--no-color"], {}), ([], {"TERM": ""}),
])
def test_a_plain_terminal(shell, args, env):
    flags = " ".join(["--sandbox", *args])
    with menu(shell, "--sandbox", *args, **env) as m:
        m.until("  1 create", "Number, or q:")
        m.keys("create\r")
        m.until("Name of the server")
        m.keys("mc\r")
        m.until("mc: running", "  1 address", "Number, or q: ")
        assert f"$ dogs {flags} create mc\r\n" in m.all
        m.keys("99\r")
        m.until("not one of 1 to 7")
        m.keys("2\r")
        m.until("mc: stored", "  1 start")
        m.keys("q\r")
        m.until("  1 mc  stored")
        m.keys("\r", "q\r")
        assert m.wait() == 0
        if env.get("TERM") != "":
            assert "\x1b" not in m.all, m.all


def test_a_plain_terminal_interrupted(shell):
    for key, status in (("\x03", 130), ("\x04", 0)):
        with menu(shell, "--sandbox", TERM="dumb") as m:
            m.until("Number, or q:")
            m.keys(key)
            assert m.wait() == status


# --- keys -----------------------------------------------------------------------------------------


def test_every_way_to_move(shell):
    with menu(shell, "--sandbox") as m:
        m.until("> 1 create")
        last = len(m.offered())
        for keys, title in ((DOWN, "look"), ("j", "help"), ("k", "look"), (UP, "create"),
                            (UP, "quit"), (DOWN, "create"), (END, "quit"), (HOME, "create"),
                            ("\x1bOB", "look"), ("\x1b[4~", "quit"), ("g", "create"),
                            ("G", "quit"), ("\x1b[5~", "create"), ("\x1b[6~", "quit"),
                            ("\x1b[15~", "quit"), ("x", "quit"), ("9", "quit"), ("ä", "quit")):
            m.keys(keys)
            assert m.chosen() == title, keys
        m.keys("\x1b[", "A")
        assert m.chosen() == m.offered()[last - 2]
        m.keys(ESC)
        assert m.wait() == 0


def test_numbers_beyond_nine(place):
    with dogs.Sandbox(place / "sandbox") as sandbox:
        names = "".join(f"  s{n}: {{{{}}}}\n" for n in range(12))
        host = dogs.Host(place / "host", sandbox.url,
                         config="region: fra1\nsize: s-1vcpu-2gb\nservers:\n" + names)
        with Menu(host.env, host.home) as m:
            m.until(">  1 s0 ")
            m.keys("1", "2")
            m.until("s11: none")
            m.keys("q", "1", "\r")
            m.until("s0: none")
            m.keys("q", "3")
            m.until("s2: none")
            m.keys("q", "\x04")
            assert m.wait() == 0


def test_low_screens_scroll(place):
    with dogs.Sandbox(place / "sandbox") as sandbox:
        names = "".join(f"  s{n}: {{{{}}}}\n" for n in range(30))
        host = dogs.Host(place / "host", sandbox.url,
                         config="region: fra1\nsize: s-1vcpu-2gb\nservers:\n" + names)
        with Menu(host.env, host.home, rows=12) as m:
            m.until(">  1 s0 ")
            for n in range(1, 30):
                m.keys(DOWN)
                assert m.chosen() == f"s{n}"
                assert len(m.offered()) < 12
            m.keys("q")
            assert m.wait() == 0


def test_keys_typed_during_a_command_do_nothing(slow_shell):
    with menu(slow_shell, "--sandbox") as m:
        m.until("> 1 create")
        m.keys("1")
        m.until("Name")
        os.write(m.master, b"mc\r")
        m.until("reachable")
        os.write(m.master, b"2\r\r2")
        m.until("mc: running", "> 1 address")
        time.sleep(0.5)
        m.take(0.2)
        assert m.all.count("$ dogs --sandbox stop mc\r\n") == 0
        m.keys("q", "q")
        assert m.wait() == 0


# --- resizing -------------------------------------------------------------------------------------


def test_resized_in_the_middle(shell):
    shell.must("--sandbox", "create", "mc")
    with menu(shell, "--sandbox") as m:
        m.until("> 1 mc", "s-1vcpu-2gb fra1")
        for columns, rows in ((40, 20), (20, 10), (120, 50), (5, 4), (80, 24)):
            m.resize(columns, rows)
            m.take(0.3)
            m.until("> 1")
            assert max(map(len, m.screen.lines)) < columns
            assert m.screen.text().count("> 1") == 1
        row = next(line for line in m.screen.lines if "1 mc" in line)
        assert "s-1vcpu-2gb fra1" in row
        m.keys("\r")
        m.until("mc: running")
        m.resize(30, 24)
        m.until("mc: running", "> 1 address")
        assert m.screen.text().count("mc: running") == 1
        m.keys("q", "q")
        assert m.wait() == 0


# --- ways out -------------------------------------------------------------------------------------


def test_ctrl_c_in_the_menu(shell):
    with menu(shell, "--sandbox") as m:
        m.until("> 1 create")
        assert m.modes() != m.before
        m.keys("\x03")
        assert m.wait() == 130 and "interrupted" in m.all


def test_ctrl_c_in_a_command_comes_back(slow_shell):
    slow_shell.must("--sandbox", "create", "mc")
    with menu(slow_shell, "--sandbox") as m:
        m.until("> 1 mc")
        m.keys("1")
        m.until("mc: running")
        m.choose("stop")
        m.until("snapshot")
        assert m.modes() == m.before
        m.keys("\x03")
        m.until("> 1 resume", "open run", "next")
        assert "interrupted" in m.all and m.child.poll() is None
        assert m.offered()[0] == "resume"
        m.choose("resume")
        m.until("mc: stored", "> 1 start")
        m.choose("start")
        m.until("  make the droplet")
        m.keys("\x03")
        m.until("> 1 resume")
        m.keys("\x03")
        assert m.wait() == 130


@pytest.mark.parametrize("name", "TERM HUP INT QUIT ABRT SEGV".split())
def test_killed_while_keys_are_awaited(shell, name):
    number = getattr(signal, f"SIG{name}")
    with menu(shell, "--sandbox") as m:
        m.until("> 1 create")
        assert m.modes() != m.before
        m.child.send_signal(number)
        status = m.wait()
        assert status == 130 if name in ("TERM", "HUP", "INT") else status not in (0, None)


def test_killed_in_a_command(slow_shell):
    """SIGTERM is for the program, not only for what it does."""
    slow_shell.must("--sandbox", "create", "mc")
    with menu(slow_shell, "--sandbox") as m:
        m.until("> 1 mc")
        m.keys("1")
        m.until("mc: running")
        m.choose("stop")
        m.until("shut down")
        m.child.send_signal(signal.SIGTERM)
        assert m.wait() == 130 and "dogs resume" in m.all


def test_suspended_and_taken_up(shell):
    with menu(shell, "--sandbox") as m:
        m.until("> 1 create")
        for how in ("\x1a", signal.SIGTSTP):
            if how == "\x1a":
                m.keys(how)
            else:
                m.child.send_signal(how)
            assert os.WIFSTOPPED(os.waitpid(m.child.pid, os.WUNTRACED)[1])
            assert m.modes() == m.before
            m.child.send_signal(signal.SIGCONT)
            m.take(0.3)
            assert m.modes() != m.before
            m.keys("j")
            assert "look" in m.screen.text()
        m.keys("q")
        assert m.wait() == 0


def test_the_terminal_goes_away(shell):
    with menu(shell, "--sandbox") as m:
        m.until("> 1 create")
        os.close(m.master)
        m.master = os.dup(m.slave)
        assert m.child.wait(30) in (0, 130)

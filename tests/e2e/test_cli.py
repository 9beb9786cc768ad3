"""The command line itself: help and messages against golden/ (DOGS_GOLDEN=rewrite writes them
anew), exit statuses, JSON, questions and colours on a terminal and off it, configuration, init,
completion and the sandbox inside the program."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import termios
import time

import pytest

import dogs
import wine

GOLDEN = pathlib.Path(__file__).with_name("golden")
ESCAPE = "\x1b"
TOKEN = "dop_v1_" + "ab12" * 16
COMMANDS = (
    "create start stop stay restore snapshot power destroy prune resume watch backup restore-world "
    "schedule status list snapshots query worlds get put init config login logout sandbox awake "
    "load completion help version"
).split()

GOOD_CONFIG = """\
token: {token}
region: fra1
size: s-1vcpu-2gb
servers:
  mc: {{}}
  valheim: {{}}
  valley: {{}}
"""


class Shell:
    """A home without a configuration, and commands typed there."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.env = dogs.environment(self.home)
        self.state = self.home / ".state/dogs"
        self.config_dir = self.home / ".config/dogs"
        if dogs.WINE:
            # The same one for all tests, so none may find what another has left.
            self.config_dir = dogs.WINE.config_folder()
            shutil.rmtree(self.config_dir, ignore_errors=True)

    def run(self, *args, stdout=subprocess.PIPE, **env):
        done = subprocess.run(
            [*dogs.WRAP, dogs.DOGS, *args], env=self.env | env, cwd=self.home, stdout=stdout,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=dogs.PATIENCE_S,
        )
        result = dogs.Result([os.fsdecode(a) for a in args], done.returncode,
                             (done.stdout or b"").decode(), done.stderr.decode())
        assert "Sanitizer" not in result.err and "runtime error" not in result.err, result
        return result

    def must(self, *args, **env):
        result = self.run(*args, **env)
        assert result.status == 0, result
        return result

    def write_config(self, text, mode=0o600):
        path = self.home / "config.yaml"
        path.write_text(text)
        path.chmod(mode)
        return path


@pytest.fixture
def shell(place):
    return Shell(place)


def on_terminal(env, cwd, args, answers=(), seconds=None):
    """Runs dogs on a terminal of its own. `answers`: (text to wait for, what is then typed).
    Status and everything that appeared there."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cwd)
        os.execvpe(dogs.DOGS, [dogs.DOGS, *args], env)
    if dogs.WINE:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, wine.WINDOW)
    seen, waiting = "", list(answers)
    end = time.monotonic() + (seconds or dogs.PATIENCE_S)
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                bytes_read = os.read(terminal, 65536)
            except OSError:
                bytes_read = b""
            if not bytes_read:
                break
            seen += bytes_read.decode(errors="replace")
            if dogs.WINE and wine.asks_for_a_key(seen):
                seen += "\0"
                os.write(terminal, wine.keys(" ").encode())
            while waiting and waiting[0][0] in seen.rpartition("\0")[2]:
                seen += "\0"  # what comes before is not looked at again
                time.sleep(0.2 if waiting[0][1] < " " else 0)  # nobody is quicker with Ctrl-C
                keys = waiting.pop(0)[1]
                os.write(terminal, (wine.keys(keys) if dogs.WINE else keys).encode())
        else:
            os.kill(child, signal.SIGKILL)
            raise AssertionError(f"still waiting for {waiting[:1]} in {seen!r}")
    finally:
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert "Sanitizer" not in seen and "runtime error" not in seen, seen
    seen = seen.replace("\0", "")
    return status, wine.screen(seen) if dogs.WINE else seen


def typed(shell, *args, answers=(), **env):
    return on_terminal(shell.env | {"TERM": "xterm"} | env, shell.home, args, answers)


def compare(name, text):
    path = GOLDEN / name
    if os.environ.get("DOGS_GOLDEN") == "rewrite":
        path.write_text(text)
    assert path.exists() and path.read_text() == text, f"{path.name} differs:\n{text}"


# --- help, version, completion --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help(shell, name):
    out = shell.must("help", *name.split()).out
    compare(f"help-{name}.txt" if name else "help.txt", out)
    assert max(map(len, out.splitlines())) <= 100
    if name:
        assert out.startswith(f"dogs {name}")
        assert shell.must(name, "--help").out == out
        assert shell.must("-h", name).out == out
        assert shell.run("--json", name, "--help").json()["text"] == out


def test_every_command_is_listed_once(shell):
    listed = re.findall(r"^  ([a-z-]+) {2,}\S", shell.must("help").out.split("\nOptions")[0], re.M)
    assert listed == COMMANDS
    assert {p.stem.removeprefix("help-") for p in GOLDEN.glob("help-*.txt")} == set(COMMANDS)


def test_no_command(shell):
    result = shell.run()
    assert result.status == 2 and "no command given" in result.err
    compare("no-command.txt", result.out)


def test_aliases(shell):
    for alias, name in (("ls", "list"), ("up", "start"), ("down", "stop")):
        assert shell.must("help", alias).out == shell.must("help", name).out


def test_version(shell):
    text = shell.must("--version").out
    assert re.fullmatch(r"dogs \d+\.\d+\.\d+ \(commit [0-9a-z]+\)\n", text)
    assert shell.must("-V").out == shell.must("version").out == text
    document = shell.must("--version", "--json").json()
    assert f"dogs {document['version']} (commit {document['commit']})\n" == text
    assert shell.must("-q", "version").out == document["version"] + "\n"


# Library, source of what stands in its place (None: a file that is no library), command, package.
SPOILT = [
    ("libcurl", None, ("list",), "libcurl4"),
    ("libcurl", "int curl_global_init;", ("list",), "libcurl4"),
    ("libcurl", None, ("--sandbox", "list"), "libcurl4"),
    ("libmicrohttpd", None, ("--sandbox", "list"), "libmicrohttpd12"),
    ("libmicrohttpd", "int MHD_stop_daemon;", ("sandbox", "--port", "0"), "libmicrohttpd12"),
]


def spoil(folder, stem, source):
    """An environment in which that library, whichever version, is not what it should be."""
    names = {"libcurl": ["libcurl.so.4", "libcurl-gnutls.so.4"],
             "libmicrohttpd": ["libmicrohttpd.so.12"]}[stem]
    linked = subprocess.run(["readelf", "-d", dogs.DOGS], capture_output=True, text=True)
    if dogs.WINE or stem in linked.stdout or "(NEEDED)" not in linked.stdout:
        pytest.skip(f"{stem} is linked in")
    for name in names:
        (folder / name).write_text("no library")
        if source:
            subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", folder / name],
                           input=source, text=True, check=True)
    return {"LD_LIBRARY_PATH": str(folder)}


@pytest.mark.parametrize("stem, source, command, package", SPOILT)
def test_a_library_that_is_not_there(shell, tmp_path, stem, source, command, package):
    spoilt = spoil(tmp_path, stem, source)
    result = shell.run(*command, DOGS_TOKEN=TOKEN, DOGS_API_URL="http://127.0.0.1:9", **spoilt)
    assert result.status == 1, result
    assert f"load {stem}: " in result.err and f"apt install {package})" in result.err, result


@pytest.mark.parametrize("command", [("--version",), ("help", "stop"), ("config", "path"),
                                     ("completion", "bash")])
def test_what_does_not_talk_loads_no_library_for_it(shell, tmp_path, command):
    spoilt = spoil(tmp_path, "libcurl", None) | spoil(tmp_path, "libmicrohttpd", None)
    assert shell.run(*command, **spoilt).out == shell.run(*command).out


def options_of(shell, command):
    out = shell.must("help", *command.split()).out
    return set(re.findall(r"^  (?:-\w, |    )(--[a-z0-9-]+)", out, re.M))


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_knows_every_option(shell, kind):
    script = shell.must("completion", kind).out
    for command in ("", *COMMANDS):
        for option in options_of(shell, command):
            assert (f"-l {option[2:]} " if kind == "fish" else f"{option} ") in script


@pytest.mark.parametrize("line, words", [
    ("sta", {"start", "stay", "status"}),
    ("power mc re", {"reboot"}),
    ("--json power mc cy", {"cycle"}),
    ("init --sna", {"--snapshot-max"}),
    ("sandbox se", {"serve"}),
    ("list --no-", {"--no-input", "--no-color"}),
    ("nonsense --sandb", {"--sandbox"}),
])
def test_completion_in_bash(shell, line, words):
    script = shell.must("completion", "bash").out
    typed_words = ["dogs", *line.split()]
    test = f'{script}\nCOMP_WORDS=({" ".join(typed_words)}); COMP_CWORD={len(typed_words) - 1}\n' \
           '_dogs; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", test], capture_output=True, text=True, timeout=30)
    assert set(done.stdout.split()) == words and not done.stderr


# --- mistakes on the command line -----------------------------------------------------------------

MISTAKES = [
    ("strat mc", 2, "unknown command 'strat'", "did you mean 'dogs start'?"),
    ("xyzzy", 2, "unknown command 'xyzzy'", "dogs help"),
    ("help strat", 2, "unknown command 'strat'", "did you mean 'dogs start'?"),
    ("start", 2, "start: SERVER is missing", "dogs help start"),
    ("start mc extra", 2, "start: 'extra' is one argument too many", "dogs help start"),
    ("start mc --regoin fra1", 2, "start: unknown option '--regoin'", "did you mean --region?"),
    ("start mc --region", 2, "start: --region needs a value: --region REGION", "dogs help start"),
    ("--region fra1 start mc", 2, "unknown option '--region'", "next: "),
    ("start mc --timeout never", 2, "--timeout wants a whole number from 1 to", "dogs help start"),
    ("stop mc --json=1", 2, "--json takes no value", "dogs help stop"),
    ("prune mc --keep 0", 2, "--keep wants a whole number from 1 to 100, not '0'", "next: "),
    ("power mc", 2, "power: on|off|reboot|cycle is missing", "dogs help power"),
    ("power mc rebot", 2, "power: 'rebot' is not one of", "did you mean 'reboot'?"),
    ("config chek", 2, "config: 'chek' is not one of", "did you mean 'check'?"),
    ("completion tcsh", 2, "'tcsh' is not one of bash|zsh|fish", "next: "),
    ("list mc", 2, "list: 'mc' is one argument too many", "dogs help list"),
    ("--dry-run resume", 2, "resume has no --dry-run; nothing was done", "dogs help resume"),
    ("--dry-run sandbox reset", 2, "sandbox has no --dry-run; nothing was done", "next: "),
    ("--sandbox sandbox play", 2, "SERVER is missing", "next: "),
    ("start mc", 5, "there is no config.yaml", "dogs init"),
    ("--config nosuch.yaml list", 5, "nosuch.yaml", "dogs init"),
    ("list", 4, "there is no access token", "DOGS_TOKEN"),
]


@pytest.mark.parametrize("line, status, text, hint", MISTAKES, ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_one_error_and_one_hint(shell, line, status, text, hint):
    result = shell.run(*line.split())
    assert result.status == status, result
    error, advice = result.err.splitlines()
    assert error.startswith("dogs: ") and text in error, result
    assert advice.startswith("  next: ") and hint.removeprefix("next: ") in advice, result
    assert result.out == ""


@pytest.mark.parametrize("line, status, text, hint", MISTAKES, ids=[row[0] for row in MISTAKES])
@pytest.mark.parametrize("form", ["--json", "--json-lines"])
def test_a_mistake_in_json(shell, form, line, status, text, hint):
    result = shell.run(*line.split(), form)
    assert result.status == status and result.err == "", result
    document = json.loads(result.out)
    assert result.out.count("\n") == 1 and document["v"] == 1 and document["ok"] is False
    error = document["error"]
    assert text in error["message"] and hint.removeprefix("next: ") in (error["hint"] or "")
    assert error["exit"] == status and error["code"] in ("usage", "not_found", "auth")
    assert ("event" in document) == (form == "--json-lines")


def test_words_behind_a_double_dash_are_no_options(shell):
    result = shell.run("help", "--", "--json")
    assert result.status == 2 and "unknown command '--json'" in result.err


@pytest.mark.parametrize("word", ["\x1b[31mred", "a\rb", "a\x07b", b"\xff\xfe", "\u009b31m"])
def test_what_was_typed_cannot_steer_the_terminal(shell, word):
    result = shell.run(word)
    assert result.status == 2 and not re.search("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", result.err)
    document = shell.run(word, "--json").json()
    assert document["error"]["code"] == "usage"


def test_a_full_disk_is_told(shell):
    with open("/dev/full", "wb") as full:
        result = shell.run("help", stdout=full)
    assert result.status == 1 and "stdout" in result.err


# --- colour and movement --------------------------------------------------------------------------


@pytest.mark.parametrize("args, env, coloured", [
    ([], {}, True),
    (["--no-color"], {}, False),
    ([], {"NO_COLOR": "1"}, False),
    ([], {"NO_COLOR": ""}, True),
    ([], {"TERM": "dumb"}, False),
    (["--json"], {}, False),
])
def test_colour_on_a_terminal(shell, args, env, coloured):
    status, seen = typed(shell, "strat", *args, **env)
    assert status == 2 and "unknown command" in seen
    assert (ESCAPE in seen) == (coloured and not dogs.WINE), seen  # whose console obeys no escapes


@pytest.mark.parametrize("args, env, moves", [
    ([], {}, True), ([], {"NO_COLOR": "1"}, False), ([], {"TERM": "dumb"}, False),
    (["--no-color"], {}, False), (["--quiet"], {}, False), (["-v"], {}, False),
])
def test_the_live_line(shell, args, env, moves):
    status, seen = typed(shell, "--sandbox", "create", "mc", *args, **env)
    assert status == 0, seen
    moves = moves and not dogs.WINE
    assert (ESCAPE + "[K" in seen) == moves, seen
    if not moves and "-v" not in args:
        assert ESCAPE not in seen, seen


def test_off_a_terminal_there_are_plain_lines(shell):
    result = shell.must("--sandbox", "create", "mc")
    assert ESCAPE not in result.out + result.err and "\r" not in result.out + result.err
    assert result.err.startswith("create mc\n") and result.err.count(" ...\n") >= 2, result
    table = shell.must("--sandbox", "list").out
    assert ESCAPE not in table and "running, $" in table and "/month" in table


# --- configuration --------------------------------------------------------------------------------


def test_config_check(shell):
    shell.write_config(GOOD_CONFIG.format(token=TOKEN))
    assert shell.must("config", "check").out == "config.yaml: good, 3 servers\n"
    assert shell.must("config", "check", "--json").json()["problems"] == []
    shell.write_config("regoin: fra1\nsnapshot_max: 0\nservers:\n  mc: {colour: red}\n")
    result = shell.run("config", "check")
    assert result.status == 2 and result.out == ""
    *problems, error = result.err.splitlines()
    assert [p.split(": ")[0] for p in problems] == ["config.yaml:1:1", "config.yaml:2:15",
                                                    "config.yaml:4:8"], result
    assert "did you mean 'region'?" in problems[0]
    assert error == "dogs: 3 mistakes in config.yaml"
    document = shell.run("config", "check", "--json").json()
    assert document["problems"] == problems and document["error"]["code"] == "config"
    for line in ("list", "start mc", "config show"):
        other = shell.run(*line.split())
        assert other.status == 2 and problems[0] in other.err and "config check" in other.err


def test_config_path(shell):
    result = shell.run("config", "path")
    assert result.status == 5 and "dogs init" in result.err
    assert re.search(r"^absent  config\.yaml\nabsent  \S+[/\\](\.config/dogs|DOGS)[/\\]config\.yaml\n",
                     result.out)
    shell.write_config(GOOD_CONFIG.format(token=TOKEN))
    assert shell.must("config", "path").out.startswith("used    config.yaml\nabsent  ")
    assert shell.must("config", "path", "-q").out == "config.yaml\n"
    files = shell.must("config", "path", "--json").json()["files"]
    assert files[0] == {"path": "config.yaml", "exists": True, "used": True}
    assert shell.must("config", "path", "--config", "config.yaml").out == "used    config.yaml\n"


def test_config_show(shell):
    shell.write_config(GOOD_CONFIG.format(token=TOKEN))
    text = shell.must("config", "show")
    assert TOKEN not in text.out + text.err and "***" in text.out and "fra1" in text.out
    document = shell.must("config", "show", "--json", DOGS_REGION="ams3").json()
    assert TOKEN not in json.dumps(document)
    assert [s["name"] for s in document["servers"]] == ["mc", "valheim", "valley"]
    assert {s["region"] for s in document["servers"]} == {"ams3"}


INIT = ["init", "--server", "mc", "--region", "fra1", "--size", "s-1vcpu-2gb", "--no-input"]


def test_init_from_options(shell):
    path = shell.config_dir / "config.yaml"
    dry = shell.must(*INIT, "--dry-run").out
    assert "  mc:\n" in dry and not path.exists()
    assert "dogs create mc" in shell.must(*INIT, "--snapshot-max", "5").out
    assert dogs.WINE or stat.S_IMODE(path.stat().st_mode) == 0o600
    shell.must("config", "check")
    server = shell.must("config", "show", "--json").json()["servers"][0]
    assert server["name"] == "mc" and server["snapshot_max"] == 5 and server["region"] == "fra1"
    before = path.read_text()
    refused = shell.run(*INIT)
    assert refused.status == 7 and "--force" in refused.err and path.read_text() == before
    shell.must(*INIT, "--force", "--token-command", "pass show 'x'")
    assert path.read_text() != before and "pass show" in path.read_text()
    elsewhere = shell.home / "new/other.yaml"
    assert shell.must(*INIT, "--output", str(elsewhere), "-q").out == f"{elsewhere}\n"
    assert elsewhere.exists()


@pytest.mark.parametrize("args, status, text", [
    (["init", "--no-input"], 2, "--server, --region and --size"),
    (["init", "--no-input", "--server", "mc"], 2, "--server, --region and --size"),
    (INIT[:2] + ["mc-123"] + INIT[3:], 2, "-<digits>"),
    ([*INIT, "--ssh-key", "not a key"], 2, "ssh"),
    ([*INIT, "--token", TOKEN], 2, "unknown option '--token'"),
])
def test_init_refuses(shell, args, status, text):
    result = shell.run(*args)
    assert result.status == status and text in result.err, result


def test_init_asks(shell):
    status, seen = typed(shell, "init", answers=[
        ("API token", "\n"), ("Name of the server", "-x\n"), ("Name of the server", "mc\n"),
        ("Region", "ams3\n"), ("Plan", "\n"), ("SSH key", "\n")])
    assert status == 0, seen
    document = shell.must("config", "show", "--json").json()
    assert document["servers"][0]["region"] == "ams3"
    assert document["servers"][0]["size"] == "s-1vcpu-2gb"


def test_init_offers_what_the_account_has(shell, sandbox):
    """With a token typed, which is not shown and goes to a file for the owner alone."""
    status, seen = typed(shell, "init", DOGS_API_URL=sandbox.url, answers=[
        ("API token", dogs.TOKEN + "\n"), ("Name of the server", "\n"), ("Region", "1\n"),
        ("Plan", "1\n"), ("SSH key", "\n")])
    assert status == 0 and dogs.TOKEN not in seen, seen
    path = shell.config_dir / "config.yaml"
    assert dogs.TOKEN in path.read_text()
    assert dogs.WINE or stat.S_IMODE(path.stat().st_mode) == 0o600
    first = re.search(r"^ +1  (\S+)", seen, re.M).group(1)
    server = shell.must("config", "show", "--json").json()["servers"][0]
    assert server["name"] == "mc" and server["region"] == first and server["size"]


def test_init_interrupted(shell):
    status, seen = typed(shell, "init", answers=[("API token", "\x03")])
    assert status == 130 and "interrupted" in seen, seen
    status, _ = typed(shell, "init", answers=[("API token", "\x04")])
    assert status == 3
    assert not (shell.config_dir / "config.yaml").exists()


# --- login ----------------------------------------------------------------------------------------

THIN = "dop_v1_sandbox_thin_"


def logged_in(shell, url, token, *args):
    return subprocess.run([dogs.DOGS, "login", "--with-token", *args], input=token + "\n", text=True,
                          capture_output=True, timeout=dogs.PATIENCE_S, cwd=shell.home,
                          env=shell.env | {"DOGS_API_URL": url})


@pytest.mark.skipif(bool(dogs.WINE), reason=wine.NO_FILE)
def test_login_stores_what_it_checked(shell, sandbox):
    path = shell.home / ".config/dogs/token"
    status, seen = typed(shell, "login", DOGS_API_URL=sandbox.url, answers=[
        ("API token", dogs.TOKEN + "\n"), ("Go on?", "y\n")])
    assert status == 0 and dogs.TOKEN not in seen and f"stored in {path}" in seen, seen
    assert re.search(r"the token is good: account \S+@\S+", seen) and "lacks" not in seen
    assert path.read_text() == dogs.TOKEN + "\n" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert shell.must("list", DOGS_API_URL=sandbox.url).err == ""
    path.chmod(0o644)
    shared = shell.run("list", DOGS_API_URL=sandbox.url)
    assert shared.status == 2 and f"chmod 600 {path}" in shared.err
    assert shell.must("logout").out == f"forgotten: {path}\n" and not path.exists()
    assert shell.must("logout").out == "no token is stored\n"
    assert shell.run("list", DOGS_API_URL=sandbox.url).status == 4


@pytest.mark.parametrize("answers, status", [
    ([("API token", "\x03")], 130), ([("API token", "\x04")], 3),
    ([("API token", dogs.TOKEN + "\n"), ("Go on?", "n\n")], 3),
])
def test_login_left(shell, sandbox, answers, status):
    got, seen = typed(shell, "login", DOGS_API_URL=sandbox.url, answers=answers)
    assert got == status and dogs.TOKEN not in seen, seen
    assert not (shell.home / ".config/dogs/token").exists()


@pytest.mark.parametrize("token, status, text", [
    ("dop_v1_" + "0" * 64, 4, "the token was not stored: GET /v2/account: HTTP 401"),
    ("two words", 2, "not a token"),
    ("", 2, "no token was given"),
    ("x" * 3000, 2, "too long"),
])
def test_login_refuses(shell, sandbox, token, status, text):
    done = logged_in(shell, sandbox.url, token)
    assert done.returncode == status and text in done.stderr, done
    assert not token or token not in done.stdout + done.stderr
    assert not (shell.home / ".config/dogs/token").exists()


@pytest.mark.parametrize("scopes, known", [
    ("account:read", False), ("sizes:read", True), ("tag:read,ssh_key:read", True),
    ("droplet:read,snapshot:read,regions:read", True),
])
def test_login_names_missing_scopes(shell, sandbox, scopes, known):
    done = logged_in(shell, sandbox.url, THIN + scopes, "--json")
    document = json.loads(done.stdout)
    assert document["ok"] and (document["account"] is not None) == known, document
    assert set(document["missing_scopes"].split(", ")) == set(scopes.split(",")), document


def test_login_tells_what_goes_before_it(shell, sandbox):
    shell.write_config(GOOD_CONFIG.format(token=TOKEN))
    assert "the token of config.yaml:1:8 goes before it" in \
        logged_in(shell, sandbox.url, dogs.TOKEN).stderr
    shell.env["DOGS_TOKEN"] = TOKEN
    assert "$DOGS_TOKEN is set and goes before it" in \
        logged_in(shell, sandbox.url, dogs.TOKEN).stderr


def test_login_with_nobody_to_ask(shell, sandbox):
    result = shell.run("login")
    assert result.status == 2 and "--with-token" in result.err
    result = shell.run("--sandbox", "login")
    assert result.status == 2 and "the sandbox needs no token" in result.err


# --- questions ------------------------------------------------------------------------------------


def make_proved(host):
    """A droplet that is off and whose world a proved snapshot holds: destroy asks then."""
    host.must("create", "mc")
    host.must("power", "mc", "off")
    host.must("snapshot", "mc")


@pytest.mark.parametrize("args, answer, status, gone", [
    ([], "wrong\n", 3, False),
    ([], "\n", 3, False),
    ([], "\x03", 130, False),
    ([], "\x04", 3, False),
    (["--no-input"], None, 2, False),
    (["--confirm", "mc2"], None, 2, False),
    ([], "mc\n", 0, True),
    (["--confirm", "mc"], None, 0, True),
    (["--yes"], None, 0, True),
])
def test_destroy_asks_for_the_name(sandbox, host, args, answer, status, gone):
    make_proved(host)
    answers = [("Type mc to go on", answer)] if answer else []
    got, seen = on_terminal(host.env, host.home, ["destroy", "mc", *args], answers)
    assert got == status, seen
    assert (dogs.droplets(sandbox.state()) == []) == gone, seen


def test_nobody_to_ask_names_the_options(host):
    make_proved(host)
    result = host.run("destroy", "mc")
    assert result.status == 2 and "--confirm mc" in result.err and "--yes" in result.err
    error = host.run("destroy", "mc", "--json").json()["error"]
    assert error["code"] == "usage" and "--yes" in error["hint"]
    assert host.must("destroy", "mc", "--confirm", "mc", "--quiet").out == ""


# --- names, and what commands print ---------------------------------------------------------------


def test_a_beginning_of_a_name_is_enough_for_looking_only(host):
    for command in ("status", "snapshots"):
        host.must(command, "mc-m")
        many = host.run(command, "m")
        assert many.status == 2 and "could be: mc, mc2, mc-modded" in many.err, many
    for command in ("create", "start", "stop", "destroy", "prune", "snapshot", "restore"):
        result = host.run(command, "mc-m", "--yes")
        assert result.status == 5 and "did you mean 'mc" in result.err, result


def test_quiet_prints_addresses_and_ids_alone(host):
    address = host.must("create", "mc", "--quiet")
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+\n", address.out) and address.err == "", address
    assert host.must("status", "mc", "-q").out == address.out
    assert host.must("list", "-q").out.split() == ["mc", "mc2", "mc-modded"]
    snapshot = host.must("stop", "mc", "-q").out
    assert re.fullmatch(r"\d+\n", snapshot)
    assert host.must("snapshots", "mc", "-q").out == snapshot
    assert host.must("status", "mc", "-q").out == ""


def test_costs_and_totals(host):
    host.must("create", "mc")
    out = host.must("list").out
    assert re.search(r"^mc +running +[\d.]+ +s-1vcpu-2gb +fra1 +\$0\.\d+/h", out, re.M), out
    assert re.search(r"^1 running, \$0\.\d+/h now; storage \$\S+/month$", out, re.M), out
    status = host.must("status", "mc").out
    assert re.search(r"^  costs +\$\S+/h now, \$\S+ so far$", status, re.M), status
    document = host.must("list", "--json").json()
    mc = next(s for s in document["servers"] if s["name"] == "mc")
    assert document["running"] == 1 and document["hourly_usd"] == mc["hourly_usd"] > 0
    assert mc["state"] == "running" and mc["address"] and mc["droplet_id"]


# --- the sandbox inside the program ---------------------------------------------------------------


def test_sandbox_without_any_configuration(shell):
    created = shell.must("--sandbox", "create", "mc")
    assert "running" in shell.must("--sandbox", "status", "mc").out, created
    assert shell.must("sandbox", "play", "mc", "--json").json()["generation"] >= 1
    shell.must("--sandbox", "stop", "mc")
    assert "stored" in shell.must("--sandbox", "list").out
    document = shell.must("--sandbox", "snapshots", "mc", "--json").json()
    assert len(document["snapshots"]) == 1
    # Imitated runs never stand beside real ones.
    assert (shell.state / "sandbox/state").is_dir()
    assert [p.name for p in shell.state.iterdir()] == ["sandbox"]
    shell.must("sandbox", "reset")
    assert shell.must("--sandbox", "list", "--json").json()["servers"] == []
    bad = shell.run("--sandbox", "create", "mc-123")
    assert bad.status == 2 and "-<digits>" in bad.err


def test_sandbox_folder_is_chosen_by_variable(shell):
    folder = shell.home / "elsewhere"
    shell.must("--sandbox", "create", "mc", DOGS_SANDBOX_DIR=str(folder))
    assert (folder / "world.json").exists()
    assert "running" in shell.must("--sandbox", "list", DOGS_SANDBOX_DIR=str(folder)).out


def test_sandbox_follows_the_configuration(shell):
    shell.write_config(GOOD_CONFIG.format(token=TOKEN))
    shell.must("--sandbox", "create", "mc")
    result = shell.run("--sandbox", "create", "mcc")
    assert result.status == 5 and "did you mean 'mc'?" in result.err


def test_sandbox_serve(shell, place):
    for args, wanted in (([], "text"), (["--json"], "json")):
        child = subprocess.Popen(
            [dogs.DOGS, "sandbox", "serve", "--dir", str(place / "served"), *args], env=shell.env,
            cwd=shell.home, stdout=subprocess.PIPE, text=True)
        try:
            first = child.stdout.readline()
            if wanted == "text":
                second = child.stdout.readline()
                assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", first)
                variables = dict(word.split("=", 1) for word in second.split()[1:])
                assert variables["DOGS_API_URL"] == first.strip()
            else:
                document = json.loads(first)
                variables = {"DOGS_API_URL": document["url"], "DOGS_TOKEN": document["token"]}
            assert shell.must("list", "--json", **variables).json()["ok"]
        finally:
            child.send_signal(signal.SIGINT)
            rest = child.communicate(timeout=dogs.PATIENCE_S)[0]
        assert child.returncode == 0 and rest == "", rest

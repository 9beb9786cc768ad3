"""dogs.exe keeps Windows awake while it waits, read back under Wine: the execution state is "system
required" meanwhile, and cleared at every end. Two witnesses: what dogs reads back (-vv), and what
Wine itself logs of the calls. Wine has only a stub of power requests, so those are not shown here.
Needs DOGS to name a dogs.exe."""

import pathlib
import re
import signal
import subprocess

import pytest

import dogs

WINE = getattr(dogs, "WINE", None)
pytestmark = pytest.mark.skipif(not WINE, reason="DOGS does not name a dogs.exe")

REQUIRED, DISPLAY, CLEARED = "80000001", "80000002", "80000000"
READ_BACK = re.compile(r"awake: execution state 0x(\w+), read back 0x(\w+)")
WITNESS = re.compile(r"NtSetThreadExecutionState \(0x(\w+)")


@pytest.fixture
def talking(tmp_path):
    """The program with Wine's own log of such calls on its stderr."""
    script = tmp_path / "dogs"
    text = pathlib.Path(dogs.DOGS).read_text()
    assert "WINEDEBUG=-all" in text
    script.write_text(text.replace("WINEDEBUG=-all", "WINEDEBUG=-all,warn+ntdll"))
    script.chmod(0o755)
    return script


def states(err):
    """What was set and read back by dogs, and what Wine saw, each without repetitions in a row."""
    read = READ_BACK.findall(err)
    assert all(set_to == is_now for set_to, is_now in read), err
    seen = WITNESS.findall(err)
    return ([set_to for set_to, _ in read],
            [s for n, s in enumerate(seen) if n == 0 or seen[n - 1] != s])


ENDS = {
    "success": (lambda sandbox, child: sandbox.advance(7200), 0),
    "failure": (lambda sandbox, child: sandbox.faults({"kind": "*", "nth": 0, "do": "401"}), 4),
    "Ctrl-C": (lambda sandbox, child: child.send_signal(signal.SIGINT), 130),
}


@pytest.mark.parametrize("how", ENDS)
def test_system_required_while_a_stop_waits(worlds, talking, how):
    finish, status = ENDS[how]
    with worlds.at("running") as (sandbox, host):
        sandbox.settings(durations={"snapshot": 7200})
        sandbox.clear_log()
        errors = host.home / "stderr"
        with errors.open("wb") as stderr:
            child = subprocess.Popen([talking, "-vv", "stop", "mc"], env=host.env, cwd=host.home,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=stderr)
            asked = lambda: any(call["kind"] == "action.snapshot" for call in sandbox.log())
            assert dogs.wait_until(asked, dogs.PATIENCE_S), errors.read_text()
            # What dogs says itself comes later: a file is written to in blocks.
            assert states(errors.read_text(errors="replace"))[1] == [REQUIRED]
            finish(sandbox, child)
            assert child.wait(dogs.PATIENCE_S) == status, errors.read_text(errors="replace")
        err = errors.read_text(errors="replace")
        assert states(err) == ([REQUIRED, CLEARED], [REQUIRED, CLEARED]), err
        assert err.count("stays awake meanwhile (Windows)") == 1, err


def test_the_display_only_on_request(place, talking):
    for args, wanted in (["--display"], [REQUIRED, DISPLAY]), ([], [REQUIRED]):
        done = subprocess.run([talking, "-vv", "awake", "--for", "1s", *args],
                              env=dogs.environment(place), cwd=place, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=dogs.PATIENCE_S)
        err = done.stderr.decode(errors="replace")
        assert done.returncode == 0, err
        read, seen = states(err)
        assert read == wanted + [CLEARED] * len(wanted), err
        assert seen == wanted + [CLEARED], err


@pytest.mark.parametrize("command, status", [("exit 0", 0), ("exit 7", 7)])
def test_the_exit_status_of_the_command_is_passed_on(place, command, status):
    done = subprocess.run([dogs.DOGS, "awake", "cmd", "/c", command], env=dogs.environment(place),
                          cwd=place, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=dogs.PATIENCE_S)
    assert done.returncode == status, done


def test_a_command_that_is_not_there(place):
    done = subprocess.run([dogs.DOGS, "awake", "nosuchcommand"], env=dogs.environment(place),
                          cwd=place, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=dogs.PATIENCE_S)
    assert done.returncode == 5 and b"cannot run 'nosuchcommand'" in done.stderr, done

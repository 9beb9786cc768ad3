"""What dogs would give to Task Scheduler and launchd, as test_timer_text.c keeps it in timer/, held
against the rules for such files."""

import pathlib
import plistlib
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

TIMER = pathlib.Path(__file__).parent / "timer"
NS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
ODD = "/home/o'neil & <sons>/100% \"dogs\"\\$x"


def wide(name, folder):
    """The file as Task Scheduler is given it."""
    path = folder / name
    path.write_bytes((TIMER / name).read_text(encoding="utf-8").encode("utf-16"))
    return path


def validate(path):
    return subprocess.run(["xmllint", "--noout", "--schema", TIMER / "task.xsd", path],
                          capture_output=True, text=True)


@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not here")
@pytest.mark.parametrize("name", ["task.xml", "task-wake.xml"])
def test_a_task_obeys_the_schema(name, tmp_path):
    result = validate(wide(name, tmp_path))
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not here")
@pytest.mark.parametrize("old, new", [
    ("<Enabled>true</Enabled><StartBoundary>", "<StartBoundary>"),
    ("PT15M", "15"), ("PT15M", "P32D"), ("2026-11-21T01:00:00Z", "tomorrow"),
    ("<DisallowStartIfOnBatteries>false", "<DisallowStartIfOnBatteries>true"),
    ('version="1.3"', 'version="9"'), ("<Hidden>false</Hidden>", "<Hiden/>"),
    ("<Command>", "<Command>" + "x" * 260),
    ("<ExecutionTimeLimit>PT6H</ExecutionTimeLimit>", ""),
])
def test_the_schema_finds_mistakes(old, new, tmp_path):
    text = (TIMER / "task.xml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "wrong.xml"
    # Enabled may be left out, but not come after the start.
    changed = text.replace(old, new)
    if new == "<StartBoundary>":
        changed = changed.replace("</StartBoundary>", "</StartBoundary><Enabled>true</Enabled>")
    path.write_bytes(changed.encode("utf-16"))
    assert validate(path).returncode != 0


def test_what_a_task_says():
    for name, wakes in (("task.xml", "false"), ("task-wake.xml", "true")):
        task = ElementTree.fromstring((TIMER / name).read_text().split("\n", 1)[1])
        assert task.find(f"{NS}Settings/{NS}WakeToRun").text == wakes
        assert task.find(f"{NS}Settings/{NS}StartWhenAvailable").text == "true"
    exec_ = ElementTree.fromstring((TIMER / "task.xml").read_text().split("\n", 1)[1]).find(
        f"{NS}Actions/{NS}Exec")
    assert exec_.find(f"{NS}Command").text == ODD
    assert shlex.split(exec_.find(f"{NS}Arguments").text) == ["schedule", "run"]


def test_what_an_agent_says():
    agent = plistlib.loads((TIMER / "agent.plist").read_bytes())
    assert agent["ProgramArguments"] == [ODD, "schedule", "run"]
    assert agent["EnvironmentVariables"] == {"DOGS_STATE_DIR": ODD}
    assert [at["Minute"] for at in agent["StartCalendarInterval"]] == [0, 15, 30, 45]

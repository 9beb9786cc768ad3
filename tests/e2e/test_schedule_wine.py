"""dogs.exe and Task Scheduler, as far as Wine goes: schtasks.exe takes the tasks' XML and deletes the
tasks; it neither shows nor runs them."""

import subprocess

import pytest

import dogs

pytestmark = pytest.mark.skipif(dogs.WINE is None, reason="of dogs.exe under Wine")

CONFIG = """\
api_url: {url}
servers:
  mc:
    region: fra1
    size: s-1vcpu-2gb
    schedule: [{{do: stop, at: '02:05', days: [fri, sat], zone: UTC}}]
"""


def tasks(wine):
    folder = wine.prefix / "drive_c/windows/system32/tasks"
    return sorted(folder.glob("dogs-*")) if folder.is_dir() else []


@pytest.fixture(scope="module", autouse=True)
def service():
    """Wine's Task Scheduler does not begin where others of its parts are switched off, as they are for
    the other tests: all of Wine is begun anew."""
    env = {name: value for name, value in dogs.WINE.env.items() if name != "WINEDLLOVERRIDES"}
    quiet = {"env": env, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["wineserver", "-k", "-w"], timeout=60, check=False, **quiet)
    subprocess.run(["wine", "net", "start", "Schedule"], timeout=120, check=False, **quiet)
    yield
    subprocess.run(["wineserver", "-k", "-w"], timeout=60, check=False, **quiet)


def test_two_tasks_are_put_in_and_taken_out(place, sandbox):
    host = dogs.Host(place / "host", sandbox.url, config=CONFIG)
    assert not tasks(dogs.WINE)
    said = host.must("schedule", "add")
    assert "installed: tasks looks every 5 min" in said.out, said
    looks, wakes = tasks(dogs.WINE)
    assert wakes.name == looks.name + "-wake"
    host.must("schedule", "add")
    assert tasks(dogs.WINE) == [looks, wakes]
    runs = host.must("schedule", "next", "--json").json()["runs"]
    assert [run["utc_offset_s"] for run in runs] == [0] * 5
    said = host.must("schedule", "remove")
    assert "removed from Task Scheduler" in said.out, said
    assert not tasks(dogs.WINE)
    assert not list(host.home.rglob("*.xml")), "what was given to schtasks.exe stayed"

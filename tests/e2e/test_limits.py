"""Budgets: what start says of the evening and of the month, and what it refuses."""

import re

import pytest

import dogs

CONFIG = """\
api_url: {{url}}
region: fra1
size: s-1vcpu-2gb
{top}
servers:
  mc:
    image: debian-12-x64
    {mc}
  mc2:
    image: debian-12-x64
"""
HOURLY = 0.01786


@pytest.fixture
def limited(place, sandbox):
    def make(mc="", top=""):
        return dogs.Host(place / "host", sandbox.url, CONFIG.format(mc=mc, top=top))
    return make


def play(host, sandbox, server, hours):
    """An evening; the sandbox's clock goes on meanwhile."""
    host.must("start", server)
    sandbox.advance(int(hours * 3600))
    host.must("stop", server)


def test_start_says_what_the_evening_costs(limited, sandbox):
    host = limited("budget: {{session: 0.05, month: 1}}\n    max_hours: 5")
    said = host.must("create", "mc", "-v").err
    assert "s-1vcpu-2gb costs $0.01786/h: $0.0893 for 5 hours, of which its session's budget " \
           "allows $0.05" in said, said
    assert "mc cost $0.00 this month so far, of $1.00; this evening about $0.05" in said, said
    assert not dogs.droplets(sandbox.state(), "mc2")


def test_without_limits_no_more_is_asked(limited, sandbox):
    host = limited()
    host.must("create", "mc")
    assert not [call for call in sandbox.log() if "/sizes" in call["path"]]


def test_the_month_is_refused_and_over_budget_says_yes(limited, sandbox):
    host = limited("budget: {{month: 0.20}}\n    max_hours: 4")
    host.must("create", "mc")
    sandbox.advance(8 * 3600)
    host.must("stop", "mc")
    sandbox.clear_log()
    refused = host.run("start", "mc")
    assert refused.status == 7, refused
    assert re.search(r"month's budget of \$0\.20: mc cost \$0\.1\d+ so far, and this evening about "
                     r"\$0\.07144", refused.err), refused
    assert "dogs start mc --over-budget" in refused.err
    assert not [c for c in sandbox.log() if c["method"] in ("POST", "DELETE")], "nothing was made"
    dry = host.must("start", "mc", "--dry-run")
    assert "beyond the month's budget" in dry.err, dry
    said = host.must("start", "mc", "--over-budget").err
    assert "beyond the month's budget" in said, said
    # It runs: nothing is made, so nothing is refused; and stopping is never refused.
    host.must("start", "mc")
    host.must("stop", "mc")
    host.must("create", "mc2")


def test_a_budget_of_all_servers_together(limited, sandbox):
    host = limited(top="budget: {{month: 0.25}}")
    for server in ("mc", "mc2"):
        host.must("create", server)
        sandbox.advance(5 * 3600)
        host.must("stop", server)
    refused = host.run("start", "mc")
    assert refused.status == 7 and "all servers together cost" in refused.err, refused


def test_what_is_not_known_is_said(limited, place, sandbox):
    host = limited("budget: {{month: 3}}")
    host.must("create", "mc")
    dogs.Host(place / "other", sandbox.url).must("stop", "mc")
    said = host.must("start", "mc", "-v").err
    assert "not known: how long 1 droplet ran that this computer did not stop" in said, said
    history, = host.state_dir.glob("spent-*.log")
    with open(history, "a") as file:
        file.write("\nrubbish\n")
    host.must("stop", "mc")
    said = host.must("start", "mc", "-v").err
    assert "1 damaged lines" in said, said
    host.must("stop", "mc")
    history.chmod(0o600)
    history.unlink()
    history.mkdir()
    refused = host.run("start", "mc")
    assert refused.status == 1 and "what this month has cost so far" in refused.err, refused


def test_the_price_list_can_be_overridden(limited, sandbox):
    host = limited(top="prices: {{snapshot_gb_month: 1000, minimum: 5}}")
    host.must("create", "mc")
    assert host.must("status", "mc", "--json").json()["servers"][0]["session_usd"] == 5
    host.must("stop", "mc")
    server = host.must("status", "mc", "--json").json()["servers"][0]
    assert server["storage_monthly_usd"] == pytest.approx(1000 * server["snapshots_mb"] / 1000)

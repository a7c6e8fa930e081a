"""Kill -9 between any two steps of a pass over the network: the next server's pass brings all to its end."""

import sys
from pathlib import Path

import pytest

from tests.net.namespaces import Namespace
from tests.net.shapes import foreign
from tests.net.torn_pass import SCENARIOS

pytestmark = pytest.mark.net
SITE = "table inet site { chain c { type filter hook forward priority 5; policy accept; tcp dport 4444 drop; }; }"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_pass_that_was_killed_anywhere_is_completed_by_the_next_and_others_notice_nothing(
    machine: Namespace, scenario: str
) -> None:
    machine.run("ip", "link", "add", "other0", "type", "bridge")
    machine.run("ip", "address", "add", "198.51.100.1/24", "dev", "other0")
    machine.run("nft", SITE)
    before = foreign(machine, "other0", "inet site")
    done = machine.run(sys.executable, "-m", "tests.net.torn_pass", scenario, timeout_s=120.0)
    verdicts = done.stdout.splitlines()
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert len(verdicts) >= 5
    assert [line for line in verdicts if not line.endswith(": survived")] == []
    assert foreign(machine, "other0", "inet site") == before


@pytest.mark.parametrize("scenario", ["made", "changed", "removed"])
def test_an_order_in_which_a_gateway_was_killed_is_carried_out_by_the_next_one_without_the_server(
    machine: Namespace, tmp_path: Path, scenario: str
) -> None:
    done = machine.run(sys.executable, "-m", "tests.net.torn_gateway", scenario, str(tmp_path), timeout_s=120.0)
    verdicts = done.stdout.splitlines()
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert len(verdicts) >= 5
    assert [line for line in verdicts if not line.endswith(": survived")] == []

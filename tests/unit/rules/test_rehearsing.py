"""A rehearsal tells what a policy would do now, with nothing to wait for, and what the hosts would draw then."""

import numpy as np
import pytest

from app.rules.plan import Memory
from app.rules.power import PowerModel
from app.rules.rehearsing import by_rule, rehearse
from app.rules.remap import State, remap
from tests.unit.rules.running_cloud import FITS, Running, rules
from tests.unit.rules.small_cloud import NOW

PACKS = rules(
    FITS,
    "when host.cpu.util < 40pct && host.vms > 0 for 10min evacuate host",
    "when host.vms == 0 for 10min power off host",
    "when cluster.pending > 0 power on host",
)


@pytest.fixture
def cloud() -> Running:
    running = Running()
    for host in ("n0", "n1", "n2", "n3"):
        running.show(host, "host.cpu.load", 0.0)
        running.show(host, "host.power", "on")
        running.show(host, "host.vms", 0.0)
    running.table.power = PowerModel.linear(np.full(4, 100.0), np.full(4, 180.0))
    running.run("n0", vcpus=1.0, cpu_used=2.0)
    running.run("n1", vcpus=1.0, cpu_used=2.0)
    return running


def test_nothing_has_to_be_waited_for(cloud: Running) -> None:
    state = State(table=cloud.table, vms=cloud.vms)
    assert remap(state, PACKS, Memory(), NOW).quiet
    found = rehearse(state, PACKS, NOW)
    assert len(found.plan.moves) >= 1
    assert by_rule(found.plan)["example"] == len(found.plan.moves) + len(found.plan.powers)


def test_watts_are_those_of_the_hosts_that_would_be_on(cloud: Running) -> None:
    found = rehearse(State(table=cloud.table, vms=cloud.vms), PACKS, NOW)
    assert found.before.hosts_on == 4
    assert found.before.watts == pytest.approx(4 * 100 + 80 * 4 / 8)
    assert found.after.hosts_on == 4 - len(found.plan.powers)
    assert found.after.watts == pytest.approx(found.after.hosts_on * 100 + 80 * 4 / 8)


def test_without_a_power_model_watts_are_unknown(cloud: Running) -> None:
    cloud.table.power = None
    found = rehearse(State(table=cloud.table, vms=cloud.vms), PACKS, NOW)
    assert (found.before.watts, found.after.watts) == (None, None)

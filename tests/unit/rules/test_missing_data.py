"""What is unknown refuses a host unless the rule asks `known`, and speaks for none."""

import pytest

from app.rules.explaining import every_host, why, why_not
from app.rules.table import HostTable
from app.rules.walk import Pair
from tests.unit.rules.small_cloud import NOW, candidates, cloud, placed, policy, show, vm


@pytest.fixture
def table() -> HostTable:
    """Four hosts, of which n1 has no thermometer and n2 was last read long ago."""
    made = cloud()
    show(made, "host.temp", 50.0, None, 50.0, 90.0)
    made.put(2, "host.temp", 50.0, read_at_s=NOW.at_s - 1000)
    return made


@pytest.mark.parametrize("clause", ["require host.temp < 75degC", "forbid host.temp > 75degC"])
def test_an_unknown_value_refuses_whether_required_or_forbidden(table: HostTable, clause: str) -> None:
    assert candidates(table, vm(), clause) == ["n0"]


def test_known_guards_a_clause(table: HostTable) -> None:
    assert candidates(table, vm(), "forbid known(host.temp) && host.temp > 75degC") == ["n0", "n1", "n2"]
    assert candidates(table, vm(), "require !known(host.temp) || host.temp < 75degC") == ["n0", "n1", "n2"]


def test_an_unknown_preference_gives_nothing_and_is_shown_as_unknown(table: HostTable) -> None:
    show(table, "host.temp", None, 40.0, 60.0, 80.0)
    cool = placed(table, vm(), "prefer -host.temp", "prefer -host.index weight 9")
    assert (cool.host, cool.points[0].points, cool.points[0].unknown) == ("n0", 0.0, True)
    assert [cool.scores[row] - 9 * (3 - row) / 3 for row in range(4)] == pytest.approx([0.0, 1.0, 0.5, 0.0])


def test_a_reading_is_unknown_once_it_is_older_than_its_sensor_allows(table: HostTable) -> None:
    table.put(0, "host.temp", 50.0, read_at_s=NOW.at_s - 120)
    assert candidates(table, vm(), "require host.temp < 75degC") == ["n0"]
    table.put(0, "host.temp", 50.0, read_at_s=NOW.at_s - 121)
    assert candidates(table, vm(), "require host.temp < 75degC") == []


def test_the_explanation_says_what_is_unknown_and_what_is_too_much(table: HostTable) -> None:
    rules = policy("forbid host.temp > 75degC", "require host.mem.free >= 32GiB || vm.vcpus < 1")
    assert why_not(rules, Pair(table, 3, vm(), NOW)) == (
        "example: forbid host.temp > 75degC (host.temp is 90 degC)",
        "example: require host.mem.free >= 32GiB || vm.vcpus < 1 (host.mem.free is 16 GiB, vm.vcpus is 2)",
    )
    assert why_not(rules, Pair(table, 1, vm(), NOW))[0].endswith("(host.temp is unknown)")


def test_every_host_is_told_of_and_so_are_the_points(table: HostTable) -> None:
    found = placed(table, vm(), "forbid host.temp > 75degC", "prefer host.index weight 2", "prefer host.temp")
    assert every_host(found, table) == (
        "n0: 0 of 0 points",
        "n1: refused by example: forbid host.temp > 75degC",
        "n2: refused by example: forbid host.temp > 75degC",
        "n3: refused by example: forbid host.temp > 75degC",
    )
    liked = placed(table, vm(), "prefer host.index weight 2", "prefer host.temp")
    assert (liked.host, why(liked)) == (
        "n3",
        ("example: prefer host.index weight 2: 2 of 2 points", "example: prefer host.temp: 1 of 1 points"),
    )
    assert every_host(liked, table)[1] == "n1: 0.6667 of 3 points"


def test_adding_a_machine_takes_what_it_was_promised(table: HostTable) -> None:
    whole = "require host.mem.free >= 16GiB && host.cpu.promised == 0 && host.vms == 0 && host.cpu.load == 0"
    machine = vm()
    plan = table.copy()
    plan.add(machine, 1)
    assert candidates(plan, vm(), whole) == ["n0", "n2", "n3"]
    assert candidates(table, vm(), whole) == ["n0", "n1", "n2", "n3"]
    plan.remove(machine, 1)
    assert candidates(plan, vm(), whole) == ["n0", "n1", "n2", "n3"]

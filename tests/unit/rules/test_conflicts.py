"""Rules that are each right and cannot work together, and those that can."""

import pytest

from app.rules.faults import Severity
from app.rules.reading import read, read_together


def errors(text: str) -> list[str]:
    return [fault.message for fault in read(text, "day.rules").faults if fault.severity is Severity.ERROR]


def warm(when: str, until: str) -> str:
    return f"rule a {{ when {when} migrate vm by vm.mem until {until} }} policy p {{ use a remap every 1min }}"


@pytest.mark.parametrize(
    ("when", "until", "gap"),
    [
        ("host.temp > 80degC", "host.temp < 72degC", True),
        ("host.temp > 80degC", "host.temp < 81degC", False),
        ("host.temp >= 80degC", "host.temp <= 80degC", False),
        ("80degC < host.temp", "host.temp < 90degC", False),
        ("host.cpu.load > 0.9 * host.cpu.cores", "host.cpu.load < 0.75 * host.cpu.cores", True),
        ("host.cpu.load > 0.7 * host.cpu.cores", "host.cpu.load < host.cpu.cores * 0.75", False),
        ("host.vms > 3 && host.cpu.util > 80pct", "host.cpu.util < 85pct", False),
        ("host.cpu.util < 40pct", "host.cpu.util > 30pct", False),
        ("host.cpu.util < 40pct", "host.cpu.util > 50pct", True),
        ("host.temp > 80degC", "host.cpu.util < 90pct", True),
    ],
)
def test_a_trigger_needs_a_gap_between_when_and_until(when: str, until: str, gap: bool) -> None:
    assert (errors(warm(when, until)) == []) is gap


@pytest.mark.parametrize(
    ("near", "far", "possible"),
    [
        ("require same(host, vm.group)", "forbid count(host, vm.group) >= 1", False),
        ("require same(host, vm.group)", "forbid count(rack, vm.group) > 0", False),
        ("forbid !same(rack, vm.group)", "require host.vms < 3 && count(cluster, vm.group) == 0", False),
        ("require same(rack, vm.group)", "forbid count(host, vm.group) >= 1", True),
        ("require same(host, vm.group)", "forbid count(host, vm.group) >= 2", True),
        ("require same(host, vm.group)", "forbid count(host, vm.user) >= 1", True),
        ("require same(host, vm.group) || host.vms == 0", "forbid count(host, vm.group) >= 1", True),
    ],
)
def test_machines_are_not_kept_together_and_apart(near: str, far: str, possible: bool) -> None:
    text = f"rule a {{ {near} }} rule b {{ {far} }} policy p {{ use a use b }}"
    assert (errors(text) == []) is possible


@pytest.mark.parametrize(
    ("near", "far", "possible"),
    [
        ("", "", False),
        ("", 'applies to vm where "ha" in vm.tags', False),
        ('applies to vm where "ha" in vm.tags', "", False),
        ('applies to vm where "db" in vm.tags', 'applies to vm where "ha" in vm.tags', True),
    ],
)
def test_machines_kept_together_and_apart_are_those_that_both_rules_are_about(
    near: str, far: str, possible: bool
) -> None:
    text = f"""rule a {{ {near} require same(host, vm.group) }} rule b {{ {far} forbid count(host, vm.group) >= 1 }}
    policy p {{ use a use b }}"""
    assert (errors(text) == []) is possible


def test_a_rule_may_stand_in_two_files_if_it_says_the_same() -> None:
    one = "rule a { require host.vms < 3 } policy p { use a }"
    same = "# of another hand\nrule a {\n  require host.vms < 3  # three\n}\npolicy q { use a }"
    assert read_together({"one": one, "two": same}).faults == ()
    (fault,) = read_together({"one": one, "two": same.replace("< 3", "< 4")}).faults
    assert (fault.at.file, fault.at.line, "one:1" in fault.message) == ("two", 2, True)


def test_a_fault_in_one_rule_does_not_raise_questions_about_others() -> None:
    """Whatever uses the faulty rule would otherwise be told that there is none."""
    outcome = read("rule a {\n require host.vms <\n}\npolicy p { use a }", "day.rules")
    assert [fault.at.line for fault in outcome.faults] == [3]

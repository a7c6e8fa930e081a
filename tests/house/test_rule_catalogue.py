"""Every kind of mapping rule that version 1.0 promises is shown by a test that bears its name."""

import re

import pytest

from tests.house.tree import ROOT

KINDS = (
    "capacity filter cpu/mem/disk",
    "overcommit ratio per host or cluster",
    "free boolean filter expression over VM and host",
    "free rank expression",
    "weighted sum of normalised scores",
    "VM-VM affinity / anti-affinity, hard",
    "VM-VM affinity / anti-affinity, soft",
    "at most k of a group per host or rack",
    "affinity at rack or zone level",
    "VM-host group must / should, not",
    "tenant fence, dedicated host",
    "pin: may not move",
    "image cached, data near",
    "runtime trigger on measured load",
    "trigger on watts, temperature",
    "hold time, hysteresis, cool-down",
    "migration cost or budget, gain threshold",
    "power hosts off and on",
    "maintenance, evacuate",
    "ordering of moves, serial",
    "holds during the move too (continuous)",
    "several policies combined and switched at run time",
    "conflict check between rules",
    "why-not explanation per host",
    "dry run, what-if",
    "versions, undo, audit",
    "same engine in a trace simulator",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_rule_has_a_test_that_bears_its_name(kind: str) -> None:
    name = "test_" + re.sub(r"\W+", "_", kind.lower()).strip("_")
    texts = (path.read_text() for path in (ROOT / "tests/unit/rules").glob("test_rule_catalogue_*.py"))
    assert any(re.search(rf"^def {name}(__\w+)?\(", text, re.MULTILINE) for text in texts), f"there is no {name}"

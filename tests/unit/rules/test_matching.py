"""A rule that is about nothing there is, is named before somebody relies on it."""

from app.rules.matching import unmatched
from app.rules.prepared import prepare
from app.rules.reading import read
from app.rules.rehearsing import rehearse
from app.rules.remap import State
from app.rules.tree import Phase
from tests.unit.rules.running_cloud import Running
from tests.unit.rules.small_cloud import NOW

TEXT = """
rule fits { require host.mem.free >= vm.mem }
rule gpu { applies to vm where "cuda" in vm.tags  require "gpu" in host.tags }
rule web { applies to vm where "web" in vm.tags  require host.vms < 9 }
rule gold { applies to host where "gold" in host.tags  prefer 1 }
rule silver { applies to host where host.name == "n1"  prefer 1 }
rule hot { when host.cpu.load > 7 alert "hot" }
rule calm { when host.cpu.load < 7 alert "calm" }
rule placing { at place applies to vm where "cuda" in vm.tags forbid host.vms > 3 }
policy p { use fits use gpu use web use gold use silver use hot use calm use placing remap every 60s }
"""


def a_state() -> State:
    running = Running()
    for host in ("n0", "n1", "n2", "n3"):
        running.show(host, "host.cpu.load", 1.0 if host != "n2" else 4.0)
        running.show(host, "host.power", "on")
    running.run("n0", tags=frozenset({"web"}))
    return State(table=running.table, vms=running.vms)


def test_rules_about_nobody_and_conditions_that_hold_nowhere_never_match() -> None:
    outcome = read(TEXT, "t.rules")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    policy = prepare(outcome.ruleset, "p", Phase.REMAP)
    assert unmatched(a_state(), policy, NOW) == ("gpu", "gold", "hot", "placing")
    assert rehearse(a_state(), policy, NOW).unmatched == ("gpu", "gold", "hot", "placing")


def test_a_rehearsal_names_the_busiest_host_before_and_after() -> None:
    policy = prepare(read(TEXT, "t.rules").ruleset, "p", Phase.REMAP)
    found = rehearse(a_state(), policy, NOW)
    assert (found.before.hottest, found.before.busy) == ("n2", 0.5)

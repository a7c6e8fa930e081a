"""Every kind of rule that has a say at run time, by an example; the names are those of the table of kinds."""

import numpy as np
import pytest

from app.rules.prepared import prepare
from app.rules.reading import read
from app.rules.tree import Phase
from tests.unit.rules.running_cloud import FITS, Running, moves, rules

SHED = "migrate vm by vm.cpu.used until host.cpu.load < 4"
IDLE = "prefer 1 - host.cpu.load / host.cpu.cores"
GIB = 2.0**30


@pytest.fixture
def running() -> Running:
    return Running()


def two_busy(running: Running) -> None:
    for _ in range(2):
        running.run("n0", cpu_used=3.0)


def test_pin_may_not_move(running: Running) -> None:
    running.pinned = frozenset({running.run("n0")})
    running.show("n0", "host.maintenance", True)
    plan = running.plan(rules("forbid host.maintenance", "when host.maintenance evacuate host"))
    assert plan.moves == ()
    assert {(each.what, each.why.partition(" (")[0]) for each in plan.refused} == {
        ("move i-0", "it is pinned"),
        ("evacuate n0", "i-0: it is pinned"),
    }


def test_runtime_trigger_on_measured_load(running: Running) -> None:
    """The busiest machine goes, until the host has little enough to do."""
    for used in (1.0, 3.0, 2.0):
        running.run("n0", cpu_used=used)
    running.run("n2", cpu_used=1.0)
    plan = running.plan(rules(IDLE, f"when host.cpu.load > 5 {SHED}"))
    assert moves(plan) == [("i-1", "n0", "n1")]
    assert plan.moves[0].why == f"example: when host.cpu.load > 5 {SHED} (host.cpu.load is 6)"
    assert plan.moves[0].points[0].points == 1.0


def test_trigger_on_watts_temperature(running: Running) -> None:
    """What only time can show is waited for: one machine a round."""
    running.run("n0", cpu_used=1.0)
    running.run("n0", cpu_used=2.0)
    running.show("n0", "host.temp", 85.0)
    hot = rules(IDLE, "when host.temp > 80degC migrate vm by vm.cpu.used until host.temp < 72degC")
    assert moves(running.plan(hot)) == [("i-1", "n0", "n1")]
    running.show("n0", "host.temp", 40.0)
    running.show("n0", "host.power_watts", 300.0)
    watts = rules(IDLE, "when host.power_watts > 250W migrate vm by vm.cpu.used until host.power_watts < 200W")
    assert moves(running.plan(watts)) == [("i-1", "n0", "n1")]


def test_hold_time_hysteresis_cool_down__hold_time(running: Running) -> None:
    two_busy(running)
    busy = rules(IDLE, f"when host.cpu.load > 5 for 30s {SHED}")
    assert moves(running.plan(busy)) == []
    running.show("n0", "host.cpu.load", 1.0)
    assert moves(running.plan(busy, 10)) == []
    running.show("n0", "host.cpu.load", 6.0)
    assert moves(running.plan(busy, 20)) == []
    running.table.fill("host.cpu.load", np.array([6.0, 0.0, 0.0, 0.0]), 1050.0)
    assert moves(running.plan(busy, 49)) == []
    assert len(moves(running.plan(busy, 50))) == 1


def test_hold_time_hysteresis_cool_down__hysteresis(running: Running) -> None:
    """It starts above `when` and goes on between the two, until `until`."""
    for _ in range(3):
        running.run("n0", cpu_used=1.0)
    hot = rules(IDLE, "when host.temp > 80degC migrate vm by vm.cpu.used until host.temp < 72degC")
    running.show("n0", "host.temp", 75.0)
    assert moves(running.plan(hot)) == []
    for temperature, count in ((85.0, 1), (75.0, 1), (71.0, 0), (75.0, 0)):
        running.show("n0", "host.temp", temperature)
        assert len(moves(running.plan(hot))) == count, temperature


def test_hold_time_hysteresis_cool_down__cool_down(running: Running) -> None:
    running.run("n0", cpu_used=2.0)
    hot = rules(IDLE, "when host.temp > 80degC alert 'hot'".replace("'", '"'), "cooldown 10s")
    running.show("n0", "host.temp", 85.0)
    assert [len(running.plan(hot, at).alerts) for at in (0, 9, 10, 19, 20)] == [1, 0, 1, 0, 1]


def test_migration_cost_or_budget_gain_threshold__budget(running: Running) -> None:
    for _ in range(3):
        running.run("n0", cpu_used=2.0)
    clauses = (IDLE, "when host.cpu.load > 1 migrate vm by vm.cpu.used until host.cpu.load < 0.5")
    for limit, count in (
        ("migrations <= 2 per round", 2),
        ("migrations <= 1 per hour", 1),
        ("downtime <= 1s per vm", 0),
    ):
        assert len(running.plan(rules(*clauses, line=f"remap every 60s budget {limit}")).moves) == count, limit
        running.memory = type(running.memory)()


def test_migration_cost_or_budget_gain_threshold__one_that_stands_still_meanwhile_does_so_for_its_disks_too(
    running: Running,
) -> None:
    name = running.run("n0", cpu_used=2.0)
    running.run("n0", cpu_used=2.0)
    clauses = (IDLE, "when host.cpu.load > 1 migrate vm by vm.cpu.used until host.cpu.load < 0.5")
    quick = rules(*clauses, line="remap every 60s budget downtime <= 30s per vm")
    running.standing = frozenset({name})
    assert name not in {move.vm for move in running.plan(quick).moves}
    running.standing, running.memory = frozenset(), type(running.memory)()
    assert name in {move.vm for move in running.plan(quick).moves}


def test_migration_cost_or_budget_gain_threshold__the_last_hour_counts(running: Running) -> None:
    two_busy(running)
    hot = rules(
        IDLE, "when host.vms > 1 migrate vm by vm.vcpus", line="remap every 60s budget migrations <= 1 per hour"
    )
    assert [len(running.plan(hot, at).moves) for at in (0.0, 20.0)] == [1, 0]
    assert running.plan(hot, 25.0).refused[0].why == "budget migrations <= 1 per hour"


def test_migration_cost_or_budget_gain_threshold__gain(running: Running) -> None:
    """Two machines on one host: one core of eight is 2/8 of a point for the two; alone there is nothing to gain."""
    running.run("n0", cpu_used=1.0)
    running.run("n0", cpu_used=1.0)
    clauses = (IDLE, "when host.cpu.load > 0.5 migrate vm by vm.cpu.used until host.cpu.load < 0.4")
    little = running.plan(rules(*clauses, line="remap every 60s move only if gain > 0.26"))
    assert (little.moves, little.refused[0].why) == (
        (),
        "n1 would be best, and the gain is 0.25, not above 0.26",
    )
    enough = running.plan(rules(*clauses, line="remap every 60s move only if gain > 0.24"))
    assert [(move.vm, round(move.gain or 0, 9)) for move in enough.moves] == [("i-0", 0.25)]


def test_power_hosts_off_and_on(running: Running) -> None:
    for name in ("n0", "n1"):
        running.run(name)
    running.show("n3", "host.power", "asleep")
    save = rules("when host.vms == 0 power off host", "when cluster.pending > 0 power on host")
    running.table.fill("cluster.pending", np.full(4, 0.0))
    assert [(power.host, power.on) for power in running.plan(save).powers] == [("n2", False)]
    running.table.fill("cluster.pending", np.full(4, 1.0))
    assert [(power.host, power.on) for power in running.plan(save).powers] == [("n3", True)]


def test_maintenance_evacuate(running: Running) -> None:
    for _ in range(3):
        running.run("n1", mem=5 * GIB)
    running.show("n1", "host.maintenance", True)
    drain = (FITS, "forbid host.maintenance", "when host.maintenance evacuate host")
    assert [target for _, _, target in moves(running.plan(rules(*drain)))] == ["n0", "n0", "n0"]
    for name in ("n0", "n2", "n3"):
        running.show(name, "host.mem.free", 7 * GIB if name == "n2" else GIB)
    alone = rules(FITS, "when host.maintenance evacuate host")
    stuck = running.plan(alone)
    assert stuck.moves == ()
    assert stuck.refused[0].what == "evacuate n1"
    assert stuck.refused[0].why.startswith("i-1: no host takes it: 3 refused by example: require host.mem.free")


def test_ordering_of_moves_serial__who_leaves_goes_first(running: Running) -> None:
    """Whoever leaves a full host goes first, and then the one who may only be there comes."""
    gold = rules(FITS, 'require ("gold" in host.tags) == (vm.user == "alice")')
    for host in ("n0", "n1", "n2", "n3"):
        running.show(host, "host.tags", frozenset({"gold"} if host == "n0" else ()))
    running.run("n0", user="bob", mem=16 * GIB)
    running.run("n1", user="alice", mem=16 * GIB)
    assert moves(running.plan(gold)) == [("i-0", "n0", "n2"), ("i-1", "n1", "n0")]


def test_ordering_of_moves_serial__a_cycle_is_broken_by_a_free_third_host(running: Running) -> None:
    """Each is in the other's place; the third host is for neither, and no worse for one than where it is."""
    tags = {"n0": {"gold"}, "n1": set[str](), "n2": {"gold", "spare"}, "n3": {"shut", "spare"}}
    for host, words in tags.items():
        running.show(host, "host.tags", frozenset(words))
    swap = rules(
        FITS,
        'require ("gold" in host.tags) == (vm.user == "alice")',
        'forbid "spare" in host.tags && vm.user == "alice" || "shut" in host.tags',
    )
    running.run("n0", user="bob", mem=16 * GIB)
    running.run("n1", user="alice", mem=16 * GIB)
    assert moves(running.plan(swap)) == [("i-0", "n0", "n2"), ("i-1", "n1", "n0"), ("i-0", "n2", "n1")]
    running.show("n2", "host.mem.free", GIB)
    assert [each.what for each in running.plan(swap).refused] == ["move i-0", "move i-1"]


def test_holds_during_the_move_too_continuous(running: Running) -> None:
    """A machine of no ha group is kept away from the one that wants to be alone, although no rule is about it."""
    running.run("n1", group="web", tags=frozenset({"ha"}))
    running.run("n0", group="web")
    running.show("n0", "host.maintenance", True)
    text = """
    rule apart { applies to vm where "ha" in vm.tags  forbid count(host, vm.group) >= 1 }
    rule drain { forbid host.maintenance  when host.maintenance evacuate host }
    policy p { use apart  use drain  remap every 60s }
    """
    alone = prepare(read(text, "apart.rules").ruleset, "p", Phase.REMAP)
    assert moves(running.plan(alone)) == [("i-1", "n0", "n2")]


def test_several_policies_combined_and_switched_at_run_time(running: Running) -> None:
    """What is known of the time that a condition has held stays when another policy takes over."""
    two_busy(running)
    text = """
    rule busy { prefer 1 - host.cpu.load / host.cpu.cores
      when host.cpu.load > 5 for 20s  migrate vm by vm.cpu.used until host.cpu.load < 4 }
    rule fast { prefer host.cpu.mips }
    policy day   { use busy  remap every 60s }
    policy night { use busy  use fast weight 2  remap every 60s  move only if gain > 100 }
    """
    ruleset = read(text, "two.rules").ruleset
    day, night = (prepare(ruleset, name, Phase.REMAP) for name in ("day", "night"))
    assert running.plan(night).refused == ()
    assert running.plan(night, 20).refused[0].what == "move i-0"
    running.memory = type(running.memory)()
    assert [len(running.plan(each, at).moves) for each, at in ((night, 0), (day, 19), (day, 20))] == [0, 0, 1]


def test_dry_run_what_if(running: Running) -> None:
    """Planning changes nothing; a rule in mode observe says what it would do."""
    running.run("n0", cpu_used=6.0)
    seen = running.plan(rules("mode observe", IDLE, f"when host.cpu.load > 5 {SHED}"))
    assert (seen.moves, seen.observed) == ((), (f"example: when host.cpu.load > 5 {SHED}: n0",))
    assert running.vms[0].row == 0


def test_a_lost_host_s_machines_are_restarted_elsewhere(running: Running) -> None:
    running.run("n0")
    running.show("n0", "host.state", "lost")
    plan = running.plan(rules(FITS, 'forbid host.state == "lost"', 'when host.state == "lost" for 0s restart vm'))
    assert [(each.vm, each.source, each.target) for each in plan.restarts] == [("i-0", "n0", "n1")]
    assert (plan.moves, plan.refused) == ((), ())


def test_a_policy_without_rounds_leaves_machines_where_they_are(running: Running) -> None:
    running.run("n0", cpu_used=6.0)
    assert running.plan(rules(IDLE, f"when host.cpu.load > 5 {SHED}", line="")).quiet


def test_what_a_given_up_evacuation_had_taken_is_free_again(running: Running) -> None:
    running.run("n0", mem=6 * GIB, vcpus=1.0)
    running.pinned = frozenset({running.run("n0", mem=GIB, vcpus=1.0)})
    running.run("n1", mem=6 * GIB, vcpus=4.0)
    for host in ("n0", "n1"):
        running.show(host, "host.maintenance", True)
    for host, free in (("n0", 0.0), ("n2", 6 * GIB), ("n3", GIB)):
        running.show(host, "host.mem.free", free)
    drain = (FITS, "when host.maintenance evacuate host")
    plan = running.plan(rules(*drain, line="remap every 60s budget migrations <= 1 per round"))
    assert moves(plan) == [("i-2", "n1", "n2")]
    assert plan.refused[0].why == "i-1: it is pinned"


def test_another_machine_makes_room_so_that_a_host_can_be_emptied(running: Running) -> None:
    """The one of 6 GiB fits nowhere until one of 4 GiB has gone where only that fits."""
    running.run("n0", mem=6 * GIB)
    running.run("n1", mem=4 * GIB)
    running.show("n0", "host.maintenance", True)
    for host, free in (("n1", 3 * GIB), ("n2", 5 * GIB), ("n3", GIB)):
        running.show(host, "host.mem.free", free)
    plan = running.plan(rules(FITS, "when host.maintenance evacuate host"))
    assert moves(plan) == [("i-1", "n1", "n2"), ("i-0", "n0", "n1")]
    assert plan.moves[0].why == "makes room for i-0"

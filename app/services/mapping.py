"""Hosts for new instances, chosen by the policy that is active in the store; and why, for every instance.

1.6.1's policies choose by what the store holds of hosts, rules by the host table; what a placement group promises
closes hosts to either. The trap: nothing is taken from the table here; the rows of the instances are what changes it,
when they are committed.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import Broken, Missing
from app.domain.instance import Instance
from app.domain.placement_group import Strategy
from app.domain.ports import Unit
from app.domain.ruleset import Ruleset
from app.rules.explaining import why_not
from app.rules.kernels import Scene
from app.rules.moment import Value, Vm
from app.rules.place import Chosen
from app.rules.placing import NOBODY, place
from app.rules.prepared import Prepared, averages
from app.rules.tree import Phase
from app.rules.walk import Pair
from app.services import placement_groups, rulesets, verdicts
from app.services.books import Books
from app.services.choosers import Candidates, Chooser, InOrder, Ruled
from app.services.fleet import Fleet
from app.services.machines import Wish
from app.services.placing_order import cursor, go_on_behind
from app.services.rooms import rooms
from app.services.rules_in_force import RulesInForce

ELSEWHERE = "is in another zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Hosts in launch order, each with what was said of every host; fewer than asked: `refusals` says why no more.

    `last` is the order of joining of the last host, for ROUNDROBIN; `partitions` are those of the placement group.
    """

    policy: str
    ruleset_id: str
    chosen: tuple[Chosen, ...]
    verdicts: tuple[bytes, ...]
    refusals: tuple[str, ...]
    last: int
    partitions: tuple[int, ...]


class Mapping:
    """Lives as long as the server; every call belongs to the transaction it is made in."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.rules = fleet, RulesInForce()

    def make_ready(self, unit: Unit) -> None:
        """Compile what is active, before somebody waits for it, and have the means kept that it reads."""
        ruleset, policies = rulesets.active(unit).ruleset, list[Prepared]()
        with suppress(Broken):  # said to whoever launches, and no reason not to start
            policies += [self.rules.ready(ruleset, ruleset.policy, phase).policy for phase in Phase] if ruleset else []
        self.fleet.average(frozenset[tuple[str, float]]().union(*map(averages, policies)))

    def choose(self, unit: Unit, wish: Wish, most: int, cluster: str = "") -> Choice:
        """Choose hosts for up to `most` instances, in one cluster or in all; nothing is written but for `settle`."""
        if cluster and unit.clusters.get(cluster) is None:
            raise Missing("zone", cluster)
        best: Choice | None = None
        for zone in _zones(unit, wish, cluster):
            choice = self._tried(unit, wish, most, zone)
            if best is None or len(choice.chosen) > len(best.chosen):
                best = choice
            if len(best.chosen) == most:
                break
        assert best is not None
        return best

    def settle(self, unit: Unit, choice: Choice) -> None:
        """Take a choice for made: ROUNDROBIN goes on behind it."""
        go_on_behind(unit, choice.last)

    def objections(self, unit: Unit, instance: Instance, host: str) -> tuple[str, ...]:
        """Say which hard rules refuse a host for an instance that is known already, with the values behind it."""
        ruleset = rulesets.active(unit).ruleset
        if ruleset is None:
            return ()
        ready, now = self.rules.ready(ruleset, ruleset.policy), self.fleet.now(unit)
        with self.fleet.current(unit) as books:
            row = books.table.rows.get(host, NOBODY)
            if row == NOBODY:
                return (f"{host} has left the cloud",)
            vm = _again(books, instance, host)
            return why_not(ready.policy, Pair(books.table, row, vm, now))

    def told(self, unit: Unit, instance: Instance, target: str) -> bytes:
        """Pack what the active rules say of every host for a running instance that is to move to one of them."""
        ruleset = rulesets.active(unit).ruleset
        if ruleset is None:
            return b""
        ready, now = self.rules.ready(ruleset, ruleset.policy, Phase.REMAP), self.fleet.now(unit)
        with self.fleet.current(unit) as books:
            if instance.id not in books.machines:
                return b""  # it ended; who wants it moved is told so
            table, vm = books.table.copy(), books.vm(instance.id)
            if vm.row != NOBODY:
                table.remove(vm, vm.row)  # it sees its own host as that would be without it
            vm = replace(vm, values={**vm.values, "vm.group_spread": books.spread(vm)}, row=NOBODY)
            shut = _shut(books, instance.cluster)
            among = np.array([not reason for reason in shut], np.bool_)
            placed = replace(place(table, vm, ready.policy, now, among), host=target)
            return verdicts.by_rules(placed, Scene(table, vm, now), ready.evidence, shut)

    def _tried(self, unit: Unit, wish: Wish, most: int, cluster: str) -> Choice:
        active = rulesets.active(unit)
        if active.ruleset is not None:
            return self._by_rules(unit, wish, most, cluster, active.ruleset)
        seen = rooms(unit, unit.hosts.where(cluster=cluster) if cluster else unit.hosts.where())
        chooser = InOrder(active.policy, wish.need, seen, cursor(unit))
        partitions = _fill(unit, wish, most, chooser)
        return _choice(chooser, partitions, active.policy, chooser.last)

    def _by_rules(self, unit: Unit, wish: Wish, most: int, cluster: str, ruleset: Ruleset) -> Choice:
        ready, now = self.rules.ready(ruleset, ruleset.policy), self.fleet.now(unit)
        alone, partitions = most == 1 and wish.group is None, list[int]()
        with self.fleet.current(unit) as books:
            vm = Vm(values={**wish.facts(unit), "vm.age": now.at_s, "vm.migrations_1h": 0.0})
            vm = replace(vm, values={**vm.values, "vm.group_spread": books.spread(vm)})
            table = books.table if alone else books.table.copy()
            candidates = Candidates(table=table, hosts=dict(books.hosts), shut=_shut(books, cluster), now=now)
            chooser = Ruled(ready, vm, candidates, only_one=alone)
            if alone:
                partitions = _fill(unit, wish, most, chooser)
        if not alone:  # many take a while, and sensors wait
            partitions = _fill(unit, wish, most, chooser)
        last = candidates.hosts[chooser.chosen[-1].host].ordinal if chooser.chosen else cursor(unit)
        return _choice(chooser, partitions, ruleset.policy, last, ruleset.id)


def _zones(unit: Unit, wish: Wish, cluster: str) -> Iterator[str]:
    """Yield the zones to try, "" for all at once: the first of a cluster group must leave room for the others."""
    yield cluster
    group = wish.group
    if group and group.strategy is Strategy.CLUSTER and not cluster and not placement_groups.members(unit, group):
        yield from (zone.name for zone in unit.clusters.where())


def _fill(unit: Unit, wish: Wish, most: int, chooser: Chooser) -> list[int]:
    """Choose hosts for up to `most` instances; return the partition of each in its placement group, 0: none."""
    if wish.group is None:
        return [0] * chooser.choose(most)
    company = placement_groups.company(unit, wish.group, unit.hosts.where(), wish.command.partition_number)
    partitions: list[int] = []
    while len(partitions) < most:
        taken = next((each for each in company.options() if chooser.choose(1, each.closed)), None)
        if taken is None:
            break
        company.add(taken.partition, chooser.chosen[-1].host)
        partitions.append(taken.partition)
    return partitions


def _choice(chooser: Chooser, partitions: Sequence[int], policy: str, last: int, ruleset_id: str = "") -> Choice:
    return Choice(
        policy=policy,
        ruleset_id=ruleset_id,
        chosen=tuple(chooser.chosen),
        verdicts=tuple(chooser.verdicts),
        refusals=chooser.refusals,
        last=last,
        partitions=tuple(partitions),
    )


def _shut(books: Books, cluster: str) -> list[str]:
    if not cluster:
        return books.closed
    hosts = zip(books.hosts.values(), books.closed, strict=True)
    return [reason if host.cluster == cluster else ELSEWHERE for host, reason in hosts]


def _again(books: Books, instance: Instance, host: str) -> Vm:
    """Form an instance as one that would come to a host; on its own host it holds its disk already."""
    vm = books.vm(instance.id)
    more: dict[str, Value] = {"vm.group_spread": books.spread(vm)}
    if host in instance.hosts:
        more["vm.disk"] = 0.0
    return replace(vm, values={**vm.values, **more}, row=NOBODY if books.machines[instance.id].at_rest else vm.row)

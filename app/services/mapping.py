"""Hosts for new instances, chosen by the policy that is active in the store; and why, for every instance.

1.6.1's policies choose by what the store holds of hosts, rules by the host table. The trap: nothing is taken from the
table here; the rows of the instances are what changes it, when they are committed.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import Broken, Missing
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.ruleset import Ruleset
from app.domain.vmtype import Size
from app.rules.explaining import why, why_not
from app.rules.kernels import Scene
from app.rules.moment import Now, Value, Vm
from app.rules.place import Chosen, Room
from app.rules.place import place as place_in_order
from app.rules.placing import NOBODY, Placed, place
from app.rules.prepared import Prepared, averages
from app.rules.reservation import settle
from app.rules.table import Flags, HostTable
from app.rules.tree import Phase
from app.rules.walk import Pair
from app.services import rulesets, verdicts
from app.services.books import Books
from app.services.fleet import Fleet
from app.services.machines import Wish
from app.services.placing_order import cursor, go_on_behind
from app.services.rooms import rooms
from app.services.rules_in_force import Ready, RulesInForce

ELSEWHERE = "is in another zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Hosts in launch order, each with what was said of every host; fewer than asked: `refusals` says why no more.

    `last` is the order of joining of the last host, for ROUNDROBIN.
    """

    policy: str
    ruleset_id: str
    chosen: tuple[Chosen, ...]
    verdicts: tuple[bytes, ...]
    refusals: tuple[str, ...]
    last: int


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
        active = rulesets.active(unit)
        if active.ruleset is None:
            return _in_order(unit, wish, most, cluster, active.policy)
        return self._by_rules(unit, wish, most, cluster, active.ruleset)

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

    def _by_rules(self, unit: Unit, wish: Wish, most: int, cluster: str, ruleset: Ruleset) -> Choice:
        ready, now = self.rules.ready(ruleset, ruleset.policy), self.fleet.now(unit)
        with self.fleet.current(unit) as books:
            shut = _shut(books, cluster)
            vm = Vm(values={**wish.facts(unit), "vm.age": now.at_s, "vm.migrations_1h": 0.0})
            vm = replace(vm, values={**vm.values, "vm.group_spread": books.spread(vm)})
            ruled = _Ruled(ready, books.table if most == 1 else books.table.copy(), now, shut)
            found = ruled.place(vm, most) if most == 1 else None
        found = ruled.place(vm, most) if found is None else found  # many take a while, and sensors wait
        hosts = [books.hosts[name] for name in found]
        return Choice(
            policy=ruleset.policy,
            ruleset_id=ruleset.id,
            chosen=tuple(
                Chosen(host=host.name, cluster=host.cluster, reasons=reasons)
                for host, reasons in zip(hosts, ruled.reasons, strict=True)
            ),
            verdicts=tuple(ruled.verdicts),
            refusals=ruled.refusals,
            last=hosts[-1].ordinal if hosts else cursor(unit),
        )


class _Ruled:
    """One reservation placed by rules, machine by machine; `shut` says by row why a host is no candidate at all."""

    def __init__(self, ready: Ready, table: HostTable, now: Now, shut: Sequence[str]) -> None:
        self._ready, self._table, self._now, self._shut = ready, table, now, shut
        self._among: Flags | None = np.array([not why for why in shut], np.bool_) if any(shut) else None
        self.reasons: list[tuple[str, ...]] = []
        self.verdicts: list[bytes] = []
        self.refusals: tuple[str, ...] = ()

    def place(self, vm: Vm, most: int) -> list[str]:
        """Choose hosts one after another, up to the first machine that finds none."""
        found: list[str] = []
        while len(found) < most:
            placed = place(self._table, vm, self._ready.policy, self._now, self._among)
            scene = Scene(self._table, vm, self._now)
            told = verdicts.by_rules(placed, scene, self._ready.evidence, self._shut)
            if placed.row == NOBODY:
                self.refusals = _counted(verdicts.read(told, self._ready.evidence), placed, len(self._ready.evidence))
                break
            found.append(placed.host)
            self.verdicts.append(told)
            self.reasons.append(self._why(placed))
            if most > 1:
                settle(self._table, vm, placed.row)
        return found

    def _why(self, placed: Placed) -> tuple[str, ...]:
        name = self._ready.policy.policy.name
        best = why(placed) or ("no rule prefers any host; it is the first that none refuses",)
        observed = tuple(f"{clause} would have refused it, but is only observed" for clause in placed.observed)
        return (*(f"{name}: {reason}" for reason in best), *observed)


def _counted(told: Sequence[verdicts.Verdict], placed: Placed, clauses: int) -> tuple[str, ...]:
    """Say why no host takes a machine: each reason once, by the first host that it holds for."""
    alike: dict[str, list[verdicts.Verdict]] = {}
    for gate, verdict in zip(placed.refused_by.tolist(), told, strict=True):
        alike.setdefault(str(gate) if gate < clauses else verdict.words, []).append(verdict)
    return tuple(
        f"{each[0].host}: {each[0].words}" + (f", and so on {len(each) - 1} more" if len(each) > 1 else "")
        for each in alike.values()
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


def _in_order(unit: Unit, wish: Wish, most: int, cluster: str, policy: str) -> Choice:
    """Choose as 1.6.1 did."""
    seen = rooms(unit, unit.hosts.where(cluster=cluster) if cluster else unit.hosts.where())
    decision = place_in_order(seen, wish.need, most, policy, cursor(unit))
    return Choice(
        policy=policy,
        ruleset_id="",
        chosen=decision.chosen,
        verdicts=tuple(_told(policy, seen, wish.need, decision.chosen)),
        refusals=decision.refusals,
        last=decision.cursor,
    )


def _told(policy: str, seen: Sequence[Room], need: Size, chosen: Sequence[Chosen]) -> Iterator[bytes]:
    """Say of each choice what hosts were like when the ones before it were made."""
    now = {room.host: room for room in seen}
    for each in chosen:
        yield verdicts.by_order(policy, now.values(), need, each.host)
        now[each.host] = replace(now[each.host], free=now[each.host].free - need)

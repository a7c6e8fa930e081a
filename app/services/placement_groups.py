"""Placement groups: records, who is in them, and what they promise where instances are placed, moved or started.

Instances name their group; one that ended has left it. The trap: the promise outlives every policy, so whatever puts an
instance on a host asks here, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Combination, Conflict, InUse, Invalid, Missing, NoCapacity
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.journal import Entry
from app.domain.placement_group import PlacementGroup, SpreadLevel, Strategy
from app.domain.ports import Entropy, Unit
from app.domain.states import Wanted
from app.rules.company import Company, Member
from app.services import tags
from app.services.access import owns, scope

LONGEST_NAME = 255
MOST_PARTITIONS = 7
USUAL_PARTITIONS = 2
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a group is to be; no `partitions` and an empty `spread_level`: what is usual."""

    strategy: str
    partitions: int | None = None
    spread_level: str = ""


def create(unit: Unit, caller: Caller, name: str, shape: Shape, entropy: Entropy) -> PlacementGroup:
    """Make an empty group; Conflict if the account has one of that name."""
    if not name or len(name) > LONGEST_NAME or not (name.isascii() and name.isprintable()):
        raise Invalid("GroupName", name, f"It has 1 to {LONGEST_NAME} printable ASCII characters.")
    strategy = _one_of(Strategy, "Strategy", shape.strategy)
    partitions, level = _partitions(strategy, shape.partitions), _level(strategy, shape.spread_level)
    if unit.placement_groups.where(account_id=caller.account_id, name=name):
        raise Conflict("placement group", name)
    group = PlacementGroup(
        id=ids.mint("placement group", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        name=name,
        strategy=strategy,
        partitions=partitions,
        spread_level=level,
        created_at_ms=unit.now_ms,
    )
    unit.placement_groups.add(group)
    return group


def delete(unit: Unit, group: PlacementGroup) -> PlacementGroup:
    """Delete a group that no instance is in."""
    inside = members(unit, group)
    if inside:
        raise InUse("placement group", group.name, inside[0].id)
    tags.forget(unit, group.id)
    unit.placement_groups.remove(group)
    return group


def named(unit: Unit, caller: Caller, name: str) -> PlacementGroup:
    """Look a group of the caller's account up by name; Missing otherwise."""
    found = unit.placement_groups.where(account_id=caller.account_id, name=name)
    if not found:
        raise Missing("placement group", name)
    return found[0]


def find(unit: Unit, caller: Caller, names: Sequence[str], group_ids: Sequence[str]) -> list[PlacementGroup]:
    """Look groups up by name and id, or list all of them; Missing names the first one that is not there."""
    if not (names or group_ids):
        return unit.placement_groups.where(**scope(caller))
    return list(
        dict.fromkeys([*(named(unit, caller, n) for n in names), *(_of_id(unit, caller, i) for i in group_ids)])
    )


def asked(unit: Unit, caller: Caller, name: str, group_id: str, partition: int) -> PlacementGroup | None:
    """Look up the group that a launch asks for by name or id, if it does."""
    if name and group_id:
        raise Combination("Name the placement group by one of GroupName and GroupId")
    group = _of_id(unit, caller, group_id) if group_id else named(unit, caller, name) if name else None
    if group is not None and group.account_id != caller.account_id:
        raise Missing("placement group", group_id)
    if partition:
        _check_partition(group, partition)
    return group


def ids_of(unit: Unit, instances: Iterable[Instance]) -> dict[tuple[str, str], str]:
    """Collect the ids of instances' groups by account and name, in one query."""
    names = tuple({instance.placement_group for instance in instances} - {""})
    return {(group.account_id, group.name): group.id for group in unit.placement_groups.where(name=names)}


def stirred(unit: Unit, entries: Iterable[Entry]) -> list[str]:
    """List the ids of the groups that instances may have joined or left by entries of the journal."""
    told = [
        entry for entry in entries if entry.kind == "instance" and entry.data.keys() & {"placement_group", "removed"}
    ]
    rows = unit.instances.where(id=[entry.resource_id for entry in told])
    # an entry of a change names the new group only, that of a new row names every column
    changed = {entry.resource_id for entry in told if "placement_group" in entry.data and "id" not in entry.data}
    accounts = {row.account_id for row in rows if row.id in changed}
    left = unit.placement_groups.where(account_id=tuple(accounts))
    return [*ids_of(unit, rows).values(), *(group.id for group in left)]


def members(unit: Unit, group: PlacementGroup) -> list[Instance]:
    """List the instances in a group; one at rest is in it, one that is gone is not."""
    found = unit.instances.where(placement_group=group.name, account_id=group.account_id)
    return [instance for instance in found if not (instance.wanted is Wanted.TERMINATED and instance.removed)]


def company(unit: Unit, group: PlacementGroup, hosts: Iterable[Host], partition: int = 0) -> Company:
    """Form what a group leaves to its next instance."""
    inside = [(one.partition_number, host) for one in members(unit, group) for host in one.hosts]
    return Company(group, inside, hosts, partition)


def objection(unit: Unit, instance: Instance, host: str) -> str:
    """Say why the instance's group keeps it from a host; empty if it does not."""
    found = unit.placement_groups.where(account_id=instance.account_id, name=instance.placement_group)
    if not found:
        return ""
    *_, loosest = _around(unit, found[0], instance, host, instance.partition_number).options()
    return loosest.closed.get(host, "")


def partition_on(unit: Unit, group: PlacementGroup, instance: Instance, partition: int) -> int:
    """Return the partition that an instance would be in on its host, 0 where there are none; NoCapacity otherwise."""
    why = ""
    for option in _around(unit, group, instance, instance.host, partition).options():
        why = option.closed.get(instance.host, "")
        if not why:
            return option.partition
    raise NoCapacity(instance.vmtype, 1, (f"the host of {instance.id} {why}",))


def _around(unit: Unit, group: PlacementGroup, instance: Instance, host: str, partition: int) -> Company:
    """Form a group without one of its instances, as far as a host is concerned."""
    inside = [
        (one.partition_number, name) for one in members(unit, group) if one.id != instance.id for name in one.hosts
    ]
    hosts = unit.hosts.where(name=tuple({name for _, name in inside} | {host}))
    return Company(group, inside, hosts, partition)


def apart(unit: Unit) -> tuple[Member, ...]:
    """List all instances that share no host with others of their group."""
    groups = unit.placement_groups.where(strategy=(Strategy.SPREAD, Strategy.PARTITION))
    return tuple(_member(group, instance) for group in groups for instance in members(unit, group))


def _member(group: PlacementGroup, instance: Instance) -> Member:
    return Member(
        id=instance.id,
        group=group.id,
        part=instance.id if group.strategy is Strategy.SPREAD else str(instance.partition_number),
        hosts=instance.hosts,
        by_rack=group.spread_level is SpreadLevel.RACK,
    )


def _check_partition(group: PlacementGroup | None, partition: int) -> None:
    if group is None or group.strategy is not Strategy.PARTITION:
        raise Combination("PartitionNumber is for a placement group of the strategy partition")
    if not 1 <= partition <= group.partitions:
        raise Invalid("Placement.PartitionNumber", partition, f"{group.name} has {group.partitions} partitions.")


def _of_id(unit: Unit, caller: Caller, group_id: str) -> PlacementGroup:
    group = unit.placement_groups.get(ids.parse(group_id, "placement group"))
    if group is None or not owns(caller, group):
        raise Missing("placement group", group_id)
    return group


def _one_of(words: type[Word], parameter: str, given: str) -> Word:
    try:
        return words(given)
    except ValueError:
        raise Invalid(parameter, given, f"Choose one of {', '.join(filter(None, words))}.") from None


def _partitions(strategy: Strategy, asked: int | None) -> int:
    if strategy is not Strategy.PARTITION:
        if asked is not None:
            raise Combination("PartitionCount is for the strategy partition")
        return 0
    if asked is not None and not 1 <= asked <= MOST_PARTITIONS:
        raise Invalid("PartitionCount", asked, f"It is between 1 and {MOST_PARTITIONS}.")
    return USUAL_PARTITIONS if asked is None else asked


def _level(strategy: Strategy, asked: str) -> SpreadLevel:
    if strategy is not Strategy.SPREAD:
        if asked:
            raise Combination("SpreadLevel is for the strategy spread")
        return SpreadLevel.NONE
    return _one_of(SpreadLevel, "SpreadLevel", asked or SpreadLevel.HOST)

"""Instance types: 1.6.1's five, the operators' own, and aliases for the names that today's clients use.

The trap: a change counts for new instances only; an instance keeps the sizes it was launched with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from app.api.resources import SetType
from app.domain.errors import Conflict, InUse, Invalid, Missing
from app.domain.host import Host
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted
from app.domain.vmtype import NOTHING, STANDARD, Size, VmType
from app.services.names import check_name

_SEEDED_SETTING = "types.seeded"
_MOST = {"cores": 4096, "memory_mib": 64 * 1024 * 1024, "disk_gb": 1_000_000}
_STANDARD_NAMES = frozenset(vmtype.name for vmtype in STANDARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many instances of a type fit now (`free`) and on empty hosts (`most`)."""

    vmtype: VmType
    free: int
    most: int


def seed(unit: Unit) -> None:
    """Add 1.6.1's five at the first start; later starts change nothing, whatever operators made of them."""
    if unit.setting(_SEEDED_SETTING):
        return
    for vmtype in STANDARD:
        unit.vmtypes.add(vmtype)
    unit.set_setting(_SEEDED_SETTING, "yes")


def list_types(unit: Unit) -> list[VmType]:
    """List types in their order, aliases last."""
    return sorted(unit.vmtypes.where(), key=lambda row: (bool(row.alias_of), row.ordinal, row.name))


def set_type(unit: Unit, name: str, asked: SetType) -> VmType:
    """Define or change a type or an alias; all three sizes or `alias_of` must be given, not both."""
    check_name("name", name)
    existing = unit.vmtypes.get(name)
    row = _alias(unit, name, existing, asked) if asked.alias_of else _sized(unit, name, existing, asked)
    if existing is None:
        unit.vmtypes.add(row, text=f"Instance type {name} was added")
    else:
        unit.vmtypes.put(row, text=f"Instance type {name} was changed")
    return row


def resolve(unit: Unit, name: str) -> VmType:
    """Return the type that a name or an alias stands for, under the name that was asked for."""
    asked = unit.vmtypes.get(name)
    if asked is None:
        near = get_close_matches(name, [vmtype.name for vmtype in unit.vmtypes.where()], n=1)
        raise Invalid("InstanceType", name, f"Did you mean {near[0]}?" if near else "There is no such type here.")
    if not asked.alias_of:
        return asked
    real = unit.vmtypes.get(asked.alias_of)
    if real is None:
        raise Invalid("InstanceType", name, f"It is an alias of {asked.alias_of}, which is no more.")
    return replace(real, name=name)


def remove(unit: Unit, name: str) -> None:
    """Remove an operator's type or alias; InUse while an alias stands for it."""
    row = unit.vmtypes.get(name)
    if row is None:
        raise Missing("instance type", name)
    if name in _STANDARD_NAMES:
        raise Conflict("instance type", name, "is one of the five that every cloud has")
    aliases = unit.vmtypes.where(alias_of=name)
    if aliases:
        raise InUse("instance type", name, f"the alias {aliases[0].name}")
    unit.vmtypes.remove(row, text=f"Instance type {name} was removed")


def table(unit: Unit, cluster: str | None = None) -> list[Room]:
    """Compute room by type, aliases left out, over all hosts or one cluster's that can be reached."""
    hosts = unit.hosts.where(cluster=cluster) if cluster is not None else unit.hosts.where()
    usable = [host for host in hosts if _usable(host)]
    held = unit.held()
    return [_room(vmtype, usable, held) for vmtype in list_types(unit) if not vmtype.alias_of]


def tables(unit: Unit, hosts: Sequence[Host]) -> dict[str, list[Room]]:
    """Compute room by type for each cluster, aliases left out; `hosts` are all there are."""
    held, kinds = unit.held(), [row for row in list_types(unit) if not row.alias_of]
    found = {}
    for cluster in unit.clusters.where():
        mine = [host for host in hosts if host.cluster == cluster.name and _usable(host)]
        found[cluster.name] = [_room(vmtype, mine, held) for vmtype in kinds]
    return found


def in_all(tables: Mapping[str, Sequence[Room]]) -> list[Room]:
    """Add the tables of clusters up; they hold the same types."""
    return [
        Room(vmtype=rooms[0].vmtype, free=sum(room.free for room in rooms), most=sum(room.most for room in rooms))
        for rooms in zip(*tables.values(), strict=True)
    ]


def _usable(host: Host) -> bool:
    return host.state is HostState.UP and host.wanted is not HostWanted.REMOVED


def _room(vmtype: VmType, hosts: Sequence[Host], held: Mapping[str, Size]) -> Room:
    need = vmtype.size
    open_hosts = [host for host in hosts if host.wanted is HostWanted.ENABLED]
    return Room(
        vmtype=vmtype,
        free=sum((host.room - held.get(host.name, NOTHING)).times(need) for host in open_hosts),
        most=sum(host.room.times(need) for host in hosts),
    )


def _alias(unit: Unit, name: str, existing: VmType | None, asked: SetType) -> VmType:
    if asked.cores or asked.memory_mib or asked.disk_gb:
        raise Invalid("alias_of", asked.alias_of, "An alias has no sizes of its own.")
    if existing is not None and not existing.alias_of:
        raise Conflict("instance type", name, "is a type with sizes, it can not become an alias")
    target = unit.vmtypes.get(asked.alias_of)
    if target is None:
        raise Missing("instance type", asked.alias_of)
    if target.alias_of:
        raise Invalid("alias_of", asked.alias_of, f"It is an alias itself: name {target.alias_of}.")
    return VmType(name=name, cores=0, memory_mib=0, disk_gb=0, alias_of=asked.alias_of)


def _sized(unit: Unit, name: str, existing: VmType | None, asked: SetType) -> VmType:
    sizes = {"cores": asked.cores, "memory_mib": asked.memory_mib, "disk_gb": asked.disk_gb}
    for parameter, value in sizes.items():
        if not 1 <= value <= _MOST[parameter]:
            raise Invalid(parameter, value, f"It must be between 1 and {_MOST[parameter]}.")
    if existing is not None and existing.alias_of:
        raise Conflict("instance type", name, f"is an alias of {existing.alias_of}: remove it first")
    ordinal = existing.ordinal if existing else 1 + max((row.ordinal for row in unit.vmtypes.where()), default=0)
    return VmType.of(name, asked.cores, asked.memory_mib, asked.disk_gb, ordinal)

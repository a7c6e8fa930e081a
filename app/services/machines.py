"""Instances as rules see them: what each is, whose it is, and on which hosts it counts.

The trap: one at rest holds only its disk. It is no machine on its host, so it neither counts in `host.vms` nor as a
neighbour, until it is started again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.account import Caller
from app.domain.commands import RunInstances
from app.domain.instance import Instance
from app.domain.placement_group import PlacementGroup
from app.domain.ports import Unit
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.vmtype import NOTHING, Size, VmType
from app.rules.moment import Value
from app.services import tags

MIB = 2.0**20
GIB = 2.0**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """An instance that holds room on `hosts`. `began_ms` is when it was started; only a movable one may be moved."""

    hosts: tuple[str, ...]
    facts: Mapping[str, Value]
    began_ms: int
    at_rest: bool
    movable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the instances of a request will be; all of them are alike."""

    caller: Caller
    command: RunInstances
    vmtype: VmType
    image_id: str
    group: PlacementGroup | None = None

    @property
    def need(self) -> Size:
        return self.vmtype.size

    def facts(self, unit: Unit) -> dict[str, Value]:
        """Describe them as far as rules may ask before they have an id."""
        row = unit.accounts.get(self.caller.account_id)
        account = row.name if row else self.caller.account_id
        return {
            "vm.id": "",
            "vm.user": self.caller.user_name,
            "vm.account": account,
            "vm.group": _group(account, self.group.name if self.group else ""),
            "vm.type": self.vmtype.name,
            "vm.image": self.image_id,
            "vm.tags": words(self.command.tags),
            **_amounts(self.need),
        }


def machines(unit: Unit, instances: Iterable[Instance]) -> dict[str, Machine]:
    """Describe instances by id, without those that hold nothing any more."""
    rows = [row for row in instances if row.held != NOTHING]
    tagged = tags.by_resource(unit, [row.id for row in rows]) if rows else {}
    users = _users(unit, {row.reservation_id for row in rows})
    accounts = {row.id: row.name for row in unit.accounts.where(id=tuple({row.account_id for row in rows}))}
    return {
        row.id: Machine(
            hosts=row.hosts,
            facts={
                "vm.id": row.id,
                "vm.user": users.get(row.reservation_id, ""),
                "vm.account": accounts.get(row.account_id, row.account_id),
                "vm.group": _group(accounts.get(row.account_id, row.account_id), row.placement_group),
                "vm.type": row.vmtype,
                "vm.image": row.image_id,
                "vm.tags": words(tagged.get(row.id, {})),
                **_amounts(row.size),
            },
            began_ms=row.launched_at_ms,
            at_rest=row.held != row.size,
            movable=row.state is InstanceState.RUNNING
            and row.seen is Seen.RUNNING
            and not (row.moving_from or row.resting),
        )
        for row in rows
    }


def all_machines(unit: Unit) -> dict[str, Machine]:
    """Describe all instances that hold room."""
    rows = unit.instances.where(wanted=(Wanted.RUNNING, Wanted.STOPPED))
    return machines(unit, [*rows, *unit.instances.where(wanted=Wanted.TERMINATED, removed=False)])


def words(named: Mapping[str, str]) -> frozenset[str]:
    """Return tags as rules ask for them: each by its key, and as `key=value` where it has a value."""
    return frozenset([*named, *(f"{key}={value}" for key, value in named.items() if value)])


def _group(account: str, name: str) -> str:
    """Tell groups of different accounts apart: nobody's rules are to be met by a stranger's machines."""
    return f"{account}/{name}" if name else ""


def _amounts(size: Size) -> dict[str, Value]:
    return {
        "vm.vcpus": float(size.cores),
        "vm.mem": size.memory_mib * MIB,
        "vm.disk": size.disk_gb * GIB,
        "vm.cpu.used": float(size.cores),  # until it is measured
    }


def _users(unit: Unit, reservation_ids: Iterable[str]) -> dict[str, str]:
    owners = {row.id: row.user_id for row in unit.reservations.where(id=tuple(reservation_ids))}
    names = {row.id: row.name for row in unit.users.where(id=tuple(set(owners.values())))}
    return {reservation_id: names.get(user_id, "") for reservation_id, user_id in owners.items()}

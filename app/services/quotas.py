"""What accounts may have at most and what they have: asked by whatever gives an account something more.

The trap: a quota that an administrator sets counts for everybody in the account, but the default for addresses does
not for administrators of the cloud, as in 1.6.1. Lowering a quota takes nothing away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.domain.account import Account
from app.domain.errors import Invalid, OverLimit
from app.domain.ports import Unit
from app.domain.quota import Quota, Resource
from app.services.ties import LIVE

DEFAULTS: Mapping[Resource, int | None] = {
    Resource.INSTANCES: None,
    Resource.CORES: None,
    Resource.VOLUMES: 5000,
    Resource.VOLUME_GIB: 50 * 1024,
    Resource.SNAPSHOTS: 10_000,
    Resource.ADDRESSES: 5,
}
"""None: as much as there is room for."""
MOST = 1_000_000_000
_WORDS = {Resource.VOLUME_GIB: "GiB of volumes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an account has of one resource; `most` None: there is no limit. `own`: set for this account."""

    account: Account
    resource: Resource
    used: int
    most: int | None
    own: bool


def check(unit: Unit, account_id: str, resource: Resource, more: int, *, exempt: bool = False) -> None:
    """Raise OverLimit if an account would have more than it may; for who is `exempt` the default does not count."""
    room = _room(unit, account_id, resource, exempt=exempt)
    if room is not None and more > max(room, 0):
        have = used(unit, account_id, resource)
        raise OverLimit(_WORDS.get(resource, resource), have + more, have + room)


def launchable(unit: Unit, account_id: str, least: int, most: int, cores: int) -> int:
    """Say how many instances of so many cores an account may launch of `most`; OverLimit if fewer than `least`."""
    check(unit, account_id, Resource.INSTANCES, least)
    check(unit, account_id, Resource.CORES, least * cores)
    rooms = (_room(unit, account_id, Resource.INSTANCES), _room(unit, account_id, Resource.CORES))
    each = (rooms[0], None if rooms[1] is None else rooms[1] // cores)
    return min([most, *(room for room in each if room is not None)])


def most(unit: Unit, account_id: str, resource: Resource) -> int | None:
    """Return the quota of an account, None if there is none."""
    row = unit.quotas.get(account_id, resource)
    return row.most if row else DEFAULTS[resource]


def used(unit: Unit, account_id: str, resource: Resource) -> int:
    """Count what an account has of a resource."""
    return _COUNTS[resource](unit, account_id)


def change(unit: Unit, account: Account, resource: Resource, most: int | None) -> None:
    """Set the quota of an account, None: as by default; what it has already stays."""
    row = unit.quotas.get(account.id, resource)
    if most is None:
        if row:
            unit.quotas.remove(row, text=f"The quota of {resource} of {account.name} is as by default")
        return
    if not 0 <= most <= MOST:
        raise Invalid("most", most, f"It is from 0 to {MOST}; nothing for as by default.")
    wanted = Quota(account_id=account.id, resource=resource, most=most)
    if row is None:
        unit.quotas.add(wanted, text=f"The quota of {resource} of {account.name} is {most}")
    elif row != wanted:
        unit.quotas.put(wanted, text=f"The quota of {resource} of {account.name} is {most}")


def usage(unit: Unit, account: Account) -> list[Usage]:
    """Say what an account has and may have, for every resource."""
    own = {row.resource: row.most for row in unit.quotas.where(account_id=account.id)}
    return [
        Usage(
            account=account,
            resource=resource,
            used=used(unit, account.id, resource),
            most=own.get(resource, default),
            own=resource in own,
        )
        for resource, default in DEFAULTS.items()
    ]


def named(given: str) -> Resource:
    """Read the name of a resource; Invalid names those that there are."""
    if given not in list(Resource):
        raise Invalid("resource", given[:40], f"It is one of {', '.join(Resource)}.")
    return Resource(given)


def _room(unit: Unit, account_id: str, resource: Resource, *, exempt: bool = False) -> int | None:
    """Say how much more an account may have, None: any number."""
    row = unit.quotas.get(account_id, resource)
    limit = row.most if row else None if exempt else DEFAULTS[resource]
    return None if limit is None else limit - used(unit, account_id, resource)


_COUNTS: Mapping[Resource, Callable[[Unit, str], int]] = {
    Resource.INSTANCES: lambda unit, owner: unit.instances.count(account_id=owner, state=LIVE),
    Resource.CORES: lambda unit, owner: sum(row.cores for row in unit.instances.where(account_id=owner, state=LIVE)),
    Resource.VOLUMES: lambda unit, owner: sum(not row.gone for row in unit.volumes.where(account_id=owner)),
    Resource.VOLUME_GIB: lambda unit, owner: sum(
        row.size_gib for row in unit.volumes.where(account_id=owner) if not row.gone
    ),
    Resource.SNAPSHOTS: lambda unit, owner: sum(not row.gone for row in unit.snapshots.where(account_id=owner)),
    Resource.ADDRESSES: lambda unit, owner: unit.addresses.count(account_id=owner, automatic=False),
}

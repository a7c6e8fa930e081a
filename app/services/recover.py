"""Rows rebuilt from what the hosts' domains say of themselves, for a cloud whose state was lost.

Instances that are known are left as they are: the state knows more than a domain does. The trap: what is rebuilt has
no history, so it is wanted as it is found, running or stopped. A stopped instance has no domain: its disks tell of it,
but not what it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from app.domain import ids
from app.domain.account import Account
from app.domain.group import SecurityGroup
from app.domain.instance import SWITCHES, Instance, Reservation, mac_of
from app.domain.ports import DomainSeen, Unit
from app.domain.states import Seen, Wanted
from app.services import addresses, groups

_ON = frozenset({Seen.RUNNING, Seen.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of the domains of one host.

    `unreadable`: (id, what its metadata lacks); `disks_only`: ids that only disks tell of; `accounts`: made anew.
    """

    added: tuple[str, ...]
    known: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    disks_only: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


def instance_of(seen: DomainSeen, host: str) -> Instance:
    """Form the row of a domain; KeyError or ValueError if its metadata is not what we write."""
    kept = seen.recovery
    running = seen.state in _ON
    return Instance(
        id=seen.instance_id,
        reservation_id=kept["reservation_id"],
        account_id=kept["account_id"],
        launch_index=int(kept["launch_index"]),
        image_id=kept["image_id"],
        kernel_id=kept.get("kernel_id", ""),
        ramdisk_id=kept.get("ramdisk_id", ""),
        key_name=kept.get("key_name", ""),
        group_ids=tuple(group for group in kept.get("group_ids", "").split(",") if group),
        placement_group=kept.get("placement_group", ""),
        partition_number=int(kept.get("partition_number", "0")),
        vmtype=kept["vmtype"],
        cores=int(kept["cores"]),
        memory_mib=int(kept["memory_mib"]),
        disk_gb=int(kept["disk_gb"]),
        cluster=kept["cluster"],
        host=host,
        mac=kept.get("mac") or mac_of(seen.instance_id),
        private_ip=kept.get("private_ip", ""),
        public_key=kept.get("public_key", ""),
        architecture=kept.get("architecture", "x86_64"),
        shutdown_behavior=kept.get("shutdown_behavior", "stop"),
        monitoring=kept.get("monitoring") == "true",
        metadata_hops=int(kept.get("metadata_hops", "1")),
        **_switches(kept),
        placement_reasons=(f"found on {host}",),
        wanted=Wanted.RUNNING if running else Wanted.STOPPED,
        launches=seen.launch,
        launched=seen.launch,
        seen=seen.state,
        launched_at_ms=int(kept["launched_at_ms"]),
        created_at_ms=int(kept["created_at_ms"]),
    )


def rebuild(unit: Unit, host: str, found: Sequence[DomainSeen], volumes: Iterable[str] = ()) -> Recovered:
    """Add the instances of one host that the state does not know, with their reservations, groups and accounts.

    `volumes` are the names of the host's volumes.
    """
    added, known, unreadable = [], [], []
    accounts_before = {account.id for account in unit.accounts.where()}
    for seen in found:
        if unit.instances.get(seen.instance_id) is not None:
            known.append(seen.instance_id)
            continue
        try:
            instance = instance_of(seen, host)
        except KeyError as lacking:
            unreadable.append((seen.instance_id, f"its metadata lacks {lacking.args[0]}"))
        except ValueError:
            unreadable.append((seen.instance_id, "its metadata holds something else than numbers"))
        else:
            _add(unit, instance)
            added.append(instance.id)
    return Recovered(
        added=tuple(added),
        known=tuple(known),
        unreadable=tuple(unreadable),
        disks_only=tuple(_without_row(unit, volumes)),
        accounts=tuple(account.name for account in unit.accounts.where() if account.id not in accounts_before),
    )


def clusters_named(found: Iterable[DomainSeen]) -> list[str]:
    """List the clusters that domains say they belong to, the most frequent first."""
    counts: dict[str, int] = {}
    for seen in found:
        name = _cluster(seen.recovery)
        if name:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))


def _add(unit: Unit, instance: Instance) -> None:
    if unit.accounts.get(instance.account_id) is None:
        name = f"recovered-{instance.account_id}"
        unit.accounts.add(Account(id=instance.account_id, name=name, created_at_ms=unit.now_ms))
    if unit.reservations.get(instance.reservation_id) is None:
        unit.reservations.add(
            Reservation(
                id=instance.reservation_id,
                account_id=instance.account_id,
                user_id="",
                created_at_ms=instance.created_at_ms,
            )
        )
    for group_id in instance.group_ids:
        if unit.groups.get(group_id) is None:
            _add_group(unit, group_id, instance.account_id)
    behind = addresses.source_of(unit, instance.cluster).gateway
    instance = replace(instance, gateway=behind)
    if instance.private_ip and unit.instances.where(private_ip=instance.private_ip, gateway=behind, removed=False):
        instance = replace(instance, private_ip="")
    unit.instances.add(instance, event="instance.recovered", text=f"found on {instance.host}")


def _add_group(unit: Unit, group_id: str, account_id: str) -> None:
    group = SecurityGroup(
        id=group_id,
        account_id=account_id,
        name=f"recovered-{group_id}",
        description="Found on an instance; its name and rules were lost",
        created_at_ms=unit.now_ms,
    )
    unit.groups.add(group)
    groups.begin(unit, group, lambda length: sha256(group_id.encode()).digest()[:length])


def _without_row(unit: Unit, volumes: Iterable[str]) -> list[str]:
    owners = {volume.partition(".")[0] for volume in volumes}
    mine = sorted(owner for owner in owners if ids.resource_of(owner) == "instance")
    return [owner for owner in mine if unit.instances.get(owner) is None]


def _switches(kept: Mapping[str, str]) -> dict[str, Any]:
    """Read what is on or off; what an older version did not write down is as it is at first."""
    return {switch: kept[switch] == "true" for switch in SWITCHES if switch in kept}


def _cluster(kept: Mapping[str, str]) -> str:
    return kept.get("cluster", "")

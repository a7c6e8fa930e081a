"""Rows as the structs that REST answers and the stream sends.

`World` holds what several views need (room taken, tags), read once a request: computing it for every row would
make a list of n things cost n². The trap: a view must never carry a secret column.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.api.accounts import AccountView, UserView
from app.api.resources import AuditView, ClusterView, EventView, HostView, ImageView, InstanceView, TypeView
from app.domain.account import Account, User
from app.domain.host import Cluster, Host
from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.journal import AuditEntry, Entry
from app.domain.ports import Unit
from app.domain.states import HostState, InstanceState, Seen
from app.domain.vmtype import NOTHING, Size, VmType
from app.services import gateways, public_addresses, tags, types

LONGEST_TOLD = 200
_EVENTS = {
    "reservation.added": "Launch {} was asked for",
    "reservation.removed": "Launch {} is forgotten, for its instances are",
}
_SEEN: Final[Mapping[str | int, str]] = {
    Seen.NOTHING: "nothing of {} is on its host any more",
    Seen.OFF: "{} is switched off on its host",
    Seen.RUNNING: "{} runs on its host",
    Seen.PAUSED: "{} is paused on its host",
    Seen.CRASHED: "{} has crashed on its host",
}
_STATUS = {InstanceState.RUNNING: "ok", InstanceState.PENDING: "initializing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is taken on hosts, by host name, as one transaction sees it; and how gateways elsewhere are, by cluster."""

    held: Mapping[str, Size]
    counts: Mapping[str, int]
    gateways: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    joined: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, unit: Unit) -> "World":
        states, joined = gateways.states(unit), gateways.times(unit)
        return cls(held=unit.held(), counts=unit.counts(), gateways=states, joined=joined)


EMPTY: Final = World(held={}, counts={})


def host_view(host: Host, world: World) -> HostView:
    room, held = host.capacity, world.held.get(host.name, NOTHING)
    return HostView(
        name=host.name,
        cluster=host.cluster,
        uri=host.uri,
        state=host.state,
        wanted=host.wanted,
        rehearsal=host.rehearsal,
        hypervisor=host.hypervisor,
        instances=world.counts.get(host.name, 0),
        cores=room.cores,
        cores_used=held.cores,
        memory_mib=room.memory_mib,
        memory_used_mib=held.memory_mib,
        disk_gb=room.disk_gb,
        disk_used_gb=held.disk_gb,
        seen_at_ms=host.seen_at_ms,
        state_since_ms=host.state_since_ms,
        last_error=host.last_error,
        power=host.power,
        power_wanted=host.power_wanted,
        power_error=host.power_error,
        fenced=host.fenced,
        rack=host.rack,
        tags=list(host.tags),
        cpu_ratio=host.cpu_ratio,
        mips=host.mips,
        physical_cores=host.cores,
        physical_memory_mib=host.memory_mib,
    )


def cluster_view(cluster: Cluster, hosts: Iterable[Host], world: World) -> ClusterView:
    """Sum up the hosts of one cluster; `hosts` may hold those of others."""
    rows = [host_view(host, world) for host in hosts if host.cluster == cluster.name]
    gateway, error = world.gateways.get(cluster.name, ("", ""))
    joined_at_ms, since_ms = world.joined.get(cluster.name, (0, 0)) if gateway else (0, 0)
    return ClusterView(
        name=cluster.name,
        gateway=gateway,
        gateway_error=error,
        gateway_joined_at_ms=joined_at_ms,
        gateway_since_ms=since_ms,
        hosts=len(rows),
        hosts_up=sum(row.state == HostState.UP for row in rows),
        cores=sum(row.cores for row in rows),
        cores_used=sum(row.cores_used for row in rows),
        memory_mib=sum(row.memory_mib for row in rows),
        memory_used_mib=sum(row.memory_used_mib for row in rows),
        instances=sum(row.instances for row in rows),
    )


def _instance_view(instance: Instance, named: Mapping[str, str], image_name: str, public_ip: str) -> InstanceView:
    state = instance.state
    return InstanceView(
        id=instance.id,
        reservation_id=instance.reservation_id,
        account_id=instance.account_id,
        state=state,
        wanted=instance.wanted,
        seen=instance.seen,
        status="impaired" if instance.impaired_since_ms or halted(instance) else _STATUS.get(state, ""),
        cluster=instance.cluster,
        host=instance.host,
        moving_from=instance.moving_from,
        vmtype=instance.vmtype,
        cores=instance.cores,
        memory_mib=instance.memory_mib,
        disk_gb=instance.disk_gb,
        image_id=instance.image_id,
        image_name=image_name,
        key_name=instance.key_name,
        private_ip=instance.address,
        public_ip=public_ip,
        placement_group=instance.placement_group,
        launch_index=instance.launch_index,
        launched_at_ms=instance.launched_at_ms,
        ended_at_ms=instance.ended_at_ms,
        state_reason=instance.state_reason,
        last_error=instance.last_error,
        tags=dict(named),
        name=named.get("Name", ""),
    )


def instance_views(unit: Unit, instances: Iterable[Instance]) -> list[InstanceView]:
    """View instances with their tags and public addresses, without those that ended more than an hour ago."""
    shown = [instance for instance in instances if not instance.hidden(unit.now_ms)]
    ids = [instance.id for instance in shown]
    named, public = tags.by_resource(unit, ids), public_addresses.of_instances(unit, ids)
    images = {image.id: image.name for image in unit.images.where(id=list({row.image_id for row in shown}))}
    return [
        _instance_view(
            row, named.get(row.id, {}), images.get(row.image_id, ""), public[row.id].ip if row.id in public else ""
        )
        for row in shown
    ]


def halted(instance: Instance) -> bool:
    """Tell whether an instance that should run is paused on its host, as QEMU does when a disk is full."""
    return instance.state is InstanceState.RUNNING and instance.seen is Seen.PAUSED


def image_view(image: Image) -> ImageView:
    return ImageView(
        id=image.id,
        kind=image.kind,
        name=image.name,
        account_id=image.account_id,
        architecture=image.architecture,
        state=image.state,
        public=image.public,
        kernel_id=image.kernel_id,
        ramdisk_id=image.ramdisk_id,
        size_bytes=image.size_bytes,
        min_memory_mib=image.min_memory_mib,
        sha256=image.sha256,
        created_at_ms=image.created_at_ms,
        granted_to=image.granted_to,
    )


def type_views(unit: Unit, table: Iterable[types.Room] | None = None) -> list[TypeView]:
    """View all types with the room there is for each; an alias shows what stands behind it."""
    room = {row.vmtype.name: row for row in (types.table(unit) if table is None else table)}
    return [_type_view(row, room[row.alias_of or row.name]) for row in types.list_types(unit)]


def _type_view(row: VmType, room: types.Room) -> TypeView:
    real = room.vmtype
    return TypeView(
        name=row.name,
        cores=real.cores,
        memory_mib=real.memory_mib,
        disk_gb=real.disk_gb,
        alias_of=row.alias_of,
        free=room.free,
        most=room.most,
    )


def account_view(account: Account, users: int) -> AccountView:
    return AccountView(
        id=account.id, name=account.name, enabled=account.enabled, users=users, created_at_ms=account.created_at_ms
    )


def user_view(user: User, access_keys: list[str], account: str) -> UserView:
    return UserView(
        id=user.id,
        account_id=user.account_id,
        account=account,
        name=user.name,
        admin=user.admin,
        enabled=user.enabled,
        access_keys=access_keys,
        created_at_ms=user.created_at_ms,
    )


def user_views(unit: Unit, users: Iterable[User]) -> list[UserView]:
    """View users with the ids of their access keys and the names of their accounts."""
    keys: dict[str, list[str]] = {}
    for key in unit.access_keys.where():
        keys.setdefault(key.user_id, []).append(key.id)
    named = {row.id: row.name for row in unit.accounts.where()}
    return [user_view(user, keys.get(user.id, []), named.get(user.account_id, "")) for user in users]


def event_view(entry: Entry) -> EventView:
    return EventView(
        cursor=str(entry.cursor),
        at_ms=entry.at_ms,
        event=entry.event,
        kind=entry.kind,
        resource_id=entry.resource_id,
        text=entry.text or _told(entry),
    )


def _told(entry: Entry) -> str:
    """Say what an entry says that came without words: which tag, what is different now, or what became of it."""
    if entry.kind == "tag" and "name" in entry.data:
        return f"{entry.data['name']}={entry.data.get('value', '')}"
    if not entry.event.endswith(".changed"):
        return _EVENTS.get(entry.event, entry.event.replace(".", " ")).format(entry.resource_id)
    now = {name: value for name, value in entry.data.items() if not name.endswith("_at_ms")}
    facts = [_fact(entry, name, value) for name, value in now.items() if isinstance(value, str | int)]
    return ", ".join(facts)[:LONGEST_TOLD]


def _fact(entry: Entry, name: str, value: str | int) -> str:
    if entry.kind == "instance" and name == "seen" and value in _SEEN:
        return _SEEN[value].format(entry.resource_id)
    return f"{name}: {value}"


def audit_view(entry: AuditEntry, undo: str = "") -> AuditView:
    return AuditView(
        number=entry.number,
        at_ms=entry.at_ms,
        who=entry.who,
        source=entry.source,
        action=entry.action,
        target=entry.target,
        outcome=entry.outcome,
        detail=entry.detail,
        command=entry.command,
        hash=entry.hash,
        undo=undo,
    )

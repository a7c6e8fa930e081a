"""The answer to "is the cloud well?" in one read: sums by cluster and type, and a sentence for each trouble."""

from collections import Counter
from collections.abc import Iterable, Sequence

from app.api.resources import ClusterRoom, EventView, Overview
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.records import Like
from app.domain.states import HostState, HostWanted, ImageState, InstanceState, Power, Seen
from app.services import types, views, waiting

CLOUD_NAME_SETTING = "cloud.name"
_EVENTS_SHOWN = 20
_TROUBLES_SHOWN = 20
_LATE_MS = 2 * 60_000


def overview(unit: Unit, version: str) -> Overview:
    """Sum up the cloud as one transaction sees it."""
    hosts = unit.hosts.where()
    world, tables = views.World.of(unit), types.tables(unit, hosts)
    return Overview(
        name=unit.setting(CLOUD_NAME_SETTING, "eucalyptus"),
        version=version,
        rehearsal=any(host.rehearsal for host in hosts),
        clusters=[views.cluster_view(cluster, hosts, world) for cluster in unit.clusters.where()],
        types=views.type_views(unit, types.in_all(tables)),
        instances_by_state=_counted(unit),
        hosts_by_state=dict(Counter(str(host.state) for host in hosts)),
        trouble=trouble(unit, hosts, _troubled_ones(unit)),
        events=_newest_events(unit),
        cursor=str(unit.cursor()),
        hosts_asleep=sum(host.power is Power.ASLEEP for host in hosts),
        rooms=[
            ClusterRoom(cluster=cluster, vmtype=room.vmtype.name, free=room.free, most=room.most)
            for cluster, table in tables.items()
            for room in table
        ],
    )


def _counted(unit: Unit) -> dict[str, int]:
    """Count the instances that are shown by state; only ended ones are read, since some of them are not shown."""
    counts = {str(state): unit.instances.count(state=state) for state in InstanceState}
    ended = unit.instances.where(state=InstanceState.TERMINATED)
    counts[InstanceState.TERMINATED] = sum(not row.hidden(unit.now_ms) for row in ended)
    return {state: count for state, count in counts.items() if count}


def _troubled_ones(unit: Unit) -> list[Instance]:
    """Read the few instances that may need somebody, and no others."""
    said = (
        {"last_error": Like("?*")},
        {"impaired_since_ms": Like("[1-9]*")},
        {"seen": Seen.PAUSED},
        {"state": InstanceState.PENDING},
    )
    found = {row.id: row for asked in said for row in unit.instances.where(**asked) if not row.hidden(unit.now_ms)}
    return [found[given] for given in sorted(found)]


def trouble(unit: Unit, hosts: Sequence[Host], instances: Iterable[Instance]) -> list[str]:
    """Say in one sentence each what needs somebody, the worst first."""
    said = [_of_host(host) for host in hosts if host.state is HostState.LOST]
    if not any(host.wanted is HostWanted.ENABLED for host in hosts):
        said.append("No host takes instances: join one with euca host add.")
    troubled = [row for row in instances if _troubled(row, unit.now_ms)]
    said += [_of_instance(unit, row) for row in troubled[:_TROUBLES_SHOWN]]
    if not unit.images.where(state=ImageState.AVAILABLE):
        said.append("No image is registered: add one with euca image install.")
    more = len(said) + len(troubled[_TROUBLES_SHOWN:]) - _TROUBLES_SHOWN
    return said if more <= 0 else [*said[:_TROUBLES_SHOWN], f"And {more} more."]


def _of_host(host: Host) -> str:
    return f"Host {host.name} of cluster {host.cluster} does not answer: {host.last_error or 'no reason known'}"


def _troubled(row: Instance, now_ms: int) -> bool:
    return bool(row.impaired_since_ms or (row.last_error and not row.removed) or views.halted(row)) or _late(
        row, now_ms
    )


def _late(row: Instance, now_ms: int) -> bool:
    return row.state is InstanceState.PENDING and now_ms - row.launched_at_ms > _LATE_MS


def _of_instance(unit: Unit, row: Instance) -> str:
    if _late(row, unit.now_ms):
        minutes = (unit.now_ms - row.launched_at_ms) // 60_000
        return f"Instance {row.id} pending for {minutes} min: {waiting.lacks(unit, row)[0].missing}"
    if row.impaired_since_ms:
        return f"Instance {row.id} on host {row.host} can not be seen"
    if views.halted(row):
        return f"Instance {row.id} on host {row.host} is paused there: look at the host's disks and its log"
    return f"Instance {row.id} on host {row.host}: {row.last_error}"


def _newest_events(unit: Unit) -> list[EventView]:
    newest = unit.entries(max(0, unit.cursor() - 2 * _EVENTS_SHOWN), 2 * _EVENTS_SHOWN)
    return [views.event_view(entry) for entry in newest[-_EVENTS_SHOWN:]]

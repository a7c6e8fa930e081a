"""Journal entries as frames of the live stream, encoded once for all listeners.

Views come first and carry no `id`; the `event` frame of each entry follows with the entry's cursor as its id. So a
listener that is cut anywhere and comes back with the last id it saw gets every event exactly once, and views at
worst twice, which is harmless: a view is the whole new state.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.api.events import Beat, Removed
from app.domain.journal import Entry
from app.domain.ports import Unit
from app.domain.states import ImageState
from app.services import group_networks, holdings, placement_groups, views
from app.services.job_views import job_view

_WITH_VIEW = ("instance", "host", "cluster", "image", "job")
Topics = frozenset[str] | None
"""Kinds of frames that somebody wants; None: all that the journal tells."""
_HELD = tuple(kind.name for kind in holdings.KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Frames of the entries after one cursor up to `last`; `views` are (kind, frames), `events` (cursor, frame).

    `restored`: among them the state was put back to a backup, so that no view of before counts.
    """

    last: int
    views: tuple[tuple[str, bytes], ...]
    events: tuple[tuple[int, bytes], ...]
    restored: bool

    def after(self, cursor: int, topics: Topics = None) -> bytes:
        """Return what somebody who has seen everything up to `cursor` and asked for these topics still needs."""
        if cursor >= self.last:
            return b""
        shown = [frames for kind, frames in self.views if topics is None or kind in topics]
        if topics is None or "event" in topics:
            shown += [frame for number, frame in self.events if number > cursor]
        else:
            shown.append(b"id: %d\n\n" % self.last)  # tells nothing but where reading may go on
        return b"".join(shown)


def read_batch(unit: Unit, after: int, limit: int, until: int | None = None) -> Batch | None:
    """Read and render the next entries, at most `limit` of them and none after `until`; None if there are none."""
    entries = [entry for entry in unit.entries(after, limit) if until is None or entry.cursor <= until]
    if not entries:
        return None
    return Batch(
        last=entries[-1].cursor,
        views=tuple(_views(unit, entries)),
        events=tuple((entry.cursor, frame("event", views.event_view(entry), entry.cursor)) for entry in entries),
        restored=any(entry.event == "cloud.restored" for entry in entries),
    )


def frame(kind: str, data: msgspec.Struct, cursor: int | None = None) -> bytes:
    """Encode one frame."""
    head = f"id: {cursor}\n" if cursor is not None else ""
    return b"%sevent: %s\ndata: %s\n\n" % (head.encode(), kind.encode(), msgspec.json.encode(data))


def beat(kind: str, cursor: int, at_ms: int) -> bytes:
    """Encode a heartbeat or a gap."""
    return frame(kind, Beat(cursor=str(cursor), at_ms=at_ms))


def _views(unit: Unit, entries: Sequence[Entry]) -> Iterable[tuple[str, bytes]]:
    touched = _touched(unit, entries)
    instances = unit.instances.where(id=touched["instance"]) if touched["instance"] else []
    changed = {entry.resource_id for entry in entries if entry.kind == "instance"}  # a tag changes nothing on a host
    hosts = unit.hosts.where(name=[*touched["host"], *{row.host for row in instances if row.id in changed}])
    clusters = unit.clusters.where(name=[*touched["cluster"], *{host.cluster for host in hosts}])
    world = views.World.of(unit) if hosts or clusters else views.EMPTY
    images = [row for row in unit.images.where(id=touched["image"]) if row.state is not ImageState.DEREGISTERED]
    jobs = unit.jobs.where(id=touched["job"]) if touched["job"] else []
    yield "instance", _joined("instance", views.instance_views(unit, instances))
    yield "image", _joined("image", map(views.image_view, images))
    yield "host", _joined("host", (views.host_view(host, world) for host in hosts))
    yield "job", _joined("job", map(job_view, jobs))
    in_cluster = {cluster.name: unit.hosts.where(cluster=cluster.name) for cluster in clusters}
    yield "cluster", _joined("cluster", (views.cluster_view(one, in_cluster[one.name], world) for one in clusters))
    there: dict[str, set[str]] = {
        "instance": {row.id for row in instances if not row.hidden(unit.now_ms)},
        "host": {host.name for host in hosts},
        "cluster": {cluster.name for cluster in clusters},
        "image": {row.id for row in images},
        "job": {row.id for row in jobs},
    }
    for kind in _WITH_VIEW:
        yield kind, _removed(kind, (given for given in touched[kind] if given not in there[kind]))
    touched["placement-group"] += placement_groups.stirred(unit, entries)
    touched["network"] += group_networks.stirred(unit, entries)
    for holding in holdings.KINDS:
        if touched[holding.name]:
            yield holding.name, _held(unit, holding, dict.fromkeys(touched[holding.name]))


def _held(unit: Unit, kind: holdings.Kind[Any], touched: Collection[str]) -> bytes:
    rows = kind.rows(unit, **{kind.key: list(touched)})
    there = {getattr(row, kind.key) for row in rows}
    gone = _removed(kind.name, (given for given in touched if given not in there))
    return _joined(kind.name, kind.views(unit, rows)) + gone


def _joined(kind: str, shown: Iterable[msgspec.Struct]) -> bytes:
    return b"".join(frame(kind, view) for view in shown)


def _removed(kind: str, gone: Iterable[str]) -> bytes:
    return b"".join(frame("removed", Removed(kind=kind, id=given)) for given in gone)


def _touched(unit: Unit, entries: Sequence[Entry]) -> dict[str, list[str]]:
    touched: dict[str, dict[str, None]] = {kind: {} for kind in (*_WITH_VIEW, *_HELD)}
    for entry in entries:
        if entry.kind in _WITH_VIEW:
            touched[entry.kind][entry.resource_id] = None
        elif entry.kind == "tag" and entry.resource_id.startswith("i-"):
            touched["instance"][entry.resource_id] = None
        elif entry.kind == "gateway":
            touched["cluster"][entry.resource_id] = None
        for kind, given in holdings.about(unit, entry):
            touched[kind][given] = None
    return {kind: list(ids) for kind, ids in touched.items()}

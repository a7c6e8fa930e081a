"""The console's copy of the cloud: frames go in, coalesced change sets come out when somebody looks.

Nothing here knows the screen. Rows are whole views replaced by id, so applying a frame twice changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from app.api.accounts import AccountView
from app.api.events import Removed
from app.api.jobs import JobView
from app.api.loads import MOST_STEPS, POWER, InstanceLoads, Loads, Trend, of_cluster
from app.api.resources import ClusterView, EventView, HostView, ImageView, InstanceView, Me, Overview
from app.api.rulesets import RulesetView
from app.client.stream import Frame
from app.tui.scene import span

EVENTS_KEPT = 1000
SAME_MS = 2000
WRONG_MS = 30_000
LATER = (
    "volume",
    "snapshot",
    "group",
    "address",
    "network",
    "key-pair",
    "placement-group",
    "launch-template",
    "user",
    "account",
)
"""Kinds that are fetched when somebody first looks at them; until then the stream's frames of them are passed over."""
KINDS = ("instance", "host", "cluster", "image", "event", "job", "type", "ruleset", *LATER)
NAMED = frozenset({"host", "cluster", "type"})


class LinkState(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    CATCHING_UP = "catching up"
    LOST = "lost"
    DENIED = "denied"


@dataclass(slots=True)
class Link:
    """How the copy stands to the cloud; all times are seconds of the monotonic clock.

    What is lost is so since `heard_s`, the last sign of life, however late that was noticed.
    """

    state: LinkState = LinkState.CONNECTING
    since_s: float = 0.0
    heard_s: float = 0.0
    retry_at_s: float = 0.0
    detail: str = ""

    def text(self, now_s: float, *, ascii_only: bool = False) -> str:
        """Say it for the header: `● live 0.3s`, `○ lost 00:42 – retry in 8s`."""
        match self.state:
            case LinkState.LIVE:
                return f"{'*' if ascii_only else '●'} live {max(0.0, now_s - self.heard_s):.1f}s"
            case LinkState.LOST:
                dash = "-" if ascii_only else "–"
                minutes, seconds = divmod(max(0, int(now_s - (self.heard_s or self.since_s))), 60)
                return (
                    f"{'o' if ascii_only else '○'} lost {minutes:02d}:{seconds:02d} {dash} retry {self.next_try(now_s)}"
                )
            case LinkState.DENIED:
                return f"{'x' if ascii_only else '✕'} not allowed"
            case _:
                return f"{'+' if ascii_only else '◐'} {self.state}"

    def next_try(self, now_s: float) -> str:
        """Say when a lost connection is tried again; a try may take its time."""
        left_s = self.retry_at_s - now_s
        return f"in {span(left_s)}" if left_s >= 1 else "under way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is different since the last look. A kind in `reset` was replaced as a whole."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    reset: frozenset[str] = frozenset()
    overview: bool = False
    link: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids or self.reset or self.overview or self.link)


@dataclass(slots=True)
class CloudCopy:
    """Tables by kind, each id → view, and the facts that come as one piece.

    `trends` are of busy cores, by host and instance and by cluster (`of_cluster`), up to `sensed_ms`.
    `loaded` are those of LATER that are here; while one is fetched its frames wait, since they may be newer than the
    answer. `ahead_ms` is how much later it is by the cloud's clock than by ours; if that
    is much, and not the way of the news, our clock is wrong.
    """

    hosts: dict[str, HostView] = field(default_factory=dict)
    instances: dict[str, InstanceView] = field(default_factory=dict)
    images: dict[str, ImageView] = field(default_factory=dict)
    clusters: dict[str, ClusterView] = field(default_factory=dict)
    events: dict[str, EventView] = field(default_factory=dict)
    jobs: dict[str, JobView] = field(default_factory=dict)
    rulesets: dict[str, RulesetView] = field(default_factory=dict)
    trends: dict[str, Trend] = field(default_factory=dict)
    sensed_ms: int = 0
    later: dict[str, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in ("type", *LATER)})
    loaded: set[str] = field(default_factory=set)
    overview: Overview | None = None
    me: Me | None = None
    cursor: str = ""
    ahead_ms: int = 0
    clock_wrong: bool = False
    link: Link = field(default_factory=Link)
    _ids: dict[str, set[str]] = field(default_factory=dict)
    _reset: set[str] = field(default_factory=set)
    _overview_changed: bool = False
    _link_changed: bool = False
    _waiting: dict[str, list[Frame]] = field(default_factory=dict)

    def table(self, kind: str) -> dict[str, Any]:
        """Return the rows of a kind (one of KINDS); the same object for as long as the copy lives."""
        tables: dict[str, dict[str, Any]] = {
            "host": self.hosts,
            "instance": self.instances,
            "image": self.images,
            "cluster": self.clusters,
            "event": self.events,
            "job": self.jobs,
            "ruleset": self.rulesets,
            **self.later,
        }
        return tables[kind]

    def expect(self, kind: str) -> None:
        """Note that a kind of LATER is being fetched."""
        self._waiting[kind] = []

    def arrive(self, kind: str, views: Iterable[Any]) -> None:
        """Take over what was fetched of a kind of LATER, then what the stream told of it meanwhile."""
        if kind not in self._waiting:
            return  # the copy began anew: it is fetched again
        self.load(kind, views)
        self.loaded.add(kind)
        for frame in self._waiting.pop(kind):
            self._take_over(kind, frame)

    def give_up(self, kind: str) -> None:
        """Note that a kind of LATER could not be had."""
        self._waiting.pop(kind, None)

    def forget_later(self) -> None:
        """Let everything of LATER be fetched again, since news of it may have been missed."""
        self.loaded.clear()
        self._waiting.clear()

    def become(self, other: "CloudCopy") -> None:
        """Show all that another copy holds, and nothing else; how it stands to the cloud stays."""
        for kind in KINDS:
            self.load(kind, other.table(kind).values())
        self.forget_later()
        self.me, self.cursor, self.trends, self.sensed_ms = other.me, other.cursor, other.trends, other.sensed_ms
        if other.overview:
            self.see(other.overview)

    def load(self, kind: str, views: Iterable[Any]) -> None:
        """Replace all rows of a kind."""
        table = self.table(kind)
        table.clear()
        table.update((id_of(kind, view), view) for view in views)
        self._reset.add(kind)
        self._ids.pop(kind, None)

    def put(self, kind: str, view: Any) -> None:
        """Insert or replace one row."""
        table, given = self.table(kind), id_of(kind, view)
        view = _still_loaded(view, table.get(given))
        if table.get(given) == view:
            return
        table[given] = view
        self._mark(kind, given)
        if kind == "event" and len(table) > EVENTS_KEPT:
            oldest = next(iter(table))
            self.drop(kind, oldest)

    def load_past(self, views: Iterable[EventView]) -> None:
        """Take in older events; the table stays in the order of time, which is that of the cursors."""
        known = {view.cursor: view for view in [*views, *self.events.values()]}
        self.load("event", sorted(known.values(), key=lambda view: (len(view.cursor), view.cursor))[-EVENTS_KEPT:])

    def drop(self, kind: str, given: str) -> None:
        if self.table(kind).pop(given, None) is not None:
            self._mark(kind, given)
            self.trends.pop(given, None)

    def apply(self, frame: Frame) -> None:
        """Take over one frame of the stream; kinds unknown here are passed over."""
        kind = frame.data.kind if isinstance(frame.data, Removed) else frame.kind
        if isinstance(frame.data, Loads):
            self.sense(frame.data)
        elif isinstance(frame.data, InstanceLoads):
            self.sense_instances(frame.data)
        elif isinstance(frame.data, Overview):
            self.see(frame.data)
        elif kind in self._waiting:
            self._waiting[kind].append(frame)
        elif kind in KINDS and (kind not in LATER or kind in self.loaded):
            self._take_over(kind, frame)
        self.cursor = frame.cursor or self.cursor

    def _take_over(self, kind: str, frame: Frame) -> None:
        if isinstance(frame.data, Removed):
            self.drop(kind, frame.data.id)
        else:
            self.put(kind, frame.data)

    def sense(self, told: Loads) -> None:
        """Take over what hosts and clusters do."""
        self._begin_trends(told)
        for name, load in told.hosts.items():
            host = self.hosts.get(name)
            if host is not None and host.state == "up":
                seen_ms = told.at_ms - int(1000 * (load.age_s or 0))
                self.put("host", msgspec.structs.replace(host, load=load, seen_at_ms=max(seen_ms, host.seen_at_ms)))
            self._trend(name, told.at_ms, load.cpu_used if not load.stale else None)
        known = [load.watts for load in told.clusters.values() if load.watts is not None]
        self._trend(POWER, told.at_ms, sum(known) if known else None)
        for name, cluster in self.clusters.items():
            sum_of_it = told.clusters.get(name)
            self._trend(of_cluster(name), told.at_ms, sum_of_it.cpu_used if sum_of_it else None)
            if cluster.load != sum_of_it:
                self.clusters[name] = msgspec.structs.replace(cluster, load=sum_of_it)
                self._mark("cluster", name)

    def sense_instances(self, told: InstanceLoads) -> None:
        """Take over what instances do."""
        self._begin_trends(told)
        for given, load in told.instances.items():
            instance = self.instances.get(given)
            if instance is not None and instance.seen == "running":
                self.put("instance", msgspec.structs.replace(instance, load=load))
            self._trend(given, told.at_ms, load.cpu_used if not load.stale else None)

    def trend(self, name: str) -> list[float | None]:
        """Return the busy cores of the last steps, oldest first; nothing where nothing is known."""
        found = self.trends.get(name)
        return found.upto(self.sensed_ms) if found else []

    def see(self, overview: Overview) -> None:
        """Take over a fresh overview; the room there is for each type is told nowhere else."""
        self.overview = overview
        for view in overview.types:
            self.put("type", view)
        for gone in self.later["type"].keys() - {view.name for view in overview.types}:
            self.drop("type", gone)
        self._overview_changed = True

    def set_clock(self, theirs_ms: int, ours_ms: int) -> None:
        """Note what time the cloud has; a difference that may be the way of the news is none."""
        before_ms, ahead_ms = self.ahead_ms, theirs_ms - ours_ms
        self.ahead_ms = ahead_ms if abs(ahead_ms) >= SAME_MS else 0
        # Twice the same, as news that waited while this machine slept are late only once.
        self.clock_wrong = abs(ahead_ms) >= WRONG_MS and abs(ahead_ms - before_ms) < SAME_MS

    def set_link(self, state: LinkState, now_s: float, detail: str = "", retry_in_s: float = 0.0) -> None:
        """Note how the connection stands; `since_s` keeps the moment the state began."""
        link = self.link
        if link.state is not state:
            link.since_s = now_s
            self._link_changed = True
        link.state, link.detail, link.retry_at_s = state, detail, now_s + retry_in_s
        if state is LinkState.LIVE:
            link.heard_s = now_s

    def take(self) -> Changes:
        """Return what changed since the last call, coalesced by id."""
        changes = Changes(
            ids=self._ids, reset=frozenset(self._reset), overview=self._overview_changed, link=self._link_changed
        )
        self._ids, self._reset = {}, set()
        self._overview_changed = self._link_changed = False
        return changes

    def _begin_trends(self, told: Loads | InstanceLoads) -> None:
        self.sensed_ms = told.at_ms
        for name, values in told.trends.items():
            self.trends[name] = Trend(MOST_STEPS, values, told.at_ms)

    def _trend(self, name: str, at_ms: int, value: float | None) -> None:
        if name not in self.trends:
            self.trends[name] = Trend(MOST_STEPS)
        self.trends[name].put(at_ms, value)

    def _mark(self, kind: str, given: str) -> None:
        if kind not in self._reset:
            self._ids.setdefault(kind, set()).add(given)


def _still_loaded(view: Any, before: Any) -> Any:
    """Return a view that came without what the stream does not tell of it with what it had.

    That is what an account has, and the load of a thing, as long as it can do something.
    """
    if isinstance(view, AccountView) and view.usage is None and before is not None:
        return msgspec.structs.replace(view, usage=before.usage)
    load = getattr(before, "load", None)
    if load is None or view.load is not None:
        return view
    if isinstance(view, HostView):
        seen_at_ms = max(view.seen_at_ms, before.seen_at_ms)
        return msgspec.structs.replace(view, load=load, seen_at_ms=seen_at_ms) if view.state == "up" else view
    if isinstance(view, InstanceView) and view.seen != "running":
        return view
    return msgspec.structs.replace(view, load=load)


def id_of(kind: str, view: Any) -> str:
    """Return what names a view among its kind."""
    if kind == "event":
        return str(view.cursor)
    return str(view.name if kind in NAMED else view.id)

"""Is the cloud well? Clusters, room by type, what needs somebody, what happened last."""

from collections.abc import Iterable

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.api.resources import ClusterView, EventView, Overview, TypeView
from app.tui.scene import Scene, share
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.store import Changes

NEWEST = 50


class OverviewScreen(ConsoleScreen):
    PLACE = "overview"
    BINDINGS = bindings_of("overview")

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="overview"):
            with Vertical():
                yield from _panel("clusters", "clusters")
                yield from _panel("capacity by type", "types")
            with Vertical():
                yield from _panel("needs you", "trouble")
                yield from _panel("last events", "events")

    def absorb(self, changes: Changes) -> None:
        if changes:
            self._draw()

    def reload(self) -> None:
        self._draw()

    def _draw(self) -> None:
        overview, scene = self.session.copy.overview, self.session.scene()
        if overview is None:
            return
        width = max(20, self.size.width // 2 - 6)
        clusters = list(self.session.copy.clusters.values())
        self._fill("clusters", [_cluster(view, scene, width) for view in clusters] + [_states(overview, scene)])
        self._fill("types", [_type(view, scene, width) for view in overview.types])
        self._fill("trouble", _trouble(overview, scene))
        events = list(self.session.copy.events.values())[-NEWEST:]
        self._fill("events", [_event(view, scene) for view in reversed(events)])

    def _fill(self, name: str, lines: list[Content]) -> None:
        self.query_one(f"#{name}", Static).update(Content("\n").join(lines) if lines else Content("nothing"))


def _panel(title: str, name: str) -> Iterable[Widget]:
    with VerticalScroll(classes="panel", can_focus=False) as panel:
        panel.border_title = title
        yield Static("", markup=False, id=name)


def _cluster(view: ClusterView, scene: Scene, width: int) -> Content:
    well = view.hosts_up == view.hosts
    glyph = ("*" if well else "!") if scene.ascii_only else ("●" if well else "◐")
    gauges = [("cpu", view.cores_used, view.cores), ("mem", view.memory_used_mib, view.memory_mib)]
    bars = "".join(
        f"  {title} {scene.bar(used, whole, 5)} {share(used, whole):>4}"
        for title, used, whole in gauges[: 1 if width < 50 else 2]
    )
    facts = f"{view.hosts_up}/{view.hosts} hosts{bars}"
    name = scene.fit(scene.plain(view.name), max(5, width - len(facts) - 3))
    return Content.assemble((glyph, "$success" if well else "$warning"), f" {name} {facts}")


def _states(overview: Overview, scene: Scene) -> Content:
    states = overview.instances_by_state
    counts = ", ".join(f"{count} {scene.plain(state)}" for state, count in sorted(states.items()) if count)
    return Content(f"\ninstances: {counts or 'none'}")


def _type(view: TypeView, scene: Scene, width: int) -> Content:
    used = view.most - view.free
    name = scene.fit(scene.plain(view.name), 12)
    count = f"{used}/{view.most}"
    return Content.assemble(
        f"{name} {scene.bar(used, view.most, max(5, width - 36))} {count:>9} ",
        (f"free {view.free}", "$success" if view.free else "$error"),
    )


def _trouble(overview: Overview, scene: Scene) -> list[Content]:
    if not overview.trouble:
        return [Content.assemble(("* " if scene.ascii_only else "● ", "$success"), "all is well")]
    glyph = "! " if scene.ascii_only else "✕ "
    return [Content.assemble((glyph, "$error"), scene.plain(text)) for text in overview.trouble]


def _event(view: EventView, scene: Scene) -> Content:
    what = view.text or f"{view.event} {view.resource_id}"
    return Content.assemble((scene.clock(view.at_ms), "dim"), " ", scene.plain(what))

"""Is the cloud well? Clusters, room by type, what needs somebody, what happened last.

Only what the cloud says is drawn: how much of a host is given away, never a load that nobody measured.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable

from rich.cells import cell_len
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.api.resources import ClusterView, EventView, HostView, Overview, TypeView
from app.tui import looks
from app.tui.scene import Scene, share
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.store import Changes

NEWEST = 50
LONGEST_BAR = 40
WIDE = 50
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
_ORDER = ("running", "pending", "stopping", "stopped", "shutting-down", "terminated")


class OverviewScreen(ConsoleScreen):
    PLACE = "overview"
    BINDINGS = bindings_of("overview")

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="overview"):
            with Vertical():
                yield from _panel("clusters", "clusters")
                yield from _panel("room by type", "types")
            with Vertical():
                yield from _panel("needs you", "trouble")
                yield from _panel("last events", "events")

    def absorb(self, changes: Changes) -> None:
        if changes:
            self._draw()

    def reload(self) -> None:
        self._draw()

    def draw_frame(self) -> None:
        super().draw_frame()
        self.query_one("#overview").set_class(not self.session.live, "-faded")

    async def why(self) -> None:
        """Say why of the one instance that needs somebody, or list them."""
        overview = self.session.copy.overview
        texts = overview.trouble if overview else []
        found = list(dict.fromkeys(given for text in texts for given in _INSTANCE.findall(text)))
        if not found:
            self.say("no instance waits for anything")
        elif len(found) == 1:
            self.console_app.open_page("why", found[0])
        else:
            await self.console_app.go("instances", f"instance:{','.join(found)}")

    def _draw(self) -> None:
        copy, scene = self.session.copy, self.session.scene()
        overview = copy.overview
        if overview is None:
            return
        width = max(20, self.size.width // 2 - 4)
        clusters = sorted(copy.clusters.values(), key=lambda view: view.name)
        self._fill(
            "clusters",
            [*_clusters(clusters, list(copy.hosts.values()), scene, width), *_states(overview, scene, width)],
        )
        self._fill("types", [_type(view, scene, width) for view in overview.types])
        self._fill("trouble", _trouble(overview, scene))
        told = [event for event in copy.events.values() if event.text][-NEWEST:]
        self._fill("events", [line for view in reversed(told) for line in _event(view, scene, width)])

    def _fill(self, name: str, lines: list[Content]) -> None:
        self.query_one(f"#{name}", Static).update(Content("\n").join(lines) if lines else Content("nothing"))


def _panel(title: str, name: str) -> Iterable[Widget]:
    with VerticalScroll(classes="panel", id=f"panel-{name}", can_focus=False) as panel:
        panel.border_title = title
        yield Static("", markup=False, id=name)


def gauge(used: float, whole: float, scene: Scene, width: int) -> Content:
    """Draw a bar in the colour of how full it is, with the share behind it."""
    full, free = scene.bar(used, whole, width)
    tone = looks.COLOURS[looks.tone_of_load(used, whole)]
    return Content.assemble((full, tone), (free, "dim"), f" {share(used, whole):>4}")


def _clusters(clusters: list[ClusterView], hosts: list[HostView], scene: Scene, width: int) -> Iterable[Content]:
    longest = max((cell_len(scene.plain(view.name)) for view in clusters), default=0)
    for view in clusters:
        yield _cluster(view, scene, width, longest)
        if width >= WIDE:
            yield _lamps([host for host in hosts if host.cluster == view.name], scene, width)


def _cluster(view: ClusterView, scene: Scene, width: int, longest: int) -> Content:
    well = view.hosts_up == view.hosts
    glyph = ("*" if well else "!") if scene.ascii_only else ("●" if well else "◐")
    up = f"{view.hosts_up}/{view.hosts}" + (" hosts up" if width >= 2 * LONGEST_BAR else " up")
    name = scene.fit(scene.plain(view.name), min(longest, max(8, width - 44)))
    room = width - cell_len(name) - len(up) - 3
    gauges = [("cores", view.cores_used, view.cores), ("mem", view.memory_used_mib, view.memory_mib)]
    shown = gauges[: 1 if width < WIDE else 2]
    room -= sum(2 + len(title) + 1 + 5 for title, _, _ in shown)
    each = min(LONGEST_BAR, max(3, room // len(shown)))
    bars = [
        Content.assemble("  ", (title, "dim"), " ", gauge(used, whole, scene, each)) for title, used, whole in shown
    ]
    return Content.assemble((glyph, "$success" if well else "$warning"), f" {name} {up}", *bars)


def _lamps(hosts: list[HostView], scene: Scene, width: int) -> Content:
    """Show a lamp for each host of a cluster, in the order of their names."""
    found = [looks.of_host(host) for host in sorted(hosts, key=lambda host: host.name)]
    shown = found[: max(0, width - 12)]
    lamps = [(look.letter if scene.ascii_only else look.glyph, looks.COLOURS[look.tone]) for look in shown]
    words = Counter(look.word for look in found if look.tone != "good")
    rest = f" +{len(found) - len(shown)}" if len(shown) < len(found) else ""
    said = "".join(f"  {count} {word}" for word, count in sorted(words.items()))
    return Content.assemble("  ", *lamps, rest, (said if len(found) + len(said) < width - 4 else "", "dim"))


def _states(overview: Overview, scene: Scene, width: int) -> list[Content]:
    states = {state: count for state, count in overview.instances_by_state.items() if count}
    ordered = sorted(states, key=lambda state: (_ORDER.index(state) if state in _ORDER else len(_ORDER), state))
    said, line = [Content("")], Content.assemble(("instances", "dim"))
    for state in ordered:
        look = looks.of_state(state)
        glyph = look.letter if scene.ascii_only else look.glyph
        part = Content.assemble("  ", (glyph, looks.COLOURS[look.tone]), f" {states[state]} {scene.plain(state)}")
        if line.cell_length + part.cell_length > width:
            said.append(line)
            line = Content(" " * len("instances"))
        line = line + part
    return [*said, line if states else Content.assemble(line, "  none")]


def _type(view: TypeView, scene: Scene, width: int) -> Content:
    used = view.most - view.free
    count = f" {used:>4} of {view.most:<5}" if width >= WIDE else " "
    facts = Content.assemble(
        (count, "dim"), (f"{view.free:>4} free" if view.free else "     full", "$success" if view.free else "$error")
    )
    each = min(LONGEST_BAR, max(3, width - 14 - 5 - facts.cell_length))
    return Content.assemble(f"{scene.fit(scene.plain(view.name), 12)} ", gauge(used, view.most, scene, each), facts)


def _trouble(overview: Overview, scene: Scene) -> list[Content]:
    if not overview.trouble:
        return [Content.assemble(("* " if scene.ascii_only else "● ", "$success"), "all is well")]
    glyph = "! " if scene.ascii_only else "✕ "
    return [Content.assemble((glyph, "$error"), scene.plain(text)) for text in overview.trouble]


def _event(view: EventView, scene: Scene, width: int) -> Iterable[Content]:
    first, *more = textwrap.wrap(scene.plain(looks.told(view)), max(10, width - 10)) or [""]
    yield Content.assemble((scene.clock(view.at_ms), "dim"), "  ", first)
    yield from (Content(" " * 10 + line) for line in more)

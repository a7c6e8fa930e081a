"""Is the cloud well? Clusters, capacity by type, power, what needs somebody, what happened last.

Only what was measured is drawn as load; a dash stands for what nobody knows.
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

from app.api.loads import MOST_STEPS, POWER, of_cluster
from app.api.resources import ClusterView, EventView, HostView, Overview, TypeView
from app.tui import looks
from app.tui.columns import clusters as columns
from app.tui.columns import load
from app.tui.scene import Scene, counted, share, watts
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.store import Changes

NEWEST = 50
LONGEST_BAR = 40
WIDE, WIDER = 50, 70
CELL = 12
GIVEN = 8
LINES = 3
"""How long an event may be; the list of events and the page of its thing show all of it."""
PANELS = ("clusters", "types", "power", "trouble", "events")
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
_ORDER = ("running", "pending", "stopping", "stopped", "shutting-down", "terminated")
CLUSTERS = "no cluster yet; type: euca cluster add NAME"
FIRST = "nothing can run yet: a cluster comes first, then its hosts, then an image; type: euca cluster add NAME"
SECOND = "nothing can run yet: a host comes next; <go.hosts> and there <hosts.add> adds one, or type: euca host add URI"
TYPES = "no instance type yet; type: euca type set NAME --cores 1 --memory-mib 128 --disk-gb 10"


class OverviewScreen(ConsoleScreen):
    PLACE = "overview"
    BINDINGS = bindings_of("overview")

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="overview"):
            with Vertical():
                yield from _panel("clusters", "clusters")
                yield from _panel("capacity by type", "types")
                yield from _panel("power", "power")
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
            for name in PANELS:
                self._fill(name, [Content.styled("asking the cloud ...", "dim")])
            return
        width = max(20, self.size.width // 2 - 4)
        clusters = sorted(copy.clusters.values(), key=lambda view: view.name)
        told = list(_clusters(clusters, list(copy.hosts.values()), scene, width))
        self._fill("clusters", [*(told or _next_step(CLUSTERS, width)), *_states(overview, scene, width)])
        self._fill("types", list(_types(overview, scene, width)) or _next_step(TYPES, width))
        self._fill("power", [_power(clusters, overview, scene, width)])
        self._fill("trouble", list(_trouble(overview, scene, width)) or self._well(width))
        newest = [event for event in copy.events.values() if event.text][-NEWEST:]
        lines = [line for view in reversed(newest) for line in _event(view, scene, width)]
        self._fill("events", lines or [Content.styled("nothing has happened yet", "dim")])

    def _well(self, width: int) -> list[Content]:
        """Say that nothing needs anybody, or what a new cloud needs first."""
        copy, ascii_only = self.session.copy, self.session.ascii_only
        for found, text in ((copy.clusters, FIRST), (copy.hosts, SECOND)):
            if not found:
                return [Content(line) for line in _wrapped(self.session.keyed(text), width)]
        return [Content.assemble(("* " if ascii_only else "● ", "$success"), "all is well")]

    def _fill(self, name: str, lines: list[Content]) -> None:
        self.query_one(f"#{name}", Static).update(Content("\n").join(lines))


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
    up = f"{view.hosts_up}/{view.hosts}" + (" hosts up" if width >= WIDE else " up")
    name = scene.fit(scene.plain(view.name), min(longest, max(8, width - 44)))
    used, whole = load.known(view, "cpu_used"), columns.cores(view)
    shown = load.percent(used, whole, scene)
    head = Content.assemble((glyph, "$success" if well else "$warning"), f" {name} {up:<9} ", ("CPU ", "dim"))
    tail = Content.assemble((f" {shown:>4}", looks.COLOURS[load.tone(view, used, whole)]))
    if width >= WIDER:
        tail += Content.assemble(("  cores given ", "dim"), gauge(view.cores_used, view.cores, scene, GIVEN))
    each = min(MOST_STEPS, max(3, width - head.cell_length - tail.cell_length))
    return head + Content.styled(scene.spark(scene.trend(of_cluster(view.name)), whole, each), "$primary") + tail


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


def _types(overview: Overview, scene: Scene, width: int) -> Iterable[Content]:
    """Show 1.6.1's table: how many of each type run and how many still fit, in all and cluster by cluster."""
    names = list(dict.fromkeys(room.cluster for room in overview.rooms))
    most_shown = max(0, (width - WIDE) // CELL) if len(names) > 1 else 0
    shown = names[:most_shown]
    rooms = {(room.cluster, room.vmtype): room for room in overview.rooms}
    if shown:
        heads = "".join(f"{scene.fit(scene.plain(name), CELL - 2, 'right'):>{CELL}}" for name in shown)
        yield Content.styled("free of most in".rjust(width - CELL * len(shown)) + heads, "dim")
    for view in overview.types:
        cells = [rooms.get((name, view.alias_of or view.name)) for name in shown]
        told = "".join(f"{f'{room.free}/{room.most}' if room else scene.dash:>{CELL}}" for room in cells)
        line = _type(view, scene, width - len(told))
        yield line + Content.styled(told.rjust(width - line.cell_length), "dim")


def _type(view: TypeView, scene: Scene, width: int) -> Content:
    used = view.most - view.free
    facts = Content.assemble(
        (f" {used:>5}/{view.most:<5}" if width >= WIDE else " ", "dim"),
        (f" {view.free:>3} free" if view.free else "     full", "$success" if view.free else "$error"),
    )
    each = min(LONGEST_BAR, max(3, width - 14 - 5 - facts.cell_length))
    return Content.assemble(f"{scene.fit(scene.plain(view.name), 12)} ", gauge(used, view.most, scene, each), facts)


def _power(clusters: list[ClusterView], overview: Overview, scene: Scene, width: int) -> Content:
    """Say what all hosts draw, how many sleep, and each cluster's part where there is room."""
    known = [amount for view in clusters if (amount := load.known(view, "watts")) is not None]
    drawn = watts(sum(known) if known else overview.watts, scene.dash)
    trend = scene.trend(POWER)
    most = max((value for value in trend if value is not None), default=0.0)
    asleep = f"{counted(overview.hosts_asleep, 'host')} asleep"
    parts = "".join(f"  {scene.plain(view.name)} {load.drawn(view, scene)}" for view in clusters[:3])
    line = (scene.spark(trend, most * 1.05, min(MOST_STEPS, max(3, width - 26))), "$warning 60%")
    said = Content.assemble((f"{drawn:<8}", "bold"), line, "  ", (asleep, "" if overview.hosts_asleep else "dim"))
    fits = len(clusters) > 1 and said.cell_length + cell_len(parts) < width
    return said + Content.styled(parts, "dim") if fits else said


def _trouble(overview: Overview, scene: Scene, width: int) -> Iterable[Content]:
    for text in overview.trouble:
        yield from _hung(Content.styled("! " if scene.ascii_only else "✕ ", "$error"), scene.plain(text), width)


def _event(view: EventView, scene: Scene, width: int) -> Iterable[Content]:
    head = Content.styled(scene.clock(view.at_ms) + "  ", "dim")
    return _hung(head, scene.plain(looks.told(view)), width, most=LINES, cut="~" if scene.ascii_only else "…")


def _next_step(text: str, width: int) -> list[Content]:
    """Say what to do where there is nothing yet; a command to type is never cut."""
    return [Content.styled(line, "dim") for line in _wrapped(text, width)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _hung(head: Content, text: str, width: int, most: int | None = None, cut: str = "") -> Iterable[Content]:
    """Break a long text so that its lines stand below each other, at most so many; `cut` shows where more was."""
    room = max(10, width - head.cell_length)
    first, *more = textwrap.wrap(text, room, max_lines=most, placeholder=f" {cut}") or [""]
    yield head + Content(first)
    yield from (Content(" " * head.cell_length + line) for line in more)

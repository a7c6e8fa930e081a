"""One instance: what it is, why it is where it is, and what happened to it."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.content import Content
from textual.widget import Widget

from app.api.resources import DecisionView, InstanceView
from app.client import calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.columns.instances import COLUMNS
from app.tui.scene import Scene, counted, mib
from app.tui.screens.detail import DetailScreen
from app.tui.screens.frame import bindings_of
from app.tui.screens.instance_actions import InstanceActions
from app.tui.screens.instance_page import InstancePage
from app.tui.screens.taking import Taking
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.instance_tabs import InstanceTabs

LABEL = 17


class InstanceScreen(DetailScreen, InstancePage, InstanceActions, Taking):
    PLACE = "instance"
    BINDINGS = bindings_of("instance")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id
        self._decisions: list[DecisionView] | None = None  # not told yet
        self._why_not = ""

    def body(self) -> Iterable[Widget]:
        yield InstanceTabs()
        yield from super().body()

    def trail(self) -> list[str]:
        return self.console_app.trail()

    def spot(self) -> tuple[str, str]:
        return ("instance", self.instance_id)

    def watch_state(self) -> None:
        self.watch_things([self.instance_id])

    def chart(self) -> None:
        self.console_app.open_page("chart", f"instance/{self.instance_id}")

    def targets(self) -> list[InstanceView]:
        view = self.session.copy.instances.get(self.instance_id)
        return [view] if view else []

    @property
    def kind(self) -> str:
        return "instance"

    def shown_columns(self) -> Sequence[Column[Any]]:
        return COLUMNS

    def rows_to_take(self, *, all_shown: bool = False) -> Mapping[str, Any]:
        return {view.id: view for view in self.targets()}

    def absorb(self, changes: Changes) -> None:
        if changes.link and self.session.live:
            self.reload()
        elif changes:
            self._draw()

    def age(self) -> None:
        self._draw()

    def forget(self) -> None:
        self._decisions, self._why_not = None, ""

    def reload(self) -> None:
        self._draw()
        self.begin(self._ask_why, exclusive=True)

    async def _ask_why(self) -> None:
        try:
            answer = await self.session.cloud.send(calls.decisions(self.instance_id))
        except ClientError as error:
            self._why_not = str(error)
        else:
            self._decisions, self._why_not = answer.items, ""
        self._draw()

    def _draw(self) -> None:
        scene = self.session.scene()
        view = self.session.copy.instances.get(self.instance_id)
        if view is None:
            self.write([Content(f"{self.instance_id} is no more.")])
            return
        lines = [_fact(label, scene.plain(text), tone) for label, text, tone in _facts(view, scene)]
        lines += [Content(""), Content.styled("here because", "bold"), *self._why(scene)]
        lines += [Content(""), Content.styled("events", "bold"), *self._events(scene)]
        self.write(lines)

    def _why(self, scene: Scene) -> list[Content]:
        if self._why_not:
            return [Content(f"  not known: {scene.plain(self._why_not)}")]
        if self._decisions is None:
            return [Content("  asking the cloud ...")]
        found = []
        for one in self._decisions:
            where, why = scene.plain(one.host or scene.dash), scene.plain("; ".join(one.reasons))
            found += self._hung(scene.clock(one.at_ms), f"{where}: {why}")
        return found or [Content("  no decision is recorded")]

    def _hung(self, clock: str, text: str) -> list[Content]:
        """Break a long text so that its lines stand below each other."""
        first, *more = textwrap.wrap(text, max(20, self.size.width - 16)) or [""]
        lines = [Content.assemble("  ", (clock, "dim"), f"  {first}")]
        return lines + [Content(" " * 12 + line) for line in more]

    def _events(self, scene: Scene) -> list[Content]:
        found = [
            line
            for event in reversed(self.session.copy.events.values())
            if event.resource_id == self.instance_id
            for line in self._hung(scene.clock(event.at_ms), scene.plain(event.text or event.event))
        ]
        return found or [Content(self.session.keyed("  none among the newest; <events.of> shows the list of all"))]


def _fact(label: str, text: str, tone: str) -> Content:
    return Content.assemble((f"{label:<{LABEL}}", "dim"), (text, looks.COLOURS.get(tone, "")))


def _facts(view: InstanceView, scene: Scene) -> list[tuple[str, str, str]]:
    look = looks.of_instance(view)
    dash = scene.dash
    rows = [
        ("state", look.text(scene), look.tone),
        ("name", view.name or dash, ""),
        ("host", f"{view.host or dash} in {view.cluster or dash}", ""),
        ("type", f"{view.vmtype}: {counted(view.cores, 'core')}, {mib(view.memory_mib)}, {view.disk_gb} GB", ""),
        ("image", f"{view.image_id}  {view.image_name}".rstrip(), ""),
        ("account", view.account_id, ""),
        ("reservation", f"{view.reservation_id} number {view.launch_index}", ""),
        ("key pair", view.key_name or dash, ""),
        ("private address", view.private_ip or dash, ""),
        ("public address", view.public_ip or dash, ""),
        ("launched", f"{scene.moment(view.launched_at_ms)} ({scene.age(view.launched_at_ms)} ago)", ""),
        ("wanted", f"{view.wanted}, seen {view.seen}", ""),
        ("tags", ", ".join(f"{name}={value}" for name, value in sorted(view.tags.items())) or dash, ""),
        ("reason", view.state_reason, ""),
        ("last error", view.last_error, "bad"),
        ("ended", scene.moment(view.ended_at_ms) if view.ended_at_ms else "", ""),
    ]
    return [row for row in rows if row[1]]

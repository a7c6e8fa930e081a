"""One machine: what it does, what runs on it, what happened to it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.content import Content

from app.api.resources import HostView, InstanceView
from app.client.errors import ClientError
from app.client.host_calls import here_because
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.columns.instances import COLUMNS
from app.tui.scene import Scene, counted, mib
from app.tui.screens.frame import bindings_of
from app.tui.screens.host_actions import HostActions
from app.tui.screens.instance_actions import InstanceActions
from app.tui.screens.page import FactLines, PageScreen
from app.tui.session import Session

SHOWN = frozenset({"id", "name", "state", "cpu", "type", "account", "address", "age"})


class HostScreen(PageScreen, HostActions, InstanceActions):
    PLACE = "host"
    kind = "host"
    LISTED = "instance"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = tuple(
        replace(column, rank=0) if column.key == "cpu" else column for column in COLUMNS if column.key in SHOWN
    )
    SORTED = "age"
    TABS = ("instances", "events", "samples", "leases", "libvirt")
    EMPTY = "Nothing runs here."
    BINDINGS = bindings_of("host")

    def __init__(self, session: Session, given: str) -> None:
        super().__init__(session, given)
        self._because: dict[str, str] = {}  # by instance
        self._asked_of: frozenset[tuple[str, str]] = frozenset()

    def columns(self) -> Sequence[Column[Any]]:
        """Show why each instance is here, beside what the list of all shows."""
        because: Column[InstanceView] = Column(
            key="because",
            title="HERE BECAUSE",
            width=28,
            value=lambda view: self._because.get(view.id, ""),
            shows=lambda view, scene: self._because.get(view.id) or scene.dash,
            grows=200,
        )
        return (*self.COLUMNS, because)

    def belongs(self, row: InstanceView) -> bool:
        return self.given in (row.host, row.moving_from)

    def meant(self) -> list[str]:
        return [self.given] if self.view() is not None else []

    def targets(self) -> list[InstanceView]:
        found = self.session.copy.instances.get(self.grid.cursor_id or "")
        return [found] if found and self.tab == self.TABS[0] else []

    def watch_state(self) -> None:
        self.watch_things(self.meant())

    # --- why they are here

    def forget(self) -> None:
        super().forget()
        self._because, self._asked_of = {}, frozenset()

    def draw(self) -> None:
        super().draw()
        shown = self.session.copy.instances
        here = frozenset((given, shown[given].moving_from) for given in self.grid.shown.ids() if given in shown)
        if here != self._asked_of and self.session.live:
            self._asked_of = here
            self.begin(self._ask_because, group="because", exclusive=True)

    async def _ask_because(self) -> None:
        try:
            answer = await self.session.cloud.send(here_because(self.given))
        except ClientError as error:
            self._because = {given: f"not known: {error}" for given in self.grid.shown.ids()}
        else:
            self._because = {one.instance_id: one.text for one in answer.items}
        self.grid.reload()

    def head(self, scene: Scene) -> Content:
        view: HostView = self.view()
        look = looks.of_host(view)
        link = ("connected", "") if view.state == "up" else (scene.plain(view.last_error) or "not connected", "$error")
        return Content.assemble(
            " ",
            (look.text(scene), looks.COLOURS[look.tone]),
            f" {scene.age(view.state_since_ms)}",
            ("   cluster ", "dim"),
            scene.plain(view.cluster),
            ("   cores ", "dim"),
            f"{view.cores_used}/{view.cores}",
            ("   memory ", "dim"),
            f"{mib(view.memory_used_mib)}/{mib(view.memory_mib)}",
            ("   libvirt ", "dim"),
            link,
        )

    def leases(self, scene: Scene) -> list[Content]:
        rows = [self.session.copy.instances[given] for given in self.grid.shown.ids()]
        lines = [Content.styled(f"{'ADDRESS':<17}{'INSTANCE':<21}{'NAME':<24}STATE", "dim")]
        for view in sorted((row for row in rows if row.private_ip), key=lambda row: row.private_ip):
            name, state = scene.fit(scene.plain(view.name or scene.dash), 22), looks.of_instance(view).text(scene)
            lines.append(Content(f"{scene.plain(view.private_ip):<17}{view.id:<21}{name}  {state}"))
        return lines if len(lines) > 1 else [Content("no instance here has an address")]

    def facts(self, scene: Scene) -> FactLines:
        view: HostView | None = self.view()
        if view is None:
            return
        power = f"{view.power}, wanted {view.power_wanted}" + (f": {view.power_error}" if view.power_error else "")
        yield "address", view.uri + (" (rehearsal)" if view.rehearsal else "")
        yield "hypervisor", view.hypervisor or scene.dash
        yield "state", f"{view.state}, wanted {view.wanted}, since {scene.moment(view.state_since_ms)}"
        yield "last seen", f"{scene.moment(view.seen_at_ms)} ({scene.age(view.seen_at_ms)} ago)"
        yield "last error", view.last_error or scene.dash
        yield "power", power + (", fenced" if view.fenced else "")
        yield "machine", f"{counted(view.physical_cores, 'core')}, {mib(view.physical_memory_mib)}"
        yield "may be given", f"{counted(view.cores, 'core')}, {mib(view.memory_mib)}, {view.disk_gb} GB"
        yield "is given", f"{counted(view.cores_used, 'core')}, {mib(view.memory_used_mib)}, {view.disk_used_gb} GB"
        yield "cores a core", f"{view.cpu_ratio:g}"
        yield "speed", f"{view.mips:g} MIPS" if view.mips else scene.dash
        yield "rack", view.rack or scene.dash
        yield "tags", ", ".join(view.tags) or scene.dash

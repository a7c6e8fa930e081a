"""One machine: what it does, what runs on it, what happened to it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.content import Content

from app.api.resources import HostView, InstanceView
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.columns.instances import COLUMNS
from app.tui.scene import Scene, counted, mib
from app.tui.screens.frame import bindings_of
from app.tui.screens.host_actions import HostActions
from app.tui.screens.page import FactLines, PageScreen


class HostScreen(PageScreen, HostActions):
    PLACE = "host"
    kind = "host"
    LISTED = "instance"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = tuple(
        column for column in COLUMNS if column.key not in {"host", "cluster"}
    )
    SORTED = "age"
    TABS = ("instances", "events", "samples", "libvirt")
    EMPTY = "Nothing runs here."
    BINDINGS = bindings_of("host")

    def belongs(self, row: InstanceView) -> bool:
        return self.given in (row.host, row.moving_from)

    def meant(self) -> list[str]:
        return [self.given] if self.view() is not None else []

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
            f"{view.cores_used} of {view.cores} given",
            ("   memory ", "dim"),
            f"{mib(view.memory_used_mib)} of {mib(view.memory_mib)} given",
            ("   libvirt ", "dim"),
            link,
        )

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

"""The clusters, and the page of one: its hosts with what they do together."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.content import Content

from app.api.resources import ClusterView, HostView
from app.tui import looks
from app.tui.columns.clusters import COLUMNS
from app.tui.columns.column import Column
from app.tui.columns.hosts import COLUMNS as HOST_COLUMNS
from app.tui.scene import Scene, counted, mib
from app.tui.screens.frame import bindings_of
from app.tui.screens.page import FactLines, PageScreen
from app.tui.screens.table import TableScreen


class ClustersScreen(TableScreen):
    PLACE = "clusters"
    KIND = "cluster"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    EMPTY = "No cluster yet; type: euca cluster add NAME"
    HINT = "cpu>60 hosts>2 word !word"
    BINDINGS = bindings_of("clusters")

    def troubled(self, row: ClusterView) -> bool:
        return looks.of_cluster(row).tone != "good" or row.gateway not in {"", "up"}

    async def open(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page("cluster", self.grid.cursor_id)

    def chart(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page("chart", f"cluster/{self.grid.cursor_id}")


class ClusterScreen(PageScreen):
    PLACE = "cluster"
    kind = "cluster"
    LISTED = "host"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = tuple(column for column in HOST_COLUMNS if column.key != "cluster")
    TABS = ("hosts", "events", "samples", "facts")
    EMPTY = "No host here yet; type: euca host add URI"
    BINDINGS = bindings_of("cluster")

    def belongs(self, row: HostView) -> bool:
        return row.cluster == self.given

    def head(self, scene: Scene) -> Content:
        view: ClusterView = self.view()
        look, made = looks.of_cluster(view), looks.of_gateway(view)
        return Content.assemble(
            " ",
            (look.text(scene), looks.COLOURS[look.tone]),
            ("   instances ", "dim"),
            str(view.instances),
            ("   cores ", "dim"),
            f"{view.cores_used}/{view.cores}",
            ("   memory ", "dim"),
            f"{mib(view.memory_used_mib)}/{mib(view.memory_mib)}",
            *((("   gateway ", "dim"), (made.text(scene), looks.COLOURS[made.tone])) if view.gateway else ()),
        )

    def facts(self, scene: Scene) -> FactLines:
        view: ClusterView | None = self.view()
        if view is None:
            return
        yield "hosts", f"{view.hosts_up} of {view.hosts} up"
        yield "load known of", counted(view.load.hosts if view.load else 0, "host")
        yield "may be given", f"{counted(view.cores, 'core')}, {mib(view.memory_mib)}"
        yield "is given", f"{counted(view.cores_used, 'core')}, {mib(view.memory_used_mib)}"
        yield from _network(view, scene)
        overview = self.session.copy.overview
        for room in overview.rooms if overview else []:
            if room.cluster == self.given:
                yield scene.plain(room.vmtype), f"room for {room.free} of {room.most}"


def _network(view: ClusterView, scene: Scene) -> FactLines:
    """Say who makes the network of a cluster and, of a gateway elsewhere, how it is."""
    if not view.gateway:
        yield "network made by", "the server"
        return
    yield "network made by", f"a gateway elsewhere, {view.gateway}"
    joined = scene.moment(view.gateway_joined_at_ms) if view.gateway_joined_at_ms else ""
    yield "joined", joined or f"nobody yet; type: euca cluster gateway {view.name}"
    if view.gateway_since_ms:
        since = f"{scene.moment(view.gateway_since_ms)} ({scene.age(view.gateway_since_ms)} ago)"
        yield ("up since" if view.gateway == "up" else "last heard"), since
    if view.gateway_error:
        yield "is behind", scene.plain(view.gateway_error)

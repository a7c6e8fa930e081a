"""The hosts of all clusters: what they hold, what is wrong with them, joining, draining and leaving."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.api.resources import AddHost, HostView
from app.client import calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.actions import named
from app.tui.columns.column import Column
from app.tui.columns.hosts import COLUMNS
from app.tui.scene import counted
from app.tui.screens.frame import bindings_of
from app.tui.screens.host_actions import HostActions
from app.tui.screens.table import TableScreen
from app.tui.screens.tree import TREE_COLUMNS, below_clusters, is_cluster, lines_of
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.confirm import Question
from app.tui.widgets.form import Entry, Form, Values


class HostsScreen(TableScreen, HostActions):
    PLACE = "hosts"
    KIND = "host"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    EMPTY = "No host yet: a adds one, or type: euca host add URI"
    BINDINGS = bindings_of("hosts")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._clusters: dict[str, HostView] = {}  # their lines; none in a flat list
        self._tree = False

    def rows(self) -> Mapping[str, HostView]:
        return ChainMap(self.session.copy.hosts, self._clusters)

    def troubled(self, row: HostView) -> bool:
        return looks.troubled_host(row)

    def meant(self) -> list[str]:
        return [given for given in self.grid.chosen() if not is_cluster(given)]

    def counted(self, number: int) -> str:
        return counted(number - len(self._clusters), "host")

    def absorb(self, changes: Changes) -> None:
        if self._tree and ("cluster" in changes.ids or "cluster" in changes.reset):
            self._sum_up()
        super().absorb(changes)

    def toggle_tree(self) -> None:
        """Show hosts below their clusters, or all in one list again."""
        self._tree = not self._tree
        self._sum_up()
        self.grid.group(TREE_COLUMNS if self._tree else COLUMNS, below_clusters if self._tree else None)

    def _sum_up(self) -> None:
        before = set(self._clusters)
        self._clusters.clear()
        self._clusters.update(lines_of(self.session.copy.clusters) if self._tree else {})
        self.grid.update_rows(before | self._clusters.keys())

    async def open(self) -> None:
        """Show the host or cluster under the cursor."""
        if self.grid.cursor_id:
            self.console_app.open_page(*self._under_cursor(self.grid.cursor_id))

    def chart(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page("chart", "/".join(self._under_cursor(self.grid.cursor_id)))

    def _under_cursor(self, given: str) -> tuple[str, str]:
        return ("cluster", self._clusters[given].cluster) if is_cluster(given) else ("host", given)

    def remove_host(self) -> None:
        names = self.meant()
        if not names:
            return
        question = Question(
            action=named("hosts.remove"),
            ids=names,
            facts=[self.fact(name) for name in names],
            warning="They leave as soon as nothing of ours is on them.",
            things="hosts",
        )
        self.confirmed(question, lambda: self.begin_job("hosts.remove", "remove", names, "{} leaving"))

    def add_host(self) -> None:
        clusters = [(name, self.session.scene().plain(name)) for name in self.session.copy.clusters]
        if not clusters:
            self.say("add: this cloud has no cluster yet; type: euca cluster add NAME", bad=True)
            return
        entries = [
            Entry(key="name", label="Name", check=_needed),
            Entry(key="uri", label="URI", hint="xen+ssh://root@node07/", check=_needed),
            Entry(key="cluster", label="Cluster", choices=clusters),
            Entry(key="bridge", label="Bridge", hint="none"),
        ]
        self.app.push_screen(Form("Add a host", entries, self._add, verb="Add", ascii_only=self.session.ascii_only))

    async def _add(self, values: Values) -> str:
        refusal = self.session.refusal(named("hosts.add"))
        if refusal:
            return refusal
        body = AddHost(name=values["name"], uri=values["uri"], cluster=values["cluster"], bridge=values["bridge"])
        try:
            self._take(await self.session.cloud.send(calls.add_host(body)))
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.say(f"{body.name} joins")
        return ""


def _needed(text: str) -> str:
    return "" if text else "is needed"

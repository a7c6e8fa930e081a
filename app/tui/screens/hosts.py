"""The hosts of all clusters: what they hold, what is wrong with them, joining, draining and leaving."""

from collections.abc import Sequence
from typing import Any, ClassVar

from app.api.resources import AddHost, HostView
from app.client import calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.actions import Action, named
from app.tui.columns.column import Column, Tally
from app.tui.columns.hosts import COLUMNS, TALLY
from app.tui.screens.frame import bindings_of
from app.tui.screens.host_actions import HostActions
from app.tui.screens.table import TableScreen
from app.tui.widgets.confirm import Question
from app.tui.widgets.form import Entry, Form, Values


class HostsScreen(TableScreen, HostActions):
    PLACE = "hosts"
    KIND = "host"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    TALLY: ClassVar[Tally[Any]] = TALLY
    EMPTY = "No host yet: <hosts.add> adds one, or type: euca host add URI"
    BINDINGS = bindings_of("hosts")

    def troubled(self, row: HostView) -> bool:
        return looks.troubled_host(row)

    def meant(self) -> list[str]:
        return [] if self.grid.all_hidden else self.grid.chosen()

    def unclear(self, action: Action) -> str:
        """What is undone by the same key may have hidden what was marked."""
        return "" if action.name == "hosts.undrain" else super().unclear(action)

    async def enter(self, given: str) -> None:
        self.console_app.open_page("host", given)

    def chart(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page("chart", f"host/{self.grid.cursor_id}")

    def remove_host(self) -> None:
        views = self.hosts_meant()
        names = [view.name for view in views]
        if not names:
            return
        question = Question(
            action=named("hosts.remove"),
            ids=names,
            facts=[self.fact(name) for name in names],
            warning="They leave as soon as nothing of ours is on them.",
            things="hosts",
        )
        self.let_go(
            question,
            "host",
            names,
            lambda versions: self.begin_job("hosts.remove", "remove", views, "{} leaving", versions),
        )

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
        call = self.told(calls.add_host(body), URI=body.uri, NAME=body.name, CLUSTER=body.cluster)
        try:
            self._take(await self.session.cloud.send(call))
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.say(f"{body.name} joins")
        return ""


def _needed(text: str) -> str:
    return "" if text else "is needed"

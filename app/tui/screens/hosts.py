"""The hosts of all clusters: what they hold, what is wrong with them, joining, draining and leaving."""

from collections.abc import Sequence
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
from app.tui.screens.table import TableScreen
from app.tui.widgets.confirm import Confirm, Question
from app.tui.widgets.form import Entry, Form, Values


class HostsScreen(TableScreen):
    PLACE = "hosts"
    KIND = "host"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    EMPTY = "No host yet: a adds one, or type: euca host add URI"
    BINDINGS = bindings_of("hosts")

    def troubled(self, row: HostView) -> bool:
        return looks.troubled_host(row)

    async def open(self) -> None:
        """Show the instances of the host under the cursor."""
        given = self.grid.cursor_id
        if given:
            await self.console_app.go("instances", f'host="{given}"')

    def drain(self) -> None:
        names = self.grid.chosen()
        what = names[0] if len(names) == 1 else counted(len(names), "host")
        self.send([calls.drain_host(name) for name in names], self._take, f"draining {what}; u undoes it")

    def undrain(self) -> None:
        names = self.grid.chosen()
        what = names[0] if len(names) == 1 else counted(len(names), "host")
        self.send([calls.undrain_host(name) for name in names], self._take, f"{what} may take instances again")

    def remove_host(self) -> None:
        names = self.grid.chosen()
        if not names:
            return
        action = named("hosts.remove")
        question = Question(
            action=action,
            ids=names,
            facts=[self._fact(name) for name in names],
            warning="They leave as soon as nothing of ours is on them.",
            things="hosts",
        )

        def answered(sure: bool | None) -> None:
            refusal = self.session.refusal(action)
            if sure and refusal:
                self.say(refusal, bad=True)
            elif sure:
                self.send(
                    [calls.remove_host(name) for name in names],
                    lambda answer: None,
                    f"{', '.join(names[:3])} leaving" if len(names) <= 3 else f"{len(names)} hosts leaving",
                )

        self.app.push_screen(Confirm(question), answered)

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

    def _take(self, view: HostView) -> None:
        self.session.copy.put("host", view)

    def _fact(self, name: str) -> str:
        view = self.session.copy.hosts.get(name)
        scene = self.session.scene()
        return scene.plain(
            f"{name}  {looks.of_host(view).text(scene)}  {counted(view.instances, 'instance')}" if view else name
        )


def _needed(text: str) -> str:
    return "" if text else "is needed"

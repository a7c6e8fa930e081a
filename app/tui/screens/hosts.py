"""The hosts of all clusters: what they hold, what is wrong with them, joining, draining and leaving."""

from collections.abc import Sequence
from typing import Any, ClassVar

from app.api.jobs import JobTargetAsked
from app.api.resources import AddHost, HostView
from app.client import calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.actions import named
from app.tui.columns.column import Column
from app.tui.columns.hosts import COLUMNS
from app.tui.scene import counted
from app.tui.screens.frame import bindings_of
from app.tui.screens.job_actions import JobStarting
from app.tui.screens.table import TableScreen
from app.tui.widgets.confirm import Question
from app.tui.widgets.form import Entry, Form, Values


class HostsScreen(TableScreen, JobStarting):
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
        self._start("hosts.drain", "drain", self.grid.chosen(), "draining {}")

    def undrain(self) -> None:
        """Let hosts take instances again; where all do, undo what was just done."""
        shown, names = self.session.copy.hosts, self.grid.chosen()
        if any(name in shown and shown[name].wanted != "enabled" for name in names):
            self._start("hosts.undrain", "undrain", names, "{} may take instances again")
        else:
            self.undo()

    def remove_host(self) -> None:
        names = self.grid.chosen()
        if not names:
            return
        question = Question(
            action=named("hosts.remove"),
            ids=names,
            facts=[self._fact(name) for name in names],
            warning="They leave as soon as nothing of ours is on them.",
            things="hosts",
        )
        self.confirmed(question, lambda: self._start("hosts.remove", "remove", names, "{} leaving"))

    def _start(self, action: str, kind: str, names: list[str], said: str) -> None:
        """Start a job on hosts, as long as each is as it was shown."""
        shown = self.session.copy.hosts
        targets = [JobTargetAsked(id=name, expected=_as_shown(shown[name])) for name in names if name in shown]
        if targets:
            what = names[0] if len(names) == 1 else counted(len(names), "host")
            self.start_job(named(action), kind, targets, said.format(what))

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


def _as_shown(view: HostView) -> dict[str, str]:
    return {"state": view.state, "wanted": view.wanted}


def _needed(text: str) -> str:
    return "" if text else "is needed"

"""The work list: every instance, with launching and acting on many."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from app.api.resources import InstanceView, LaunchInstances, TypeView
from app.client import calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.actions import named
from app.tui.columns.column import Column, Tally
from app.tui.columns.instances import COLUMNS, TALLY
from app.tui.scene import Scene, counted, mib
from app.tui.screens.beyond import Beyond
from app.tui.screens.frame import bindings_of
from app.tui.screens.instance_actions import InstanceActions
from app.tui.widgets.form import Entry, Form, Values

MOST_AT_ONCE = 1000


class InstancesScreen(Beyond, InstanceActions):
    PLACE = "instances"
    KIND = "instance"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    TALLY: ClassVar[Tally[Any]] = TALLY
    SORTED = "age"
    EMPTY = "Nothing runs yet: <instances.launch> launches instances."
    BINDINGS = bindings_of("instances")

    def troubled(self, row: InstanceView) -> bool:
        return looks.troubled_instance(row)

    def finished(self, row: InstanceView) -> bool:
        return row.state == "terminated"

    def targets(self) -> list[InstanceView]:
        table = self.session.copy.instances
        return [table[given] for given in self.grid.chosen() if given in table]

    async def enter(self, given: str) -> None:
        self.console_app.open_page("instance", given)

    def chart(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page("chart", f"instance/{self.grid.cursor_id}")

    def launch(self) -> None:
        self._ask_launch(self._entries())

    def launch_like(self) -> None:
        """Launch with what the instance under the cursor was launched with, to be changed or sent as it is."""
        like = self.session.copy.instances.get(self.grid.cursor_id or "")
        if like is None:
            self.say("launch more: no instance under the cursor", bad=True)
            return
        values = {"image": like.image_id, "type": like.vmtype, "cluster": like.cluster, "key": like.key_name}
        entries = [replace(entry, value=values.get(entry.key, entry.value)) for entry in self._entries()]
        lost = [entry.label.lower() for entry in entries if entry.choices and entry.value not in dict(entry.choices)]
        if lost:
            self.say(f"launch more: the {' and the '.join(lost)} of {like.id} can not be had any more", bad=True)
        else:
            self._ask_launch(entries)

    def _ask_launch(self, entries: list[Entry]) -> None:
        if not entries:
            self.say("launch: this cloud has no machine image yet; type: euca image install FILE", bad=True)
            return
        keys: dict[tuple[str, ...], str] = {}

        async def submit(values: Values) -> str:
            # the same values again, after a lost answer, must not launch twice
            key = keys.setdefault(tuple(values.values()), uuid.uuid4().hex)
            return await self._launch(values, key)

        self.app.push_screen(
            Form("Launch instances", entries, submit, verb="Launch", ascii_only=self.session.ascii_only)
        )

    async def _launch(self, values: Values, key: str) -> str:
        refusal = self.session.refusal(named("instances.launch"))
        if refusal:
            return refusal
        body = LaunchInstances(
            image_id=values["image"],
            count=int(values["count"]),
            vmtype=values["type"],
            cluster=values["cluster"],
            key_name=values["key"],
        )
        call = self.told(calls.launch(body, key), IMAGE=body.image_id, TYPE=body.vmtype, N=str(body.count))
        try:
            answer = await self.session.cloud.send(call)
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.take_instances(answer)
        self.say(f"launching {counted(len(answer.items), 'instance')}")
        return ""

    def _entries(self) -> list[Entry]:
        copy, scene = self.session.copy, self.session.scene()
        images = [
            (view.id, scene.plain(f"{view.id} {view.name}"))
            for view in copy.images.values()
            if view.kind.startswith("machine") and view.state == "available"
        ]
        if not images or copy.overview is None:
            return []
        types = [(view.name, _said(view, scene)) for view in copy.overview.types]
        clusters = [("", "any"), *((name, scene.plain(name)) for name in copy.clusters)]
        return [
            Entry(key="image", label="Image", choices=images),
            Entry(key="type", label="Type", value="m1.small", choices=types),
            Entry(key="count", label="Count", value="1", check=_count),
            Entry(key="cluster", label="Cluster", choices=clusters),
            Entry(key="key", label="Key pair", hint="none"),
        ]


def _said(view: TypeView, scene: Scene) -> str:
    size = f"{counted(view.cores, 'core')}, {mib(view.memory_mib)}, {view.disk_gb} GB"
    return scene.plain(f"{view.name:<10} {size:<28} room for {view.free}")


def _count(text: str) -> str:
    good = text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_AT_ONCE
    return "" if good else f"a number from 1 to {MOST_AT_ONCE}"

"""The volumes of one instance: what hangs on it, something more to it, something off it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from textual.widget import Widget
from textual.widgets import Static

from app.api.holdings import AttachVolume, VolumeView
from app.client import holding_calls
from app.client.errors import ClientError
from app.tui.actions import named
from app.tui.columns.holdings import VOLUMES
from app.tui.scene import counted
from app.tui.screens.fetching import ASKING, Fetching
from app.tui.screens.frame import bindings_of
from app.tui.screens.instance_page import InstancePage
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.confirm import Confirm, Question
from app.tui.widgets.form import Entry, Form, Values
from app.tui.widgets.grid import Grid
from app.tui.widgets.instance_tabs import InstanceTabs

KIND = "volume"
DEVICES = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")
_SHOWN = [
    replace(column, rank=0) if column.key == "device" else column
    for column in VOLUMES
    if column.key not in {"instance", "cluster"}
]


class AttachedScreen(InstancePage, Fetching):
    PLACE = "attached"
    BINDINGS = bindings_of("attached")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id

    def body(self) -> Iterable[Widget]:
        yield InstanceTabs()
        yield Static("", markup=False, id="summary")
        yield Grid(_SHOWN, self._table, self.session.scene, sorted_by="device")

    def trail(self) -> list[str]:
        return ["instances", self.instance_id, "volumes"]

    def spot(self) -> tuple[str, str]:
        return ("attached", self.instance_id)

    def home(self) -> Widget:
        return self._grid

    @property
    def kind(self) -> str:
        return KIND

    @property
    def _grid(self) -> Grid:
        return self.query_one(Grid)

    @property
    def _table(self) -> Any:
        return self.session.copy.table(KIND)

    def on_mount(self) -> None:
        self._grid.show(lambda row: row.instance_id == self.instance_id)
        super().on_mount()

    # --- drawing

    def absorb(self, changes: Changes) -> None:
        if KIND in changes.reset:
            self._grid.reload()
        elif KIND in changes.ids:
            self._grid.update_rows(changes.ids[KIND])
        self._summarise()

    def reload(self) -> None:
        self._grid.reload()
        self._summarise()
        self.need()

    def age(self) -> None:
        self.need()

    def fetched(self) -> None:
        self._grid.reload()
        self._summarise()

    def draw_frame(self) -> None:
        super().draw_frame()
        self._grid.fade(not self.session.live)

    def _summarise(self) -> None:
        scene, may = self.session.scene(), self.session.may(named("volumes.attach"))
        more = f"; {self.session.key('volumes.attach')} attaches one." if may else "."
        self._grid.hint = f"No volume hangs on it{more}" if self.known else self.why_not or ASKING
        count = counted(len(self._grid.shown), "volume") if self.known else "volumes not known yet"
        self.query_one("#summary", Static).update(f" {scene.plain(count)}")

    # --- methods of the registry

    def open(self) -> None:
        if self._grid.cursor_id:
            self.console_app.open_page("thing", f"{KIND}/{self._grid.cursor_id}")

    def on_grid_opened(self) -> None:
        self.open()

    def attach(self) -> None:
        """Ask which volume, and where the guest is to see it."""
        scene, view = self.session.scene(), self.session.copy.instances.get(self.instance_id)
        free = [row for row in self._table.values() if _fits(row, view.cluster if view else "")]
        if not free:
            self.say("attach: no volume of its cluster is free", bad=True)
            return
        taken = {row.device for row in self._table.values() if row.instance_id == self.instance_id}
        devices = [device for device in DEVICES if device not in taken]
        choices = [(row.id, scene.plain(f"{row.id}  {row.size_gib} GiB  {row.name}")) for row in free]
        entries = [
            Entry(key="volume", label="Volume", choices=choices),
            Entry(key="device", label="Device", choices=[(device, device) for device in devices]),
        ]
        title = f"Attach a volume to {self.instance_id}"
        self.app.push_screen(Form(title, entries, self._hang, verb="Attach", ascii_only=self.session.ascii_only))

    async def _hang(self, values: Values) -> str:
        refusal = self.session.refusal(named("volumes.attach"))
        if refusal:
            return refusal
        body = AttachVolume(instance_id=self.instance_id, device=values["device"])
        call = holding_calls.attach_volume(values["volume"], body)
        told = self.told(call, [self.instance_id], VOLUME=values["volume"], DEVICE=body.device)
        try:
            view, number = await self.session.cloud.change(told)
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self._take(view)
        self.say(f"attaching {view.id}{self.offer_undo(number)}")
        return ""

    def part(self) -> None:
        given = self._grid.cursor_id
        if given is None:
            self.say("detach: no volume hangs on it", bad=True)
            return
        row, scene = self._table[given], self.session.scene()
        question = Question(
            action=named("volumes.detach"),
            ids=[given],
            facts=[scene.plain(f"{row.id}  {row.size_gib} GiB  {row.device}  {row.name}")],
            warning="A guest that has it mounted loses what it has not written yet.",
        )
        self.app.push_screen(Confirm(question), lambda sure: self._part(given) if sure else None)

    def _part(self, given: str) -> None:
        refusal = self.session.refusal(named("volumes.detach"))  # the connection may have gone meanwhile
        if refusal:
            self.say(refusal, bad=True)
        else:
            self.change(self.told(holding_calls.detach_volume(given), [given]), self._take, f"detaching {given}")

    def _take(self, view: VolumeView) -> None:
        self.session.copy.put(KIND, view)


def _fits(row: VolumeView, cluster: str) -> bool:
    return row.state == "available" and not row.instance_id and row.cluster == cluster

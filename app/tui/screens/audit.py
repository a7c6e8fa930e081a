"""Who changed what, when, from where, and as which command. The audit has no frames of its own, so it is asked for
when one comes to look and after anything happened, from the last number on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.api.resources import AuditView
from app.client import calls
from app.client.errors import ClientError
from app.tui.columns.audit import COLUMNS
from app.tui.columns.column import Column
from app.tui.screens.frame import bindings_of
from app.tui.screens.table import TableScreen
from app.tui.session import Session
from app.tui.store import Changes

PAST = 2000


class AuditScreen(TableScreen):
    PLACE = "audit"
    TIMELINE = True
    KIND = "entry"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    HINT = "who:ana what:Terminate outcome:refused word !word"
    EMPTY = "Nothing was changed yet: who changes what, from where and as which command is told here."
    BINDINGS = bindings_of("audit")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._rows: dict[str, AuditView] = {}
        self._asking = False
        self._newest = 0
        self._wrong = ""
        self._heard = False

    def heard(self) -> bool:
        return self._heard

    def remark(self) -> str:
        return self._wrong if self.session.live else ""  # a lost cloud is told above

    def rows(self) -> Mapping[str, Any]:
        return self._rows

    def forget(self) -> None:
        self._rows.clear()
        self._newest, self._heard = 0, False

    def absorb(self, changes: Changes) -> None:
        super().absorb(changes)
        if "event" in changes.ids or changes.link:
            self._ask()

    def reload(self) -> None:
        super().reload()
        self._ask()

    def age(self) -> None:
        super().age()
        self._ask()  # a refusal changes nothing, so no event tells of it

    def _ask(self) -> None:
        settled = self.session.past is not None and self._heard
        if self.session.live and not self._asking and not settled:
            self._asking = True
            self.begin(self._fetch)

    async def _fetch(self) -> None:
        known = self._newest
        call = calls.audit(after=str(known)) if known else calls.newest_audit(PAST)
        try:
            answer = await self.session.cloud.send(call)
        except ClientError as error:
            self._wrong, self._heard = str(error), True
        else:
            if known == self._newest:  # else all was let go of meanwhile, and is asked for again
                self._wrong, self._heard = "", True
                self._take(answer.items)
        finally:
            self._asking = False
        self._summarise()

    def _take(self, views: Sequence[AuditView]) -> None:
        if not views:
            return
        self._newest = views[-1].number
        fresh = {str(view.number): view for view in views}
        self._rows.update(fresh)
        self.grid.update_rows(set(fresh))

    async def open(self) -> None:
        """Show all of the entry under the cursor."""
        view = self._rows.get(self.grid.cursor_id or "")
        if view is None:
            return
        scene = self.session.scene()
        lines = [(column.title.lower(), column.text(view, scene)) for column in COLUMNS]
        lines[0] = ("time", scene.moment(view.at_ms))
        self.show_facts(f"Entry {view.number} of the audit", [*lines, ("hash", view.hash)])

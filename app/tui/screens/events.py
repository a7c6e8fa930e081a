"""What happened: the newest entries of the cloud's journal, and what is added to it.

The copy starts with the few entries of the overview; a longer past is fetched when somebody comes to look.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from app.api.filters import Filter, parse
from app.api.resources import Collection, EventView
from app.client import calls
from app.client.calls import Call
from app.client.errors import ClientError
from app.tui.columns.column import Column
from app.tui.columns.events import COLUMNS
from app.tui.screens.frame import bindings_of
from app.tui.screens.table import TableScreen
from app.tui.session import Session

PAST = 500


class EventsScreen(TableScreen):
    PLACE = "events"
    KIND = "event"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    HINT = "kind:instance about=i-0123 word !word"
    EMPTY = "Nothing has happened yet."
    BINDINGS = bindings_of("events")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._known_from = ""

    def reload(self) -> None:
        super().reload()
        copy = self.session.copy
        oldest = next(iter(copy.events), "")
        if self.session.live and oldest != self._known_from:
            self.begin(self._fetch_past, exclusive=True)

    def apply_filter(self, text: str) -> str:
        """As any list; and all that happened to one thing is fetched, however long ago."""
        why = super().apply_filter(text)
        about = parse(self.filter_text, COLUMNS)
        if not why and isinstance(about, Filter):
            for term in about.terms:
                if (term.field, term.op, term.negated, len(term.values)) == ("about", "=", False, 1):
                    self.begin(partial(self._fetch, calls.events(about=term.values[0])), exclusive=True, group="about")
        return why

    async def _fetch_past(self) -> None:
        copy = self.session.copy
        start = max(0, int(copy.cursor) - PAST) if copy.cursor.isdigit() else 0
        await self._fetch(calls.events(after=str(start)))

    async def _fetch(self, call: Call[Collection[EventView]]) -> None:
        copy = self.session.copy
        try:
            answer = await self.session.cloud.send(call)
        except ClientError as error:
            self.say(f"older events: {error}", bad=True)
            return
        copy.load_past(answer.items)
        self._known_from = next(iter(copy.events), "")

    async def open(self) -> None:
        """Show the thing that the event is about."""
        event: EventView | None = self.session.copy.events.get(self.grid.cursor_id or "")
        if event is None:
            return
        if not await self.console_app.visit(event.resource_id):
            self.say(f"{event.resource_id}: there is nothing more to show")

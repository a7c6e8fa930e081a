"""The clouds that a person knows: who one is there, whether they answer, and the way from one to another.

It opens without any connection: every cloud is asked by a connection of its own, and a silent one holds up nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from app.client import calls
from app.client.contexts import Context
from app.client.errors import ClientError, Refused
from app.tui.columns.clouds import COLUMNS, CloudRow, Reach
from app.tui.columns.column import Column
from app.tui.screens.frame import bindings_of
from app.tui.screens.table import TableScreen
from app.tui.session import Session
from app.tui.store import Changes

WITHIN_S = 4.0
EVERY_S = 10
HERE = "(this one)"


class CloudsScreen(TableScreen):
    PLACE = "clouds"
    KIND = "cloud"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    SORTED = "cloud"
    HINT = "role:admin mode:read-only word !word"
    EMPTY = "No cloud is known."
    BINDINGS = bindings_of("clouds")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._known: dict[str, Context] = {}
        self._rows: dict[str, CloudRow] = {}
        self._waited_s = 0
        self._wrong = ""

    def heard(self) -> bool:
        return True

    def remark(self) -> str:
        return self._wrong

    def rows(self) -> Mapping[str, Any]:
        return self._rows

    def reload(self) -> None:
        super().reload()
        self._ask()

    def absorb(self, changes: Changes) -> None:
        super().absorb(changes)
        if changes.link:
            self._ask()

    def age(self) -> None:
        super().age()
        self._waited_s += 1
        if self._waited_s >= EVERY_S:
            self._ask()

    async def open(self) -> None:
        """Go to the cloud under the cursor with the whole console."""
        context = self._known.get(self.grid.cursor_id or "")
        if context:
            await self.console_app.cross(context)

    def _ask(self) -> None:
        self._waited_s = 0
        self._read()
        self.grid.reload()
        self._summarise()
        self.begin(self._ask_all, exclusive=True)

    def _read(self) -> None:
        """Take over the contexts file as it is now, and the cloud of this console if it is not in it."""
        here = self.session.context
        try:
            found, self._wrong = dict(self.session.home.clouds().clouds), ""
        except ClientError as error:
            found, self._wrong = {}, str(error)
        if not here.name or here.name not in found:
            found[here.name or HERE] = here
        self._known = found
        rows = {name: self._row(name, context) for name, context in found.items()}
        for name, row in rows.items():
            before = self._rows.get(name)
            if before and before.url == row.url:  # what it said last stands until it is heard again
                rows[name] = replace(row, reach=before.reach, role=before.role, user=before.user, detail=before.detail)
        self._rows.clear()
        self._rows.update(rows)

    def _row(self, name: str, context: Context) -> CloudRow:
        here = self.session.context
        return CloudRow(
            name=name,
            url=context.url,
            current=context.name == here.name and context.url == here.url,
            read_only=context.read_only or self.session.ways.read_only,
        )

    async def _ask_all(self) -> None:
        await asyncio.gather(*(self._ask_one(name, context) for name, context in self._known.items()))

    async def _ask_one(self, name: str, context: Context) -> None:
        row = self._rows[name]
        try:
            if row.current:  # its token may be known to its session alone
                me = await self.session.now.cloud.send(replace(calls.me(), timeout_s=WITHIN_S))
            else:
                async with self.session.home.open(context) as cloud:
                    me = await cloud.send(replace(calls.me(), timeout_s=WITHIN_S))
        except Refused as error:
            fresh = replace(row, reach=Reach.DENIED, detail=str(error), role="", user="")
        except ClientError as error:
            fresh = replace(row, reach=Reach.GONE, detail=getattr(error, "detail", str(error)))
        else:
            fresh = replace(row, reach=Reach.THERE, role=me.role, user=me.user, detail="")
        if name in self._rows:
            self._rows[name] = fresh
            self.grid.update_rows({name})

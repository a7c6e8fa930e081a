"""A list of more instances than a console holds: it has the first of them, and asks the cloud for what a filter names.

The trap: columns are not the fields that the cloud knows. A term that the cloud can not judge is left out of the
question; the list judges all of them again, so too much may be asked for, and nothing wrong is shown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.api.filters import Filter, FilterError, Term, parse
from app.client import calls
from app.client.errors import ClientError
from app.tui.columns.instances import COLUMNS
from app.tui.feed import MOST_INSTANCES
from app.tui.screens.table import TableScreen

TYPED_S = 0.3  # of quiet before the cloud is asked
PAGES = 5
FIELDS = {
    "": "",
    "id": "id",
    "name": "name",
    "host": "host",
    "cluster": "cluster",
    "type": "vmtype",
    "image": "image_id",
    "vcpus": "cores",
    "memory": "memory_mib",
    "account": "account_id",
    "key": "key_name",
    "address": "private_ip",
}


class Beyond(TableScreen):
    """The part of the list of instances that reaches beyond what the console holds."""

    def counted(self, number: int) -> str:
        total = self._total()
        if total > number >= MOST_INSTANCES:
            return f"the first {number} of {super().counted(total)}"
        return super().counted(number)

    def apply_filter(self, text: str) -> str:
        why = super().apply_filter(text)
        wanted = question(text)
        if not why and wanted and self._total() > len(self.grid.table) >= MOST_INSTANCES:
            self.begin(partial(self._ask_for, wanted), group="beyond", exclusive=True)
        return why

    def _total(self) -> int:
        overview = self.session.copy.overview
        return sum(overview.instances_by_state.values()) if overview else 0

    async def _ask_for(self, wanted: str) -> None:
        await asyncio.sleep(TYPED_S)
        after = ""
        for _ in range(PAGES):
            try:
                page = await self.session.cloud.send(calls.instances(after=after, matching=wanted))
            except ClientError as error:
                self.say(f"the cloud was not asked for more: {error}", bad=True)
                return
            for view in page.items:
                self.session.copy.put("instance", view)
            if not page.next:
                return
            after = page.next
        self.say(f"there are more than {PAGES * calls.PAGE} of these; narrow the filter to see all")


def question(text: str) -> str:
    """Put a filter into the fields that the cloud knows; empty if nothing of it can be asked."""
    found = parse(text, COLUMNS)
    return "" if isinstance(found, FilterError) else str(Filter(tuple(_asked(found.terms)), found.fields))


def _asked(terms: Sequence[Term]) -> list[Term]:
    """Leave out a word that must stand nowhere: the cloud would look into fields that are no columns, too."""
    known = [term for term in terms if term.field in FIELDS and (term.field or not term.negated)]
    return [replace(term, field=FIELDS[term.field]) for term in known]

"""Rows that have something in common below one head each: by which column, which groups are folded."""

from collections.abc import Sequence
from typing import Any

from app.tui.columns.column import Column
from app.tui.screens.list_views import ListViews
from app.tui.widgets.menu import Choice, Menu

FLAT = "flat"


class Grouped(ListViews):
    """The part of a list's screen that groups its rows."""

    def groupings(self) -> Sequence[Column[Any]]:
        """Return the columns that rows may be grouped by."""
        return [column for column in self.all_columns() if column.groups]

    # --- methods of the registry

    def group(self) -> None:
        """Ask by what, or go back to one list."""
        columns = self.groupings()
        choices = [Choice(given=FLAT, title="one list", hint="no groups", letter=self.session.key("group"))]
        choices += [Choice(given=one.key, title=f"by {one.title.lower()}", letter=one.key[0]) for one in columns]
        at = self.grid.grouped_by.key if self.grid.grouped_by else columns[0].key

        def picked(given: str | None) -> None:
            if given:
                self.grid.group(next((column for column in columns if column.key == given), None))

        self.app.push_screen(Menu(f"Group {self.PLACE}", choices, at=at), picked)

    def fold(self) -> None:
        self.grid.fold(folded=True)

    def unfold(self) -> None:
        self.grid.fold(folded=False)

    def fold_all(self) -> None:
        self.grid.fold_all()

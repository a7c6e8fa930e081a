"""How a list is shown, and how that is kept: saved views, choice of columns, second key, filters typed before."""

from collections.abc import Sequence
from typing import Any

from app.tui.arranged import arranged, ranked
from app.tui.columns.column import Column
from app.tui.memory import View
from app.tui.screens.taking import Taking
from app.tui.widgets.chooser import Chooser
from app.tui.widgets.form import Entry, Form, Values
from app.tui.widgets.grid import Grid
from app.tui.widgets.menu import Choice, Menu

SAVE, DELETE, PLAIN = "save", "delete", "plain"


class ListViews(Taking):
    """Needs `grid`, `all_columns`, `filter_text` and `apply_filter`."""

    filter_text: str = ""
    view_name: str = ""

    @property
    def grid(self) -> Grid:
        raise NotImplementedError

    def all_columns(self) -> Sequence[Column[Any]]:
        """Return every column that this list has."""
        return ()

    def apply_filter(self, text: str) -> str:
        """Show only rows that match; return what is wrong with the text."""
        raise NotImplementedError

    def shown_columns(self) -> Sequence[Column[Any]]:
        return self.grid.columns

    # --- methods of the registry

    def views(self) -> None:
        saved = self.session.home.memory.views(self.PLACE)
        choices = [
            Choice(given=f"={view.name}", title=self.session.scene().plain(view.name), hint=_told(view))
            for view in saved
        ]
        choices += [
            Choice(given=PLAIN, title="all columns", hint="no view", letter="0"),
            Choice(given=SAVE, title="save this view as ...", letter="s"),
            *([Choice(given=DELETE, title="delete a view ...", letter="d")] if saved else []),
        ]
        self.app.push_screen(Menu(f"Views of {self.PLACE}", choices, at=f"={self.view_name}"), self._picked)

    def choose_columns(self) -> None:
        def chosen(keys: list[str] | None) -> None:
            if keys:
                known = {column.key: column for column in self.all_columns()}
                self.grid.show_columns(ranked([known[key] for key in keys]), self.grid.orders)

        shown = [column.key for column in self.grid.columns]
        self.app.push_screen(Chooser(self.all_columns(), shown, ascii_only=self.session.ascii_only), chosen)

    def sort_then(self) -> None:
        self.grid.then_next()

    def mark_range(self) -> None:
        self.grid.mark_range()

    # --- views

    def recall_view(self) -> None:
        """Show the list as it was shown last."""
        view = self.session.home.memory.chosen(self.PLACE)
        if view:
            self.show_view(view)

    def show_view(self, view: View) -> None:
        """Arrange the list as a view says; what the view asks for and is not there is told."""
        found = arranged(view, self.all_columns())
        self.grid.show_columns(found.columns, found.orders)
        self.grid.group(found.group)
        self.view_name = view.name
        why = self.apply_filter(view.filter)
        if found.unknown:
            why = "; ".join([f"this list has no column {', '.join(found.unknown)}", *([why] if why else [])])
        if why:
            self.say(f"view {view.name}: {why}", bad=True)

    def _picked(self, given: str | None) -> None:
        memory = self.session.home.memory
        if given == SAVE:
            self._ask_name()
        elif given == DELETE:
            self._ask_which()
        elif given == PLAIN:
            self.show_view(View())
            memory.choose(self.PLACE, "")
        elif given:
            view = next((view for view in memory.views(self.PLACE) if f"={view.name}" == given), None)
            if view:
                self.pick_view(view)

    def pick_view(self, view: View) -> None:
        """Show a saved view, now and the next time."""
        self.show_view(view)
        self.session.home.memory.choose(self.PLACE, view.name)

    def _ask_name(self) -> None:
        entry = Entry(key="name", label="Name", value=self.view_name, hint="morning", check=_fit)

        async def submit(values: Values) -> str:
            self._save_view(values["name"])
            return self.session.home.memory.why_not

        self.app.push_screen(Form("Save this view", [entry], submit, verb="Save", ascii_only=self.session.ascii_only))

    def _save_view(self, name: str) -> None:
        columns = tuple(column.key for column in self.grid.columns)
        own = columns == tuple(column.key for column in self.all_columns())
        view = View(
            name=name,
            columns=() if own else columns,  # the list's own give way to each other by their rank
            sort=tuple(order.key for order in self.grid.orders),
            filter=self.filter_text,
            group=self.grid.grouped_by.key if self.grid.grouped_by else "",
        )
        self.session.home.memory.save_view(self.PLACE, view)
        self.view_name = name
        self.say(f"view {name} is saved")
        self.redraw()

    def _ask_which(self) -> None:
        def picked(name: str | None) -> None:
            if name:
                self.session.home.memory.drop_view(self.PLACE, name)
                self.view_name = "" if self.view_name == name else self.view_name
                self.say(f"view {name} is deleted")
                self.redraw()

        saved = self.session.home.memory.views(self.PLACE)
        choices = [
            Choice(given=view.name, title=self.session.scene().plain(view.name), hint=_told(view)) for view in saved
        ]
        self.app.push_screen(Menu("Delete which view?", choices, hint="enter delete  esc leave"), picked)


def _told(view: View) -> str:
    parts = [
        f"{len(view.columns)} columns" if view.columns else "all columns",
        *([f"by {', '.join(view.sort)}"] if view.sort else []),
        *([f"groups by {view.group}"] if view.group else []),
    ]
    return ", ".join([*parts, *([view.filter] if view.filter else [])])


def _fit(text: str) -> str:
    if not text:
        return "is needed"
    return "" if text.isprintable() and len(text) <= 40 else "at most 40 letters"

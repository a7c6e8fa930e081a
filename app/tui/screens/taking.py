"""Taking rows out of the console: by the clipboard of the terminal, or to a file beside where it was started.

A file's name is one name, never a way to somewhere else, and an existing file is only replaced when that was asked for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.client.whole_file import write_whole
from app.tui.columns.column import Column
from app.tui.formats import SUFFIXES, TITLES, formats_of, written
from app.tui.scene import counted
from app.tui.screens.frame import ConsoleScreen
from app.tui.widgets.form import Entry, Form, Values
from app.tui.widgets.menu import Choice, Menu

LETTERS = {"id": "i", "row": "r", "csv": "c", "json": "j", "euca": "e"}


class Taking(ConsoleScreen):
    """Needs `kind`, `shown_columns` and `rows_to_take`."""

    @property
    def kind(self) -> str:
        """Say what the rows are, in one word."""
        return ""

    def counted(self, number: int) -> str:
        """Say how many rows those are."""
        return counted(number, self.kind)

    def shown_columns(self) -> Sequence[Column[Any]]:
        """Return the columns as they are shown."""
        return ()

    def rows_to_take(self, *, all_shown: bool = False) -> Mapping[str, Any]:
        """Return the marked rows by id, else the one under the cursor, or all that are shown."""
        return {}

    def copy(self) -> None:
        rows = dict(self.rows_to_take())
        if not rows:
            self.say("copy: there is no row", bad=True)
            return
        what = self.counted(len(rows))

        def picked(form: str | None) -> None:
            if form:
                self.app.copy_to_clipboard(self._written(form, rows))
                self.say(f"copied {what} as {TITLES[form]}")

        choices = [Choice(given=form, title=TITLES[form], letter=LETTERS[form]) for form in formats_of(self.kind)]
        self.app.push_screen(Menu(f"Copy {what} as", choices), picked)

    def export(self) -> None:
        if self.session.ways.in_browser:
            self.say("export: a browser's console writes no files; copy does the same", bad=True)
            return
        rows = dict(self.rows_to_take(all_shown=True))
        if not rows:
            self.say("export: there is no row", bad=True)
            return
        forms = [(form, TITLES[form]) for form in formats_of(self.kind) if form in SUFFIXES]
        entries = [
            Entry(key="form", label="As", value="csv", choices=forms),
            Entry(key="name", label="File", value=self.PLACE, hint="a name, the ending follows", check=_name),
            Entry(key="over", label="If there", choices=[("", "leave the old file"), ("yes", "replace it")]),
        ]

        async def submit(values: Values) -> str:
            text = self._written(values["form"], rows)
            return self._save(values["name"], SUFFIXES[values["form"]], text, over=bool(values["over"]))

        title = f"Export {self.counted(len(rows))}"
        self.app.push_screen(Form(title, entries, submit, verb="Write", ascii_only=self.session.ascii_only))

    def _written(self, form: str, rows: Mapping[str, Any]) -> str:
        return written(form, self.kind, rows, self.shown_columns(), self.session.scene())

    def _save(self, name: str, suffix: str, text: str, *, over: bool) -> str:
        path = Path.cwd() / (name if name.endswith(f".{suffix}") else f"{name}.{suffix}")
        try:
            write_whole(path, text, over=over)
        except FileExistsError:
            return f"{path.name} is there already; take another name, or choose to replace it"
        except OSError as error:
            return f"{path}: {error.strerror}"
        self.say(f"written {path}")
        return ""


def _name(text: str) -> str:
    if not text:
        return "is needed"
    if text != Path(text).name or text.startswith(".") or not text.isprintable():
        return "one name without / and without a dot in front"
    return ""

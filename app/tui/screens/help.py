"""All keys of the place one came from, out of the registry."""

import textwrap
from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui.actions import Action, Danger
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session

INDENT = 21
_DANGER = {
    Danger.REVERSIBLE: "at once",
    Danger.DISTURBS: "asks first",
    Danger.DESTROYS: "asks for the name",
}
_FILTER = """
filter
  state:running      contains          host!=node07     is not
  type=m1.small      is                vcpus>2          more than (also < >= <=)
  state:stop,pend    one of            web              in any column
  !web               not               "two words"      with a space
"""
_MOVING = """
moving
  ↑ ↓  k j   one row           PgUp PgDn   one page        Home End  g G   first, last
  with the mouse: click a row, twice to open it, a column to sort by it, a key below to press it
"""


class HelpScreen(ConsoleScreen):
    PLACE = "help"
    BINDINGS = bindings_of("help")

    def __init__(self, session: Session, about: str) -> None:
        super().__init__(session)
        self._about = about

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="detail"):
            yield Static("", markup=False, id="keys")

    def trail(self) -> list[str]:
        return [self._about, "help"]

    def home(self) -> Widget:
        return self.query_one("#detail")

    def reload(self) -> None:
        actions = self.session.offered(self._about)
        width = max(40, self.size.width - 6)
        lines = [
            Content.styled(f"keys of {self._about}", "bold"),
            *(line for action in actions for line in _lines(action, width)),
        ]
        if any(action.name == "filter" for action in actions):
            moving = _MOVING.replace("↑ ↓", "up down") if self.session.ascii_only else _MOVING
            lines += [_paragraph(line) for line in (_FILTER + moving).splitlines()]
        self.query_one("#keys", Static).update(Content("\n").join(lines))

    async def back(self) -> None:
        self.dismiss()

    def show_help(self) -> None:
        self.dismiss()


def _paragraph(line: str) -> Content:
    return Content.styled(line, "" if line.startswith(" ") else "bold")


def _lines(action: Action, width: int) -> list[Content]:
    danger = f" ({_DANGER[action.danger]})" if action.danger else ""
    first, *more = textwrap.wrap(action.help + danger, width - INDENT) or [""]
    lines = [Content.assemble((f"  {action.key_shown:<7}", "bold $accent"), f"{action.title:<11} {first}")]
    lines += [Content(" " * INDENT + line) for line in more]
    command = textwrap.wrap(action.command.replace("{ids}", "ID..."), width - INDENT, break_on_hyphens=False)
    return lines + [Content.styled(" " * INDENT + line, "dim") for line in command]

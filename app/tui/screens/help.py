"""All keys of the place one came from, out of the registry."""

import textwrap
from collections.abc import Iterable
from dataclasses import replace

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui.actions import Action, Danger
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session
from app.tui.widgets.explained import Explained

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
  ~wb1               w, b, 1 in this order, anything between them
"""
_MOUSE = """
mouse
  click a row, twice to open it, a column to sort by it (with shift: then by it), a key below to press it
"""


class HelpScreen(ConsoleScreen):
    PLACE = "help"
    BINDINGS = bindings_of("help")

    def __init__(self, session: Session, about: str, here: Explained | None = None) -> None:
        super().__init__(session)
        self._about, self._here = about, here

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="detail"):
            yield Static("", markup=False, id="keys")

    def trail(self) -> list[str]:
        return [part for part in (self._about, "help") if part]

    def home(self) -> Widget:
        return self.query_one("#detail")

    def reload(self) -> None:
        self.query_one("#keys", Static).update(Content("\n").join(self._lines()))

    def _lines(self) -> Iterable[Content]:
        width = max(40, self.size.width - 6)
        if self._about:
            offered = self.session.offered(self._about)
            actions = [replace(action, help=self.session.keyed(action.help)) for action in offered]
            yield Content.styled(f"keys of {self._about}", "bold")
            yield from (line for action in actions for line in _lines(action, width))
            if any(action.name == "filter" for action in actions):
                yield from (_paragraph(line) for line in (_FILTER + _MOUSE).splitlines())
            yield Content("")
        if self._here:
            yield Content.styled(f"keys of {self._here.name}, which has the focus", "bold")
            yield from (Content.assemble((f"  {keys:<18} ", "bold $accent"), said) for keys, said in self._here.keys)
            yield Content("")
        if self.session.home.wrong:
            scene = self.session.scene()
            folder = self.session.home.contexts_path
            where = f", in {scene.plain(str(folder.parent))}" if folder else ""
            yield Content.styled(f"settings that were not understood{where}", "bold")
            yield from (Content(f"  {scene.plain(line)}") for line in self.session.home.wrong)

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
    command = textwrap.wrap(action.as_command(), width - INDENT, break_on_hyphens=False)
    return lines + [Content.styled(" " * INDENT + line, "dim") for line in command]

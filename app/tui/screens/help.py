"""All keys of the place one came from, out of the registry."""

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui.actions import Action, Danger
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session

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
        lines = [Content.styled(f"keys of {self._about}", "bold"), *(_line(action) for action in actions)]
        if any(action.name == "filter" for action in actions):
            lines += [Content(line) for line in _FILTER.splitlines()]
        self.query_one("#keys", Static).update(Content("\n").join(lines))

    async def back(self) -> None:
        self.dismiss()

    def show_help(self) -> None:
        self.dismiss()


def _line(action: Action) -> Content:
    danger = f" ({_DANGER[action.danger]})" if action.danger else ""
    parts: list[str | tuple[str, str]] = [
        (f"  {action.key_shown:<7}", "bold $accent"),
        f"{action.title:<11} {action.help}{danger}",
    ]
    if action.command:
        parts.append((f"\n{'':21}{action.command.replace('{ids}', 'ID...')}", "dim"))
    return Content.assemble(*parts)

"""All that this console said in toasts, the newest first: a toast goes by, and what it said must not."""

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui.doings import Said
from app.tui.scene import Scene
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session

NOTHING = "Nothing was said yet: what this console tells in passing is kept here."


class MessagesScreen(ConsoleScreen):
    PLACE = "messages"
    BINDINGS = bindings_of("messages")

    def __init__(self, session: Session, about: str = "") -> None:
        super().__init__(session)

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="detail"):
            yield Static("", markup=False, id="said")

    def home(self) -> Widget:
        return self.query_one("#detail")

    def age(self) -> None:
        self.reload()

    def reload(self) -> None:
        scene = self.session.scene()
        lines = [_line(said, scene) for said in reversed(self.session.doings.said)]
        self.query_one("#said", Static).update(Content("\n").join(lines or [Content(NOTHING)]))


def _line(said: Said, scene: Scene) -> Content:
    sign = ("x " if scene.ascii_only else "✕ ") if said.bad else "  "
    return Content.assemble(
        (scene.clock(said.at_ms), "dim"), "  ", (sign + scene.plain(said.text), "$error" if said.bad else "")
    )

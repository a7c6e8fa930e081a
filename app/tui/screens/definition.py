"""The domain of an instance as libvirt describes it: a text to scroll, to search and to copy, of one moment.

The trap: names and other texts of users stand in it, so each line is shown as plain text.
"""

from collections.abc import Iterable

from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.api.host_pages import DefinitionView
from app.client.errors import ClientError
from app.client.host_calls import definition
from app.tui.scene import counted
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.prompt import Prompt


class DefinitionScreen(ConsoleScreen):
    PLACE = "definition"
    BINDINGS = bindings_of("definition")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id
        self._found: DefinitionView | None = None
        self._note = "asking the host ..."
        self._wanted = ""
        self._match = 0  # which of those found the cursor of the search is at

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="summary")
        with ScrollableContainer(id="definition"):
            yield Static("", markup=False, id="xml")
        yield Prompt("/", "a part of a line", lambda text: [], self, id="search")

    def trail(self) -> list[str]:
        return [*self.console_app.trail(), "domain"]

    def spot(self) -> tuple[str, str]:
        return ("definition", self.instance_id)

    def home(self) -> Widget:
        return self.query_one("#definition")

    def absorb(self, changes: Changes) -> None:
        if self.instance_id in changes.ids.get("instance", ()):
            self.ask()

    def reload(self) -> None:
        self._draw()
        self.ask()

    def ask(self) -> None:
        """Ask for it anew in the background."""
        self.begin(self._ask, exclusive=True)

    async def _ask(self) -> None:
        try:
            self._found = await self.session.cloud.send(definition(self.instance_id))
            self._note = ""
        except ClientError as error:
            self._note = str(error)
        self._draw()

    # --- drawing

    @property
    def _lines(self) -> list[str]:
        scene = self.session.scene()
        return [scene.plain(line) for line in self._found.xml.splitlines()] if self._found else []

    def _matches(self, lines: list[str]) -> list[int]:
        wanted = self._wanted.casefold()
        return [place for place, line in enumerate(lines) if wanted in line.casefold()] if wanted else []

    def _draw(self) -> None:
        scene, lines = self.session.scene(), self._lines
        matches = self._matches(lines)
        at = matches[self._match % len(matches)] if matches else -1
        looks = {place: "reverse" if place == at else "bold $accent" for place in matches}
        shown = Content("\n").join(Content.styled(line, looks.get(place, "")) for place, line in enumerate(lines))
        self.query_one("#xml", Static).update(shown)
        parts = [self.instance_id]
        if self._found:
            parts += [f"on {self._found.host}", f"as of {scene.clock(self._found.at_ms)}", counted(len(lines), "line")]
        if self._wanted:
            here = f"{self._match % len(matches) + 1} of " if matches else ""
            parts.append(f"{here}{len(matches)} with {self._wanted}")
        parts += [self._note] if self._note else []
        cut = "  |  " if scene.ascii_only else "  ·  "
        self.query_one("#summary", Static).update(" " + cut.join(scene.plain(part) for part in parts))
        if matches:
            page = self.query_one("#definition")
            page.scroll_to(y=max(0, at - page.size.height // 2), animate=False)

    # --- what was typed

    def on_prompt_edited(self, event: Prompt.Edited) -> None:
        if event.prompt.id == "search" and event.prompt.display:  # else it was left meanwhile
            self._search(event.text)

    async def entered(self, prompt: Prompt, text: str) -> None:
        if prompt.id != "search":
            await super().entered(prompt, text)
            return
        self._search(text)
        self.leave(prompt)

    def left(self, prompt: Prompt) -> None:
        if prompt.id == "search":
            self._search("")
        super().left(prompt)

    def _search(self, wanted: str) -> None:
        self._wanted, self._match = wanted, 0
        self._draw()

    # --- methods of the registry

    def search(self) -> None:
        self.query_one("#search", Prompt).open(self._wanted)
        self.draw_frame()

    def next_match(self) -> None:
        self._match += 1
        self._draw()

    def earlier_match(self) -> None:
        self._match -= 1
        self._draw()

    def copy(self) -> None:
        if self._found is None:
            self.say("copy: there is nothing yet", bad=True)
            return
        self.app.copy_to_clipboard(self._found.xml)
        self.say(f"copied the domain of {self.instance_id}")

    async def back(self) -> None:
        if self._wanted:
            self._search("")
        else:
            await super().back()

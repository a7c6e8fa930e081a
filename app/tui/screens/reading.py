"""Reading what a guest wrote: held still or followed, searched, copied, saved; for its console and for its output.

Held still, nothing on the screen moves: what comes is counted. What is saved is asked of the cloud, so that neither a
search nor what went by too fast is missing in the file; an existing file is never touched.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Static

from app.client import calls
from app.client.errors import ClientError
from app.client.whole_file import write_whole
from app.tui.actions import Action
from app.tui.scene import counted
from app.tui.screens.instance_page import InstancePage
from app.tui.session import Session
from app.tui.widgets.prompt import Prompt
from app.tui.widgets.reader import Reader

SEARCH = "search"


class Reading(InstancePage):
    """Needs `held_now`, `followed_now` and `waiting`; `summarise` may say more."""

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id
        self.held = False
        self.reader = Reader(ascii_only=session.ascii_only)

    def reading_body(self) -> Iterable[Widget]:
        """Yield the widgets that reading needs."""
        yield Static("", markup=False, id="reading")
        yield self.reader
        yield Prompt("/", "what to find", lambda text: [], self, id=SEARCH)

    # --- for subclasses

    def held_now(self) -> None:
        """Give the reader what there is to read."""

    def followed_now(self) -> None:
        """Show the newest again."""

    def waiting(self) -> int:
        """Count the lines that came since the text is held."""
        return 0

    def summarise(self) -> None:
        """Say anew how things stand."""
        line = self.query_one("#reading", Static)
        line.display = self.held
        scene = self.session.scene()
        cut = "  |  " if scene.ascii_only else "  ·  "
        line.update(" " + cut.join(map(scene.plain, self._state_of_reading())))

    def whole(self, newest: str) -> str:
        """Return all there is to save, given what the cloud has just answered."""
        return newest

    def _state_of_reading(self) -> Iterable[str]:
        reader = self.reader
        yield f"held, {counted(self.waiting(), 'line')} waiting ({self.session.key('text.hold')}: follow)"
        if reader.wanted:
            count = len(reader.matches)
            yield (f"{reader.place} of {count}" if reader.place else counted(count, "line")) + f" with {reader.wanted}"
        if reader.taking:
            yield f"{counted(len(reader.taken()), 'line')} selected"

    def draw_frame(self) -> None:
        super().draw_frame()
        self.summarise()

    def offered(self) -> list[Action]:
        """Leave out what needs something that is not there yet."""
        without = set() if self.reader.wanted else {"text.later", "text.only"}
        if not self.held:
            without |= {"text.take", "text.copy"}
        return [action for action in super().offered() if action.name not in without]

    # --- methods of the registry

    def hold(self) -> None:
        self.set_held(held=not self.held)

    def set_held(self, *, held: bool) -> None:
        """Hold the text still, or follow the guest and forget what was searched and selected."""
        if held is not self.held:
            self.held = held
            if held:
                self.held_now()
            else:
                self.reader.search("")
                self.followed_now()
            self.refocus()
        self.draw_frame()

    def find(self) -> None:
        self.set_held(held=True)
        self.query_one(f"#{SEARCH}", Prompt).open(self.reader.wanted)
        self.draw_frame()

    def earlier_match(self) -> None:
        self._with_matches(lambda: self.reader.step(-1))

    def later_match(self) -> None:
        self._with_matches(lambda: self.reader.step(1))

    def only_matches(self) -> None:
        self._with_matches(lambda: self.reader.show_only_matches(only=not self.reader.only_matches))

    def _with_matches(self, work: Callable[[], None]) -> None:
        if self.reader.wanted:
            work()
            self.summarise()
        else:
            self.say(f"nothing is searched; {self.session.key('text.find')} finds", bad=True)

    def take(self) -> None:
        self.set_held(held=True)
        self.reader.take(on=not self.reader.taking)
        self.summarise()

    def copy_text(self) -> None:
        """Copy what the mouse or a key has selected, else the line at the cursor."""
        self.set_held(held=True)
        chosen = self.get_selected_text()
        lines = chosen.splitlines() if chosen else self.reader.taken()
        self.app.copy_to_clipboard("\n".join(lines))
        self.reader.take(on=False)
        self.say(f"copied {counted(len(lines), 'line')}")
        self.summarise()

    def save(self) -> None:
        if self.session.ways.in_browser:
            self.say("save: a browser's console writes no files; select and copy instead", bad=True)
        else:
            self.begin(self._save, group="save", exclusive=True)

    async def back(self) -> None:
        if self.reader.taking:
            self.reader.take(on=False)
        elif self.reader.wanted:
            self.reader.search("")
        elif self.held:
            self.set_held(held=False)
        else:
            await super().back()
            return
        self.draw_frame()

    async def _save(self) -> None:
        try:
            answer = await self.session.cloud.send(calls.console_output(self.instance_id))
        except ClientError as error:
            self.say(f"save: {error}", bad=True)
            return
        stamp = datetime.fromtimestamp(self.session.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path.cwd() / f"{self.instance_id}-{stamp}.log"
        try:
            await asyncio.to_thread(write_whole, path, self.whole(answer.text), over=False)
        except FileExistsError:
            self.say(f"save: {path} is there already, and stays as it is", bad=True)
        except OSError as error:
            self.say(f"save: {path}: {error.strerror}", bad=True)
        else:
            self.say(f"saved {path}")

    # --- what was typed or moved

    def on_reader_moved(self) -> None:
        self.set_held(held=True)

    def on_prompt_edited(self, event: Prompt.Edited) -> None:
        if event.prompt.id == SEARCH and event.prompt.display:  # else it was left meanwhile
            self._search(event.text)

    async def entered(self, prompt: Prompt, text: str) -> None:
        if prompt.id != SEARCH:
            await super().entered(prompt, text)
            return
        self._search(text)
        self.leave(prompt)

    def left(self, prompt: Prompt) -> None:
        if prompt.id == SEARCH:
            self._search("")
        super().left(prompt)

    def _search(self, wanted: str) -> None:
        self.reader.search(wanted)
        self.summarise()

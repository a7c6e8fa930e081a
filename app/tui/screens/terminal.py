"""The console of an instance, to watch and to type into.

Two modes: while one types, every key is the guest's but ctrl+]; else the keys are the console's own. Who may not type,
or came second, watches and sees that. A lost connection is dialled again with what is on the screen kept. What has gone
by is read in a reader that stands before the terminal while the text is held.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from textual.widget import Widget
from textual.widgets import Static

from app.api.console import Ended, FromClient, FromServer, Refusal, Release, Resize, Skipped, Standing, Write
from app.client.console import Console, open_console
from app.client.errors import ClientError, Refused
from app.tui.actions import Action, named
from app.tui.screens.frame import bindings_of
from app.tui.screens.reading import Reading
from app.tui.session import Session
from app.tui.widgets.bars import Footer
from app.tui.widgets.confirm import Confirm, Question
from app.tui.widgets.instance_tabs import InstanceTabs
from app.tui.widgets.terminal import Terminal

AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0)
FINAL = frozenset({"stopped", "terminated", "token"})
LEAVE_KEYS = (("ctrl+]", "leave"),)


class TerminalScreen(Reading):
    PLACE = "console"
    BINDINGS = bindings_of("console")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session, instance_id)
        self.reader.display = False
        self._held_at = 0
        self._terminal = Terminal(ascii_only=session.ascii_only)
        self._line: Console | None = None
        self._standing: Standing | None = None
        self._note = ("…", "opening")
        self._tries = 0

    def body(self) -> Iterable[Widget]:
        yield InstanceTabs()
        yield Static("", markup=False, id="summary")
        yield self._terminal
        yield from self.reading_body()

    def trail(self) -> list[str]:
        return ["instances", self.instance_id, "console"]

    def spot(self) -> tuple[str, str]:
        return ("console", self.instance_id)

    def home(self) -> Widget:
        return self.reader if self.held else self._terminal

    def on_mount(self) -> None:
        super().on_mount()
        self.again()

    @property
    def busy(self) -> bool:
        return self.typing or super().busy

    @property
    def typing(self) -> bool:
        """Tell whether keys are the guest's now."""
        return self.ready and self._terminal.live and not self.held

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.typing and action == "do" and parameters[0] != "console.leave":
            return False
        return super().check_action(action, parameters)

    def draw_frame(self) -> None:
        super().draw_frame()
        if self.typing:
            self.query_one(Footer).hint(LEAVE_KEYS)

    def offered(self) -> list[Action]:
        return [one for one in super().offered() if not (self.held and one.name.startswith("console."))]

    # --- reading

    def held_now(self) -> None:
        self._held_at = self._terminal.written
        self.reader.show(self._terminal.guest.lines_of_all())
        self._show_reader()

    def followed_now(self) -> None:
        self._show_reader()

    def waiting(self) -> int:
        return max(0, self._terminal.written - self._held_at)

    def age(self) -> None:
        if self.held:
            self.summarise()

    def on_terminal_looked_back(self) -> None:
        self.set_held(held=True)

    def _show_reader(self) -> None:
        self.reader.display, self._terminal.display = self.held, not self.held

    # --- methods of the registry

    def type_here(self) -> None:
        self.set_held(held=False)
        if not self._terminal.live:
            self._ask(Write())

    def take_over(self) -> None:
        writer = self._standing.writer if self._standing else ""
        question = Question(
            action=named("console.steal"),
            ids=[self.instance_id],
            facts=[self.session.scene().plain(f"{self.instance_id}  {writer or 'nobody'} types")],
            warning="Who types now only watches from then on.",
        )
        self.app.push_screen(Confirm(question), lambda sure: self._ask(Write(steal=True)) if sure else None)

    async def leave_typing(self) -> None:
        """Give the keys back; without them, leave the console."""
        if self.typing:
            self._terminal.set_live(live=False)
            self._ask(Release())
            self.draw_frame()
        else:
            await self.back()

    def again(self) -> None:
        self._tries = 0
        self.run_worker(self._keep(), exclusive=True, group="console")

    # --- the connection

    async def _keep(self) -> None:
        """Stay connected until the console has ended for good."""
        while await self._visit():
            pause_s = AGAIN_S[min(self._tries, len(AGAIN_S) - 1)]
            self._tries += 1
            self._say_state("○", f"{self._note[1]}, again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            self._say_state("◐", "opening again")

    async def _visit(self) -> bool:
        """Show one connection until it ends; tell whether to try again."""
        cloud, again = self.session.cloud, True
        try:
            command = named("console.type").as_command([self.instance_id])
            async with open_console(cloud.url, cloud.token, self.instance_id, command=command) as console:
                self._line = console
                self._terminal.clear()
                if self.session.may(named("console.type")):
                    await console.ask(Write())
                await self._tell_size()
                async for item in console:
                    self._take(item)
                    again = not (isinstance(item, Ended) and item.reason in FINAL)
        except Refused as error:
            again = error.problem.status in (503, 504)
            self._say_state("✕", str(error))
        except ClientError as error:
            self._say_state("○", str(error))
        finally:
            self._line = self._standing = None
            self._terminal.set_live(live=False)
            self._draw()
        return again

    def _take(self, item: bytes | FromServer) -> None:
        match item:
            case bytes():
                self._terminal.feed(item)
            case Standing():
                self._stand(item)
            case Refusal(why=why):
                self.say(why, bad=True)
            case Skipped(bytes=count):
                self.say(f"{count} bytes of the console were left out: this terminal was too slow", bad=True)
            case Ended(why=why):
                self._standing = None
                self._say_state("✕", why)

    def _stand(self, now: Standing) -> None:
        before, self._standing = self._standing, now
        self._tries = 0
        if now.writing != (before is not None and before.writing):
            self._terminal.set_live(live=now.writing)
            if before is not None and before.writing and now.writer:
                self.say(f"{now.writer} is writing now, you watch", bad=True)
        self.draw_frame()

    def _ask(self, frame: FromClient) -> None:
        self.run_worker(self._sent(frame), group="typing")

    async def _sent(self, frame: FromClient | bytes) -> None:
        console = self._line
        if console is None:
            self.say("the console is not connected", bad=True)
            return
        try:
            await (console.type(frame) if isinstance(frame, bytes) else console.ask(frame))
        except ClientError as error:
            self._say_state("○", str(error))

    async def on_terminal_typed(self, event: Terminal.Typed) -> None:
        event.stop()
        await self._sent(event.data)

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self._tell_size)

    async def _tell_size(self) -> None:
        size = self._terminal.size
        if self._line is not None and size.width and size.height:
            await self._sent(Resize(columns=size.width, rows=size.height))

    # --- drawing

    def _say_state(self, glyph: str, text: str) -> None:
        self._note = (glyph, text)
        self._draw()

    def _draw(self) -> None:
        if self.is_attached:  # the connection ends after the page has gone
            self.draw_frame()

    def summarise(self) -> None:
        super().summarise()
        scene = self.session.scene()
        glyph, text = self._state()
        signs: dict[str, Any] = {"●": "*", "◐": "+", "○": "!", "✕": "x", "…": "."}
        shown = f" {signs[glyph] if scene.ascii_only else glyph} {scene.plain(text)}"
        self.query_one("#summary", Static).update(shown)

    def _state(self) -> tuple[str, str]:
        now = self._standing
        if now is None:
            return self._note
        others = f", {now.watchers} watching" if now.watchers else ""
        if now.writing:
            return "●", f"typing as {now.you}{others}; {self.session.key('console.leave')} leaves"
        mode = "" if self.session.may(named("console.type")) and now.may_write else "read-only: "
        return "◐", f"{mode}{now.writer or 'nobody'} is writing, you watch{others}"

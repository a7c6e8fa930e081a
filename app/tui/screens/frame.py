"""The frame of all places: header, banner, body, prompts, footer, and how a key becomes a method call.

All keys are bound to the one Textual action `do` with the name of ours, so that role, read-only mode and a
lost connection are judged in one place before any method runs. The bindings have priority, which makes the app
itself take one key after the other: else what is typed fast behind a `/` would still be taken as keys of the list.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from app.client.calls import Call
from app.client.errors import ClientError
from app.client.job_calls import undo
from app.tui.actions import ACTIONS, named
from app.tui.doings import Said
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.bars import Banner, Footer, Header
from app.tui.widgets.dock import JobsDock
from app.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from app.tui.app import ConsoleApp

Answer = TypeVar("Answer")
PROMPT_KEYS_ASCII = (("enter", "done"), ("tab", "complete"), ("up", "earlier"), ("esc", "drop"))
PROMPT_KEYS = tuple(("↑" if key == "up" else key, title) for key, title in PROMPT_KEYS_ASCII)


def bindings_of(place: str) -> list[BindingType]:
    """Bind the keys that the registry gives to a place."""
    return [
        Binding(action.key, f"do('{action.name}')", action.title, id=f"{place}.{action.name}", priority=True)
        for action in ACTIONS
        if place in action.screens
    ]


class ConsoleScreen(Screen[None]):
    """A place of the console; subclasses set PLACE and BINDINGS and fill `body`."""

    PLACE: ClassVar[str] = ""
    AUTO_FOCUS: ClassVar[str | None] = ""  # else a hidden prompt would take the keys

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.ready = False  # the first resume and resize come before the widgets are there

    def compose(self) -> ComposeResult:
        yield Header()
        yield Banner()
        yield from self.body()
        yield JobsDock()
        yield Prompt(":", "a place [filter], a host, an instance, a thing by its id, help, quit", self._where, id="go")
        yield Footer()

    # --- for subclasses

    def body(self) -> Iterable[Widget]:
        """Yield what stands between header and footer."""
        return ()

    def trail(self) -> list[str]:
        """Name the way to this place for the header."""
        return [self.PLACE]

    def absorb(self, changes: Changes) -> None:
        """Show what changed; called only while this place is on top."""

    def reload(self) -> None:
        """Show everything anew; called when the place comes on top."""

    def age(self) -> None:
        """Bring ages up to date; called once a second."""

    def spot(self) -> tuple[str, str] | None:
        """Name this page for the history; None for a list, and for what one does not come back to."""
        return None

    def home(self) -> Widget | None:
        """Return the widget that has the focus when nothing else needs it."""
        return None

    # --- frame

    @property
    def console_app(self) -> "ConsoleApp":
        return cast("ConsoleApp", self.app)

    def on_mount(self) -> None:
        self.ready = True
        self.redraw()
        self.refocus()

    def on_screen_resume(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Show everything anew, as soon as there is something to show it on."""
        if self.ready:
            self.reload()
            self.draw_frame()

    @property
    def prompting(self) -> bool:
        """Tell whether keys are text now."""
        return any(prompt.display for prompt in self.query(Prompt))

    def draw_frame(self) -> None:
        """Draw header, banner and footer as things stand now."""
        self.query_one(Header).draw(self.session, self.trail())
        self.query_one(Banner).draw(self.session)
        self.query_one(JobsDock).draw(self.session)
        if self.prompting:
            self.query_one(Footer).hint(PROMPT_KEYS_ASCII if self.session.ascii_only else PROMPT_KEYS)
        else:
            self.query_one(Footer).draw(self.session.offered(self.PLACE))

    def refocus(self) -> None:
        self.set_focus(self.home())

    # --- actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "do":
            return not self.prompting and self.session.may(named(str(parameters[0])))
        return super().check_action(action, parameters)

    async def action_do(self, name: str) -> None:
        """Run an action of the registry, or say why not."""
        action = named(name)
        refusal = self.session.refusal(action)
        if refusal:
            self.say(refusal, bad=True)
            return
        answer = getattr(self, action.method)()
        if isinstance(answer, Awaitable):
            await answer

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a toast and keep it; what users wrote stays plain text."""
        scene = self.session.scene()
        self.session.doings.said.append(Said(at_ms=scene.now_ms, text=text, bad=bad))
        self.app.notify(scene.plain(text), severity="error" if bad else "information", markup=False)

    def begin(self, work: Callable[[], Awaitable[None]], *, exclusive: bool = False) -> None:
        """Do something in the background for as long as this place is there."""
        self.run_worker(work, exclusive=exclusive)

    def send(self, calls: Iterable[Call[Any]], take: Callable[[Any], None], said: str) -> None:
        """Send calls one after the other in the background; take over answers, then say it is done, or what failed."""
        self.app.run_worker(self._send(list(calls), take, said), exit_on_error=True)

    async def _send(self, calls: list[Call[Any]], take: Callable[[Any], None], said: str) -> None:
        for call in calls:
            try:
                take(await self.session.cloud.send(call))
            except ClientError as error:
                self.say(str(error), bad=True)
                return
        self.say(said)

    def change(self, call: Call[Answer], take: Callable[[Answer], None], said: str) -> None:
        """Send a change in the background, and offer to undo it where that is possible."""

        async def work() -> None:
            try:
                answer, number = await self.session.cloud.change(call)
            except ClientError as error:
                self.say(str(error), bad=True)
                return
            take(answer)
            if said:
                self.say(said + self.offer_undo(number))

        self.app.run_worker(work())

    def offer_undo(self, number: int) -> str:
        """Offer to undo the change of that number; return what to say of it, empty if it can not be undone."""
        offered = self.session.doings.offer(number, self.session.clock.monotonic_s())
        return "; u undoes it" if offered else ""

    # --- methods of the registry that all places have

    def undo(self) -> None:
        """Undo what was just done from this console."""
        doings = self.session.doings
        offered = doings.undoable(self.session.clock.monotonic_s())
        if offered is None:
            self.say("undo: nothing was done within the last 30 seconds", bad=True)
            return
        doings.undone()
        self.change(undo(offered.number), lambda undone: self.say(f"undone: {', '.join(undone.changed)}"), "")

    async def toggle_dock(self) -> None:
        self.session.doings.dock_open = not self.session.doings.dock_open
        self.draw_frame()

    def go_messages(self) -> None:
        self.console_app.open_page("messages", "")

    async def go_jobs(self) -> None:
        await self.console_app.go("jobs")

    async def go_overview(self) -> None:
        await self.console_app.go("overview")

    async def go_hosts(self) -> None:
        await self.console_app.go("hosts")

    async def go_instances(self) -> None:
        await self.console_app.go("instances")

    async def go_events(self) -> None:
        await self.console_app.go("events")

    async def last(self) -> None:
        await self.console_app.go_last()

    async def earlier(self) -> None:
        await self.console_app.walk(-1)

    async def later(self) -> None:
        await self.console_app.walk(1)

    async def back(self) -> None:
        await self.console_app.go_back()

    def show_help(self) -> None:
        self.console_app.show_help(self.PLACE)

    async def quit_console(self) -> None:
        await self.app.action_quit()

    def command_bar(self) -> None:
        self.query_one("#go", Prompt).open()
        self.draw_frame()

    def _where(self, text: str) -> list[str]:
        return self.console_app.where_to(text)

    async def on_prompt_edited(self, event: Prompt.Edited) -> None:
        if event.prompt.id != "go" or not event.final:
            return
        event.stop()
        word, _, rest = event.text.strip().partition(" ")
        why = await self.console_app.obey(word, rest)
        if why:
            event.prompt.complain(why)
        else:
            self.leave(event.prompt)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self.leave(event.prompt)

    def leave(self, prompt: Prompt) -> None:
        """Close a prompt and give the keys back."""
        prompt.close()
        self.refocus()
        self.draw_frame()

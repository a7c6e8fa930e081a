"""The frame of all places: header, banner, body, prompts, footer, and how a key becomes a method call.

All keys are bound to the one Textual action `do` with the name of ours, so that role, read-only mode and a
lost connection are judged in one place before any method runs. The bindings have priority, which makes the app
itself take one key after the other: else what is typed fast behind a `/` would still be taken as keys of the list.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from app.client.calls import Call
from app.client.errors import ClientError
from app.client.job_calls import undo
from app.tui.actions import ACTIONS, Action, named
from app.tui.doings import Said
from app.tui.palette import Commands, Palette
from app.tui.screens.stepping import Stepping
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.bars import Banner, Footer, Header
from app.tui.widgets.dock import JobsDock
from app.tui.widgets.explained import explained
from app.tui.widgets.facts import Facts
from app.tui.widgets.prompt import Prompt
from app.tui.widgets.timeline import Timeline

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


class ConsoleScreen(Stepping):
    """A place of the console; subclasses set PLACE and BINDINGS and fill `body`."""

    PLACE: ClassVar[str] = ""
    TIMELINE: ClassVar[bool] = False
    """Whether the way into the past is shown in the present, too."""
    AUTO_FOCUS: ClassVar[str | None] = ""  # else a hidden prompt would take the keys

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._moment_ms = self._shown_ms()
        self.ready = False  # the first resume and resize come before the widgets are there
        self.doing: Action | None = None  # what was asked for last, also while a dialog asks more about it

    def compose(self) -> ComposeResult:
        yield Header()
        yield Timeline(always=self.TIMELINE)
        yield Banner()
        yield from self.body()
        yield JobsDock()
        yield Prompt(
            ":", "a place [filter], a host, an instance, a thing by its id, help, quit", self._where, self, id="go"
        )
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

    def forget(self) -> None:
        """Let go of what was fetched for this place: the console shows another moment."""

    def age(self) -> None:
        """Bring ages up to date; called once a second."""

    def unclear(self, action: Action) -> str:
        """Say why nobody could tell what an action is meant for; empty if that is clear."""
        return ""

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
        self.set_class(self.session.past is not None, "-past")
        self.redraw()
        self.refocus()

    def on_screen_resume(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Show everything anew, as soon as there is something to show it on."""
        if not self.ready:
            return
        if self._moment_ms != self._shown_ms():
            self._moment_ms = self._shown_ms()
            self.forget()
        self.reload()
        self.draw_frame()

    def _shown_ms(self) -> int:
        return self.session.past.at_ms if self.session.past else 0

    @property
    def busy(self) -> bool:
        """Tell whether somebody is at something here that must not be broken off."""
        return self.prompting

    @property
    def prompting(self) -> bool:
        """Tell whether keys are text now."""
        return any(prompt.display for prompt in self.query(Prompt))

    def draw_frame(self) -> None:
        """Draw header, banner and footer as things stand now."""
        self.query_one(Header).draw(self.session, self.trail())
        self.query_one(Timeline).draw(self.session, self.console_app.heading_ms)
        self.query_one(Banner).draw(self.session)
        self.query_one(JobsDock).draw(self.session)
        if self.prompting:
            self.query_one(Footer).hint(PROMPT_KEYS_ASCII if self.session.ascii_only else PROMPT_KEYS)
        else:
            self.query_one(Footer).draw(self.offered())

    def offered(self) -> list[Action]:
        """List what the footer shows."""
        return self.session.offered(self.PLACE)

    def refocus(self) -> None:
        self.set_focus(self.home())

    # --- actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "do":
            meant = named(str(parameters[0]))
            return meant.anywhere or not self.prompting  # what may not be done is refused in words
        return super().check_action(action, parameters)

    async def action_do(self, name: str) -> None:
        """Run an action of the registry, or say why not."""
        action = named(name)
        refusal = self.session.refusal(action) or self.unclear(action)
        if refusal:
            self.say(refusal, bad=True)
            return
        self.doing = action
        answer = getattr(self, action.method)()
        if isinstance(answer, Awaitable):
            await answer

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a toast and keep it; what users wrote stays plain text."""
        scene = self.session.now.scene()
        self.session.doings.said.append(Said(at_ms=scene.now_ms, text=text, bad=bad))
        self.app.notify(scene.plain(text), severity="error" if bad else "information", markup=False)

    def show_facts(self, title: str, facts: Sequence[tuple[str, str]]) -> None:
        """Show all there is to say of one thing in a dialog."""
        self.app.push_screen(Facts(title, facts))

    def begin(self, work: Callable[[], Awaitable[None]], *, exclusive: bool = False, group: str = "default") -> None:
        """Do something in the background while this place is there; what is exclusive ends others of its group."""
        self.run_worker(work, exclusive=exclusive, group=group)

    def told(self, call: Call[Answer], ids: Sequence[str] = (), **words: str) -> Call[Answer]:
        """Have a change audited as the command of what is being done, about these things and with these words."""
        if call.command or self.doing is None:
            return call
        return replace(call, command=self.doing.as_command(ids, **words))

    def send(self, calls: Iterable[Call[Any]], take: Callable[[Any], None], said: str) -> None:
        """Send calls one after the other in the background; take over answers, then say `said`, or what failed."""
        self.app.run_worker(self._send([self.told(call) for call in calls], take, said), exit_on_error=True)

    async def _send(self, calls: list[Call[Any]], take: Callable[[Any], None], said: str) -> None:
        number = 0
        for call in calls:
            try:
                answer, number = await self.session.cloud.change(call)
            except ClientError as error:
                self.say(str(error), bad=True)
                return
            take(answer)
        if said:  # of several nobody could say what is undone
            self.say(said + self.offer_undo(number if len(calls) == 1 else 0))

    def change(self, call: Call[Answer], take: Callable[[Answer], None], said: str) -> None:
        """Send a change in the background, and offer to undo it where that is possible."""
        self.send([call], take, said)

    def offer_undo(self, number: int) -> str:
        """Offer to undo the change of that number; return what to say of it, empty if it can not be undone."""
        offered = self.session.doings.offer(number, self.session.clock.monotonic_s())
        undoes = "undo" if self.PLACE in named("undo").screens else "hosts.undrain"
        return f"; {self.session.key(undoes)} undoes it" if offered else ""

    def watch_things(self, ids: Sequence[str]) -> None:
        """Watch hosts or instances, or no more where all of them are watched."""
        if not ids:
            self.say("watch: there is nothing that could be meant", bad=True)
            return
        what = ids[0] if len(ids) == 1 else f"{len(ids)} things"
        if self.session.doings.watch({given: self.session.word(given) for given in ids}):
            self.say(f"watching {what}: you are told when the state changes")
        else:
            self.say(f"{what} watched no more")

    # --- methods of the registry that all places have

    def undo(self) -> None:
        """Undo what was just done from this console."""
        doings = self.session.doings
        offered = doings.undoable(self.session.clock.monotonic_s())
        if offered is None:
            self.say("undo: nothing was done within the last 30 seconds", bad=True)
            return
        doings.undone()
        call = replace(undo(offered.number), command=named("undo").as_command(NUMBER=str(offered.number)))
        self.change(call, lambda undone: self.say(f"undone: {', '.join(undone.changed)}"), "")

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

    async def go_rules(self) -> None:
        await self.console_app.go("rules")

    async def go_audit(self) -> None:
        await self.console_app.go("audit")

    async def go_clouds(self) -> None:
        await self.console_app.go("clouds")

    def palette(self) -> None:
        self.app.push_screen(Palette([Commands], placeholder="a few letters of what you want"))

    def theme(self) -> None:
        self.console_app.choose_theme()

    def mouse(self) -> None:
        ours = self.console_app.hand_mouse()
        if ours is None:
            self.say("mouse: not possible here", bad=True)
        elif ours:
            self.say("the mouse is the console's again")
        else:
            self.say(f"the mouse is the terminal's; {self.session.key('mouse')} takes it back")

    async def last(self) -> None:
        await self.console_app.go_last()

    async def earlier(self) -> None:
        await self.console_app.walk(-1)

    async def later(self) -> None:
        await self.console_app.walk(1)

    async def back(self) -> None:
        await self.console_app.go_back()

    def show_help(self) -> None:
        self.console_app.show_help(self.PLACE, explained(self.app.focused))

    def help_focus(self) -> None:
        here = explained(self.app.focused)
        if here:
            self.console_app.show_help("", here)
        else:
            self.say("what has the focus has no keys of its own")

    async def quit_console(self) -> None:
        await self.app.action_quit()

    def command_bar(self, text: str = "") -> None:
        self.query_one("#go", Prompt).open(text)
        self.draw_frame()

    def _where(self, text: str) -> list[str]:
        return self.console_app.where_to(text)

    async def entered(self, prompt: Prompt, text: str) -> None:
        word, _, rest = text.strip().partition(" ")
        why = await self.console_app.obey(word, rest)
        if why:
            prompt.complain(why)
        else:
            self.leave(prompt)

    def left(self, prompt: Prompt) -> None:
        self.leave(prompt)

    def leave(self, prompt: Prompt) -> None:
        """Close a prompt and give the keys back."""
        prompt.close()
        self.refocus()
        self.draw_frame()

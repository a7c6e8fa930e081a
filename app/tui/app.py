"""The console: one app over one cloud at a time. At most four times a second it hands what changed to the place on top.

The feed fills the copy in the background; only this timer and key handlers touch widgets.
"""

import asyncio
import os
import time
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.css.query import NoMatches

from app.client.contexts import Context
from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.actions import named
from app.tui.feed import Feed
from app.tui.home import COMMAND, Home, at_home
from app.tui.pace import TICK_S, Pace
from app.tui.replaying import Replaying
from app.tui.scene import counted, span
from app.tui.screens.frame import ConsoleScreen
from app.tui.session import WAYS, Clock, Session, Ways
from app.tui.store import CloudCopy
from app.tui.tastes import Tastes
from app.tui.widgets.confirm import Leave, Question

AGE_S = 1.0
UNSAVED = "What is not saved is lost."


class ConsoleApp(Tastes, Replaying):
    """`return_value` is the exit code."""

    CSS_PATH = "console.tcss"
    TITLE = "Eucalyptus"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, session: Session, patience: Patience) -> None:
        super().__init__()
        self.session = self.first = session
        self.drafts = {session.cloud.url: session.drafts}
        self.patience = patience
        self._others = AsyncExitStack()
        self._turning = asyncio.Lock()
        self._pace = Pace()
        self._aged_s = 0.0

    def on_mount(self) -> None:
        self.dress()
        self.open_places()
        self.follow(Feed(self.session.cloud, self.session.copy, self.session.clock, self.patience))
        self.set_interval(TICK_S, self.flush)
        for line in self.session.home.wrong:
            self.notify(line, severity="warning", markup=False, timeout=20)

    async def on_unmount(self) -> None:
        await self._others.aclose()

    def flush(self) -> None:
        """Hand what changed since the last time to the place on top."""
        place = self.place()
        now_s = time.monotonic()
        if place is None or not place.ready:
            return
        if not self._pace.due(now_s, seen=self.app_focus, waiting=self.terminal_is_behind()):
            return
        with suppress(NoMatches):  # while the app ends, its widgets go before its timers
            self._refresh(place, now_s)

    def _refresh(self, place: ConsoleScreen, now_s: float) -> None:
        news = self.session.now.copy.take()  # also while the past is shown: now is shown anew when one returns
        changes = self.session.copy.take() if self.session.past else news
        self._tell_ended(place)
        self._tell_clock(place)
        if news.ids or news.reset:
            self._tell_watched(place)
        if changes:
            place.absorb(changes)
        if now_s - self._aged_s >= AGE_S:
            self._aged_s = now_s
            place.age()
        place.draw_frame()

    def _tell_ended(self, place: ConsoleScreen) -> None:
        """Say of each job that was started here how it ended."""
        for view in self.session.doings.ended(self.session.now.copy.jobs):
            failed = f", {view.failed} failed: {view.told}" if view.failed else f"; {view.told}" if view.told else ""
            place.say(f"{view.title} {view.state}: {view.done} of {view.total}{failed}", bad=bool(view.failed))

    def _tell_clock(self, place: ConsoleScreen) -> None:
        """Say once that this machine's clock is not the cloud's, since ages and times are shown by the latter."""
        copy, doings = self.session.now.copy, self.session.doings
        if copy.clock_wrong and doings.clock_is_news():
            wrong = f"{span(abs(copy.ahead_ms) / 1000)} {'behind' if copy.ahead_ms > 0 else 'ahead of'}"
            place.say(f"this machine's clock is {wrong} the cloud's; the console shows times by the cloud's", bad=True)

    def _tell_watched(self, place: ConsoleScreen) -> None:
        for given, word in self.session.doings.news(self.session.now.word).items():
            place.say(f"{given} is {word}")

    async def action_quit(self) -> None:
        """Leave; drafts that nobody kept, and a cloud that goes with the console, are asked about first."""
        if (self.first.goes_with_us or self._drafts()) and not isinstance(self.screen, Leave):
            self.push_screen(Leave(self._question()), lambda sure: self.exit(0) if sure else None)
        else:
            self.exit(0)

    def _drafts(self) -> list[str]:
        """Name those that nobody kept, and the cloud of each that is not the one shown."""
        scene, here = self.session.scene(), self.session.cloud.url
        return [
            scene.plain(f"draft of {name}" + (f" at {url}" if url != here else ""))
            for url, drafts in self.drafts.items()
            for name, draft in drafts.items()
            if draft.changed
        ]

    def _question(self) -> Question:
        drafts = self._drafts()
        if not self.first.goes_with_us:
            return Question(action=named("quit"), ids=["the console"], facts=drafts, warning=UNSAVED)
        copy, scene = self.first.copy, self.first.scene()
        overview = copy.overview
        running = counted(overview.instances_by_state.get("running", 0), "instance") if overview else ""
        return Question(
            action=named("quit"),
            ids=[scene.plain(overview.name) if overview else "the cloud"],
            facts=[scene.plain(self.first.cloud.url) + (f"  {running} running" if running else ""), *drafts],
            warning=(f"{UNSAVED} " if drafts else "")
            + "This cloud was started with the console and stops with it. What it knows is kept.",
        )


def system_clock() -> Clock:
    """Return the machine's clocks, in its time zone."""
    return Clock(
        now_ms=lambda: time.time_ns() // 1_000_000,
        monotonic_s=time.monotonic,
        zone=datetime.now(UTC).astimezone().tzinfo,
    )


def build(
    cloud: Cloud,
    clock: Clock,
    patience: Patience,
    ways: Ways = WAYS,
    home: Home | None = None,
    context: Context | None = None,
) -> ConsoleApp:
    """Put a console together over a cloud; without a home nothing is kept."""
    context = context or Context(name="", url=cloud.url, token="")
    session = Session(copy=CloudCopy(), cloud=cloud, clock=clock, ways=ways, home=home or Home(), context=context)
    return ConsoleApp(session, patience)


def run_console(url: str, token: str, ways: Ways = WAYS, context: Context | None = None) -> int:
    """Open the console on a cloud in this terminal; return the exit code once the person leaves."""

    async def run() -> int:
        async with Cloud(url, token, command=COMMAND) as cloud:
            home = Home() if ways.in_browser else at_home(os.environ)
            app = build(cloud, system_clock(), Patience(), ways, home, context)
            await app.run_async()
            return app.return_code or 0

    return asyncio.run(run())

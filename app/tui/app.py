"""The console: one app over one cloud. Four times a second it hands what changed to the place on top.

The feed fills the copy in the background; only this timer and key handlers touch widgets.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.theme import Theme

from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.actions import named
from app.tui.feed import Feed
from app.tui.places import Places
from app.tui.scene import counted
from app.tui.screens.frame import ConsoleScreen
from app.tui.session import WAYS, Clock, Session, Ways
from app.tui.store import CloudCopy
from app.tui.widgets.confirm import Leave, Question

FLUSH_S = 0.25
FLUSHES_A_SECOND = 4
THEME = Theme(
    name="eucalyptus",
    primary="#5fa8a0",
    secondary="#7f9fb5",
    accent="#8fd3b6",
    success="#7ec97e",
    warning="#e0b35a",
    error="#ef7a6d",
    background="#10171a",
    surface="#162024",
    panel="#1e2b30",
    foreground="#d6e2e0",
    dark=True,
)


class ConsoleApp(Places):
    """`return_value` is the exit code."""

    CSS_PATH = "console.tcss"
    TITLE = "Eucalyptus"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, session: Session, feed: Feed) -> None:
        super().__init__()
        self.session, self._feed = session, feed
        self._flushes = 0

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = THEME.name
        self.set_class(self.session.ascii_only, "-ascii")
        self.open_places()
        self.run_worker(self._feed.run(), name="feed")
        self.set_interval(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Hand what changed since the last time to the place on top."""
        place = self.place()
        if place is None or not place.ready:
            return
        with suppress(NoMatches):  # while the app ends, its widgets go before its timers
            self._refresh(place)

    def _refresh(self, place: ConsoleScreen) -> None:
        changes = self.session.copy.take()
        self._tell_ended(place)
        if changes:
            place.absorb(changes)
        self._flushes += 1
        if self._flushes % FLUSHES_A_SECOND == 0:
            place.age()
        place.draw_frame()

    def _tell_ended(self, place: ConsoleScreen) -> None:
        """Say of each job that was started here how it ended."""
        for view in self.session.doings.ended(self.session.copy.jobs):
            failed = f", {view.failed} failed: {view.told}" if view.failed else ""
            place.say(f"{view.title} {view.state}: {view.done} of {view.total}{failed}", bad=bool(view.failed))

    async def action_quit(self) -> None:
        """Leave; a cloud that goes with the console is asked about first."""
        if self.session.goes_with_us and not isinstance(self.screen, Leave):
            self.push_screen(Leave(self._question()), lambda sure: self.exit(0) if sure else None)
        else:
            self.exit(0)

    def _question(self) -> Question:
        copy, scene = self.session.copy, self.session.scene()
        overview = copy.overview
        states = overview.instances_by_state if overview else {}
        running = counted(states.get("running", 0), "instance")
        return Question(
            action=named("quit"),
            ids=[scene.plain(overview.name) if overview else "the cloud"],
            facts=[f"{scene.plain(self.session.cloud.url)}  {running} running"],
            warning="This cloud was started with the console and stops with it. What it knows is kept.",
        )


def system_clock() -> Clock:
    """Return the machine's clocks, in its time zone."""
    return Clock(
        now_ms=lambda: time.time_ns() // 1_000_000,
        monotonic_s=time.monotonic,
        zone=datetime.now(UTC).astimezone().tzinfo,
    )


def build(cloud: Cloud, clock: Clock, patience: Patience, ways: Ways = WAYS) -> ConsoleApp:
    """Put a console together over a cloud."""
    session = Session(copy=CloudCopy(), cloud=cloud, clock=clock, ways=ways)
    return ConsoleApp(session, Feed(cloud, session.copy, clock.monotonic_s, patience))


def run_console(url: str, token: str, ways: Ways = WAYS) -> int:
    """Open the console on a cloud in this terminal; return the exit code once the person leaves."""

    async def run() -> int:
        async with Cloud(url, token, command="euca console") as cloud:
            app = build(cloud, system_clock(), Patience(), ways)
            await app.run_async()
            return app.return_code or 0

    return asyncio.run(run())

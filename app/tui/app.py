"""The console: one app over one cloud. Four times a second it hands what changed to the place on top.

The feed fills the copy in the background; only this timer and key handlers touch widgets.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.theme import Theme

from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.feed import Feed
from app.tui.screens.frame import ConsoleScreen
from app.tui.screens.help import HelpScreen
from app.tui.screens.hosts import HostsScreen
from app.tui.screens.instance import InstanceScreen
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.output import OutputScreen
from app.tui.screens.overview import OverviewScreen
from app.tui.screens.table import TableScreen
from app.tui.session import Clock, Session
from app.tui.store import CloudCopy

FLUSH_S = 0.25
FLUSHES_A_SECOND = 4
PLACES = ("overview", "hosts", "instances")
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


class ConsoleApp(App[int]):
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
        self._last_place = "overview"

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = THEME.name
        self.set_class(self.session.ascii_only, "-ascii")
        self.add_mode("overview", lambda: OverviewScreen(self.session))
        self.add_mode("hosts", lambda: HostsScreen(self.session))
        self.add_mode("instances", lambda: InstancesScreen(self.session))
        self.switch_mode("overview")
        self.run_worker(self._feed.run(), name="feed")
        self.set_interval(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Hand what changed since the last time to the place on top."""
        place = self._place()
        if place is None or not place.ready:
            return
        with suppress(NoMatches):  # while the app ends, its widgets go before its timers
            self._refresh(place)

    def _refresh(self, place: ConsoleScreen) -> None:
        changes = self.session.copy.take()
        if changes:
            place.absorb(changes)
        self._flushes += 1
        if self._flushes % FLUSHES_A_SECOND == 0:
            place.age()
        place.draw_frame()

    def _place(self) -> ConsoleScreen | None:
        """Return the topmost place; a dialog may stand above it."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, ConsoleScreen)), None)

    # --- going about

    async def go(self, place: str, filter_text: str | None = None) -> str:
        """Go to a place, for lists with a filter; return what is wrong with it, empty if nothing."""
        if place != self.current_mode:
            self._last_place = self.current_mode
        await self.switch_mode(place)
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        if filter_text is not None and isinstance(self.screen, TableScreen):
            return self.screen.apply_filter(filter_text)
        return ""

    async def go_last(self) -> None:
        await self.go(self._last_place)

    async def go_back(self) -> None:
        """Leave a page for the list it came from, and a list for the overview."""
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        elif self.current_mode != "overview":
            await self.go("overview")

    async def obey(self, word: str, rest: str) -> str:
        """Do what the command bar says: a place by name or its beginning, `help`, `quit`."""
        known = (*PLACES, "help", "quit")
        found = [name for name in known if word and name.startswith(word.lower())]
        if not found:
            return f"no such place; there are {', '.join(known)}"
        if found[0] == "quit":
            self.exit(0)
            return ""
        if found[0] == "help":
            place = self._place()
            self.show_help(place.PLACE if place else "overview")
            return ""
        return await self.go(found[0], rest.strip() or None)

    def show_help(self, about: str) -> None:
        self.push_screen(HelpScreen(self.session, about))

    def open_instance(self, instance_id: str) -> None:
        self.push_screen(InstanceScreen(self.session, instance_id))

    def open_output(self, instance_id: str) -> None:
        self.push_screen(OutputScreen(self.session, instance_id))


def system_clock() -> Clock:
    """Return the machine's clocks, in its time zone."""
    return Clock(
        now_ms=lambda: time.time_ns() // 1_000_000,
        monotonic_s=time.monotonic,
        zone=datetime.now(UTC).astimezone().tzinfo,
    )


def build(
    cloud: Cloud, clock: Clock, patience: Patience, *, read_only: bool = False, ascii_only: bool = False
) -> ConsoleApp:
    """Put a console together over a cloud."""
    session = Session(copy=CloudCopy(), cloud=cloud, clock=clock, read_only=read_only, ascii_only=ascii_only)
    return ConsoleApp(session, Feed(cloud, session.copy, clock.monotonic_s, patience))


def run_console(url: str, token: str, *, read_only: bool = False, ascii_only: bool = False) -> int:
    """Open the console on a cloud in this terminal; return the exit code once the person leaves."""

    async def run() -> int:
        async with Cloud(url, token) as cloud:
            app = build(cloud, system_clock(), Patience(), read_only=read_only, ascii_only=ascii_only)
            await app.run_async()
            return app.return_code or 0

    return asyncio.run(run())

"""Opens the console on a cloud in memory, with a clock that stands still, and waits for what should come to be."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC

from textual.pilot import Pilot
from textual.widgets import Input

from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.app import ConsoleApp, build
from app.tui.session import WAYS, Clock, Ways
from tests.tui.fake_cloud import FakeCloud
from tests.tui.screen_text import text_of
from tests.tui.views import NOW_MS

DEADLINE_S = 8.0


@dataclass(frozen=True, slots=True)
class Console:
    app: ConsoleApp
    pilot: Pilot[int]
    cloud: FakeCloud

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type into the field that has the focus, or press the letters."""
        focused = self.app.focused
        if isinstance(focused, Input):
            focused.value = text
            await self.pilot.pause()
        else:
            await self.pilot.press(*text)

    def text(self) -> str:
        return text_of(self.app)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds; fail with the screen when it does not before the deadline."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"never came to be; the screen shows\n{self.text()}")
            await self.pilot.pause(0.02)

    async def shows(self, *parts: str) -> None:
        """Wait until the screen holds all of these."""
        await self.until(lambda: all(part in self.text() for part in parts))

    async def hides(self, part: str) -> None:
        await self.until(lambda: part not in self.text())


@asynccontextmanager
async def a_console(
    cloud: FakeCloud, ways: Ways = WAYS, *, size: tuple[int, int] = (120, 30), url: str = "http://127.0.0.1:1"
) -> AsyncIterator[Console]:
    clock = Clock(now_ms=lambda: NOW_MS, monotonic_s=lambda: 1000.0, zone=UTC)

    async def soon(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))

    async with Cloud(url, "t", transport=cloud.transport()) as client:
        app = build(client, clock, Patience(sleep=soon, jitter=lambda: 1.0), ways)
        async with app.run_test(size=size, notifications=True) as pilot:
            console = Console(app, pilot, cloud)
            if not cloud.down and not cloud.mute:
                await console.until(lambda: app.session.live)
                await console.shows("lab")
            yield console

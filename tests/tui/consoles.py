"""Opens the console on a cloud in memory, with a clock that stands still, and waits for what should come to be."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC

from textual.events import Key
from textual.keys import _character_to_key as character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.app import ConsoleApp, build
from app.tui.home import COMMAND, Home
from app.tui.session import WAYS, Clock, Ways
from tests.tui.fake_cloud import FakeCloud
from tests.tui.screen_text import text_of
from tests.tui.views import NOW_MS

DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Console:
    app: ConsoleApp
    pilot: Pilot[int]
    cloud: FakeCloud

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def burst(self, *keys: str) -> None:
        """Type so fast that nothing is done between two keys."""
        for key in keys:
            name = character_to_key(key) if len(key) == 1 else key
            self.app.post_message(Key(name, key if len(key) == 1 else None))

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
    cloud: FakeCloud,
    ways: Ways = WAYS,
    *,
    size: tuple[int, int] = (120, 30),
    url: str = "http://127.0.0.1:1",
    monotonic_s: Callable[[], float] = lambda: 1000.0,
    home: Home | None = None,
) -> AsyncIterator[Console]:
    clock = Clock(now_ms=lambda: NOW_MS, monotonic_s=monotonic_s, zone=UTC)

    async def soon(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))

    async with Cloud(url, "t", command=COMMAND, transport=cloud.transport()) as client:
        app = build(client, clock, Patience(sleep=soon, jitter=lambda: 1.0), ways, home)
        async with app.run_test(size=size, notifications=True) as pilot:
            console = Console(app, pilot, cloud)
            if not cloud.down and cloud.speaks.is_set():
                await console.until(lambda: app.session.live)
                await console.shows("lab")
            yield console
    assert COMMAND not in cloud.commands, "a change went without `told`: the audit would not say as which command"

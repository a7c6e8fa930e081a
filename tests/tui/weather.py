"""A console on a cloud in memory that may go away and come back, with a guest, and a clock that stands still.

The trap: a walk through all screens takes longer than any deadline of the console, and none may end while it lasts.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

from app.client.calls import Call
from app.client.http import Answer, Cloud
from app.client.stream import RETRY_S, Patience
from app.tui.app import build
from app.tui.session import WAYS, Clock, Ways
from tests.tui.consoles import Console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_guest import FakeGuest, a_guest
from tests.tui.views import NOW_MS

LONG_S = 3600
BOOT = b"[    4.112] EXT4-fs (vda): mounted\r\n\x1b[32m[ OK ]\x1b[0m caf\xc3\xa9\r\n\r\nweb01 login: "


class Weather:
    """A storm takes the cloud and its guests away for 42 seconds, and pauses between tries grow to the longest."""

    def __init__(self, cloud: FakeCloud, guest: FakeGuest) -> None:
        self.cloud, self.guest = cloud, guest
        self.patience = Patience(sleep=self._sleep, jitter=lambda: 1.0, silence_s=LONG_S)
        self.late_s = 0
        self.clock = Clock(
            now_ms=lambda: NOW_MS + 1000 * self.late_s, monotonic_s=lambda: 1000.0 + self.late_s, zone=UTC
        )
        self._calm = asyncio.Event()
        self._calm.set()

    def storm(self) -> None:
        self.late_s = 42
        self._calm.clear()
        self.cloud.fall()
        self.guest.speaks.clear()
        if self.guest.connected:
            self.guest.cut()

    def clear(self) -> None:
        self.late_s = 0
        self.cloud.rise()
        self.guest.speaks.set()
        self._calm.set()

    async def _sleep(self, seconds: float) -> None:
        if self.patience.tries > len(RETRY_S):
            await self._calm.wait()
        await asyncio.sleep(0.01 if self._calm.is_set() else 0)


class PatientCloud(Cloud):
    """Waits for ever, so that a walk through all screens of a silent cloud may take its time."""

    async def change(self, call: Call[Answer]) -> tuple[Answer, int]:
        return await super().change(replace(call, timeout_s=LONG_S))


@asynccontextmanager
async def a_console_in(
    cloud: FakeCloud, ways: Ways = WAYS, *, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Console, Weather]]:
    """Open a console that asks before it is left, on a cloud with a guest that has booted."""
    async with a_guest(FakeGuest(may_write=not ways.read_only)) as guest:
        guest.greeting = BOOT
        if not cloud.speaks.is_set():
            guest.speaks.clear()
        weather = Weather(cloud, guest)
        async with PatientCloud(guest.url, "t", transport=cloud.transport()) as client:
            app = build(client, weather.clock, weather.patience, replace(ways, goes_with_us=True))
            app.NOTIFICATION_TIMEOUT = LONG_S  # type: ignore[misc]  # else toasts go while others are looked at
            async with app.run_test(size=size, notifications=True) as pilot:
                yield Console(app, pilot, cloud), weather

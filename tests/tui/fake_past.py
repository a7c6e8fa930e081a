"""The past of the cloud in memory: other clouds in memory, each of which it was from some moment on."""

import asyncio
from typing import TYPE_CHECKING

import httpx
import msgspec

from app.api.past import PastView
from app.api.problems import Problem
from tests.tui.views import NOW_MS

if TYPE_CHECKING:
    from tests.tui.fake_cloud import FakeCloud


class FakePast:
    """`was` holds clouds by the moment from which the cloud was like that; `speaks` lets answers out."""

    def __init__(self) -> None:
        self.was: dict[int, FakeCloud] = {}
        self.moments: list[int] = []
        self.speaks = asyncio.Event()
        self.speaks.set()

    async def answer(self, request: httpx.Request, path: str) -> httpx.Response:
        oldest_ms = min(self.was, default=NOW_MS)
        if path == "/past":
            span = PastView(oldest_ms=oldest_ms, newest_ms=NOW_MS)
            return httpx.Response(200, content=msgspec.json.encode(span))
        await self.speaks.wait()
        at_ms, _, rest = path.removeprefix("/past/").partition("/")
        self.moments.append(int(at_ms))
        if request.method != "GET" or int(at_ms) < oldest_ms:
            problem = Problem(type="about:blank", title="Not Found", status=404, detail="before all that is known")
            return httpx.Response(404, content=msgspec.json.encode(problem))
        began_ms = max(began_ms for began_ms in self.was if began_ms <= int(at_ms))
        return await self.was[began_ms].reply(request, f"/{rest}")

"""A headless Chromium driven by its own DevTools protocol, and a page whose terminal can be read.

The terminal in the page draws on a canvas, so what it shows is read where it comes in: from the frames of its
WebSocket, by an emulator of the test's own. `missing()` says what is not there.
"""

import asyncio
import base64
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyte
from websockets.asyncio.client import ClientConnection, connect

WITHIN_S = 90.0
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --remote-debugging-port=0"
WINDOW = "--window-size=1100,700"
_KEYS = {"enter": ("Enter", 13, "\r"), "escape": ("Escape", 27, ""), "tab": ("Tab", 9, "")}


def missing() -> str:
    """Say what a browser lacks on this machine; empty: nothing."""
    return "" if shutil.which("chromium") else "needs package chromium"


class Page:
    """One tab. `terminal` is what its terminal shows."""

    def __init__(self, tools: ClientConnection) -> None:
        self._tools = tools
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self.sockets_closed = 0
        self._reading = asyncio.create_task(self._read())

    @property
    def terminal(self) -> str:
        return "\n".join(self._screen.display)

    async def ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._tools.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(WITHIN_S):
            return await answer

    async def go(self, url: str) -> None:
        await self.ask("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        return (await self.ask("Runtime.evaluate", expression=script, returnByValue=True))["result"].get("value")

    async def text(self) -> str:
        """Return what a person reads on the page, the terminal aside."""
        return str(await self.evaluate("document.body ? document.body.innerText : ''"))

    async def type(self, text: str) -> None:
        """Type once something takes the keys: a field gets them a frame after its page is there."""
        await self._comes(lambda: self.evaluate("document.activeElement !== document.body"))
        for sign in text:
            await self._key("keyDown", key=sign, text=sign)
            await self._key("keyUp", key=sign)

    async def press(self, name: str) -> None:
        key, code, text = _KEYS[name]
        await self._key("keyDown" if text else "rawKeyDown", key=key, code=key, windowsVirtualKeyCode=code, text=text)
        await self._key("keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    async def until(self, holds: Callable[[], bool]) -> None:
        await self._comes(lambda: asyncio.sleep(0, holds()))

    async def reads(self, words: str) -> None:
        """Wait until a person can read these words on the page."""

        async def readable() -> bool:
            return words in await self.text()

        await self._comes(readable)

    async def _comes(self, holds: Callable[[], Awaitable[bool]]) -> None:
        end = time.monotonic() + WITHIN_S
        while not await holds():
            assert time.monotonic() < end, f"the terminal shows\n{self.terminal}\nand the page\n{await self.text()}"
            await asyncio.sleep(0.05)

    async def picture(self, target: Path) -> None:
        shot = await self.ask("Page.captureScreenshot", format="png")
        await asyncio.to_thread(target.write_bytes, base64.b64decode(shot["data"]))

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _key(self, kind: str, **facts: Any) -> None:
        await self.ask("Input.dispatchKeyEvent", type=kind, **facts)

    async def _read(self) -> None:
        async for message in self._tools:
            told = json.loads(message)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told.get("result"))
            else:
                self._hear(told["method"], told.get("params", {}))

    def _hear(self, method: str, told: dict[str, Any]) -> None:
        if method == "Network.webSocketCreated":
            asked = parse_qs(urlsplit(told["url"]).query)
            self._screen.resize(int(asked["height"][0]), int(asked["width"][0]))
            self._screen.reset()
        elif method == "Network.webSocketFrameReceived" and told["response"]["opcode"] == 2:
            self._stream.feed(base64.b64decode(told["response"]["payloadData"]))
        elif method == "Network.webSocketClosed":
            self.sockets_closed += 1


@asynccontextmanager
async def a_browser() -> AsyncIterator[Page]:
    """Start a browser with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(prefix="euca-browser-", ignore_cleanup_errors=True) as profile:
        command = ["chromium", *FLAGS.split(), WINDOW, f"--user-data-dir={profile}", "about:blank"]
        environment = {**os.environ, "HOME": profile}
        quiet = asyncio.subprocess.DEVNULL
        browser = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet, env=environment)
        try:
            async with connect(
                await _page_of(Path(profile) / "DevToolsActivePort"), max_size=None, proxy=None
            ) as tools:
                page = Page(tools)
                for domain in ("Page", "Runtime", "Network"):
                    await page.ask(f"{domain}.enable")
                yield page
                await page.close()
        finally:
            browser.terminate()
            await browser.wait()


async def _page_of(told: Path) -> str:
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        with suppress(OSError, IndexError, httpx.HTTPError, StopIteration):
            port = (await asyncio.to_thread(told.read_text)).splitlines()[0]
            async with httpx.AsyncClient(trust_env=False) as http:
                targets = (await http.get(f"http://127.0.0.1:{port}/json")).json()
            return str(next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"))
        await asyncio.sleep(0.05)
    raise AssertionError("the browser did not get ready")

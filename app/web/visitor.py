"""One visitor's console: a process of its own whose driver speaks packets over its standard streams.

The token reaches it by its environment, never as an argument that everybody on the machine could read. The trap: the
console may read and write files (contexts, saved output), so it gets an empty home that goes with it, and none of the
host's.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

DATA, META = b"D", b"M"
DRIVER = "app.tui.browser_driver:EndingDriver"
READY = b"__GANGLION__\n"
READY_WITHIN_S = 20.0
QUIT_WITHIN_S = 2.0
MOST_PACKET_BYTES = 16 * 1024 * 1024
LARGEST = 500
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONWARNINGS", "NO_COLOR", "VIRTUAL_ENV")
_ROOT = Path(__file__).resolve().parents[2]


class Visitor:
    """A running console."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout

    async def press(self, text: str) -> None:
        """Send what was typed, as a terminal would."""
        await self._send(DATA, text.encode())

    async def tell(self, kind: str, **facts: int) -> None:
        """Send one of the driver's own messages: resize, focus, blur, quit."""
        await self._send(META, json.dumps({"type": kind, **facts}).encode())

    async def pictures(self) -> AsyncIterator[bytes]:
        """Yield what is to be drawn until the console ends."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await self._out.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > MOST_PACKET_BYTES:
                    return
                packet = await self._out.readexactly(size)
                if head[:1] == DATA:
                    yield packet
                elif head[:1] == META and json.loads(packet).get("type") == "exit":
                    return

    async def ready(self) -> bool:
        """Wait for the console to begin; whether it did."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN_S):
                return await self._out.readline() == READY
        return False

    async def stop(self) -> None:
        """End the console, by force if it does not go."""
        with suppress(ConnectionError, RuntimeError):
            await self.tell("quit")
            self._in.close()
        try:
            async with asyncio.timeout(QUIT_WITHIN_S):
                await self._drained()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    async def _drained(self) -> None:
        """Read on, so that the last picture does not keep it from ending."""
        while await self._out.read(65536):
            pass
        await self._process.wait()

    async def _send(self, kind: bytes, payload: bytes) -> None:
        self._in.write(kind + len(payload).to_bytes(4, "big") + payload)
        await self._in.drain()


@asynccontextmanager
async def a_visitor(url: str, token: str, flags: Sequence[str], size: tuple[int, int]) -> AsyncIterator[Visitor]:
    """Start a console on a cloud, and end it with the visit."""
    with tempfile.TemporaryDirectory(prefix="euca-web-") as home:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            "console",
            *flags,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=home,
            env=environment(url, token, home, size),
            start_new_session=True,  # ctrl+c of whoever serves is not the visitors'
        )
        visitor = Visitor(process)
        try:
            yield visitor
        finally:
            await asyncio.shield(visitor.stop())


def environment(url: str, token: str, home: str, size: tuple[int, int]) -> dict[str, str]:
    """Form what a console is told: its cloud, its token, its window, and nothing of ours."""
    width, height = (str(min(LARGEST, max(1, number))) for number in size)
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    path = os.pathsep.join(filter(None, (str(_ROOT), kept.get("PYTHONPATH", ""))))
    return {
        **kept,
        "PYTHONPATH": path,
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "EUCA_URL": url,
        "EUCA_TOKEN": token,
        "COLUMNS": width,
        "ROWS": height,
        "TERM": "xterm-256color",
        "TEXTUAL_DRIVER": DRIVER,
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
    }

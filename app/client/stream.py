"""Reads the live stream and keeps at it: frames while it works, one `Down` for every loss, `GAP` at its end.

Frames are parsed from bytes here, because text splitters also break lines at characters such as U+2028
that JSON leaves as they are. A repeated frame is harmless (`data` is the whole new view), so after a loss
reading goes on from the last id seen. `GAP` means that id is no longer kept: fetch everything, follow anew.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import msgspec

from app.api.events import TOLD, VIEWS, Beat, Removed
from app.client.errors import Garbled, Refused, Unreachable
from app.client.http import Cloud

KNOCK_S = 1.5
RETRY_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_TYPES: dict[str, Any] = {**VIEWS, **TOLD, "removed": Removed, "heartbeat": Beat}


@dataclass(frozen=True, slots=True)
class Raw:
    """One event as the stream spells it."""

    id: str
    event: str
    data: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One event with its decoded data; `cursor` is where reading may go on after it."""

    kind: str
    cursor: str
    data: msgspec.Struct


@dataclass(frozen=True, slots=True)
class Up:
    """The stream was opened (again); frames follow."""


@dataclass(frozen=True, slots=True)
class Down:
    """The stream was lost; the next try comes after `retry_in_s`, earlier if the server is heard again."""

    detail: str
    retry_in_s: float


class Gap(Enum):
    """The cursor is not kept any more."""

    GAP = "gap"


GAP: Final = Gap.GAP
News = Frame | Up | Down | Gap


class Parser:
    """Server-Sent Events, pushed in as bytes in any pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._last_id = ""
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Raw]:
        """Yield the events that this piece completes."""
        text = self._rest + chunk
        # a lone CR at the end may be the first half of CR LF
        held = text[-1:] if text.endswith(b"\r") else b""
        lines = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        for line in lines:
            done = self._line(line.decode("utf-8", "replace"))
            if done is not None:
                yield done

    def _line(self, line: str) -> Raw | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._last_id = value
        return None

    def _dispatch(self) -> Raw | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        return Raw(self._last_id, event, "\n".join(data)) if data else None


@dataclass(slots=True)
class Patience:
    """How long to wait: for a sign of life (two heartbeats), and before the next try (0.5, 1, 2 … 15 s).

    Jitter spreads the tries, so that consoles come back one by one.
    """

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    silence_s: float = 10.5
    tries: int = field(default=0, init=False)

    def next_s(self) -> float:
        """Return the next pause in seconds and remember that it was taken."""
        longest = RETRY_S[min(self.tries, len(RETRY_S) - 1)]
        self.tries += 1
        return longest * (0.75 + 0.25 * self.jitter())

    def reset(self) -> None:
        self.tries = 0

    async def wait(self, pause_s: float, cloud: Cloud) -> None:
        """Sleep for the pause, but stop as soon as the cloud answers a knock on /healthz."""
        left_s = pause_s
        while left_s > KNOCK_S:
            await self.sleep(KNOCK_S)
            left_s -= KNOCK_S
            if await cloud.healthy():
                return
        await self.sleep(left_s)


async def follow(cloud: Cloud, cursor: str, patience: Patience, topics: str = "") -> AsyncGenerator[News, None]:
    """Yield news from `cursor` on, for ever; ends after GAP. Raises Unauthorized or Refused at once.

    `topics` names the kinds that are wanted, with commas between; empty: all that the journal tells.
    """
    at = cursor
    while True:
        detail = "the stream ended"
        try:
            async with aclosing(_session(cloud, at, topics, patience.silence_s)) as session:
                async for news in session:
                    if isinstance(news, Frame):
                        at = news.cursor or at
                        patience.reset()
                    yield news
                    if news is GAP:
                        return
        except TimeoutError:
            detail = "no sign of life for two heartbeats"
        except (Unreachable, Garbled) as error:
            detail = error.detail
        except Refused as error:
            if error.problem.status < 500:
                raise
            detail = str(error)
        pause_s = patience.next_s()
        yield Down(detail, pause_s)
        await patience.wait(pause_s, cloud)


async def _session(cloud: Cloud, cursor: str, topics: str, silence_s: float) -> AsyncGenerator[News, None]:
    parser = Parser()
    async with cloud.listen(cursor, topics) as chunks:
        yield Up()
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), silence_s)
            except StopAsyncIteration:
                return
            for raw in parser.feed(chunk):
                if raw.event == "gap":
                    yield GAP
                    return
                if raw.event in _TYPES:
                    yield _decoded(raw)


def _decoded(raw: Raw) -> Frame:
    try:
        data = msgspec.json.decode(raw.data, type=_TYPES[raw.event])
    except msgspec.DecodeError as error:
        raise Garbled(f"{raw.event} frame: {error}") from error
    return Frame(raw.event, raw.id, data)

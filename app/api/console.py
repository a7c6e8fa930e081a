"""Frames of an instance's console over its WebSocket: binary ones are its bytes, text ones are these, as JSON.

The trap: a token never stands in an address, where logs would keep it. It comes as `Authorization: Bearer TOKEN`, or,
from browsers, which can not set that header, as a second subprotocol: `eucalyptus.console.v1, bearer.TOKEN`.
"""

from typing import Literal

import msgspec

PROTOCOL = "eucalyptus.console.v1"
TOKEN_PREFIX = "bearer."  # noqa: S105 - what a token stands behind
MOST_FRAME_BYTES = 64 * 1024
MOST_COLUMNS = 1000

Ending = Literal["stopped", "terminated", "moved", "lost", "closed", "token", "server"]
CODES: dict[Ending, int] = {
    "stopped": 4000,
    "terminated": 4001,
    "moved": 4002,
    "lost": 4003,
    "closed": 4004,
    "token": 4401,
    "server": 1012,
}
"""Close codes; after all but stopped, terminated and token it is worth to come again."""


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    pass


class Write(_Frame, frozen=True, kw_only=True, tag="write"):
    """Client: let me type. `steal`: also if somebody else does."""

    steal: bool = False


class Release(_Frame, frozen=True, kw_only=True, tag="release"):
    """Client: I do not type any more."""


class Resize(_Frame, frozen=True, kw_only=True, tag="resize"):
    """Client: my window has this size. That of whoever types is told to all; a serial line itself has none."""

    columns: int
    rows: int


class Standing(_Frame, frozen=True, kw_only=True, tag="standing"):
    """Server: who types, whether that is you, who you are and whether you may; sent first, and when it changes."""

    you: str
    may_write: bool
    writing: bool
    writer: str = ""
    watchers: int = 0
    columns: int = 0
    rows: int = 0


class Refusal(_Frame, frozen=True, kw_only=True, tag="refused"):
    """Server: what you sent was not done."""

    why: str


class Skipped(_Frame, frozen=True, kw_only=True, tag="skipped"):
    """Server: you read too slowly, so this many bytes were left out here."""

    bytes: int


class Ended(_Frame, frozen=True, kw_only=True, tag="ended"):
    """Server: the console ends; the close code says the same."""

    reason: Ending
    why: str


FromClient = Write | Release | Resize
FromServer = Standing | Refusal | Skipped | Ended

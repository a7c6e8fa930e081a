"""Text and values inside XML answers.

User text is data: whatever it holds, the document stays well-formed. Characters that XML 1.0 can not carry
at all become U+FFFD; a carriage return is written as a reference, or parsers would turn it into a line feed.
"""

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CARRIED = "\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_NOT_PLAIN = re.compile(f"[^{_CARRIED}]|[&<>]")
_LOST = re.compile(f"[^\r{_CARRIED}]")
_WRITTEN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


class Hole(str):
    """A mark in a mould for a text that is written later; it passes where a value of any kind would stand."""


def text(value: object) -> str:
    """Write a string (or what prints as one) as character data; bytes as base64, which EC2's models call a string."""
    given = blob(value) if isinstance(value, bytes) else str(value)
    if given.isascii() and given.isprintable() and not ("<" in given or ">" in given or "&" in given):
        return given  # nearly all there is, told several times as fast as by the expression
    return _NOT_PLAIN.sub(_replacement, given)


def carries(text: str) -> bool:
    """Tell whether XML can give a text back as it is."""
    return _LOST.search(text) is None


def number(value: object) -> str:
    """Write an int or float; TypeError for anything else, so that a mistake shows in the first test."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _mark(value, "a number is")
    return str(value)


def boolean(value: object) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    return _mark(value, "a bool is")


def timestamp(value: object) -> str:
    """Write an aware datetime or UTC milliseconds as `2026-01-02T03:04:05.000Z`."""
    if isinstance(value, bool) or not isinstance(value, datetime | int):
        return _mark(value, "a datetime or milliseconds are")
    if isinstance(value, int):
        return _of_milliseconds(value)
    if value.tzinfo is None:
        raise TypeError("a datetime needs its time zone")
    return _moment(value)


@lru_cache(4096)
def _of_milliseconds(value: int) -> str:
    return _moment(_EPOCH + timedelta(milliseconds=value))  # one for all that were launched together


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def blob(value: object) -> str:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f"bytes are needed, not {type(value).__name__}")
    return b64encode(value).decode("ascii")


def _mark(value: object, needed: str) -> str:
    if isinstance(value, Hole):
        return str(value)
    raise TypeError(f"{needed} needed, not {type(value).__name__}")


def _replacement(found: re.Match[str]) -> str:
    return _WRITTEN.get(found.group(), "\ufffd")

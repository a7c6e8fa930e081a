"""Single values of a request: text → the type that the shape (or the struct's field) says.

Each reader raises ValueError with a sentence that says what was expected; who calls it knows the name.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime

from app.wire import markup

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_SPACE = re.compile(r"[ \t\r\n]+")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def string(text: str) -> str:
    """Take any text that an answer can give back; names and tags that come back changed are nobody's."""
    if not markup.carries(text):
        raise ValueError("Text is UTF-8 without control characters.")
    return text


def integer(text: str, bits: int = 32) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("An integer is expected.")
    number = int(text)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(f"The number does not fit into {bits} bits.")
    return number


def long(text: str) -> int:
    return integer(text, 64)


def decimal(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ValueError("A number is expected.")
    return float(text)


def boolean(text: str) -> bool:
    """Read `true` and `false` in any case (Python programs write `True`), and 1 and 0."""
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise ValueError("Either true or false is expected.") from None


def timestamp(text: str) -> datetime:
    """Read ISO 8601 in the forms that clients use; a time without zone is UTC."""
    try:
        when = datetime.fromisoformat(text.strip())
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("A time such as 2026-01-02T03:04:05Z is expected.") from None


def milliseconds(text: str) -> int:
    """Read a time as what answers are written from."""
    return round(timestamp(text).timestamp() * 1000)


def blob(text: str) -> bytes:
    """Read base64; white space is passed over, since old clients break lines."""
    try:
        return b64decode(_SPACE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("Base64 is expected.") from None


READERS: dict[str, Callable[[str], object]] = {
    "string": string,
    "character": string,
    "integer": integer,
    "long": long,
    "float": decimal,
    "double": decimal,
    "boolean": boolean,
    "timestamp": timestamp,
    "blob": blob,
}

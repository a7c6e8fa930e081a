"""Pages of Describe answers: MaxResults and an opaque NextToken that holds the key of the last thing shown.

A key, not an offset: things that come or go between two pages are neither doubled nor skipped.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from app.domain.errors import Combination, Invalid, Malformed

Thing = TypeVar("Thing")
Key = tuple[int | str, ...]


def page(
    things: Sequence[Thing],
    key: Callable[[Thing], Key],
    max_results: int | None,
    next_token: str | None,
    bounds: tuple[int, int] = (5, 1000),
) -> tuple[list[Thing], str | None]:
    """Cut one page out of all things, which are put in the order of `key`; return it with the next token."""
    least, most = bounds
    if max_results is not None and not least <= max_results <= most:
        raise Invalid("MaxResults", max_results, f"It is between {least} and {most}.")
    ordered = sorted(things, key=key)
    if next_token:
        after = _read(next_token)
        try:
            ordered = [thing for thing in ordered if key(thing) > after]
        except TypeError:
            raise Malformed("pagination token", next_token) from None
    if max_results is None or len(ordered) <= max_results:
        return ordered, None
    shown = ordered[:max_results]
    return shown, base64.urlsafe_b64encode(msgspec.json.encode(key(shown[-1]))).decode()


def refuse_ids_with_pages(ids: Sequence[str], max_results: int | None) -> None:
    """EC2 does not page an answer that was asked for by id."""
    if ids and max_results is not None:
        raise Combination("The parameter MaxResults cannot be used with ids in the same request")


def _read(token: str) -> Key:
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=tuple[int | str, ...])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Malformed("pagination token", token) from None

"""Pages of Describe answers: MaxResults and an opaque NextToken that holds the key of the last thing shown.

A key, not an offset: things that come or go between two pages are neither doubled nor skipped.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from app.domain.errors import Combination, Invalid, Malformed
from app.domain.records import Records

Row = TypeVar("Row")
Thing = TypeVar("Thing")
Key = tuple[int | str, ...]
Order = Mapping[str, type]
"""Columns that put things in order and tell each from the others, with what they hold."""
BOUNDS = (5, 1000)
_ALL, _MOST_AT_ONCE = 2**62, 1000
_TOKENS = "send NextToken as the page before gave it, to the operation that gave it"


class Paged(Protocol):
    """A request for a page."""

    @property
    def max_results(self) -> int | None: ...

    @property
    def next_token(self) -> str | None: ...


def itself(thing: Thing) -> Thing:
    return thing


def read(
    table: Records[Row],
    order: Order,
    keep: Callable[[list[Row]], list[Thing]],
    asked: Paged,
    where: Mapping[str, object],
    row: Callable[[Thing], object] = itself,
) -> tuple[list[Thing], str | None]:
    """Read from the table until one page of things is there; return it with the next token.

    `keep` makes things of the rows that it lets through, `row` says which row one was made of.
    """
    most = _checked(asked.max_results, BOUNDS)
    after = _behind(asked.next_token, order) if asked.next_token else ()
    if most is None:
        return keep(table.part(tuple(order), after, _ALL, **where)), None
    kept: list[Thing] = []
    size = most + 1
    while True:
        rows = table.part(tuple(order), after, size, **where)
        kept += keep(rows)
        if len(rows) < size or len(kept) > most:
            break
        after, size = _key(rows[-1], order), _MOST_AT_ONCE
    return (kept[:most], _token(_key(row(kept[most - 1]), order))) if len(kept) > most else (kept, None)


def page(
    things: Sequence[Thing],
    key: Callable[[Thing], Key],
    max_results: int | None,
    next_token: str | None,
    bounds: tuple[int, int] = BOUNDS,
) -> tuple[list[Thing], str | None]:
    """Cut one page out of all things, which are put in the order of `key`; return it with the next token."""
    _checked(max_results, bounds)
    ordered = sorted(things, key=key)
    if next_token:
        after = _read(next_token)
        try:
            ordered = [thing for thing in ordered if key(thing) > after]
        except TypeError:
            raise Malformed("pagination token", next_token, _TOKENS) from None
    if max_results is None or len(ordered) <= max_results:
        return ordered, None
    shown = ordered[:max_results]
    return shown, _token(key(shown[-1]))


def refuse_ids_with_pages(ids: Sequence[str], max_results: int | None) -> None:
    """EC2 does not page an answer that was asked for by id."""
    if ids and max_results is not None:
        raise Combination("The parameter MaxResults cannot be used with ids in the same request")


def _checked(max_results: int | None, bounds: tuple[int, int]) -> int | None:
    least, most = bounds
    if max_results is not None and not least <= max_results <= most:
        raise Invalid("MaxResults", max_results, f"It is between {least} and {most}.")
    return max_results


def _key(thing: object, order: Order) -> Key:
    return tuple(getattr(thing, name) for name in order)


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


def _behind(token: str, order: Order) -> Key:
    """Read a token of things in this order; whoever made one up may have put anything into it."""
    key = _read(token)
    if [type(part) for part in key] != list(order.values()) or any(
        isinstance(part, int) and not 0 <= part < 2**63 for part in key
    ):
        raise Malformed("pagination token", token, _TOKENS)
    return key


def _read(token: str) -> Key:
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=tuple[int | str, ...])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Malformed("pagination token", token, _TOKENS) from None

"""A past that is too long to be listed, looked through for what passes a filter."""

from collections.abc import Callable, Sequence
from typing import TypeVar

View = TypeVar("View")
PORTION, MOST_PORTIONS = 1000, 20


def sifted(
    read: Callable[[int, int], Sequence[tuple[int, View]]], test: Callable[[View], bool] | None, after: int, limit: int
) -> tuple[list[View], str | None]:
    """Take what passes of a long past, at most `limit`; return it, and the `next` of the page.

    `read` lists what comes after a number, at most so many, each with its number. A page may be short although more
    follows: nobody waits until the whole past was looked through.
    """
    found: list[View] = []
    portion = limit + 1 if test is None else PORTION
    for _ in range(MOST_PORTIONS):
        rows = read(after, portion)
        for place, view in rows:
            if test is None or test(view):
                if len(found) == limit:
                    return found, str(after)
                found.append(view)
            after = place
        if len(rows) < portion:
            return found, None
    return found, str(after)

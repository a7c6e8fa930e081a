"""Pages of collections: a slice in key order, the cursor to stream from, and where the next page begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from litestar.params import Parameter

from app.api.resources import Collection
from app.domain.errors import Invalid
from app.domain.ports import Unit

Item = TypeVar("Item")
MOST = 20_000

After = Annotated[str, Parameter(description="Show what comes after this; the `next` of the page before.")]
Limit = Annotated[int, Parameter(ge=1, le=MOST, description="How many at most.")]


def page(
    unit: Unit, items: Sequence[Item], key: Callable[[Item], str], after: str = "", limit: int = MOST
) -> Collection[Item]:
    """Cut a page out of `items`, which are ordered by `key` here."""
    ordered = sorted((item for item in items if key(item) > after), key=key)
    shown = ordered[:limit]
    more = len(ordered) > len(shown)
    return Collection(items=list(shown), cursor=str(unit.cursor()), next=key(shown[-1]) if more else None)


def number(parameter: str, given: str) -> int:
    """Read a cursor or number of a page; empty is 0; Invalid unless it is a number that was handed out."""
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Invalid(parameter, given[:40], "It is a number that this cloud handed out as a cursor.")
    return int(given)

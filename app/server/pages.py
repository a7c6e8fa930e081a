"""What requests for pages of collections say: where to begin, and how much at most."""

from typing import Annotated

from litestar.params import Parameter

from app.domain.errors import Invalid

MOST = 20_000

After = Annotated[str, Parameter(description="Show what comes after this; the `next` of the page before.")]
Limit = Annotated[int, Parameter(ge=1, le=MOST, description="How many at most.")]


def number(parameter: str, given: str) -> int:
    """Read a cursor or number of a page; empty is 0; Invalid unless it is a number that was handed out."""
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Invalid(parameter, given[:40], "It is a number that this cloud handed out as a cursor.")
    return int(given)

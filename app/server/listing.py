"""Collections of REST: filtered, sorted and cut into pages the same way, all of them.

What may be filtered and sorted by are the fields of the view, so a collection declares nothing for it. The trap: things
come and go between two pages, so the cursor of a sorted list says where the page ended (the values sorted by, and the
key) and not how many things there were.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Generic, NamedTuple, Protocol, TypeVar, get_args, get_origin

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import Parameter, SkipValidation

from app.api.filters import FilterError, Value, parse, unknown
from app.api.resources import Collection
from app.domain.errors import Combination, Invalid, Unknown
from app.domain.ports import Unit
from app.domain.records import Records
from app.server.desk import Desk
from app.server.pages import MOST, After, Limit

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
View = TypeVar("View", bound=msgspec.Struct)
Rank = tuple[int, float | str]
ALL = 2**62
_PARAMETERS = ("filter", "sort", "after", "limit")

FilterText = Annotated[
    str,
    Parameter(
        description="Show only what all terms hold for: `state=running host!=node07 cores>2 name:web !word`. `:` means"
        " contains, a comma separates alternatives, `!` turns a term round, a bare word is looked for in every field."
    ),
]
SortText = Annotated[
    str, Parameter(description="Sort by these fields, the first one first: `host,-launched_at_ms`; `-`: downwards.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request wants to see of a collection."""

    filter: str = ""
    sort: str = ""
    after: str = ""
    limit: int = MOST


def asked_of(
    request: Request[Any, Any, State],
    filter: FilterText = "",
    sort: SortText = "",
    after: After = "",
    limit: Limit = MOST,
) -> Asked:
    """Read the parameters of a collection; Unknown names the nearest to one that is none."""
    check_names(request, _PARAMETERS)
    return Asked(filter=filter, sort=sort, after=after, limit=limit)


def check_names(request: Request[Any, Any, State], known: Sequence[str]) -> None:
    """Refuse a query parameter that there is not, or that is there twice: a filter must not be passed over."""
    for name in request.query_params:
        if name not in known:
            raise Unknown("query parameter", name[:40], next(iter(get_close_matches(name, known, n=1)), None))
        if len(request.query_params.getall(name)) > 1:
            raise Combination(f"{name} is given once; several terms of a filter stand in one text")


AskedFor = NamedDependency[SkipValidation[Asked]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One field of a view as filters and sorting see it; of several values (`many`) there is no order."""

    key: str
    value: Callable[[Any], Value]
    many: bool = False
    aliases: tuple[str, ...] = ()
    filtered: bool = True


class First(Protocol[Row_co]):
    """Lists the rows whose keys come after one, in the order of keys, at most so many."""

    def __call__(self, unit: Unit, desk: Desk, after: str, limit: int, /) -> Sequence[Row_co]: ...


def from_table(
    table: Callable[[Unit], Records[Row]], keep: Callable[[Unit, Desk, Row], bool], column: str = "id"
) -> First[Row]:
    """Read rows that are kept from a table in the order of its key column, no more than are needed."""

    def first(unit: Unit, desk: Desk, after: str, limit: int) -> list[Row]:
        found: list[Row] = []
        while True:
            rows = table(unit).part((column,), (after,) if after else (), limit)
            found += [row for row in rows if keep(unit, desk, row)]
            if len(rows) < limit or len(found) >= limit:
                return found[:limit]
            after = getattr(rows[-1], column)

    return first


def from_rows(rows: Callable[[Unit, Desk], Iterable[Row]], key: Callable[[Row], str]) -> First[Row]:
    """Put rows in order that are few, or that no table has."""

    def first(unit: Unit, desk: Desk, after: str, limit: int) -> list[Row]:
        return sorted((row for row in rows(unit, desk) if key(row) > after), key=key)[:limit]

    return first


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row, View]):
    """One collection: its rows, each with a key that gives their order unless sorted, and their views."""

    view: type[View]
    key: Callable[[Row], str]
    first: First[Row]
    views: Callable[[Unit, Desk, Sequence[Row]], Sequence[View]]

    async def answer(self, desk: Desk, asked: Asked) -> Collection[View]:
        """Return the page that was asked for, as it is now."""
        return await desk.read(lambda unit: self.page(unit, desk, asked))

    def page(self, unit: Unit, desk: Desk, asked: Asked) -> Collection[View]:
        """Cut the page that was asked for; Invalid if filter, sort or cursor can not be understood."""
        facets = facets_of(self.view)
        test, order = test_of(asked.filter, self.view), Order.read(asked.sort, facets)
        start = order.start(asked.after)
        after = start.key if start and not order.facets else ""
        rows = self.first(unit, desk, after, ALL if order.facets or test else asked.limit + 1)
        seen = zip(map(self.key, rows), self.views(unit, desk, rows), strict=True)
        lines = order.lines((key, view) for key, view in seen if test is None or test(view))
        if start is not None:
            lines = [line for line in lines if order.behind(line[0], start)]
        shown = lines[: asked.limit]
        return Collection(
            items=[view for _, view in shown],
            cursor=str(unit.cursor()),
            next=order.token(shown[-1][0]) if len(lines) > len(shown) else None,
        )


class Place(NamedTuple):
    """Where a thing stands in a sorted list: what it is sorted by, and its key."""

    ranks: tuple[Rank, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by, and which of it downwards; what is equal stands in the order of keys."""

    text: str
    facets: tuple[Facet, ...]
    downwards: tuple[bool, ...]

    @classmethod
    def read(cls, text: str, facets: Sequence[Facet]) -> "Order":
        """Read `host,-launched_at_ms`; Invalid names the field nearest to one that there is not."""
        known = {facet.key: facet for facet in facets if not facet.many}
        words = [word.strip() for word in text.split(",")] if text.strip() else []
        names = [word.removeprefix("-") for word in words]
        for name in names:
            if name not in known:
                raise Invalid("sort", text[:80], unknown(name, known) if name else "a field is missing here")
        return cls(",".join(words), tuple(map(known.__getitem__, names)), tuple(word[0] == "-" for word in words))

    def lines(self, seen: Iterable[tuple[str, View]]) -> list[tuple[Place, View]]:
        """Put things in order that come in the order of their keys."""
        lines = [(Place(tuple(_rank(facet.value(view)) for facet in self.facets), key), view) for key, view in seen]
        for number, down in reversed(list(enumerate(self.downwards))):
            lines.sort(key=lambda line, at=number: line[0].ranks[at], reverse=down)  # type: ignore[misc]
        return lines

    def behind(self, place: Place, start: Place) -> bool:
        """Tell whether a place comes after the one where a page ended."""
        for rank, other, down in zip(place.ranks, start.ranks, self.downwards, strict=True):
            if rank != other:
                return (rank < other) is down
        return place.key > start.key

    def token(self, place: Place) -> str:
        """Form the cursor behind a place."""
        return urlsafe_b64encode(msgspec.json.encode((self.text, *place))).decode()

    def start(self, token: str) -> Place | None:
        """Read a cursor; Invalid unless it is of a list sorted the same way."""
        if not token:
            return None
        try:
            text, ranks, key = msgspec.json.decode(urlsafe_b64decode(token), type=tuple[str, tuple[Rank, ...], str])
        except ValueError as error:
            raise _foreign(token) from error
        if text != self.text or len(ranks) != len(self.facets):
            raise _foreign(token)
        return Place(ranks, key)


def test_of(text: str, view: type[msgspec.Struct]) -> Callable[[Any], bool] | None:
    """Read a filter for things of that view; Invalid names what can not be understood."""
    found = parse(text, facets_of(view))
    if isinstance(found, FilterError):
        raise Invalid("filter", text[:200], found.why)
    return found.test()


@cache
def facets_of(view: type[msgspec.Struct]) -> tuple[Facet, ...]:
    """List the fields of a view that hold one value, or several of one kind; of a part that may be null its fields."""
    found: list[Facet] = []
    for field in msgspec.structs.fields(view):
        part = _part(field.type)
        if part is not None:
            found += [replace(facet, value=_within(field.name, facet.value)) for facet in facets_of(part)]
        elif facet := _facet(field.name, field.type):
            found.append(facet)
    return tuple(found)


def _part(kind: Any) -> type[msgspec.Struct] | None:
    if get_origin(kind) is not UnionType:
        return None
    first = get_args(kind)[0]
    return first if issubclass(first, msgspec.Struct) else None


def _within(name: str, value: Callable[[Any], Value]) -> Callable[[Any], Value]:
    def of(view: Any) -> Value:
        part = getattr(view, name)
        return None if part is None else value(part)

    return of


def _facet(name: str, kind: Any) -> Facet | None:
    of = attrgetter(name)
    if kind in (str, int, float, float | None):
        return Facet(key=name, value=of)
    if kind is bool:
        return Facet(key=name, value=lambda view: str(of(view)).lower())
    if kind in (list[str], tuple[str, ...]):
        return Facet(key=name, value=lambda view: tuple(of(view)), many=True)
    if kind == dict[str, str]:
        return Facet(key=name, value=lambda view: tuple(f"{word}={text}" for word, text in of(view).items()), many=True)
    return None


def _rank(value: Value) -> Rank:
    """Make values of all kinds comparable, what is unknown the least; case does not matter."""
    if isinstance(value, str):
        return (2, value.casefold())
    return (1, value) if isinstance(value, int | float) else (0, 0)


def _foreign(token: str) -> Invalid:
    return Invalid("after", token[:40], "It is the `next` of a page that is sorted the same way.")

"""Laws of REST's collections: pages are the whole list cut, sorted as asked, whatever comes and goes in between."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.ports import Unit
from app.domain.states import Kept
from app.domain.volume import Volume
from app.server.holdings import listing_of
from app.server.listing import Asked, Listing, facets_of, from_rows
from app.services.holdings import VOLUMES
from app.store.database import Database
from tests.builders import FrozenClock


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    host: str
    cores: int
    load: float
    fine: bool
    marks: list[str]
    tags: dict[str, str]


class Journal:
    """What of a unit of work the listing needs."""

    def cursor(self) -> int:
        return 7


NAMES = st.sampled_from(["", "a", "A", "ä", "node 1", '"'])
THINGS = st.lists(
    st.builds(
        Thing,
        id=st.text(min_size=1, max_size=3),
        host=NAMES,
        cores=st.integers(-3, 3),
        load=st.sampled_from([0.0, 0.5, 1e9]),
        fine=st.booleans(),
        marks=st.lists(NAMES, max_size=2),
        tags=st.dictionaries(NAMES, NAMES, max_size=2),
    ),
    max_size=12,
    unique_by=lambda thing: thing.id,
)
SORTS = st.lists(st.sampled_from(["host", "-host", "cores", "-cores", "load", "-fine", "id", "-id"]), max_size=3)
FILTERS = st.sampled_from(["", "cores>0", "host=a", "!host:a", "fine=true", "marks=a", "tags:a=", "node"])


def pages(things: Sequence[Thing], asked: Asked) -> list[Thing]:
    """Walk through all pages."""
    found: list[Thing] = []
    while True:
        answer = page(things, asked)
        found += answer.items
        assert len(answer.items) <= asked.limit
        if answer.next is None:
            return found
        asked = Asked(filter=asked.filter, sort=asked.sort, limit=asked.limit, after=answer.next)


def page(things: Sequence[Thing], asked: Asked) -> Any:
    listing: Listing[Thing, Thing] = Listing(
        view=Thing,
        key=lambda row: row.id,
        first=from_rows(lambda unit, desk: things, lambda row: row.id),
        views=lambda unit, desk, rows: rows,
    )
    return listing.page(cast("Any", Journal()), cast("Any", None), asked)


@given(THINGS, SORTS, FILTERS, st.integers(1, 5))
def test_pages_put_together_are_the_whole_list(things: list[Thing], sort: list[str], text: str, limit: int) -> None:
    whole = page(things, Asked(sort=",".join(sort), filter=text))
    assert whole.next is None
    assert pages(things, Asked(sort=",".join(sort), filter=text, limit=limit)) == whole.items


@given(THINGS, SORTS)
def test_each_field_breaks_the_ties_of_those_before_it(things: list[Thing], sort: list[str]) -> None:
    expected = sorted(things, key=lambda thing: thing.id)
    for word in reversed(sort):
        name = word.removeprefix("-")

        def rank(thing: Thing, name: str = name) -> Any:
            value = getattr(thing, name)
            return str(value).casefold() if isinstance(value, str | bool) else value

        expected.sort(key=rank, reverse=word.startswith("-"))
    assert page(things, Asked(sort=",".join(sort))).items == expected


@given(THINGS, SORTS, st.integers(1, 5), st.data())
def test_what_comes_and_goes_between_pages_neither_doubles_nor_hides_the_rest(
    things: list[Thing], sort: list[str], limit: int, data: st.DataObject
) -> None:
    asked = Asked(sort=",".join(sort), limit=limit)
    first = page(things, asked)
    if first.next is None:
        return
    gone = data.draw(st.sets(st.sampled_from([thing.id for thing in things])))
    left = [thing for thing in things if thing.id not in gone]
    rest = pages(left, Asked(sort=asked.sort, limit=limit, after=first.next))
    assert rest == [thing for thing in page(left, Asked(sort=asked.sort)).items if thing not in first.items]


@given(FILTERS, THINGS)
def test_a_filter_and_its_opposite_show_everything_once(text: str, things: list[Thing]) -> None:
    if text and not text.startswith("!"):
        shown = [thing.id for turned in ("", "!") for thing in page(things, Asked(filter=turned + text)).items]
        assert sorted(shown) == sorted(thing.id for thing in things)


@given(st.text(max_size=30), SORTS)
def test_a_cursor_that_nobody_gave_is_refused_or_a_place(after: str, sort: list[str]) -> None:
    try:
        page([], Asked(after=after, sort=",".join(sort)))
    except Invalid as error:
        assert error.parameter == "after"


def test_a_cursor_of_another_order_is_refused() -> None:
    things = [Thing(id=name, host="h", cores=1, load=0, fine=True, marks=[], tags={}) for name in "abc"]
    token = page(things, Asked(sort="cores", limit=1)).next
    for sort in ("-cores", ""):
        with pytest.raises(Invalid, match="sorted the same way"):
            page(things, Asked(sort=sort, limit=1, after=token))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked(filter="hots=a"), "no column hots; did you mean host?"),
        (Asked(sort="coers"), "no column coers; did you mean cores?"),
        (Asked(sort="marks"), "no column marks"),
        (Asked(sort="cores,,host"), "a field is missing here"),
        (Asked(sort="-"), "a field is missing here"),
        (Asked(filter='"'), "not closed"),
        (Asked(filter="cores>many"), "needs one number"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_nearest(asked: Asked, why: str) -> None:
    with pytest.raises(Invalid, match=why.replace("?", r"\?")):
        page([], asked)


@pytest.mark.parametrize("limit", range(1, 6))
@pytest.mark.parametrize("gone", [set[int](), {0, 1, 2, 3}, {8, 9}, {1, 3, 5}, set(range(10))])
async def test_what_sqlite_reads_page_by_page_is_what_is_there(tmp_path: Path, gone: set[int], limit: int) -> None:
    made = [a_volume(number, Kept.DELETED if number in gone else Kept.KEPT) for number in range(10)]
    listing = listing_of(VOLUMES)

    def add(unit: Unit) -> None:
        for volume in reversed(made):
            unit.volumes.add(volume)

    def bury(unit: Unit) -> None:
        for number in gone:
            unit.volumes.put(replace(made[number], removed=True))

    def walk(unit: Unit) -> Iterator[str]:
        after: str | None = ""
        while after is not None:
            answer = listing.page(unit, cast("Any", None), Asked(limit=limit, after=after))
            yield from (view.id for view in answer.items)
            after = answer.next

    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(add)
        await store.write(bury, "reconcile")
        found = await store.read(lambda unit: list(walk(unit)))
    assert found == [volume.id for number, volume in enumerate(made) if number not in gone]


def a_volume(number: int, wanted: Kept) -> Volume:
    return Volume(id=f"vol-{number:017x}", account_id="1", cluster="one", size_gib=1, wanted=wanted, created_at_ms=0)


def test_of_a_part_its_fields_are_those_of_the_whole_and_a_list_of_things_is_none() -> None:
    assert [facet.key for facet in facets_of(Machine)] == ["id", "watts", "stale"]


def test_what_is_unknown_meets_no_filter_and_comes_last_downwards() -> None:
    loads = {
        "a": Load(watts=90, stale=False),
        "b": None,
        "c": Load(watts=None, stale=True),
        "d": Load(watts=210, stale=False),
    }
    machines = [Machine(id=name, load=load, things=[]) for name, load in loads.items()]
    listing: Listing[Machine, Machine] = Listing(
        view=Machine,
        key=lambda row: row.id,
        first=from_rows(lambda unit, desk: machines, lambda row: row.id),
        views=lambda unit, desk, rows: rows,
    )

    def shown(**asked: str) -> str:
        answer = listing.page(cast("Any", Journal()), cast("Any", None), Asked(**asked))  # type: ignore[arg-type]
        return "".join(machine.id for machine in answer.items)

    assert (shown(sort="-watts"), shown(sort="watts")) == ("dabc", "bcad")
    assert (shown(filter="watts>100"), shown(filter="watts<=90"), shown(filter="stale=true")) == ("d", "a", "c")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    watts: float | None
    stale: bool


def a_load(watts: float | None, *, stale: bool = False) -> Load:
    return Load(watts=watts, stale=stale)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    load: Load | None
    things: list[Thing]

"""Filters with wildcards, and pages that neither double nor skip."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Combination, Invalid, Malformed, OverLimit
from app.server.ec2.filters import pattern, select
from app.server.ec2.operation import Filter
from app.server.ec2.pages import page, refuse_ids_with_pages

FACTS = {"name": lambda thing: [thing], "length": lambda thing: [str(len(thing))]}
THINGS = ["web-1", "web-2", "db", "a*b", "a\\b"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("web-1", ["web-1"]),
        ("web-?", ["web-1", "web-2"]),
        ("*b*", ["web-1", "web-2", "db", "a*b", "a\\b"]),
        ("a\\*b", ["a*b"]),
        ("a\\\\b", ["a\\b"]),
        ("WEB-1", []),
        ("[a-z]*", []),
        ("web", []),
    ],
)
def test_a_filter_value_matches_whole_values_with_its_wildcards(value: str, kept: list[str]) -> None:
    assert select(THINGS, [Filter(name="name", values=[value])], FACTS, frozenset()) == kept


def test_values_are_alternatives_and_filters_are_all_to_be_met() -> None:
    asked = [Filter(name="name", values=["web-*", "db"]), Filter(name="length", values=["5"])]
    assert select(THINGS, asked, FACTS, frozenset()) == ["web-1", "web-2"]


def test_a_filter_that_amazon_knows_and_nothing_here_has_matches_nothing() -> None:
    assert select(THINGS, [Filter(name="vpc-id", values=["*"])], FACTS, frozenset({"vpc-id"})) == []


def test_an_unknown_filter_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="colour"):
        select(THINGS, [Filter(name="colour", values=["red"])], FACTS, frozenset({"vpc-id"}))


@given(st.text())
def test_an_escaped_value_matches_itself_and_nothing_else(text: str) -> None:
    escaped = "".join("\\" + char if char in "*?\\" else char for char in text)
    assert pattern(escaped)(text)
    assert not pattern(escaped)(text + "x")


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_wildcards_mean_what_they_mean_in_the_shell(value: str, text: str) -> None:
    assert bool(pattern(value)(text)) == fnmatchcase(text, value)


def test_many_stars_take_no_time() -> None:
    assert not pattern("*a" * 40 + "*b")("a" * 5000)


@pytest.mark.parametrize(
    ("filters", "error"),
    [
        ([Filter(name="name", values=["*a" * 50_000])], Invalid),
        ([Filter(name="name", values=["a"] * 201)], OverLimit),
        ([Filter(name="name", values=["*"])] * 51, OverLimit),
    ],
)
def test_filters_beyond_all_measure_are_refused(filters: list[Filter], error: type[Exception]) -> None:
    with pytest.raises(error):
        select(THINGS, filters, FACTS, frozenset())


@given(st.sets(st.tuples(st.integers(0, 99), st.text(max_size=3))), st.integers(5, 9))
def test_pages_show_every_thing_once_in_order(things: set[tuple[int, str]], size: int) -> None:
    shown: list[tuple[int, str]] = []
    token: str | None = None
    while True:
        cut, token = page(list(things), lambda thing: thing, size, token)
        shown += cut
        if token is None:
            break
        assert len(cut) == size
    assert shown == sorted(things)


def test_what_goes_between_two_pages_makes_nothing_skipped() -> None:
    things = [(number,) for number in range(12)]
    first, token = page(things, lambda thing: thing, 5, None)
    rest, end = page(things[4:], lambda thing: thing, 100, token)
    assert [*first, *rest] == things
    assert end is None


@pytest.mark.parametrize("token", ["garbage", "e30=", "WzEsInQiXQ==x", "W251bGxd"])
def test_a_damaged_token_is_refused(token: str) -> None:
    with pytest.raises(Malformed):
        page([(1,), (2,)], lambda thing: thing, 5, token)


@pytest.mark.parametrize("size", [0, 4, 1001, -1])
def test_a_page_size_out_of_bounds_is_refused(size: int) -> None:
    with pytest.raises(Invalid, match="between 5 and 1000"):
        page([], lambda thing: (1,), size, None)


def test_ids_and_pages_exclude_one_another() -> None:
    with pytest.raises(Combination):
        refuse_ids_with_pages(["i-1"], 5)

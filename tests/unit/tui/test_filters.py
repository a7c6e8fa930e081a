"""The filter language keeps the laws of logic, and never raises for what somebody types."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.api.filters import Filter, FilterError, parse
from app.api.resources import InstanceView
from app.tui.columns.instances import COLUMNS
from tests.tui.views import an_instance

ROWS = [
    an_instance(n, name=name, state=state, host=host, cores=cores)
    for n, (name, state, host, cores) in enumerate(
        [
            ("web1", "running", "node07", 1),
            ("web 2", "pending", "", 4),
            ("db", "stopped", "node03", 2),
            ("", "running", "node03", 8),
        ],
        start=1,
    )
]
TERM = st.sampled_from(
    ["web", "state:run", "host=node03", "host!=node07", "vcpus>2", "cores<=2", 'name:"web 2"', "state:run,stop", '"b"']
)


def matching(text: str) -> set[str]:
    found = parse(text, COLUMNS)
    assert isinstance(found, Filter), found
    test = found.test()
    return {row.id for row in ROWS if test is None or test(row)}


def names(text: str) -> list[str]:
    ids = matching(text)
    return [row.name for row in ROWS if row.id in ids]


@given(st.text(max_size=40) | st.lists(st.sampled_from(list('abst:=!<>", ')), max_size=15).map("".join))
def test_no_text_whatever_raises(text: str) -> None:
    found = parse(text, COLUMNS)
    if isinstance(found, FilterError):
        assert found.why
        assert 0 <= found.position <= len(text)
    else:
        assert parse(str(found), COLUMNS) == found
        test = found.test()
        if test is not None:
            assert test(ROWS[0]) in {True, False}


@given(TERM)
def test_a_negated_term_shows_exactly_the_rest(term: str) -> None:
    assert matching(f"!{term}") == {row.id for row in ROWS} - matching(term)


@given(st.lists(TERM, max_size=4))
def test_terms_together_show_what_each_of_them_shows(terms: list[str]) -> None:
    expected = {row.id for row in ROWS}
    for term in terms:
        expected &= matching(term)
    assert matching(" ".join(terms)) == expected


@given(TERM)
def test_case_never_matters(term: str) -> None:
    assume('"' not in term)
    assert matching(term.upper()) == matching(term)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["web1", "web 2", "db", ""]),
        ("state:running host!=node07", [""]),
        ("vcpus>2", ["web 2", ""]),
        ("vcpus=2", ["db"]),
        ("!web", ["db", ""]),
        ('"web 2"', ["web 2"]),
        ("state:stop,pend", ["web 2", "db"]),
        ("web state:pending", ["web 2"]),
        ('host=""', ["web 2"]),
    ],
)
def test_the_language_means_what_it_says(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "why"),
    [
        ("stat:run", 0, "no column stat; did you mean state?"),
        ("web qqqqq=1", 4, "no column qqqqq"),
        ("vcpus>many", 0, "vcpus> needs one number"),
        ("state:", 0, "state: needs a value"),
        ('web "open', 4, "a quotation mark is not closed"),
        ("!", 0, "a word is missing here"),
    ],
)
def test_what_can_not_be_understood_is_said(text: str, position: int, why: str) -> None:
    assert parse(text, COLUMNS) == FilterError(position, why)


def test_a_filter_is_bound_to_its_columns() -> None:
    found: Filter[InstanceView] | FilterError = parse("owner:1", COLUMNS)
    assert isinstance(found, Filter)
    assert found.terms[0].field == "account"

"""What the tab key offers is always something that the filter understands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.filters import Filter, parse
from app.tui.columns.instances import COLUMNS
from app.tui.complete import filter_lines, go_lines, longest
from tests.tui.views import an_instance

ROWS = [
    an_instance(1, host="node03", name="web one"),
    an_instance(2, host="node11", state="stopped"),
    an_instance(3, host="node03", state="stopping", name="[red]x[/]"),
]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("sta", ["state:"]),
        ("!sta", ["!state:"]),
        ("web ho", ["web host:"]),
        ("state:st", ["state:stopped", "state:stopping"]),
        ("host!=", ["host!=node03", "host!=node11"]),
        ("state:running,stoppe", ["state:running,stopped"]),
        ("name:web", ['name:"web one"']),
        ("nonsense:x", []),
        ("", [f"{column.key}:" for column in COLUMNS if column.filtered]),
    ],
)
def test_the_last_word_of_a_filter_is_completed(text: str, lines: list[str]) -> None:
    assert filter_lines(text, COLUMNS, ROWS) == lines


@given(st.text(max_size=8))
def test_a_value_that_is_offered_finds_its_row(name: str) -> None:
    row = an_instance(1, name=name)
    for line in filter_lines("name=", COLUMNS, [row]):
        found = parse(line, COLUMNS)
        assert isinstance(found, Filter)
        test = found.test()
        assert test is not None
        assert test(row)


def test_the_command_bar_offers_places_and_after_two_letters_things() -> None:
    places, names = ("overview", "hosts", "instances"), {"web1": "i-1", "i-1": "i-1", "host7": "host7"}
    assert go_lines("h", places, names) == ["hosts"]
    assert go_lines("ho", places, names) == ["hosts", "host7"]
    assert go_lines("we", places, names) == ["web1"]
    assert go_lines("", places, names) == list(places)


@given(st.text(max_size=5), st.lists(st.text(max_size=8), max_size=5))
def test_the_tab_key_types_what_all_agree_on_else_the_first(text: str, tails: list[str]) -> None:
    lines = [text + tail for tail in tails]
    done = longest(text, lines)
    assert done.startswith(text)
    assert done in lines or not lines or all(line.startswith(done) for line in lines)

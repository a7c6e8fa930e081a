"""An index kept up to date by change sets equals one built anew."""

from hypothesis import given
from hypothesis import strategies as st

from app.tui.index import Index

Rows = dict[str, tuple[str, int]]
IDS = st.sampled_from("abcdefgh")
ROW = st.tuples(st.sampled_from(["x", "Y", "z"]), st.integers(0, 3))
STEP = st.dictionaries(IDS, ROW | st.none(), max_size=4)


@given(st.dictionaries(IDS, ROW), st.lists(STEP, max_size=6), st.booleans(), st.booleans())
def test_updating_equals_building_anew(
    rows: Rows, steps: list[dict[str, tuple[str, int] | None]], down: bool, only: bool
) -> None:
    def test(row: tuple[str, int]) -> bool:
        return row[1] > 0

    index = Index(rows, lambda row: row[0])
    index.sort(lambda row: row[0], downwards=down)
    if only:
        index.show(test)
    for step in steps:
        for given_id, row in step.items():
            if row is None:
                rows.pop(given_id, None)
            else:
                rows[given_id] = row
        before = index.ids()
        moved = index.update(step)
        anew = Index(rows, lambda row: row[0])
        anew.show(test if only else None)
        anew.sort(lambda row: row[0], downwards=down)
        assert index.ids() == anew.ids()
        assert moved or before == index.ids()
        assert [index.line_of(given_id) for given_id in index.ids()] == list(range(len(index)))
        assert [index.id_at(line) for line in range(len(index))] == index.ids()


@given(st.dictionaries(IDS, ROW), st.lists(STEP, max_size=4), st.booleans(), st.booleans())
def test_a_second_key_orders_what_the_first_leaves_open(
    rows: Rows, steps: list[dict[str, tuple[str, int] | None]], down: bool, then_down: bool
) -> None:
    by_number = Index(rows, lambda row: row[1])
    by_number.sort(lambda row: row[1], downwards=down, then=lambda row: row[0], then_downwards=then_down)
    by_text = Index(rows, lambda row: row[0])
    by_text.sort(lambda row: row[0], downwards=then_down, then=lambda row: row[1], then_downwards=down)
    for step in [{}, *steps]:
        rows.update({given_id: row for given_id, row in step.items() if row})
        for given_id in [given_id for given_id, row in step.items() if row is None]:
            rows.pop(given_id, None)
        by_number.update(step)
        by_text.update(step)
        plain = sorted(rows.values(), key=lambda row: row[0].casefold(), reverse=then_down)
        assert _values(by_number, rows) == _folded(sorted(plain, key=lambda row: row[1], reverse=down))
        plain = sorted(rows.values(), key=lambda row: row[1], reverse=down)
        assert _values(by_text, rows) == _folded(sorted(plain, key=lambda row: row[0].casefold(), reverse=then_down))


def _values(index: Index[tuple[str, int]], rows: Rows) -> list[tuple[str, int]]:
    return _folded([rows[given_id] for given_id in index.ids()])


def _folded(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(text.casefold(), number) for text, number in rows]


@given(st.dictionaries(IDS, ROW))
def test_downwards_is_upwards_turned_round(rows: Rows) -> None:
    index = Index(rows, lambda row: row[1])
    up = index.ids()
    index.sort(lambda row: row[1], downwards=True)
    assert index.ids() == up[::-1]


def test_outside_there_is_nothing() -> None:
    index = Index({"a": ("x", 1)}, lambda row: row[0])
    assert index.id_at(-1) is None
    assert index.id_at(1) is None
    assert index.line_of("b") is None

"""Groups of a list kept up to date by change sets equal those built anew, line by line and sum by sum."""

from hypothesis import given
from hypothesis import strategies as st

from app.tui.index import Index

Rows = dict[str, tuple[str, int]]
IDS = st.sampled_from("abcdefgh")
GROUPS = ["", "x", "Y", "z"]
ROW = st.tuples(st.sampled_from(GROUPS), st.integers(0, 3))
STEP = st.dictionaries(IDS, ROW | st.none(), max_size=4)
FOLDED = st.sets(st.sampled_from(GROUPS))


def grouped(rows: Rows, folded: set[str], *, down: bool, only: bool) -> Index[tuple[str, int]]:
    index = Index(rows, lambda row: row[1])
    index.group(lambda row: row[0], lambda row: (row[1], 1))
    index.sort(lambda row: row[1], downwards=down)
    index.show((lambda row: row[1] > 0) if only else None)
    index.fold(folded, folded=True)
    return index


def lines(index: Index[tuple[str, int]]) -> list[object]:
    """Return what each line shows: a head with its sums, or an id."""
    found: list[object] = []
    for line in range(index.lines):
        head = index.head_at(line)
        found.append((head.name, head.sums, sorted(head.ids())) if head else index.id_at(line))
    return found


@given(st.dictionaries(IDS, ROW), st.lists(STEP, max_size=6), FOLDED, st.booleans(), st.booleans())
def test_groups_that_were_updated_equal_groups_built_anew(
    rows: Rows, steps: list[dict[str, tuple[str, int] | None]], folded: set[str], down: bool, only: bool
) -> None:
    index = grouped(rows, folded, down=down, only=only)
    for step in steps:
        rows.update({given_id: row for given_id, row in step.items() if row})
        for given_id in [given_id for given_id, row in step.items() if row is None]:
            rows.pop(given_id, None)
        index.update(step)
        assert lines(index) == lines(grouped(rows, folded, down=down, only=only))


@given(st.dictionaries(IDS, ROW), FOLDED, st.booleans(), st.booleans())
def test_a_head_stands_above_its_rows_and_adds_them_up(rows: Rows, folded: set[str], down: bool, only: bool) -> None:
    index = grouped(rows, folded, down=down, only=only)
    visible = {given_id: row for given_id, row in rows.items() if row[1] > 0 or not only}
    assert sorted(index.ids()) == sorted(visible)
    assert [group.name for group in index.groups] == sorted({row[0] for row in visible.values()}, key=str.casefold)
    for group in index.groups:
        mine = [given_id for given_id, row in visible.items() if row[0] == group.name]
        assert (sorted(group.ids()), group.sums) == (sorted(mine), [sum(visible[one][1] for one in mine), len(mine)])
        assert index.line_of_head(group.name) == group.line
        shown = [] if group.name in folded else mine
        assert {index.id_at(group.line + 1 + place) for place in range(len(shown))} == set(shown)
        for given_id in mine:
            line = index.line_of(given_id)
            assert line is not None
            assert index.id_at(line) == (None if group.name in folded else given_id)


@given(st.dictionaries(IDS, ROW), FOLDED, st.booleans())
def test_in_a_group_rows_are_sorted_as_in_one_list(rows: Rows, folded: set[str], down: bool) -> None:
    index = grouped(rows, folded, down=down, only=False)
    flat = Index(rows, lambda row: row[1])
    flat.sort(lambda row: row[1], downwards=down)
    for group in index.groups:
        in_one_list = [given_id for given_id in flat.ids() if rows[given_id][0] == group.name]
        assert [given_id for given_id in index.ids() if rows[given_id][0] == group.name] == in_one_list


def test_one_list_has_no_heads() -> None:
    index = grouped({"a": ("x", 1)}, {"x"}, down=False, only=False)
    index.group(None)
    assert (index.lines, index.groups, index.head_at(0), index.id_at(0)) == (1, [], None, "a")

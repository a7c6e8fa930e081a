"""Columns share the width, and what they show is plain."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.api.filters import named
from app.tui.columns import events, hosts, instances
from app.tui.columns.column import Column, fit
from app.tui.scene import Scene
from tests.tui.views import NOW_MS, a_host, an_event, an_instance

LISTS: list[tuple[tuple[Column[Any], ...], Any]] = [
    (hosts.COLUMNS, a_host(last_error="lost \x1b[31mred")),
    (events.COLUMNS, an_event(7, "named \x1b]0;x\x07 [red]x[/]")),
    (instances.COLUMNS, an_instance(name="a\nb", last_error="\u202egnirts")),
]
lists = pytest.mark.parametrize(("columns", "row"), LISTS, ids=["hosts", "events", "instances"])


@lists
@given(room=st.integers(0, 300))
def test_columns_fill_the_room_and_never_more_than_what_must_be_shown(
    columns: tuple[Column[Any], ...], row: Any, room: int
) -> None:
    chosen = fit(columns, room)
    order = [column.key for column in columns]
    assert [column.key for column, _, _ in chosen] == [key for key in order if key in {c.key for c, _, _ in chosen}]
    assert {column.key for column in columns if column.rank == 0} <= {column.key for column, _, _ in chosen}
    used = sum(width + gap for _, width, gap in chosen)
    assert used <= max(room, sum(c.width + 2 for c in columns if c.rank == 0))


@lists
@given(room=st.integers(60, 300))
def test_a_figure_and_the_word_behind_it_never_read_as_one(
    columns: tuple[Column[Any], ...], row: Any, room: int
) -> None:
    chosen = fit(columns, room)
    for (one, _, gap), (after, _, _) in itertools.pairwise(chosen):
        assert gap >= (2 if one.align == "right" and after.align == "left" else 1)


@lists
def test_everything_that_must_be_shown_fits_80_cells(columns: tuple[Column[Any], ...], row: Any) -> None:
    assert sum(column.width + 1 for column in columns if column.rank == 0) <= 78


@lists
def test_no_cell_holds_what_a_terminal_would_act_on(columns: tuple[Column[Any], ...], row: Any) -> None:
    for column in columns:
        assert column.text(row, Scene(now_ms=NOW_MS)).isprintable()
        assert column.text(row, Scene(now_ms=NOW_MS, ascii_only=True)).isascii()


@lists
def test_no_name_means_two_columns(columns: tuple[Column[Any], ...], row: Any) -> None:
    names = [name for column in columns if column.filtered for name in (column.key, *column.aliases)]
    assert len(names) == len(set(names)) == len(named(columns))


@given(st.text(max_size=30), st.integers(1, 20), st.sampled_from(["left", "right"]), st.booleans())
def test_a_fitted_text_has_exactly_the_width(text: str, width: int, align: str, ascii_only: bool) -> None:
    scene = Scene(now_ms=0, ascii_only=ascii_only)
    assert cell_len(scene.fit(scene.plain(text), width, align)) == width


def test_state_is_glyph_and_word() -> None:
    scene = Scene(now_ms=NOW_MS)
    state = next(column for column in instances.COLUMNS if column.key == "state")
    assert state.text(an_instance(), scene) == "● running"
    assert state.text(an_instance(state="pending", launched_at_ms=NOW_MS - 240_000), scene) == "◐ pending 4m"
    assert state.text(an_instance(status="impaired"), scene) == "✕ impaired"
    assert state.text(an_instance(), Scene(now_ms=NOW_MS, ascii_only=True)) == "* running"

"""What guests and users write is shown, never obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.scene import Scene, guest_lines, mib, span


@given(st.text())
def test_no_line_of_a_guest_holds_what_a_terminal_would_act_on(text: str) -> None:
    assert all(line.isprintable() for line in guest_lines(text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\r\ntwo", ["one", "two"]),
        ("10%\r50%\rdone\n", ["done", ""]),
        ("\x1b[1;31mred\x1b[0m \x1b]0;title\x07text", ["red text"]),
        ("a\tb", ["a       b"]),
        ("bell\x07", ["bell·"]),
    ],
)
def test_escape_sequences_of_guests_are_taken_out(text: str, lines: list[str]) -> None:
    assert guest_lines(text) == lines


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0s"), (0.4, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"), (200_000, "2d")],
)
def test_a_duration_is_said_in_one_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("amount", "said"), [(128, "128 MiB"), (16_384, "16 GiB"), (1_536, "1.5 GiB"), (1_700, "1.7 GiB")]
)
def test_memory_is_said_in_the_unit_that_fits(amount: int, said: str) -> None:
    assert mib(amount) == said


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 40))
def test_a_bar_has_its_width_and_what_is_not_empty_shows(used: float, whole: float, width: int) -> None:
    full, free = Scene(now_ms=0).bar(used, whole, width)
    assert len(full + free) == width
    assert bool(full) == (used / whole > 0 if whole and width else False)

"""How often the screen is brought up to date."""

from app.tui.pace import SLOW_FOR_S, TICK_S, Pace


def drawn(pace: Pace, start_s: float, seconds: int, *, seen: bool = True, waiting: bool = False) -> int:
    ticks = range(int(seconds / TICK_S))
    return sum(pace.due(start_s + tick * TICK_S, seen=seen, waiting=waiting) for tick in ticks)


def test_where_somebody_looks_it_is_four_times_a_second_and_once_where_nobody_does() -> None:
    assert drawn(Pace(), 0, 10) == 40
    assert drawn(Pace(), 0, 10, seen=False) == 10


def test_nothing_is_drawn_while_the_terminal_has_not_taken_what_was() -> None:
    assert drawn(Pace(), 0, 10, waiting=True) == 0


def test_a_slow_line_gets_two_pictures_a_second_until_it_was_quick_for_a_while() -> None:
    pace = Pace()
    drawn(pace, 0, 1, waiting=True)
    assert drawn(pace, 1, 8) in range(16, 18)
    assert drawn(pace, 1 + SLOW_FOR_S, 10) == 40


def test_one_late_picture_is_chance() -> None:
    pace = Pace()
    pace.due(0, seen=True, waiting=True)
    assert drawn(pace, TICK_S, 10) == 40

"""The way back through the places one was at."""

from hypothesis import given
from hypothesis import strategies as st

from app.tui.history import History, Spot

A, B, C = Spot("overview"), Spot("hosts"), Spot("instances", (("instance", "i-1"),))


def been_at(*spots: Spot) -> History:
    history = History()
    for spot in spots:
        history.note(spot)
    return history


def test_one_walks_back_and_on_and_no_farther() -> None:
    history = been_at(A, B, C)
    assert [history.step(-1), history.step(-1), history.step(-1)] == [B, A, None]
    assert [history.step(1), history.step(1), history.step(1)] == [B, C, None]


def test_going_elsewhere_forgets_what_lay_ahead() -> None:
    history = been_at(A, B)
    history.step(-1)
    history.note(C)
    assert history.step(1) is None
    assert history.step(-1) == A


def test_the_last_place_leads_to_and_fro() -> None:
    history = been_at(A, B, C)
    for expected in (B, C, B):
        spot = history.last()
        assert spot == expected
        history.note(spot)


@given(st.lists(st.sampled_from([A, B, C, -1, 1])))
def test_where_one_stands_is_never_lost(moves: list[Spot | int]) -> None:
    history, here = been_at(A), A
    for move in moves:
        if isinstance(move, Spot):
            history.note(move)
            here = move
        else:
            here = history.step(move) or here
    back = history.step(-1)
    if back is not None:
        assert history.step(1) == here

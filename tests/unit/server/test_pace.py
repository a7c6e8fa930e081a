"""An account that asks too often is told so, the others notice nothing, and time heals it."""

from app.domain.errors import TooOften
from app.server.pace import AT_ONCE_S, Pace
from tests.builders import FrozenClock


def spent(pace: Pace, account_id: str) -> int:
    """Count what an account can ask before it is refused."""
    for count in range(10_000):
        try:
            pace.take(account_id)
        except TooOften:
            return count
    return 10_000


def test_an_account_has_its_own_bucket_which_fills_again() -> None:
    clock = FrozenClock()
    pace = Pace(5, clock)
    assert spent(pace, "ana") == 5 * AT_ONCE_S
    assert spent(pace, "ana") == 0
    assert spent(pace, "eve") == 5 * AT_ONCE_S
    clock.at_ms += 1000
    assert spent(pace, "ana") == 5
    clock.at_ms += 3_600_000
    assert spent(pace, "ana") == 5 * AT_ONCE_S


def test_what_is_refused_costs_nothing() -> None:
    clock = FrozenClock()
    pace = Pace(1, clock)
    spent(pace, "ana")
    for _ in range(3):
        clock.at_ms += 250
        assert spent(pace, "ana") == 0
    clock.at_ms += 250
    assert spent(pace, "ana") == 1


def test_no_limit_is_none() -> None:
    assert spent(Pace(0, FrozenClock()), "ana") == 10_000

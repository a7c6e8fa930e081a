"""libvirt's states as ours: every pair of numbers has a meaning, and doubt counts as running."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.states import Seen
from app.xen.states import seen


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (1, 1, (Seen.RUNNING, "booted")),
        (0, 0, (Seen.RUNNING, "unknown")),
        (2, 0, (Seen.RUNNING, "unknown")),
        (3, 1, (Seen.PAUSED, "user")),
        (4, 1, (Seen.RUNNING, "shutting down")),
        (5, 1, (Seen.OFF, "shutdown")),
        (5, 2, (Seen.OFF, "destroyed")),
        (5, 3, (Seen.CRASHED, "crashed")),
        (6, 1, (Seen.CRASHED, "panicked")),
    ],
)
def test_a_known_pair_has_its_word(state: int, reason: int, expected: tuple[Seen, str]) -> None:
    assert seen(state, reason) == expected


@given(st.integers(), st.integers())
def test_a_pair_of_a_newer_libvirt_is_never_taken_for_off(state: int, reason: int) -> None:
    how, word = seen(state, reason)
    assert word
    assert how is not Seen.OFF or state == 5
    assert how is not Seen.NOTHING

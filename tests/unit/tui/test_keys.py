"""A person's own keys: what is granted never makes a key mean two things on one screen."""

from hypothesis import given
from hypothesis import strategies as st

from app.tui.actions import ACTIONS
from app.tui.actions.action import LIST_KEYS, PLACES, TABLES
from app.tui.keymap import remapped

NAMES = st.sampled_from([action.name for action in ACTIONS])
KEYS = st.sampled_from([*"abtrqgG:/?", "f5", "ctrl+k", "no such", "", "escape", "f5 ctrl+b"])


@given(st.dictionaries(NAMES, KEYS, max_size=8))
def test_whatever_is_asked_for_no_key_means_two_things(wanted: dict[str, str]) -> None:
    actions, wrong = remapped(ACTIONS, wanted)
    assert [action.name for action in actions] == [action.name for action in ACTIONS]
    for place in PLACES:
        keys = [key for action in actions if place in action.screens for key in action.keys]
        assert len(keys) == len(set(keys)), place
        assert place not in TABLES or not LIST_KEYS & set(keys)
    changed = sum(action.key != own.key for action, own in zip(actions, ACTIONS, strict=True))
    assert changed + len(wrong) <= len(wanted)


def test_two_may_change_places() -> None:
    actions, wrong = remapped(ACTIONS, {"instances.stop": "r", "instances.reboot": "x"})
    keys = {action.name: action.key for action in actions}
    assert (keys["instances.stop"], keys["instances.reboot"], wrong) == ("r", "x", [])

"""Puts a person's own keys into the registry of actions, by the action's name.

A key that would mean two things on one screen is worse than none, so whatever clashes stays as it was and is told, as
is a name that no action has.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.keys import Keys

from app.tui.actions.action import LIST_KEYS, TABLES, Action, is_spelled, spelled

_KEY = re.compile(r"(?:(?:ctrl|shift|alt)\+)*(\S|f\d{1,2}|[a-z_]{2,24})")
_WORDS = frozenset(key.value for key in Keys)


def remapped(actions: Sequence[Action], keys: Mapping[str, str]) -> tuple[tuple[Action, ...], list[str]]:
    """Return the registry with these keys by name of action, and a line for each that could not be had."""
    known = {action.name: action for action in actions}
    wrong = [_unknown(name, known) for name in keys if name not in known]
    wanted: dict[str, str] = {}
    for name in (name for name in keys if name in known):
        names = [spelled(key.strip()) for key in keys[name].split(" ") if key.strip()]
        if names and all(_is_key(key) for key in names):
            wanted[name] = ",".join(names)
        else:
            wrong.append(f"keys: {name} = {keys[name]!r} is no key; write f5, ctrl+k, or a letter")
    while clash := _first_clash(_with(actions, wanted), wanted):
        name, why = clash
        del wanted[name]
        wrong.append(why)
    return _with(actions, wanted), wrong


def _is_key(key: str) -> bool:
    found = _KEY.fullmatch(key)
    return found is not None and (len(found[1]) == 1 or found[1] in _WORDS or is_spelled(found[1]))


def _with(actions: Sequence[Action], keys: Mapping[str, str]) -> tuple[Action, ...]:
    return tuple(replace(action, key=keys[action.name]) if action.name in keys else action for action in actions)


def _first_clash(actions: Sequence[Action], wanted: Mapping[str, str]) -> tuple[str, str] | None:
    """Name a wish that can not be granted, and why."""
    for action in actions:
        if action.name not in wanted:
            continue
        if action.screens & TABLES and (taken := LIST_KEYS.intersection(action.keys)):
            return action.name, f"keys: {action.name} can not be {min(taken)}, which moves the cursor in lists"
        for other in actions:
            both = set(action.keys) & set(other.keys)
            if other is not action and both and action.screens & other.screens:
                where = min(action.screens & other.screens)
                return action.name, f"keys: {action.name} can not be {min(both)}, which is {other.name} on {where}"
    return None


def _unknown(name: str, known: Mapping[str, Action]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"keys: there is no action {name}" + (f"; did you mean {near[0]}?" if near else "")

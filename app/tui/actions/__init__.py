"""The one registry of what a person can do: keys, footer, help, command bar, read-only and role filters come from it.

A module an area; the order here is that of the footer. `method` is the name of a method of the screen. The trap: a key
must not be used twice on one screen, so an action for all screens takes its key from everybody (a test watches).
"""

from collections.abc import Iterable

from app.tui.actions import (
    accounts,
    charts,
    console,
    definition,
    going,
    groups,
    holdings,
    hosts,
    instances,
    jobs,
    lists,
    past,
    reading,
    rules,
    tastes,
    views,
    why,
)
from app.tui.actions.action import PLACES, ROLES, Action, Danger

__all__ = ["ACTIONS", "PLACES", "ROLES", "Action", "Danger", "allowed", "named", "offered"]

ACTIONS: tuple[Action, ...] = (
    *instances.ACTIONS,
    *console.ACTIONS,
    *hosts.ACTIONS,
    *jobs.ACTIONS,
    *rules.ACTIONS,
    *why.ACTIONS,
    *accounts.ACTIONS,
    *groups.ACTIONS,
    *definition.ACTIONS,
    *holdings.ACTIONS,
    *lists.ACTIONS,
    *views.ACTIONS,
    *charts.ACTIONS,
    *past.ACTIONS,
    *reading.ACTIONS,
    *going.ACTIONS,
    *tastes.ACTIONS,
)


def named(name: str) -> Action:
    """Return the action of that name; KeyError if there is none."""
    return _BY_NAME[name]


def offered(
    screen: str, role: str, *, read_only: bool, past: bool = False, actions: Iterable[Action] = ACTIONS
) -> list[Action]:
    """List what a person of that role is offered on a screen, in the order of the registry."""
    here = [action for action in actions if screen in action.screens]
    return [action for action in here if allowed(action, role, read_only=read_only, past=past)]


def allowed(action: Action, role: str, *, read_only: bool, past: bool = False) -> bool:
    """Tell whether role and mode permit it, in the present or the past; an unknown role counts as the least."""
    if action.when == ("now" if past else "past"):
        return False
    if (read_only or past) and action.danger > Danger.LOOK:
        return False
    rank = ROLES.index(role) if role in ROLES else 0
    return rank >= ROLES.index(action.role)


_BY_NAME = {action.name: action for action in ACTIONS}

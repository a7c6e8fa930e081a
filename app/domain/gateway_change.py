"""What has changed of what a gateway is to know, so that one rule among ten thousand is told as one rule.

Rules go by group and facts by instance, since there are thousands of both; the rest is told whole. The trap: what has
not changed must stay the very object that it was, since whoever carries it out takes anything else for changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from app.domain.firewall import Passage
from app.domain.gateway import GuestFacts, Wanted

Piece = TypeVar("Piece")
NOTHING = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is new of groups and of instances, those that are `gone`, and the `rest`, unless it is the same."""

    rules: Mapping[str, tuple[Passage, ...]] = field(default_factory=dict)
    guests: Mapping[str, GuestFacts] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    rest: Wanted | None = None


def change(before: Wanted, after: Wanted) -> Change:
    """Tell what turns one into the other; from NOTHING it is the whole."""
    rest, rules, guests = _rest(after), after.firewall.rules, after.guests
    return Change(
        rules=_new(before.firewall.rules, rules),
        guests=_new(before.guests, guests),
        gone=(*(before.firewall.rules.keys() - rules.keys()), *(before.guests.keys() - guests.keys())),
        rest=None if rest == _rest(before) else rest,
    )


def changed(before: Wanted, by: Change) -> Wanted:
    """Return what a change makes of something."""
    rest = by.rest or _rest(before)
    rules = _kept(before.firewall.rules, by.gone) | dict(by.rules)
    guests = _kept(before.guests, by.gone) | dict(by.guests)
    return replace(rest, firewall=replace(rest.firewall, rules=rules), guests=guests)


def _rest(wanted: Wanted) -> Wanted:
    return replace(wanted, firewall=replace(wanted.firewall, rules={}), guests={})


def _new(before: Mapping[str, Piece], after: Mapping[str, Piece]) -> dict[str, Piece]:
    return {name: piece for name, piece in after.items() if name not in before or before[name] != piece}


def _kept(pieces: Mapping[str, Piece], gone: tuple[str, ...]) -> dict[str, Piece]:
    return {name: piece for name, piece in pieces.items() if name not in gone}

"""The inverse of a change: what it changed is looked at before and after, and put back while it is as it was left.

`inverses.py` says what that is for each action. The trap: a change without a line there can not be undone, and says so;
ending an instance never can.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import Conflict, Missing
from app.domain.ports import Unit
from app.domain.undo import Undo
from app.services.access import need_role
from app.services.inverses import LOOKS, Hand, Values

DROPPED_AT_ONCE = 500
_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What an action is about, as it was before."""

    action: str
    about: tuple[str, ...]
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was put back by undoing an audit entry."""

    number: int
    action: str
    about: tuple[str, ...]
    changed: tuple[str, ...]


def before(unit: Unit, action: str, about: Sequence[str]) -> Before | None:
    """Look at what is about to change; None if the action has no inverse."""
    look = LOOKS.get(action)
    return Before(action=action, about=tuple(about), values=look.seen(unit, about)) if look else None


def keep(unit: Unit, number: int, was: Before | None) -> bool:
    """Keep what would undo the change of an audit entry; False if it changed nothing or has no inverse."""
    if was is None:
        return False
    now = LOOKS[was.action].seen(unit, was.about)
    names = [name for name in {**was.values, **now} if was.values.get(name) != now.get(name)]
    if names:
        unit.undos.add(
            Undo(
                number=_spelled(number),
                action=was.action,
                about=was.about,
                before=_only(was.values, names),
                after=_only(now, names),
                at_ms=unit.now_ms,
            )
        )
    return bool(names)


def offered(unit: Unit, numbers: Iterable[int]) -> dict[int, str]:
    """Say of those of some audit entries that can be undone what that would put back."""
    rows = unit.undos.where(number=tuple(map(_spelled, numbers)), undone_at_ms=0)
    return {int(row.number): ", ".join(_line(name, row.before.get(name)) for name in _names(row)) for row in rows}


def undo(unit: Unit, hand: Hand, number: int) -> Undone:
    """Put back what an audited change changed.

    Missing if it has no inverse; Conflict if it was undone already or if something is not as the change left it.
    """
    row = unit.undos.get(_spelled(number))
    if row is None:
        raise Missing("change that could be undone", str(number))
    look = LOOKS[row.action]
    need_role(hand.caller, look.role, f"Undoing {row.action}")
    if row.undone_at_ms:
        raise Conflict("change", str(number), f"was undone already by {row.undone_by}")
    now, names = look.seen(unit, row.about), _names(row)
    for name in names:
        if now.get(name) != row.after.get(name):
            why = (
                f"can not be undone: {_line(name, now.get(name))} now, and {_line(name, row.after.get(name))} after it"
            )
            raise Conflict("change", str(number), why)
    for name in names:
        look.restore(unit, hand, name, row.before.get(name))
    unit.undos.put(replace(row, undone_at_ms=unit.now_ms, undone_by=hand.caller.user_name))
    changed = tuple(_put_back(name, row.before.get(name)) for name in names)
    return Undone(number=number, action=row.action, about=row.about, changed=changed)


def drop_old(unit: Unit, kept_ms: int) -> int:
    """Remove inverses of changes that are longer ago than that, some at once; return how many."""
    old = [row for row in unit.undos.part(("at_ms",), (), DROPPED_AT_ONCE) if unit.now_ms - row.at_ms > kept_ms]
    for row in old:
        unit.undos.remove(row)
    return len(old)


def _names(row: Undo) -> list[str]:
    return sorted({**row.before, **row.after})


def _line(name: str, value: str | None) -> str:
    return f"{name} is not there" if value is None else f"{name} is {value or 'empty'}"


def _put_back(name: str, value: str | None) -> str:
    return f"{name} is gone again" if value is None else _line(name, value)


def _only(values: Values, names: Sequence[str]) -> Values:
    return {name: values[name] for name in names if name in values}


def _spelled(number: int) -> str:
    return f"{number:0{_DIGITS}}"

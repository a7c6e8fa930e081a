"""The inverse of a change: what it changed is looked at before and after, and put back while it is as it was left.

One table says by the audit's word for an action what to look at (`Look`) and how to put it back. The trap: a change
without a line in that table can not be undone, and says so; ending an instance never can.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.api.resources import SetHost, SetType
from app.domain.account import Caller, Role
from app.domain.errors import Conflict, Missing
from app.domain.host import Host
from app.domain.ports import Unit
from app.domain.states import HostWanted, PowerWanted
from app.domain.undo import Undo
from app.services import hosts, power, rulesets, tags, types
from app.services.access import need_role

DROPPED_AT_ONCE = 500
Values = dict[str, str]
_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`seen` reads what an action changes by name, `restore` puts one name back (None: it was not there)."""

    seen: Callable[[Unit, Sequence[str]], Values]
    restore: Callable[[Unit, Caller, str, str | None], None]
    role: Role = Role.OPERATOR


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
    look = _LOOKS.get(action)
    return Before(action=action, about=tuple(about), values=look.seen(unit, about)) if look else None


def keep(unit: Unit, number: int, was: Before | None) -> bool:
    """Keep what would undo the change of an audit entry; False if it changed nothing or has no inverse."""
    if was is None:
        return False
    now = _LOOKS[was.action].seen(unit, was.about)
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


def undo(unit: Unit, caller: Caller, number: int) -> Undone:
    """Put back what an audited change changed.

    Missing if it has no inverse; Conflict if it was undone already or if something is not as the change left it.
    """
    row = unit.undos.get(_spelled(number))
    if row is None:
        raise Missing("change that could be undone", str(number))
    look = _LOOKS[row.action]
    need_role(caller, look.role, f"Undoing {row.action}")
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
        look.restore(unit, caller, name, row.before.get(name))
    unit.undos.put(replace(row, undone_at_ms=unit.now_ms, undone_by=caller.user_name))
    changed = tuple(_line(name, row.before.get(name)) for name in names)
    return Undone(number=number, action=row.action, about=row.about, changed=changed)


def drop_old(unit: Unit, kept_ms: int) -> int:
    """Remove inverses of changes that are longer ago than that, some at once; return how many."""
    old = [row for row in unit.undos.part(("at_ms",), (), DROPPED_AT_ONCE) if unit.now_ms - row.at_ms > kept_ms]
    for row in old:
        unit.undos.remove(row)
    return len(old)


# --- what can be undone


def _wanted(unit: Unit, about: Sequence[str]) -> Values:
    return {f"{host.name} wanted": host.wanted for host in _hosts(unit, about)}


def _restore_wanted(unit: Unit, caller: Caller, name: str, value: str | None) -> None:
    host = name.removesuffix(" wanted")
    {HostWanted.ENABLED: hosts.undrain, HostWanted.DRAINING: hosts.drain, HostWanted.REMOVED: hosts.remove}[
        HostWanted(value)  # type: ignore[arg-type]
    ](unit, host)


def _power(unit: Unit, about: Sequence[str]) -> Values:
    return {f"{host.name} power wanted": host.power_wanted for host in _hosts(unit, about)}


def _restore_power(unit: Unit, caller: Caller, name: str, value: str | None) -> None:
    change = power.sleep if value == PowerWanted.ASLEEP else power.wake
    change(unit, name.removesuffix(" power wanted"), f"undone by {caller.user_name}")


def _traits(unit: Unit, about: Sequence[str]) -> Values:
    return {
        f"{host.name} {trait}": value
        for host in _hosts(unit, about)
        for trait, value in (
            ("rack", host.rack),
            ("tags", " ".join(host.tags)),
            ("cpu_ratio", str(host.cpu_ratio)),
            ("mips", str(host.mips)),
        )
    }


def _restore_trait(unit: Unit, caller: Caller, name: str, value: str | None) -> None:
    host, _, trait = name.rpartition(" ")
    said = value or ""
    asked = {
        "rack": lambda: SetHost(rack=said),
        "tags": lambda: SetHost(tags=said.split()),
        "cpu_ratio": lambda: SetHost(cpu_ratio=float(said)),
        "mips": lambda: SetHost(mips=float(said)),
    }[trait]()
    hosts.change(unit, host, asked)


def _active(unit: Unit, about: Sequence[str]) -> Values:
    return {"active rules": rulesets.active_id(unit)}


def _restore_active(unit: Unit, caller: Caller, name: str, value: str | None) -> None:
    rulesets.activate(unit, value or rulesets.DEFAULT, f"undone by {caller.user_name}")


def _tags(unit: Unit, about: Sequence[str]) -> Values:
    found = tags.by_resource(unit, about)
    return {f"{given} {name}": value for given, named in found.items() for name, value in named.items()}


def _restore_tag(unit: Unit, caller: Caller, name: str, value: str | None) -> None:
    given, _, tag = name.partition(" ")
    if value is None:
        tags.remove_from(unit, caller, [given], [(tag, None)])
    else:
        tags.set_on(unit, caller, [given], {tag: value})


def _types(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.vmtypes.where(name=tuple(about))
    return {row.name: row.alias_of or f"{row.cores} {row.memory_mib} {row.disk_gb}" for row in rows}


def _restore_type(unit: Unit, caller: Caller, name: str, value: str | None) -> None:
    if value is None:
        types.remove(unit, name)
    elif " " in value:
        cores, memory_mib, disk_gb = map(int, value.split())
        types.set_type(unit, name, SetType(cores=cores, memory_mib=memory_mib, disk_gb=disk_gb))
    else:
        types.set_type(unit, name, SetType(alias_of=value))


_WANTED = Look(seen=_wanted, restore=_restore_wanted)
_POWER = Look(seen=_power, restore=_restore_power)
_TYPES = Look(seen=_types, restore=_restore_type, role=Role.ADMIN)
_RULES = Look(seen=_active, restore=_restore_active)
_LOOKS: Mapping[str, Look] = {
    "DrainHost": _WANTED,
    "UndrainHost": _WANTED,
    "DrainHosts": _WANTED,
    "UndrainHosts": _WANTED,
    "RemoveHost": replace(_WANTED, role=Role.ADMIN),
    "SleepHost": _POWER,
    "WakeHost": _POWER,
    "SetHost": Look(seen=_traits, restore=_restore_trait, role=Role.ADMIN),
    "ApplyRuleset": _RULES,
    "RollBackRules": _RULES,
    "TagInstances": Look(seen=_tags, restore=_restore_tag),
    "SetType": _TYPES,
    "RemoveType": _TYPES,
}


def _names(row: Undo) -> list[str]:
    return sorted({**row.before, **row.after})


def _hosts(unit: Unit, about: Sequence[str]) -> list[Host]:
    return unit.hosts.where(name=tuple(about))


def _line(name: str, value: str | None) -> str:
    return f"{name} is not there" if value is None else f"{name} is {value or 'empty'}"


def _only(values: Values, names: Sequence[str]) -> Values:
    return {name: values[name] for name in names if name in values}


def _spelled(number: int) -> str:
    return f"{number:0{_DIGITS}}"

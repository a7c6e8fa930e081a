"""Power of hosts, as operators, rules and launches want it; the reconcile loop tells the hosts.

The trap: a host that something runs on never sleeps, whoever asks for it, and one that something is placed on wakes up.
"""

from collections.abc import Iterable
from dataclasses import replace

from app.domain.errors import WrongState
from app.domain.host import Host
from app.domain.ports import Unit
from app.domain.states import PowerWanted, Seen, Wanted
from app.services import hosts

_OFF = frozenset({Seen.NOTHING, Seen.OFF, Seen.CRASHED})


def sleep(unit: Unit, name: str, why: str) -> Host:
    """Let a host sleep until it is needed or woken; WrongState while anything runs there or is about to."""
    host = hosts.get(unit, name)
    busy = [row.id for row in hosts.carried(unit, name) if row.wanted is Wanted.RUNNING or row.seen not in _OFF]
    if busy:
        more = f" and {len(busy) - 1} more" if len(busy) > 1 else ""
        raise WrongState("host", name, "in use", f"by {busy[0]}{more}: it can not sleep")
    return _want(unit, host, PowerWanted.ASLEEP, f"{name} is to sleep: {why}")


def wake(unit: Unit, name: str, why: str) -> Host:
    """Let a host be on."""
    return _want(unit, hosts.get(unit, name), PowerWanted.ON, f"{name} is to be on: {why}")


def wake_all(unit: Unit, names: Iterable[str], why: str) -> None:
    """Wake those of some hosts that sleep."""
    for host in unit.hosts.where(name=sorted(set(names)), power_wanted=PowerWanted.ASLEEP):
        wake(unit, host.name, why)


def sleep_refused(unit: Unit, name: str, why: str) -> None:
    """Take note that a host could not be put to sleep: it stays on."""
    host = unit.hosts.get(name)
    if host is not None:
        _want(unit, host, PowerWanted.ON, f"{name} stays on: {why}")


def woke(unit: Unit, name: str) -> None:
    """Take note that a host which was to sleep woke up by itself."""
    host = unit.hosts.get(name)
    if host is not None:
        _want(unit, host, PowerWanted.ON, f"{name} woke up by itself")


def _want(unit: Unit, host: Host, wanted: PowerWanted, text: str) -> Host:
    new = replace(host, power_wanted=wanted)
    if new != host:
        unit.hosts.put(new, event="host.power asked", text=text)
    return new

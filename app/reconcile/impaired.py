"""What users see of a host's instances while it is lost: marked in one transaction, and cleared in one.

A look at each would cost a turn of the queue and a write of its own, twice whenever a host comes and goes, and a switch
that fails takes many hosts with it. The trap: between a listing and the transaction anything may have
changed, so only what is still as it was listed is cleared; the rest is left to a look.
"""

from collections.abc import Iterable
from dataclasses import replace

from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostState
from app.reconcile.sweep import present


def impair(unit: Unit, host: str) -> list[Instance]:
    """Mark all instances that may be on a lost host; return them."""
    rows = present(unit, host)
    for row in rows:
        impair_one(unit, row, host)
    return rows


def impair_one(unit: Unit, row: Instance, host: str) -> None:
    """Leave an instance as it is, but say since when it can not be seen."""
    if not row.impaired_since_ms and not row.removed:
        unit.instances.put(
            replace(row, impaired_since_ms=unit.now_ms),
            event="instance.impaired",
            text=f"{row.id} can not be seen: its host {host} is lost",
        )


def seen_again(unit: Unit, host: str, listed: Iterable[Instance]) -> None:
    """Clear the mark of instances that a host, back again, showed as they were."""
    it = unit.hosts.get(host)
    if it is None or it.state is not HostState.UP:
        return
    for before in listed:
        row = unit.instances.get(before.id)
        if row is not None and row.hosts == (host,) and row.seen is before.seen:
            unit.instances.put(replace(row, impaired_since_ms=0, seen_at_ms=unit.now_ms))

"""Rows that nobody can see any more leave the store, so that it grows with what runs and not with what ever ran.

They stay as long as the journal does: a client token is remembered for that time. The trap: an ended instance whose
host was not seen since may still run there, so only what the loop saw gone is dropped.
"""

from typing import TypeVar

from app.domain.ports import Table, Unit
from app.domain.states import Kept, Wanted
from app.domain.volume import Snapshot, Volume
from app.services import jobs, tags, undoing

AT_ONCE = 500
ANSWERS_KEPT_MS = 24 * 3_600_000
Row = TypeVar("Row", Volume, Snapshot)


def drop_ended(unit: Unit, kept_ms: int) -> int:
    """Remove what ended longer ago than that, with all that hangs on it; return how many."""
    unit.answers.prune(unit.now_ms - ANSWERS_KEPT_MS)
    gone = _drop_deleted(unit, unit.volumes, kept_ms) + _drop_deleted(unit, unit.snapshots, kept_ms)
    gone += jobs.drop_old(unit, kept_ms) + undoing.drop_old(unit, kept_ms)
    ended = unit.instances.where(wanted=Wanted.TERMINATED, removed=True)
    old = [row for row in ended if unit.now_ms - row.ended_at_ms > kept_ms][:AT_ONCE]
    for row in old:
        tags.forget(unit, row.id)
        unit.instances.remove(row)
    unit.decisions.forget([row.id for row in old])
    for reservation_id in {row.reservation_id for row in old}:
        reservation = unit.reservations.get(reservation_id)
        if reservation is not None and not unit.instances.where(reservation_id=reservation_id):
            unit.reservations.remove(reservation)
    return gone + len(old)


def _drop_deleted(unit: Unit, table: Table[Row], kept_ms: int) -> int:
    gone = table.where(wanted=Kept.DELETED, removed=True)
    old = [row for row in gone if row.gone and unit.now_ms - row.deleted_at_ms > kept_ms][:AT_ONCE]
    for row in old:
        tags.forget(unit, row.id)
        table.remove(row)
    return len(old)

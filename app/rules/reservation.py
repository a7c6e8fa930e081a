"""Place several machines of one request, each as if the ones before it were there already.

The trap: a machine that finds no host does not stop the others from being counted; whether fewer than all are enough is
the caller's decision, and nothing is taken from the table before that.
"""

from collections.abc import Sequence

from app.rules.catalogue import SENSORS
from app.rules.moment import Now, Vm
from app.rules.placing import NOBODY, Placed, place
from app.rules.prepared import Prepared
from app.rules.table import HostTable


def reserve(table: HostTable, vms: Sequence[Vm], policy: Prepared, now: Now) -> tuple[Placed, ...]:
    """Choose hosts one after another, up to and with the first machine that finds none; the table is not changed."""
    if len(vms) == 1:
        return (place(table, vms[0], policy, now),)
    plan = table.copy()
    found: list[Placed] = []
    for vm in vms:
        placed = place(plan, vm, policy, now)
        found.append(placed)
        if placed.row == NOBODY:
            break
        settle(plan, vm, placed.row)
    return tuple(found)


def settle(table: HostTable, vm: Vm, row: int) -> None:
    """Write a placement into a table: the machine counts there, a sleeper wakes up, ROUNDROBIN goes on behind it."""
    table.add(vm, row)
    table.turn(row)
    if table.cell(SENSORS["host.power"], row, 0.0) == "asleep":
        table.put(row, "host.power", "waking")

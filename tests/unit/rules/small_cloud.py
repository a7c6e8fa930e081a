"""A small cloud for examples: four hosts in two racks with plenty of room, and machines to put there."""

from app.rules.moment import Now, Value, Vm
from app.rules.placing import Placed, place
from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.table import HostTable

NOW = Now(at_s=1000.0, hour=12, weekday="mon")
GIB = 2.0**30
HOSTS = ("n0", "n1", "n2", "n3")
ORDINARY: dict[str, Value] = {
    "host.state": "up",
    "host.power": "on",
    "host.cluster": "one",
    "host.maintenance": False,
    "host.vms": 0.0,
    "host.cpu.cores": 8.0,
    "host.cpu.ratio": 1.0,
    "host.cpu.promised": 0.0,
    "host.cpu.mips": 8000.0,
    "host.cpu.load": 0.0,
    "host.mem.total": 16 * GIB,
    "host.mem.free": 16 * GIB,
    "host.disk.free": 100 * GIB,
    "host.temp": 40.0,
    "host.tags": frozenset(),
    "host.settled": 0.0,
    "cluster.hosts": 4.0,
    "cluster.next_index": 0.0,
}


def cloud() -> HostTable:
    """Make the four hosts: n0 and n1 in rack r0, n2 and n3 in r1."""
    table = HostTable(HOSTS)
    for row, host in enumerate(HOSTS):
        own: dict[str, Value] = {"host.index": float(row), "host.name": host, "host.rack": f"r{row // 2}"}
        for name, value in (ORDINARY | own).items():
            table.put(row, name, value, read_at_s=NOW.at_s)
    return table


def show(table: HostTable, name: str, *values: Value | None) -> None:
    """Set a sensor on all hosts, in order."""
    for row, value in enumerate(values):
        table.put(row, name, value, read_at_s=NOW.at_s)


def vm(**own: Value) -> Vm:
    """Make a machine of two cores and 2 GiB; names of sensors with `_` for the dots."""
    values: dict[str, Value] = {
        "vm.id": "i-1",
        "vm.user": "alice",
        "vm.account": "lab",
        "vm.group": "",
        "vm.type": "m1.small",
        "vm.image": "emi-1",
        "vm.tags": frozenset(),
        "vm.vcpus": 2.0,
        "vm.mem": 2 * GIB,
        "vm.disk": 10 * GIB,
        "vm.cpu.used": 2.0,
    }
    return Vm(values=values | {f"vm.{name.replace('_', '.')}": value for name, value in own.items()})


def policy(*clauses: str) -> Prepared:
    """Prepare a policy of one rule."""
    text = "rule example {\n" + "\n".join(clauses) + "\n}\npolicy p { use example }"
    outcome = read(text, "example.rules")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    return prepare(outcome.ruleset, "p")


def placed(table: HostTable, machine: Vm, *clauses: str) -> Placed:
    """Place a machine by the clauses of one rule."""
    return place(table, machine, policy(*clauses), NOW)


def candidates(table: HostTable, machine: Vm, *clauses: str) -> list[str]:
    """Name the hosts that the clauses leave."""
    refused_by = placed(table, machine, *clauses).refused_by
    return [host for host, refused in zip(HOSTS, refused_by, strict=True) if refused < 0]

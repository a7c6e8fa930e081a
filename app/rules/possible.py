"""Conflicts that only hosts show: rules by which machines of a registered type could run nowhere.

Asked of the hosts as they would be empty, up and on, since a full cloud is no conflict; and of what rules say for good:
clauses about readings and the time are left out, and what is unknown of a machine before it is asked for (its user, its
group, its image) refuses nothing.
"""

from collections.abc import Iterator, Sequence
from math import inf

import numpy as np
import numpy.typing as npt

from app.domain.vmtype import VmType
from app.rules.catalogue import SENSORS
from app.rules.crowds import Crowds
from app.rules.faults import Fault, Severity, listed
from app.rules.kernels import Scene
from app.rules.moment import Now, Value, Vm
from app.rules.placing import concerned_in
from app.rules.prepared import Gate, Part, Prepared, prepare
from app.rules.table import HostTable
from app.rules.terms import Age, Average, Expr, Reading, parts
from app.rules.tree import Policy, Ruleset

MIB, GIB = 2.0**20, 2.0**30
_NOW = Now(at_s=0.0)
_WHOLE = {"host.mem.free": "host.mem.total", "host.disk.free": "host.disk.total"}
_NOTHING = ("host.vms", "rack.vms", "host.cpu.promised")
Passing = npt.NDArray[np.float32]


def check_on(ruleset: Ruleset, table: HostTable, types: Sequence[VmType]) -> tuple[Fault, ...]:
    """Warn of what cannot work on these hosts for these types."""
    if not len(table) or not types:
        return ()
    empty = _empty(table)
    return tuple(fault for policy in ruleset.policies.values() for fault in _checked(ruleset, policy, empty, types))


def _checked(ruleset: Ruleset, policy: Policy, empty: HostTable, types: Sequence[VmType]) -> Iterator[Fault]:
    ready = prepare(ruleset, policy.name)
    lasting = [(part, gate) for part in ready.parts for gate in part.gates if not _momentary(gate.clause.test)]
    found: dict[tuple[int, ...], list[str]] = {}
    for each in types:
        passing = _passing(lasting, Scene(empty, _machine(each), _NOW))
        for numbers in _never_together(passing):
            found.setdefault(numbers, []).append(each.name)
    for numbers, names in found.items():
        yield _fault([lasting[number][1] for number in numbers], names, ready)


def _fault(gates: Sequence[Gate], names: Sequence[str], ready: Prepared) -> Fault:
    """Name the clauses that refuse every host together; none: it takes more than two."""
    whom = f"{listed(names, last='and')} could run nowhere"
    if not gates:
        message = f"by policy `{ready.policy.name}` {whom}: no host passes all of its clauses"
        return Fault(at=ready.policy.at, message=message, severity=Severity.WARNING)
    first, *others = gates
    if not others:
        return Fault(at=first.clause.at, message=f"no host passes this, so {whom}", severity=Severity.WARNING)
    (other,) = others
    at = f"{first.clause.at.file}:{first.clause.at.line}"
    message = f"no host passes this and `{first}` ({at}) as well, so {whom}; drop one from policy `{ready.policy.name}`"
    return Fault(at=other.clause.at, message=message, severity=Severity.WARNING)


def _passing(gates: Sequence[tuple[Part, Gate]], scene: Scene) -> Passing:
    """Tell by clause and host where a clause is not known to refuse the machine, 1 or 0."""
    found = np.ones((len(gates), len(scene.table)), np.float32)
    with np.errstate(all="ignore"):
        for number, (part, gate) in enumerate(gates):
            cells, unknown = gate.kernel(scene)
            about = concerned_in(scene, part, if_unknown=False)
            refused = (np.asarray(cells) != gate.clause.wanted) & np.logical_not(unknown) & about
            found[number] = ~np.broadcast_to(refused, len(scene.table))
    return found


def _never_together(passing: Passing) -> Iterator[tuple[int, ...]]:
    """Yield the clauses that leave no host: each alone, else pairs, else nothing if it takes more."""
    if passing.all(axis=0).any():
        return
    alone = [(int(number),) for number in np.flatnonzero(~passing.any(axis=1))]
    hosts = passing @ passing.T
    pairs = [(int(one), int(other)) for one, other in np.argwhere(np.triu(hosts == 0, 1))]
    yield from alone or pairs or [()]


def _momentary(term: Expr) -> bool:
    """Tell whether a clause reads what is otherwise in an hour."""
    return any(
        isinstance(each, Reading | Average | Age)
        and each.sensor.scope != "vm"
        and (each.sensor.scope in {"now", "cluster"} or each.sensor.max_age_s < inf or each.sensor.elapsed)
        for each in parts(term)
    )


def _empty(table: HostTable) -> HostTable:
    """Return the hosts as they would be up, on and without machines."""
    empty = table.copy()
    empty.crowds = Crowds()
    for name, whole in _WHOLE.items():
        cells, unknown = table.column(SENSORS[whole], _NOW.at_s)
        if unknown is not True:
            empty.fill(name, np.where(unknown, np.nan, cells))
    for name in _NOTHING:
        empty.fill(name, np.zeros(len(table)))
    empty.fill("host.maintenance", np.zeros(len(table), np.bool_))
    for row in range(len(table)):
        empty.put(row, "host.state", "up")
        empty.put(row, "host.power", "on")
    return empty


def _machine(kind: VmType) -> Vm:
    values: dict[str, Value] = {
        "vm.type": kind.name,
        "vm.vcpus": float(kind.cores),
        "vm.cpu.used": float(kind.cores),
        "vm.mem": kind.memory_mib * MIB,
        "vm.disk": kind.disk_gb * GIB,
    }
    return Vm(values=values)

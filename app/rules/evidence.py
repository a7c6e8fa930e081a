"""What hard clauses looked at when they refused hosts, kept apart from the table: enough to say why, long after.

A clause is a function of its leaves, the names and calls in it. Whoever keeps the values of these for a host can walk
the clause again when nobody knows any more how the host was.
"""

from collections.abc import Sequence

import numpy as np

from app.rules.columns import compiled
from app.rules.explaining import leaves, refusal
from app.rules.kernels import Kernel, Scene
from app.rules.moment import Now, Value, Vm
from app.rules.placing import Rows
from app.rules.prepared import Gate, Prepared
from app.rules.quantities import Kind
from app.rules.table import Floats, HostTable
from app.rules.terms import Expr, Reading
from app.rules.walk import Pair, worth

Known = Floats | list[Value | None]
"""Of one leaf: numbers (NaN where unknown), or texts; a single one stands for all hosts."""

_IN_NUMBERS = frozenset({Kind.NUMBER, Kind.FLAG})


class Evidence:
    """The hard clauses of a policy, numbered as `Placed.refused_by` numbers them."""

    def __init__(self, policy: Prepared) -> None:
        self._gates = tuple(gate for part in policy.parts for gate in part.gates)
        self._leaves = tuple(tuple(dict.fromkeys(leaves(gate.clause.test))) for gate in self._gates)
        self._kernels = tuple(tuple(_kernel(leaf) for leaf in found) for found in self._leaves)

    def __len__(self) -> int:
        return len(self._gates)

    def gate(self, number: int) -> Gate:
        return self._gates[number]

    def seen(self, number: int, rows: Rows, scene: Scene) -> list[Known]:
        """Return what a clause reads of some hosts, leaf by leaf."""
        pairs = zip(self._leaves[number], self._kernels[number], strict=True)
        return [_seen(leaf, kernel, rows, scene) for leaf, kernel in pairs]

    def words(self, number: int, values: Sequence[Value | None]) -> str:
        """Say why a clause refused a host where its leaves had these values."""
        told = {
            leaf: bool(value) if leaf.type.kind is Kind.FLAG and value is not None else value
            for leaf, value in zip(self._leaves[number], values, strict=True)
        }
        pair = Pair(HostTable(()), 0, Vm(values={}), Now(at_s=0.0), told)
        return refusal(self._gates[number], pair)


def _kernel(leaf: Expr) -> Kernel | None:
    return compiled(leaf) if leaf.type.kind in _IN_NUMBERS else None


def _seen(leaf: Expr, kernel: Kernel | None, rows: Rows, scene: Scene) -> Known:
    alike = isinstance(leaf, Reading) and leaf.formula is None and leaf.sensor.scope in {"vm", "now"}
    at = rows[:1] if alike else rows
    if kernel is None:
        return [worth(leaf, Pair(scene.whole, int(row), scene.vm, scene.now)) for row in at]
    with np.errstate(all="ignore"):
        cells, unknown = kernel(scene)
    size = len(scene.table)
    found = np.broadcast_to(np.asarray(cells, np.float64), size)[at]
    return np.where(np.broadcast_to(unknown, size)[at], np.nan, found)

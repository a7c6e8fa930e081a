"""Place one machine by a policy: which host, why there, and why not on the others. A pure function of its arguments.

Candidates pass every hard clause; each `prefer` is scaled to 0..1 over them before its weight counts, so that bytes
do not outvote cores. The traps: an unknown value refuses a host and never speaks for one; and a rule that may or may
not apply, since what it asks is unknown, applies as far as it refuses.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.rules.catalogue import SENSORS
from app.rules.kernels import Scene
from app.rules.moment import Now, Vm
from app.rules.prepared import Gate, Part, Prepared, Wish
from app.rules.table import Flags, Floats, HostTable

Rows = npt.NDArray[np.intp]

NOBODY = -1
CLOSED = "the round: it takes no migration now"
_INDEX = SENSORS["host.index"]


@dataclass(frozen=True, slots=True)
class _Share:
    """What one `prefer` gives each candidate, and where it is known."""

    wish: Wish
    points: Floats
    known: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What one `prefer` gave the chosen host; `unknown` ones give nothing."""

    clause: str
    points: float
    most: float
    unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where a machine goes (`row` NOBODY, `host` empty: nowhere) and why.

    `refused_by` holds for every host the number of the first hard clause in `gates` that it failed, NOBODY where it
    passed all; `scores` is NaN for the refused. `observed` are clauses that would have refused the chosen host.
    """

    row: int
    host: str
    points: tuple[Points, ...]
    gates: tuple[str, ...]
    refused_by: npt.NDArray[np.int16]
    scores: Floats
    observed: tuple[str, ...]

    def refusals(self) -> dict[str, int]:
        """Count the hosts that each hard clause refused."""
        numbers, counts = np.unique(self.refused_by[self.refused_by != NOBODY], return_counts=True)
        return {self.gates[number]: int(count) for number, count in zip(numbers, counts, strict=True)}


def place(table: HostTable, vm: Vm, policy: Prepared, now: Now, among: Flags | None = None) -> Placed:
    """Choose the best host for one machine, `among` some of them, or none; the table is not changed."""
    scene = Scene(table, vm, now)
    with np.errstate(all="ignore"):
        refused_by = refused(scene, policy)
        if among is not None:
            refused_by[~among & (refused_by == NOBODY)] = len(policy.gates)
        candidates = np.flatnonzero(refused_by == NOBODY)
        scores = np.full(len(table), np.nan)
        shares = _shares(scene, policy, candidates)
        scores[candidates] = sum((share.points for share in shares), np.zeros(len(candidates)))
        row = _best(scene, policy, candidates, scores)
        observed = _observed(scene, policy, row)
    return Placed(
        row=row,
        host=table.hosts[row] if row != NOBODY else "",
        points=_points(shares, candidates, row),
        gates=policy.gates if among is None else (*policy.gates, CLOSED),
        refused_by=refused_by,
        scores=scores,
        observed=observed,
    )


def refused(scene: Scene, policy: Prepared) -> npt.NDArray[np.int16]:
    """Number the first hard clause that each host fails."""
    refused_by = np.full(len(scene.table), NOBODY, np.int16)
    passing = np.ones(len(scene.table), np.bool_)
    number = 0
    for part in policy.parts:
        concerned = concerned_in(scene, part, if_unknown=True)
        for gate in part.gates:
            if concerned is not False:
                passed = _passed(scene, gate)
                failed = passing & ~(passed if concerned is True else passed | ~concerned)
                if failed.any():
                    refused_by[failed] = number
                    passing &= ~failed
            number += 1
    return refused_by


def concerned_in(scene: Scene, part: Part, *, if_unknown: bool) -> Any:
    """Tell whether a rule is about this machine and these hosts: one flag, or one a host."""
    if part.applies is None:
        return True
    cells, unknown = part.applies(scene)
    found = cells | unknown if if_unknown else cells
    return found if isinstance(found, np.ndarray) else bool(found)


def _passed(scene: Scene, gate: Gate) -> Flags:
    cells, unknown = gate.kernel(scene)
    return np.asarray(cells if gate.clause.wanted else np.logical_not(cells | unknown), np.bool_)


def _shares(scene: Scene, policy: Prepared, candidates: Rows) -> list[_Share]:
    """Give each `prefer` its points on the candidates."""
    found = []
    for part in policy.parts:
        concerned = concerned_in(scene, part, if_unknown=False)
        if concerned is not False:
            found += [_Share(wish, *_scaled(scene, wish, concerned, candidates)) for wish in part.wishes]
    return found


def _scaled(scene: Scene, wish: Wish, concerned: Any, candidates: Rows) -> tuple[Floats, Flags]:
    """Stretch what is known over 0..1, times the weight; values that are all alike are 0, as unknown ones are."""
    cells, unknown = wish.kernel(scene)
    worth = _at(cells, candidates)
    counts = np.isfinite(worth)
    if unknown is not False:
        counts &= ~_at(unknown, candidates)
    if concerned is not True:
        counts &= _at(concerned, candidates)
    known = worth if counts.all() else worth[counts]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
    if not 0 < high - low < np.inf:
        return np.zeros(len(worth)), counts
    points = (worth - low) * (wish.weight / (high - low))
    return (points if known is worth else np.where(counts, points, 0.0)), counts


def _at(cells: Any, rows: Rows) -> Any:
    """Pick rows of a column; what is one for all is that for each."""
    return cells.take(rows) if np.ndim(cells) else np.full(len(rows), cells)


def _best(scene: Scene, policy: Prepared, candidates: Rows, scores: Floats) -> int:
    """Pick the highest score, then the least tiebreak, then the first to have joined."""
    if not len(candidates):
        return NOBODY
    alike = candidates[scores[candidates] == scores[candidates].max()]
    if policy.tiebreak and len(alike) > 1:
        alike = _least(scene, policy.tiebreak(scene), alike)
    alike = _least(scene, scene.table.column(_INDEX, scene.now.at_s), alike)
    return int(alike[0])


def _least(scene: Scene, found: tuple[Any, Any], rows: Rows) -> Rows:
    """Keep the rows with the least value; unknown ones come last."""
    cells, unknown = found
    values = np.where(unknown, np.inf, np.broadcast_to(cells, len(scene.table)))[rows]
    values = np.where(np.isnan(values), np.inf, values)
    kept: Rows = rows[values == values.min()]
    return kept


def _points(shares: list[_Share], candidates: Rows, row: int) -> tuple[Points, ...]:
    if row == NOBODY:
        return ()
    at = int(np.searchsorted(candidates, row))
    return tuple(
        Points(
            clause=str(share.wish),
            points=float(share.points[at]),
            most=share.wish.weight,
            unknown=not share.known[at],
        )
        for share in shares
    )


def _observed(scene: Scene, policy: Prepared, row: int) -> tuple[str, ...]:
    """Name what rules in `mode observe` would have refused."""
    if row == NOBODY:
        return ()
    size = len(scene.table)
    return tuple(
        str(gate)
        for part in policy.observed
        for gate in part.gates
        if np.broadcast_to(concerned_in(scene, part, if_unknown=True), size)[row]
        and not np.broadcast_to(_passed(scene, gate), size)[row]
    )

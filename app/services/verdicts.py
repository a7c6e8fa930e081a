"""What a decision said of every host, packed: so small that each launch keeps one, so whole that it needs no table.

Of rules: which clause refused each host and what it had read there, or what it scored. Of 1.6.1's policies: which
hosts were closed, or what was free there. The trap: the text of the rules is not packed but
found by the decision's ruleset, so a ruleset is never removed.
"""

import json
import struct
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.vmtype import Size
from app.rules.evidence import Evidence, Known
from app.rules.kernels import Scene
from app.rules.moment import Value
from app.rules.place import Room
from app.rules.placing import NOBODY, Placed

MOST_WITH_VALUES = 1000
_SMALL = 600
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why one host was not the one, in words; the chosen host has its own reasons.

    `feasible`: nothing refused it; `score` is what rules gave it, None where there were none.
    """

    host: str
    chosen: bool
    words: str
    feasible: bool
    score: float | None = None


def by_rules(placed: Placed, scene: Scene, evidence: Evidence, closed: Sequence[str]) -> bytes:
    """Pack a placing by rules; `closed` says of each host why it was no candidate at all, if so."""
    table, refused_by = scene.whole, placed.refused_by
    header: dict[str, Any] = {
        "form": "rules",
        "hosts": table.hosts,
        "chosen": placed.host,
        "closed": [closed[row] for row in np.flatnonzero(refused_by == len(evidence)).tolist()],
    }
    numbers = [int(number) for number in np.unique(refused_by) if 0 <= number < len(evidence)]
    header["gates"] = {number: placed.gates[number] for number in numbers}
    with_values = numbers if len(table) <= MOST_WITH_VALUES else []
    arrays: list[npt.NDArray[Any]] = [refused_by, placed.scores.astype(np.float32)]
    texts: dict[int, list[Any]] = {}
    for number in with_values:
        rows = np.flatnonzero(refused_by == number)
        texts[number] = [_noted(known, arrays) for known in evidence.seen(number, rows, scene)]
    return _packed(header | {"leaves": texts}, arrays)


def by_order(policy: str, rooms: Collection[Room], need: Size, chosen: str) -> bytes:
    """Pack a choice of 1.6.1 among hosts as they were then, or of somebody (no policy).

    Only hosts that could not take it need words.
    """
    header = {"form": "order", "policy": policy, "chosen": chosen, "hosts": [room.host for room in rooms]}
    without = {
        room.host: room.closed or f"has {_words(room.free)} free, {_words(need)} asked"
        for room in rooms
        if room.host != chosen and (room.closed or not room.free.covers(need))
    }
    return _packed(header | {"without": without}, [])


def read(packed: bytes, evidence: Evidence | None) -> list[Verdict]:
    """Say of every host why it was not the one; without `evidence` clauses are named without values."""
    if not packed:
        return []
    header, arrays = _unpacked(packed)
    chosen, hosts = header["chosen"], header["hosts"]
    if header["form"] == "order":
        without = header["without"]
        told = zip(hosts, _in_order(header), strict=True)
        return [
            Verdict(host=host, chosen=host == chosen, words=said, feasible=host not in without) for host, said in told
        ]
    scores = [None if isnan(score) else float(score) for score in arrays[1].tolist()]
    rows = zip(hosts, _in_words(header, arrays, evidence), arrays[0].tolist(), scores, strict=True)
    return [
        Verdict(host=host, chosen=host == chosen, words=said, feasible=gate == NOBODY, score=score)
        for host, said, gate, score in rows
    ]


def _in_words(header: Mapping[str, Any], arrays: Sequence[Any], evidence: Evidence | None) -> list[str]:
    refused_by, scores = arrays[0].tolist(), arrays[1]
    best = float(np.nanmax(scores)) if not np.isnan(scores).all() else 0.0
    closed = iter(header["closed"])
    told: dict[int, list[list[Any]]] = {
        int(number): [_column(known, arrays) for known in leaves] for number, leaves in header["leaves"].items()
    }
    met: dict[int, int] = {}
    said = []
    for gate, score in zip(refused_by, scores.tolist(), strict=True):
        if gate == NOBODY:
            said.append(f"scored {score:.4g} of {best:.4g} points")
        elif str(gate) not in header["gates"]:
            said.append(next(closed))
        else:
            at = met[gate] = met.get(gate, -1) + 1
            values = [column[at if len(column) > 1 else 0] for column in told.get(gate, [])]
            usable = evidence is not None and gate in told
            clause = evidence.words(gate, values) if usable and evidence else header["gates"][str(gate)]
            said.append(f"refused by {clause}")
    return said


def _in_order(header: Mapping[str, Any]) -> list[str]:
    chosen, order = header["chosen"], f"in the order of {header['policy']}"
    first, later = f"has room and was the first {order}", f"has room and comes after {chosen} {order}"
    if not header["policy"]:
        first, later = "was asked for", f"has room, but {chosen} was asked for"
    had_room = dict.fromkeys(header["hosts"], later) | {chosen: first}
    return list((had_room | header["without"]).values())


def _words(size: Size) -> str:
    return f"{size.cores} cores, {size.memory_mib} MiB, {size.disk_gb} GB"


def _noted(known: Known, arrays: list[npt.NDArray[Any]]) -> Any:
    """Put numbers among the arrays and return which one that is; texts stand for themselves."""
    if isinstance(known, list):
        return [sorted(value) if isinstance(value, frozenset) else value for value in known]
    arrays.append(known)
    return len(arrays) - 1


def _column(noted: Any, arrays: Sequence[Any]) -> list[Value | None]:
    if isinstance(noted, int):
        return [None if isnan(value) else value for value in arrays[noted].tolist()]
    return [frozenset(value) if isinstance(value, list) else value for value in noted]


def _packed(header: Mapping[str, Any], arrays: Sequence[npt.NDArray[Any]]) -> bytes:
    kinds = [array.dtype.str for array in arrays], [array.size for array in arrays]
    head = json.dumps({**header, "arrays": kinds}, separators=(",", ":")).encode()
    whole = b"".join([_LENGTH.pack(len(head)), head, *(array.tobytes() for array in arrays)])
    return b"\0" + whole if len(whole) < _SMALL else b"\1" + zlib.compress(whole, 1)


def _unpacked(packed: bytes) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    whole = packed[1:] if packed[:1] == b"\0" else zlib.decompress(packed[1:])
    start = _LENGTH.size + _LENGTH.unpack_from(whole)[0]
    header = json.loads(whole[_LENGTH.size : start])
    arrays = []
    for kind, size in zip(*header["arrays"], strict=True):
        arrays.append(np.frombuffer(whole, np.dtype(kind), size, start))
        start += arrays[-1].nbytes
    return header, arrays

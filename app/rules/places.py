"""What a host would mean for one machine: who else of its kind is near, whether its image is there, the watts.

Column by column here, and cell by cell for explanations; the laws hold the two against each other.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.moment import Vm
from app.rules.table import Floats, HostTable, Unknown
from app.rules.terms import Crowd

LOAD, CORES, USED = SENSORS["host.cpu.load"], SENSORS["host.cpu.cores"], SENSORS["vm.cpu.used"]


def crowd(table: HostTable, vm: Vm, asked: Crowd, now_s: float) -> tuple[Any, Unknown]:
    """Answer count, share or same for every host."""
    if vm.trait(asked.trait) is None:
        return False if asked.function == "same" else 0.0, True
    others = table.crowds.others(vm, asked.trait)
    total = sum(others.values())
    here, unknown = _counts(table, others, asked.place, now_s)
    if asked.function == "count":
        return here, unknown
    if asked.function == "share":
        return here / total if total else here, unknown
    same = (here > 0) if total else np.bool_(True)
    return (same if unknown is False else same & ~unknown), unknown


def crowd_at(table: HostTable, vm: Vm, asked: Crowd, row: int, now_s: float) -> float | bool | None:
    """Answer count, share or same for one host, None if its place is unknown."""
    if vm.trait(asked.trait) is None:
        return None
    others = table.crowds.others(vm, asked.trait)
    total = float(sum(others.values()))
    if asked.place == "host":
        here = float(others.get(row, 0))
    else:
        sensor = SENSORS[f"host.{asked.place}"]
        place = table.cell(sensor, row, now_s)
        if place is None:
            return None
        here = float(sum(count for other, count in others.items() if table.cell(sensor, other, now_s) == place))
    match asked.function:
        case "count":
            return here
        case "share":
            return here / total if total else 0.0
        case _:
            return here > 0 or not total


def _counts(table: HostTable, others: Mapping[int, int], place: str, now_s: float) -> tuple[Floats, Unknown]:
    rows, counts = np.array([*others], np.intp), np.array([*others.values()], np.float64)
    if place == "host":
        on_hosts = np.zeros(len(table))
        on_hosts[rows] = counts
        return on_hosts, False
    codes, unknown = table.column(SENSORS[f"host.{place}"], now_s)
    if unknown is not False:
        counts[np.broadcast_to(unknown, len(table))[rows]] = 0.0
    in_places: Floats = np.bincount(codes[rows], weights=counts, minlength=max(1, table.vocabulary)).astype(np.float64)
    return in_places.take(codes), unknown


def watts_with(table: HostTable, vm: Vm, now_s: float) -> tuple[Any, Unknown]:
    """Return what each host would draw with the machine on it."""
    used = vm.value(USED, now_s)
    load, load_unknown = table.column(LOAD, now_s)
    cores, cores_unknown = table.column(CORES, now_s)
    if table.power is None or used is None or load_unknown is True or cores_unknown is True:
        return 0.0, True
    return table.power.watts((load + used) / cores), load_unknown | cores_unknown


def watts_at(table: HostTable, vm: Vm, row: int, now_s: float) -> float | None:
    """Return what one host would draw with the machine on it, None if that is unknown."""
    used, load, cores = vm.value(USED, now_s), table.cell(LOAD, row, now_s), table.cell(CORES, row, now_s)
    if table.power is None or used is None or load is None or cores is None:
        return None
    demand = float(load) + float(used)  # type: ignore[arg-type]
    return table.power.watts_of(row, demand / float(cores) if cores else float(demand > 0))  # type: ignore[arg-type]

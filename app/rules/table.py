"""All hosts as one table of columns: what rules are evaluated over by numpy, without a step of Python per host.

Its owner applies changes in place, after they are certain; whoever plans works on a copy. A cell that nobody has
filled is unknown, and so is a sampled one that is older than its sensor allows. The trap: texts are kept as codes of
one vocabulary, so that columns can be compared with one another; a text that no host has gets the code ABSENT.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from app.rules.catalogue import SENSORS, Sensor
from app.rules.crowds import Crowds
from app.rules.moment import Value, Vm
from app.rules.power import PowerModel
from app.rules.quantities import Kind

Cells = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Unknown = bool | Flags

ABSENT = -1
_KEPT = 2**19
_DTYPES = {Kind.NUMBER: np.float64, Kind.FLAG: np.bool_, Kind.TEXT: np.int32, Kind.TEXTS: np.bool_}
# What changes on a host as soon as a machine is placed there, by how much of the machine, in which direction.
TAKES = {
    "host.mem.free": ("vm.mem", -1),
    "host.disk.free": ("vm.disk", -1),
    "host.cpu.promised": ("vm.vcpus", 1),
    "host.cpu.load": ("vm.cpu.used", 1),
}


@dataclass(slots=True)
class Column:
    """One sensor on all hosts; where `missing`, the cell means nothing. `read_at_s` is kept for sampled ones."""

    cells: Cells
    missing: Flags
    read_at_s: Floats

    def copy(self) -> "Column":
        return Column(self.cells.copy(), self.missing.copy(), self.read_at_s.copy())


class HostTable:
    """Columns of host.*, rack.* and cluster.*, one row a host, in the order given."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.hosts = tuple(hosts)
        self.rows = {host: row for row, host in enumerate(self.hosts)}
        self.crowds = Crowds()
        self.averages: dict[tuple[str, float], Floats] = {}
        self.tags: dict[str, Flags] = {}
        self.images: dict[str, Flags] = {}
        self.power: PowerModel | None = None
        self._columns: dict[str, Column] = {}
        self._codes: dict[str, int] = {}
        self._words: list[str] = []
        # glibc gives freed memory of the size of a column back at once, and gets it anew page by page: half of the time
        # of a decision. It keeps as much as it has once seen freed in one piece.
        np.empty(_KEPT)

    def __len__(self) -> int:
        return len(self.hosts)

    def copy(self) -> Self:
        """Return a table that changes without this one."""
        other = type(self)(self.hosts)
        other.crowds = self.crowds.copy()
        other.averages = {key: means.copy() for key, means in self.averages.items()}
        other.tags = {tag: flags.copy() for tag, flags in self.tags.items()}
        other.images = {image: flags.copy() for image, flags in self.images.items()}
        other.power = self.power
        other._columns = {name: column.copy() for name, column in self._columns.items()}
        other._codes, other._words = dict(self._codes), list(self._words)
        return other

    def beside(self, names: Sequence[str]) -> Self:
        """Return an empty table of other rows, as of machines, whose texts have the same codes."""
        other = type(self)(names)
        other._codes, other._words = self._codes, self._words
        return other

    # ---- what the owner writes

    def put(self, row: int, name: str, value: Value | None, read_at_s: float = nan) -> None:
        """Write one cell, None for unknown; a sampled sensor needs the moment of its reading."""
        column = self._made(SENSORS[name])
        column.missing[row] = value is None
        if SENSORS[name].max_age_s < inf:
            column.read_at_s[row] = read_at_s
            column.missing[row] |= isnan(read_at_s)
        if isinstance(value, frozenset):
            self._put_tags(row, value)
        elif value is not None:
            column.cells[row] = self._code(value) if isinstance(value, str) else value

    def fill(self, name: str, values: Cells, read_at_s: float | Floats = nan) -> None:
        """Write a whole column of numbers (NaN where unknown) or flags, read at one moment or each at its own."""
        column = self._made(SENSORS[name])
        column.cells[:] = values
        column.missing[:] = np.isnan(column.cells)
        if SENSORS[name].max_age_s < inf:
            column.read_at_s[:] = read_at_s
            column.missing[:] |= np.isnan(read_at_s)

    def shift(self, name: str, rows: npt.NDArray[np.intp], by: float) -> None:
        """Add to some cells of a column of numbers, not below 0; unknown ones stay unknown."""
        if name in self._columns:
            cells = self._columns[name].cells
            cells[rows] = np.maximum(cells[rows] + by, 0.0)

    def hold(self, row: int, image: str, held: bool = True) -> None:
        """Note that a host holds an image, or does no more."""
        self.images.setdefault(image, np.zeros(len(self), np.bool_))[row] = held

    def add(self, vm: Vm, row: int) -> None:
        """Count a machine in: its promises at once, its load until the host's next reading."""
        self._change(vm, row, 1)

    def remove(self, vm: Vm, row: int) -> None:
        """Count a machine out."""
        self._change(vm, row, -1)

    def turn(self, row: int) -> None:
        """Let ROUNDROBIN go on behind a host, in its cluster."""
        column = self._columns.get("cluster.next_index")
        if column is None:
            return
        index = self._columns["host.index"].cells[row] if "host.index" in self._columns else row
        column.cells[self.cluster(row)] = index + 1

    def rack(self, row: int) -> npt.NDArray[np.intp]:
        """Return the rows of a host's rack; of a host that nobody has put into one, its own."""
        racks = self._columns.get("host.rack")
        if racks is None or racks.missing[row]:
            return np.array([row], np.intp)
        return np.flatnonzero((racks.cells == racks.cells[row]) & ~racks.missing)

    def cluster(self, row: int) -> npt.NDArray[np.intp]:
        """Return the rows of a host's cluster; hosts that nobody has put into one are one, too."""
        column = self._columns.get("host.cluster")
        codes = np.zeros(len(self)) if column is None else np.where(column.missing, ABSENT, column.cells)
        return np.flatnonzero(codes == codes[row])

    def _change(self, vm: Vm, row: int, by: int) -> None:
        self.crowds.change(vm, row, by)
        self._shift("host.vms", row, by)
        if "rack.vms" in self._columns:
            self._columns["rack.vms"].cells[self.rack(row)] += by
        for name, (taken, sign) in TAKES.items():
            self._shift(name, row, by * sign * float(vm.values.get(taken, 0.0)))  # type: ignore[arg-type]
        for (name, seconds), means in self.averages.items():
            if name in TAKES:
                taken, sign = TAKES[name]
                means[row] += by * sign * vm.averages.get((taken, seconds), float(vm.values.get(taken, 0.0)))  # type: ignore[arg-type]

    def _shift(self, name: str, row: int, by: float) -> None:
        if name in self._columns:
            self._columns[name].cells[row] += by

    def _made(self, sensor: Sensor) -> Column:
        if sensor.name not in self._columns:
            size = len(self)
            self._columns[sensor.name] = Column(
                cells=np.zeros(size, _DTYPES[sensor.type.kind]),
                missing=np.ones(size, np.bool_),
                read_at_s=np.full(size if sensor.max_age_s < inf else 0, nan),
            )
        return self._columns[sensor.name]

    def _code(self, word: str) -> int:
        if word not in self._codes:
            self._codes[word] = len(self._words)
            self._words.append(word)
        return self._codes[word]

    def _put_tags(self, row: int, tags: frozenset[str]) -> None:
        for tag in tags - self.tags.keys():
            self.tags[tag] = np.zeros(len(self), np.bool_)
        for tag, column in self.tags.items():
            column[row] = tag in tags

    # ---- what rules read

    def column(self, sensor: Sensor, now_s: float) -> tuple[Cells, Unknown]:
        """Return a sensor on all hosts, texts as codes, and where it is unknown (False: nowhere)."""
        column = self._columns.get(sensor.name)
        if column is None:
            return np.zeros(len(self), _DTYPES[sensor.type.kind]), True
        unknown = column.missing
        if sensor.max_age_s < inf:
            unknown = unknown | (column.read_at_s < now_s - sensor.max_age_s)
        return (now_s - column.cells if sensor.elapsed else column.cells), (unknown if unknown.any() else False)

    def ages_s(self, sensor: Sensor, now_s: float) -> tuple[Floats, Unknown]:
        """Return how long ago a sensor was read; what is not sampled is always fresh."""
        column = self._columns.get(sensor.name)
        if column is None or sensor.max_age_s == inf:
            return np.zeros(len(self)), column is None or (column.missing if column.missing.any() else False)
        return now_s - column.read_at_s, column.missing

    def code(self, word: str) -> int:
        """Return the code of a text."""
        return self._codes.get(word, ABSENT)

    def word(self, code: int) -> str:
        """Return the text of a code."""
        return self._words[code]

    @property
    def vocabulary(self) -> int:
        """How many texts there are; codes are below."""
        return len(self._words)

    def cell(self, sensor: Sensor, row: int, now_s: float) -> Value | None:
        """Return one cell as a plain value, None if it is unknown."""
        column = self._columns.get(sensor.name)
        if column is None or column.missing[row]:
            return None
        if sensor.max_age_s < inf and column.read_at_s[row] < now_s - sensor.max_age_s:
            return None
        match sensor.type.kind:
            case Kind.TEXTS:
                return frozenset(tag for tag, flags in self.tags.items() if flags[row])
            case Kind.TEXT:
                return self._words[int(column.cells[row])]
            case Kind.FLAG:
                return bool(column.cells[row])
            case Kind.NUMBER:
                held = float(column.cells[row])
                return now_s - held if sensor.elapsed else held

    def age_s(self, sensor: Sensor, row: int, now_s: float) -> float | None:
        """Return how long ago one cell was read."""
        column = self._columns.get(sensor.name)
        if column is None or column.missing[row]:
            return None
        return 0.0 if sensor.max_age_s == inf else now_s - float(column.read_at_s[row])

"""The running machines as columns beside the host table, and what they would find on their hosts without themselves.

The trap: a host's row counts its machines in. Whoever asks whether a machine may stay asks its host as that would be
without it, as `place` does for a host that it may come to; `Pairs` is that question for many machines at once.
"""

from collections.abc import Mapping, Sequence
from math import inf, nan

import numpy as np
import numpy.typing as npt

from app.rules.catalogue import SENSORS, Sensor
from app.rules.kernels import Found, Scene, either_unknown, where_known
from app.rules.moment import Now, Vm
from app.rules.places import CORES, LOAD, USED, crowd
from app.rules.placing import Rows
from app.rules.quantities import Kind
from app.rules.table import TAKES, Cells, Flags, Floats, HostTable, Unknown
from app.rules.terms import Crowd

NO_VM = Vm(values={})


class Fleet:
    """Machines in the order given; `rows` says on which host each is, and changes as a plan is made."""

    def __init__(self, table: HostTable, vms: Sequence[Vm]) -> None:
        self.ids = tuple(str(vm.values["vm.id"]) for vm in vms)
        self.vms = tuple(Vm(values=vm.values, read_at_s=vm.read_at_s, averages=vm.averages) for vm in vms)
        self.rows: Rows = np.array([vm.row for vm in vms], np.intp)
        self._columns = table.beside(self.ids)
        self._filled: set[str] = set()
        self._amounts: dict[str, Floats] = {}

    def __len__(self) -> int:
        return len(self.vms)

    def column(self, sensor: Sensor, now_s: float) -> tuple[Cells, Unknown]:
        """Return a sensor of all machines, texts as the host table's codes, and where it is unknown."""
        return self._of(sensor).column(sensor, now_s)

    def ages_s(self, sensor: Sensor, now_s: float) -> tuple[Floats, Unknown]:
        """Return how long ago a sensor was read."""
        return self._of(sensor).ages_s(sensor, now_s)

    def amounts(self, name: str) -> Floats:
        """Return what machines take of something, 0 where that is unknown, however old the reading is."""
        if name not in self._amounts:
            cells, unknown = self.column(SENSORS[name], -inf)
            self._amounts[name] = np.where(unknown, 0.0, cells)
        return self._amounts[name]

    def means(self, sensor: Sensor, seconds: float) -> Floats:
        """Return the means of a sensor, NaN where unknown."""
        found = (vm.mean(sensor, seconds) for vm in self.vms)
        return np.array([nan if mean is None else mean for mean in found], np.float64)

    def tags(self, who: Rows) -> dict[str, Flags]:
        """Return which of some machines have a tag, by tag."""
        return {tag: flags[who] for tag, flags in self._of(SENSORS["vm.tags"]).tags.items()}

    def on(self, row: int) -> Rows:
        """Return the machines of one host."""
        return np.flatnonzero(self.rows == row)

    def _of(self, sensor: Sensor) -> HostTable:
        """Fill a column when it is asked for the first time: most sensors are read by no rule."""
        if sensor.name in self._filled:
            return self._columns
        self._filled.add(sensor.name)
        if sensor.type.kind is Kind.NUMBER:
            values, read_at_s = self._numbers(sensor.name)
            self._columns.fill(sensor.name, values, read_at_s)
        else:
            for number, vm in enumerate(self.vms):
                value = vm.values.get(sensor.name)
                if value is not None:
                    self._columns.put(number, sensor.name, value, vm.read_at_s.get(sensor.name, inf))
        return self._columns

    def _numbers(self, name: str) -> tuple[Floats, Floats]:
        """Return a number of all machines, NaN where unknown, and when each was read: what is not sampled, just now."""
        values = np.array([vm.values.get(name, nan) for vm in self.vms], np.float64)
        return values, np.array([vm.read_at_s.get(name, inf) for vm in self.vms], np.float64)


class View:
    """Rows of a table as they would be with more or less on them; `later`: long after anything came or went."""

    def __init__(self, table: HostTable, rows: Rows, shifts: Mapping[str, Floats | float], later: bool = False) -> None:
        self._table, self._rows, self._shifts, self._later = table, rows, shifts, later

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def tags(self) -> dict[str, Flags]:
        return {tag: flags[self._rows] for tag, flags in self._table.tags.items()}

    @property
    def averages(self) -> dict[tuple[str, float], Floats]:
        return {key: means[self._rows] for key, means in self._table.averages.items()}

    def column(self, sensor: Sensor, now_s: float) -> tuple[Cells, Unknown]:
        cells, unknown = self._table.column(sensor, now_s)
        cells = cells[self._rows] + self._shifts[sensor.name] if sensor.name in self._shifts else cells[self._rows]
        if sensor.elapsed and self._later:
            cells = np.full(len(self), inf)
        return cells, _some(unknown, self._rows)

    def ages_s(self, sensor: Sensor, now_s: float) -> tuple[Floats, Unknown]:
        ages, unknown = self._table.ages_s(sensor, now_s)
        return ages[self._rows], _some(unknown, self._rows)

    def code(self, word: str) -> int:
        return self._table.code(word)


def without(table: HostTable, fleet: Fleet, who: Rows, gone: Rows | None = None) -> View:
    """Return the hosts of some machines, each as it would be without that machine, and without one more if named."""
    shifts: dict[str, Floats | float] = {
        host: -sign * (fleet.amounts(taken)[who] + (0.0 if gone is None else fleet.amounts(taken)[gone]))
        for host, (taken, sign) in TAKES.items()
    }
    fewer = -1.0 if gone is None else -2.0
    return View(table, fleet.rows[who], {**shifts, "host.vms": fewer, "rack.vms": fewer})


class Pairs(Scene):
    """Some machines at once, each with its own host as that would be without it: one row a machine.

    `gone` names for each one more of its host that has left.
    """

    def __init__(self, table: HostTable, fleet: Fleet, who: Rows, now: Now, gone: Rows | None = None) -> None:
        self._fleet, self._who, self._rows, self._gone = fleet, who, fleet.rows[who], gone
        super().__init__(table, NO_VM, now, without(table, fleet, who, gone))

    def reading(self, sensor: Sensor) -> Found:
        cells, unknown = self._fleet.column(sensor, self.now.at_s)
        if sensor.type.kind is Kind.TEXTS:
            return self._fleet.tags(self._who), _some(unknown, self._who)
        found = cells[self._who], _some(unknown, self._who)
        return where_known(*found) if sensor.type.kind is Kind.FLAG else found

    def mean(self, sensor: Sensor, seconds: float) -> Found:
        means = self._fleet.means(sensor, seconds)[self._who]
        return means, np.isnan(means)

    def age(self, sensor: Sensor) -> Found:
        ages, unknown = self._fleet.ages_s(sensor, self.now.at_s)
        return np.maximum(ages[self._who], 0.0), _some(unknown, self._who)

    def cached(self) -> Found:
        images, unknown = self.reading(SENSORS["vm.image"])
        found = np.zeros(len(self._who), np.bool_)
        for image, held in self.whole.images.items():
            found |= (images == self.whole.code(image)) & held[self._rows]
        return where_known(found, unknown)

    def crowd(self, asked: Crowd) -> Found:
        codes, unknown = self.reading(SENSORS[asked.trait])
        if unknown is True:
            return False if asked.function == "same" else 0.0, True
        here, total, lost = self._others(asked, codes)
        return answered(asked, here, total, either_unknown(unknown, lost))

    def watts(self) -> Found:
        (load, load_unknown), (cores, cores_unknown) = (
            self.table.column(each, self.now.at_s) for each in (LOAD, CORES)
        )
        used, used_unknown = self.reading(USED)
        unknown = either_unknown(used_unknown, either_unknown(load_unknown, cores_unknown))
        if self.whole.power is None or unknown is True:
            return 0.0, True
        return self.whole.power.watts((load + used) / cores, self._rows), unknown

    def _others(self, asked: Crowd, codes: Cells) -> tuple[Floats, Floats, Flags]:
        """Count those with each machine's trait in its place and in all, without itself, and where that is unknown."""
        here, total, lost = np.zeros(len(codes)), np.zeros(len(codes)), np.zeros(len(codes), np.bool_)
        count = Crowd("count", asked.place, asked.trait)
        for code in np.unique(codes):
            mine = np.flatnonzero(codes == code)
            like = Vm(values={asked.trait: self.whole.word(int(code))})
            found, unknown = crowd(self.whole, like, count, self.now.at_s)
            others = sum(self.whole.crowds.others(like, asked.trait).values())
            here[mine] = np.maximum(found[self._rows[mine]] - 1, 0)
            total[mine] = max(others - 1, 0)
            lost[mine] = np.broadcast_to(unknown, len(self.whole))[self._rows[mine]]
        if self._gone is not None:
            theirs, nobody = self._fleet.column(SENSORS[asked.trait], self.now.at_s)
            here -= (here > 0) & (theirs[self._gone] == codes) & np.logical_not(_some(nobody, self._gone))
        return here, total, lost


def answered(asked: Crowd, here: Floats, total: Floats, unknown: Unknown) -> Found:
    """Answer count, share or same from how many are here and in all."""
    if asked.function == "count":
        return here, unknown
    if asked.function == "share":
        return here / np.maximum(total, 1.0), unknown
    return where_known((here > 0) | (total == 0), unknown)


def _some(unknown: Unknown, rows: npt.NDArray[np.intp]) -> Unknown:
    return unknown if isinstance(unknown, bool) else unknown[rows]

"""The host table with the machines that it counts, and the changes of hosts and machines written into it.

Whatever happened in between, the table is the one that would be built anew: that is the law. The trap: what sensors
read stands in the same table, so a change may only touch its own cells.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf, nan

import numpy as np

from app.domain.host import Host
from app.domain.states import HostState, HostWanted, Power, PowerWanted
from app.rules.catalogue import SENSORS
from app.rules.moment import Value, Vm
from app.rules.power import PowerModel
from app.rules.table import Flags, HostTable
from app.services.machines import GIB, MIB, Machine
from app.services.rooms import closed

NOWHERE = -1
_FRESH_S = SENSORS["vm.cpu.used"].max_age_s
_STATES = {HostState.UP: "up", HostState.LOST: "lost", HostState.UNKNOWN: "unknown"}
_SAMPLED = tuple(sensor for sensor in SENSORS.values() if sensor.max_age_s < inf and sensor.scope in {"host", "rack"})
_SHARED = ("rack", "cluster", "ordinal")


class Books:
    """Rows are hosts in the order of joining; `closed` says by row why one takes nothing new (empty: it does).

    `zero_s` is what the monotonic clock showed when the wall's stood at 0.
    """

    def __init__(self, hosts: Iterable[Host], zero_s: float, watts: tuple[float, float] | None = None) -> None:
        ordered = sorted(hosts, key=lambda host: (host.ordinal, host.name))
        self.hosts = {host.name: host for host in ordered}
        self.table = HostTable(tuple(self.hosts))
        self.closed = [""] * len(ordered)
        self.machines: dict[str, Machine] = {}
        self._zero_s, self._measured = zero_s, dict[str, tuple[Mapping[str, float], float]]()
        self._means: dict[str, tuple[Mapping[tuple[str, float], float], float]] = {}
        self._averaged_at_s = np.full(len(ordered), -inf)
        self._images: Counter[tuple[str, str]] = Counter()
        names = {name: number for number, name in enumerate(sorted({host.cluster for host in ordered}))}
        self._clusters = np.array([names[host.cluster] for host in ordered], np.intp)
        self._sizes = np.bincount(self._clusters, minlength=len(names))
        self._ordinals = np.array([host.ordinal for host in ordered], np.int64)
        self.clusters = tuple(names)
        if watts and ordered:
            self.table.power = PowerModel.linear(*(np.full(len(ordered), each) for each in watts))
        for row, host in enumerate(ordered):
            self._join(row, host)

    # ---- hosts

    def fits(self, host: Host) -> bool:
        """Tell whether a host is one of the rows, with the same neighbours as before; else all is to be built anew."""
        known = self.hosts.get(host.name)
        return known is not None and all(getattr(known, name) == getattr(host, name) for name in _SHARED)

    def change_host(self, host: Host) -> None:
        """Write what a host is now."""
        row, before = self.table.rows[host.name], self.hosts[host.name]
        self.hosts[host.name] = host
        old, new = _amounts(before), _amounts(host)
        for name in ("host.mem.free", "host.disk.free"):
            self._shift(row, name, new[name] - old[name])
        self._describe(row, host)

    def _join(self, row: int, host: Host) -> None:
        for name, value in _amounts(host).items():
            self.table.put(row, name, value)
        for name in ("host.vms", "rack.vms", "host.cpu.promised"):
            self.table.put(row, name, 0.0)
        rackmates = sum(other.rack == host.rack for other in self.hosts.values()) if host.rack else 1
        shared: dict[str, Value | None] = {
            "host.index": float(row),
            "host.name": host.name,
            "host.cluster": host.cluster,
            "host.rack": host.rack or None,
            "rack.name": host.rack or None,
            "rack.hosts": float(rackmates),
            "cluster.name": host.cluster,
            "cluster.hosts": float(self._sizes[self._clusters[row]]),
        }
        for name, known in shared.items():
            self.table.put(row, name, known)
        self._settled(row, host.created_at_ms)
        self._describe(row, host)

    def _describe(self, row: int, host: Host) -> None:
        up = host.state is HostState.UP
        described: dict[str, Value | None] = {
            "host.state": _STATES[host.state],
            "host.power": _power(host),
            "host.maintenance": host.wanted is not HostWanted.ENABLED,
            "host.tags": frozenset(host.tags),
            "host.uptime": self._zero_s + host.state_since_ms / 1000 if up else None,
            "host.mem.total": host.capacity.memory_mib * MIB,
            "host.disk.total": host.capacity.disk_gb * GIB,
            "host.cpu.cores": float(host.capacity.cores),
            "host.cpu.ratio": host.cpu_ratio,
            "host.cpu.mips": host.mips or None,
        }
        for name, value in described.items():
            self.table.put(row, name, value)
        self.closed[row] = closed(host)

    # ---- machines

    def change_machine(self, instance_id: str, after: Machine | None, at_ms: int) -> None:
        """Write what a machine is now, None if it holds nothing any more; `at_ms` is when that happened."""
        before = self.machines.get(instance_id)
        if before == after:
            return
        if before is not None:
            self._count(instance_id, before, -1)
            del self.machines[instance_id]
        if after is not None:
            self.machines[instance_id] = after
            self._count(instance_id, after, 1)
        else:
            self._measured.pop(instance_id, None)
        for host in (_lives_on(before) ^ _lives_on(after)) & self.hosts.keys():
            self._settled(self.table.rows[host], at_ms)

    def adopt(self, earlier: "Books") -> None:
        """Take over what was measured before the table was built anew."""
        for name, row in self.table.rows.items():
            old = earlier.table.rows.get(name, NOWHERE)
            for sensor in _SAMPLED if old != NOWHERE else ():
                value, age_s = earlier.table.cell(sensor, old, -inf), earlier.table.age_s(sensor, old, 0.0)
                if value is not None and age_s is not None:
                    self.table.put(row, sensor.name, value, -age_s)
            self._averaged_at_s[row] = earlier._averaged_at_s[old] if old != NOWHERE else -inf
            for key, column in earlier.table.averages.items():
                mine = self.table.averages.setdefault(key, np.full(len(self.table), nan))
                mine[row] = column[old] if old != NOWHERE else nan
        self._means = {one: known for one, known in earlier._means.items() if one in self.machines}
        self._measured = {one: known for one, known in earlier._measured.items() if one in self.machines}

    def vm(self, instance_id: str) -> Vm:
        """Form a machine as rules see it, with what was measured of it."""
        machine = self.machines[instance_id]
        values, at_s = self._measured.get(instance_id, ({}, 0.0))
        return Vm(
            values={**machine.facts, "vm.age": self._zero_s + machine.began_ms / 1000, **values},
            read_at_s=dict.fromkeys(values, at_s),
            averages=self._means.get(instance_id, ({}, 0.0))[0],
            row=self.table.rows.get(machine.hosts[0], NOWHERE),
        )

    def running(self, moves: Mapping[str, int]) -> list[Vm]:
        """Form all machines that the table counts on a host; `moves` is how often each moved of late."""
        found = [self.vm(one) for one, machine in self.machines.items() if not machine.at_rest]
        return [self._beside(vm, moves) for vm in found if vm.row != NOWHERE]

    def spread(self, vm: Vm) -> float:
        """Count the hosts that carry machines of its group."""
        group = self.table.crowds.others(replace(vm, row=NOWHERE), "vm.group")
        return float(sum(count > 0 for count in group.values()))

    def _beside(self, vm: Vm, moves: Mapping[str, int]) -> Vm:
        more: dict[str, Value] = {
            "vm.group_spread": self.spread(vm),
            "vm.migrations_1h": float(moves.get(str(vm.values["vm.id"]), 0)),
        }
        return replace(vm, values={**vm.values, **more})

    def _count(self, instance_id: str, machine: Machine, by: int) -> None:
        vm = self.vm(instance_id)
        for host in machine.hosts:
            if host not in self.table.rows:
                continue
            row, image = self.table.rows[host], str(machine.facts["vm.image"])
            self._images[host, image] += by
            self.table.hold(row, image, self._images[host, image] > 0)
            if machine.at_rest:
                self._shift(row, "host.disk.free", -by * float(machine.facts["vm.disk"]))  # type: ignore[arg-type]
            else:
                here = replace(vm, row=row)
                self.table.add(here, row) if by > 0 else self.table.remove(here, row)

    # ---- what changes with either

    def sum_up(self, next_ordinal: int, pending: Mapping[str, int], most_vcpus: float) -> None:
        """Write what clusters are; ROUNDROBIN goes on behind the host with this ordinal."""
        cores, ratio, promised = (self._numbers(f"host.cpu.{name}") for name in ("cores", "ratio", "promised"))
        free = np.where(self._up(), np.maximum(cores * ratio - promised, 0.0), 0.0)
        behind = float(np.count_nonzero(self._ordinals <= next_ordinal))
        waiting = np.array([pending.get(name, 0) + pending.get("", 0) for name in self.clusters], np.float64)
        sums = {
            "cluster.cpu.free": np.bincount(self._clusters, weights=free, minlength=len(self._sizes)),
            "cluster.next_index": np.full(len(self._sizes), behind),
            "cluster.pending": waiting,
        }
        for name, by_cluster in sums.items():
            self.table.fill(name, by_cluster[self._clusters])
        self.table.fill("cluster.vm_max_vcpus", np.full(len(self.table), most_vcpus))

    def sense_host(self, host: str, readings: Mapping[str, float], at_s: float) -> None:
        """Write what was read on a host; names that rules do not know are left out."""
        row = self.table.rows.get(host)
        if row is None:
            return
        for name, value in readings.items():
            if name in SENSORS:
                self.table.put(row, name, value, at_s)
        if "host.power_watts" in readings and self.hosts[host].rack:
            self._sum_watts(row, at_s)

    def sense_machine(self, instance_id: str, readings: Mapping[str, float], at_s: float) -> None:
        """Remember what was read of a machine."""
        if instance_id in self.machines:
            self._measured[instance_id] = {name: readings[name] for name in readings if name in SENSORS}, at_s

    def average(self, subject: str, means: Mapping[tuple[str, float], float | None], at_s: float) -> None:
        """Write the means of a host's or a machine's sensors, None where unknown."""
        row = self.table.rows.get(subject)
        if row is None:
            if subject in self.machines:
                self._means[subject] = {key: mean for key, mean in means.items() if mean is not None}, at_s
            return
        self._averaged_at_s[row] = at_s
        for key, mean in means.items():
            if key[0].startswith("host."):
                column = self.table.averages.setdefault(key, np.full(len(self.table), nan))
                column[row] = nan if mean is None else mean

    def forget_averages(self, now_s: float) -> None:
        """Take means for unknown of those that were not heard of for as long as a reading is good for."""
        for (sensor, _), column in self.table.averages.items():
            column[now_s - self._averaged_at_s > SENSORS[sensor].max_age_s] = nan
        self._means = {one: known for one, known in self._means.items() if now_s - known[1] <= _FRESH_S}

    def _sum_watts(self, row: int, at_s: float) -> None:
        rack = self.table.rack(row)
        watts = [self.table.cell(SENSORS["host.power_watts"], int(each), at_s) for each in rack]
        drawn = None if None in watts else float(sum(watts))  # type: ignore[arg-type]
        for each in rack:
            self.table.put(int(each), "rack.power_watts", drawn, at_s)

    def _settled(self, row: int, at_ms: int) -> None:
        self.table.put(row, "host.settled", self._zero_s + at_ms / 1000)

    def _shift(self, row: int, name: str, by: float) -> None:
        cell = self.table.cell(SENSORS[name], row, 0.0)
        self.table.put(row, name, float(cell or 0.0) + by)  # type: ignore[arg-type]

    def _numbers(self, name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        cells, unknown = self.table.column(SENSORS[name], 0.0)
        return np.where(unknown, 0.0, cells)

    def _up(self) -> Flags:
        """Tell which hosts can be promised: up and on."""
        states, _ = self.table.column(SENSORS["host.state"], 0.0)
        powers, _ = self.table.column(SENSORS["host.power"], 0.0)
        return np.asarray((states == self.table.code("up")) & (powers == self.table.code("on")))


def _power(host: Host) -> str:
    """Say in rules' words whether a host is on: what is wanted counts, since it is on its way."""
    if host.power_wanted is PowerWanted.ASLEEP:
        return "asleep"
    return "on" if host.power is Power.ON else "waking"


def _lives_on(machine: Machine | None) -> set[str]:
    return set() if machine is None or machine.at_rest else set(machine.hosts)


def _amounts(host: Host) -> dict[str, float]:
    return {"host.mem.free": host.capacity.memory_mib * MIB, "host.disk.free": host.capacity.disk_gb * GIB}

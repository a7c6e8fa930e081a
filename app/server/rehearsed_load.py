"""What rehearsal hosts report of their load, scripted by a file: `rehearsal-load.json` in the state directory.

    {"i-0123abcd": {"cpu_used": 1.5, "net_bps": 2e6}, "*": {"cpu_used": 0.2},
     "hosts": {"rehearsal-0-1": {"cpu_load": 6.5, "watts": 180, "temp": 41}}}

`*` is every instance that is not named. It is read again when it changes. A host of libvirt's test driver is idle
where nothing is said, and as busy as its machines together; of a scripted world only what is named is laid over. The
trap: a file that can not be read, or is half written, is told once and changes nothing.
"""

import logging
from pathlib import Path
from typing import Annotated

import msgspec

from app.domain.host import Host

log = logging.getLogger(__name__)
FILE = "rehearsal-load.json"
OTHERS = "*"
MIB = 2**20
Amount = Annotated[float, msgspec.Meta(ge=0)] | None
Rates = dict[str, float]
IDLE_MACHINE = {"vm.cpu.used": 0.0, "vm.net.used": 0.0, "vm.disk.used": 0.0, "vm.mem.dirty_rate": 0.0}
IDLE_HOST = {"host.cpu.load": 0.0, "host.net.rx": 0.0, "host.net.tx": 0.0}


class MachineScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cores, bytes per second, MiB."""

    cpu_used: Amount = None
    net_bps: Amount = None
    disk_bps: Amount = None
    dirty_bps: Amount = None
    mem_used_mib: Amount = None

    def rates(self) -> Rates:
        return _named(
            ("vm.cpu.used", self.cpu_used, 1.0),
            ("vm.net.used", self.net_bps, 1.0),
            ("vm.disk.used", self.disk_bps, 1.0),
            ("vm.mem.dirty_rate", self.dirty_bps, 1.0),
            ("vm.mem.used", self.mem_used_mib, MIB),
        )


class HostScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Busy cores, bytes per second, MiB, watts, degrees Celsius."""

    cpu_load: Amount = None
    net_rx_bps: Amount = None
    net_tx_bps: Amount = None
    mem_used_mib: Amount = None
    watts: Amount = None
    temp: float | None = None

    def rates(self) -> Rates:
        return _named(
            ("host.cpu.load", self.cpu_load, 1.0),
            ("host.net.rx", self.net_rx_bps, 1.0),
            ("host.net.tx", self.net_tx_bps, 1.0),
            ("host.mem.used", self.mem_used_mib, MIB),
            ("host.power_watts", self.watts, 1.0),
            ("host.temp", self.temp, 1.0),
        )


class RehearsedLoad:
    """What the file says, which need not be there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._machines: dict[str, Rates] = {}
        self._hosts: dict[str, Rates] = {}

    def changed(self) -> bool:
        """Read the file if it is another than the last time; blocks for as long as a small file takes."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            machines, hosts = _read(self._file) if stamp else ({}, {})
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            log.warning("a file of rehearsed load is not used", extra={"fields": {"error": str(error)}})
            return False
        self._machines, self._hosts = machines, hosts
        return True

    def lay_over(self, host: Host, of_host: Rates, of_machines: dict[str, Rates]) -> None:
        """Put scripted rates of a rehearsal host over the ones that were read, in place."""
        scripted = host.uri.startswith("scripted")
        if scripted and not self._machines and not self._hosts:
            return
        before, others = _busy(of_machines), self._machines.get(OTHERS, {})
        for instance_id, rates in of_machines.items():
            rates.update(({} if scripted else IDLE_MACHINE) | self._machines.get(instance_id, others))
        of_host.update({} if scripted else IDLE_HOST)
        if "host.cpu.load" in of_host:
            of_host["host.cpu.load"] += _busy(of_machines) - before
        of_host.update(self._hosts.get(host.name, {}))

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _read(file: Path) -> tuple[dict[str, Rates], dict[str, Rates]]:
    told = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
    hosts = msgspec.convert(told.pop("hosts", {}), dict[str, HostScript])
    machines = msgspec.convert(told, dict[str, MachineScript])
    return (
        {name: script.rates() for name, script in machines.items()},
        {name: script.rates() for name, script in hosts.items()},
    )


def _busy(machines: dict[str, Rates]) -> float:
    return sum(rates.get("vm.cpu.used", 0.0) for rates in machines.values())


def _named(*values: tuple[str, float | None, float]) -> Rates:
    return {name: value * factor for name, value, factor in values if value is not None}

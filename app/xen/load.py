"""What a host and its running domains have used, from libvirt: one call for all domains where the driver has it.

Traps: libvirt's test driver makes its figures up, so of it only the names of running domains count; Xen's driver has
neither node statistics nor the call for all, and counts its own dom0 among the domains; and a guest whose monitor
hangs must not hold up the others, hence NOWAIT.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import libvirt

from app.domain.load import DomainLoad, HostLoad
from app.xen.address import Kind
from app.xen.faults import is_absent, is_unsupported
from app.xen.metadata import parsed, uuid_of

T = TypeVar("T")
WHICH = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
STATS = (
    libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
    | libvirt.VIR_DOMAIN_STATS_DIRTYRATE
)
ALL = -1  # processors, cells
KIB, MIB = 2**10, 2**20


def read(connection: Any, kind: Kind) -> HostLoad:
    """Ask the host; runs on a thread of its connection."""
    if kind is Kind.TEST:
        running = connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        return HostLoad(None, None, {domain.name(): DomainLoad() for domain in running if _is_ours(domain)}, {})
    busy_ns = _supported(lambda: _busy_ns(connection))
    memory_bytes = _supported(lambda: _memory_bytes(connection))
    if memory_bytes is None:
        memory_bytes = _supported(lambda: connection.getInfo()[1] * MIB - connection.getFreeMemory())
    loads = _supported(lambda: _of_all(connection))
    if loads is None:
        loads = _one_by_one(connection)
    ours = {domain.name(): load for domain, load in loads if _is_ours(domain)}
    others = {domain.UUIDString(): load.cpu_ns or 0 for domain, load in loads if domain.name() not in ours}
    return HostLoad(busy_ns, memory_bytes, ours, others)


def _is_ours(domain: Any) -> bool:
    return bool(domain.UUIDString() == uuid_of(domain.name()))


def _supported(ask: Callable[[], T]) -> T | None:
    """Ask for what not every driver has."""
    try:
        return ask()
    except libvirt.libvirtError as error:
        if is_unsupported(error):
            return None
        raise


def _busy_ns(connection: Any) -> int | None:
    counted = connection.getCPUStats(ALL)
    return sum(counted[part] for part in ("user", "kernel") if part in counted) if "idle" in counted else None


def _memory_bytes(connection: Any) -> int:
    """Return what is used, without what the host would give back at once."""
    counted = connection.getMemoryStats(ALL)
    spare = sum(counted.get(part, 0) for part in ("free", "buffers", "cached"))
    return int(counted["total"] - spare) * KIB


# ---- where one call tells all


def _of_all(connection: Any) -> list[tuple[Any, DomainLoad]]:
    return [(domain, of_stats(stats)) for domain, stats in connection.getAllDomainStats(STATS, WHICH)]


def of_stats(stats: Mapping[str, Any]) -> DomainLoad:
    """Read libvirt's record of one domain; any part of it may be missing."""
    memory_kib = stats.get("balloon.rss", stats.get("balloon.current"))
    dirty_mib = stats.get("dirtyrate.megabytes_per_second")
    return DomainLoad(
        cpu_ns=stats.get("cpu.time"),
        memory_bytes=None if memory_kib is None else memory_kib * KIB,
        disk_read_bytes=_sum(stats, "block", "rd.bytes"),
        disk_written_bytes=_sum(stats, "block", "wr.bytes"),
        net_rx_bytes=_sum(stats, "net", "rx.bytes"),
        net_tx_bytes=_sum(stats, "net", "tx.bytes"),
        dirty_bps=None if dirty_mib is None else float(dirty_mib * MIB),
    )


def _sum(stats: Mapping[str, Any], device: str, what: str) -> int | None:
    """Add up over a domain's devices; None unless each of them is counted."""
    try:
        return sum(int(stats[f"{device}.{number}.{what}"]) for number in range(stats[f"{device}.count"]))
    except KeyError:
        return None


# ---- where each domain must be asked


def _one_by_one(connection: Any) -> list[tuple[Any, DomainLoad]]:
    loads = []
    for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        try:
            loads.append((domain, _of_one(domain)))
        except libvirt.libvirtError as error:
            if not is_absent(error):
                raise
    return loads


def _of_one(domain: Any) -> DomainLoad:
    _, _, memory_kib, _, cpu_ns = domain.info()
    devices = parsed(domain.XMLDesc()) if _is_ours(domain) else None
    nics = [] if devices is None else [target.attrib["dev"] for target in devices.iterfind("devices/interface/target")]
    disks = [] if devices is None else [target.attrib["dev"] for target in devices.iterfind("devices/disk/target")]
    net = _counters(domain.interfaceStats, nics)
    blocks = _counters(domain.blockStats, disks)
    return DomainLoad(
        cpu_ns=cpu_ns,
        memory_bytes=memory_kib * KIB,
        disk_read_bytes=None if blocks is None else sum(counted[1] for counted in blocks),
        disk_written_bytes=None if blocks is None else sum(counted[3] for counted in blocks),
        net_rx_bytes=None if net is None else sum(counted[0] for counted in net),
        net_tx_bytes=None if net is None else sum(counted[4] for counted in net),
    )


def _counters(ask: Callable[[str], Any], devices: list[str]) -> list[Any] | None:
    """Ask for each device; None if one of them is not counted."""
    with suppress(libvirt.libvirtError):
        return [ask(device) for device in devices]
    return None

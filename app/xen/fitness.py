"""Whether a host can take a running guest: asked before anything is begun, so that a refusal says why in plain words.

The traps: a definition that takes over its host's processor as it is fits only another that has all of the first one's
features, which libvirt does not ask by itself; and memory in use for caches is free.
"""

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import libvirt

from app.domain.errors import Broken
from app.xen.metadata import parsed
from app.xen.pool import PoolOf

KIB, MIB = 1 << 10, 1 << 20
FREE = ("free", "buffers", "cached")


def check(domain: Any, xml: str, disks: list[str], here: Any, there: Any, pool: PoolOf) -> int:
    """Return how many bytes of memory and disks are to be sent; Broken if the other host can not take them."""
    name = pool.host
    _check_processor(parsed(xml), here, there, name)
    memory = domain.maxMemory() * KIB
    stats = there.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    free = sum(stats.get(part, 0) for part in FREE) * KIB
    if memory > free:
        raise Broken(name, f"it has {free // MIB} MiB of memory free, and the guest has {memory // MIB} MiB")
    filled = sum(domain.blockInfo(disk)[1] for disk in disks)
    room = pool.free_bytes(there)
    if filled > room:
        raise Broken(name, f"its pool has {room // MIB} MiB free, and the guest's disks fill {filled // MIB} MiB")
    return int(memory + filled)


def _check_processor(top: Element, here: Any, there: Any, name: str) -> None:
    """Compare what the guest was given with what the host has; a hypervisor that compares nothing refuses by itself."""
    cpu, kind = top.find("cpu"), top.find("os/type")
    if cpu is None or kind is None:
        return
    try:
        if cpu.get("mode") in {"host-passthrough", "maximum"}:
            of_host = parsed(here.getCapabilities()).find("host/cpu")
            if of_host is not None:
                there.compareCPU(_text(of_host), libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE)
            return
        flags = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE
        there.compareHypervisorCPU(None, kind.get("arch"), None, top.get("type"), _text(cpu), flags)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_CPU_INCOMPATIBLE:
            raise Broken(name, f"its processor is not fit for the guest: {error}") from error


def _text(element: Element) -> str:
    return ElementTree.tostring(element, encoding="unicode")

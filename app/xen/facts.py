"""What a host has to give: its capacity by hypervisor, and what domains of others already hold.

The traps: Xen counts its own dom0 as a domain, whose memory is never ours; and libvirt's test driver has no disk.
"""

from collections.abc import Callable
from typing import Any

import libvirt

from app.domain.ports import HostFacts
from app.domain.vmtype import NOTHING, Size
from app.xen.address import Address, Kind
from app.xen.faults import is_absent
from app.xen.metadata import NAMESPACE, uuid_of
from app.xen.pool import PoolOf

# What the hypervisor itself needs, as 1.6.1 had it.
RESERVED_MIB = {Kind.XEN: 32, Kind.QEMU: 256, Kind.TEST: 0}
GIB = 2**30


def read(connection: Any, *, address: Address, pool: PoolOf) -> HostFacts:
    """Ask the host; runs on a thread of its connection."""
    architecture, memory_mib, cores = connection.getInfo()[:3]
    domains = connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    is_dom0 = _dom0_test(address.kind)
    dom0_mib = sum(_held(domain).memory_mib for domain in domains if is_dom0(domain))
    foreign = NOTHING
    for domain in domains:
        if not is_dom0(domain) and not is_ours(domain):
            foreign = foreign + _held(domain)
    disk_gb = address.size.disk_gb if address.kind is Kind.TEST else pool.capacity_bytes(connection) // GIB
    return HostFacts(
        hypervisor=_hypervisor(connection, address),
        architecture=architecture,
        capacity=Size(
            cores=cores, memory_mib=max(0, memory_mib - RESERVED_MIB[address.kind] - dom0_mib), disk_gb=disk_gb
        ),
        foreign=foreign,
    )


def is_ours(domain: Any) -> bool:
    """Tell whether a domain carries our metadata."""
    if domain.UUIDString() != uuid_of(domain.name()):
        return False
    try:
        return bool(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE))
    except libvirt.libvirtError as error:
        if is_absent(error):
            return False
        raise


def _dom0_test(kind: Kind) -> Callable[[Any], bool]:
    return lambda domain: kind is Kind.XEN and domain.ID() == 0


def _held(domain: Any) -> Size:
    try:
        _, _, memory_kib, cores, _ = domain.info()
    except libvirt.libvirtError as error:
        if is_absent(error):
            return NOTHING
        raise
    return Size(cores=cores, memory_mib=-(-memory_kib // 1024), disk_gb=0)


def _hypervisor(connection: Any, address: Address) -> str:
    """Name the hypervisor and its version, which libvirt packs as major × 10⁶ + minor × 10³ + release."""
    if address.kind is Kind.TEST:
        return "rehearsal"
    version = connection.getVersion()
    return f"{connection.getType()} {version // 10**6}.{version // 1000 % 1000}.{version % 1000}"

"""Domains of ours on a host, as libvirt has them: found by the UUID derived from the instance's id, never by name."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import libvirt

from app.domain.ports import DomainSeen
from app.xen.address import Kind
from app.xen.faults import is_absent
from app.xen.metadata import NAMESPACE, read, uuid_of
from app.xen.states import seen

UNDEFINE_FLAGS = {
    Kind.QEMU: libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM,
    Kind.XEN: libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
    Kind.TEST: 0,
}


def find(connection: Any, instance_id: str) -> Any | None:
    """Look up the domain of an instance."""
    try:
        return connection.lookupByUUIDString(uuid_of(instance_id))
    except libvirt.libvirtError as error:
        if is_absent(error):
            return None
        raise


def observe(domain: Any) -> DomainSeen | None:
    """Describe a domain; None if it is not ours or has just gone."""
    if domain.UUIDString() != uuid_of(domain.name()):
        return None
    try:
        mark = read(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE))
        state, reason = domain.state()
    except libvirt.libvirtError as error:
        if is_absent(error):
            return None
        raise
    if mark is None or mark.instance_id != domain.name():
        return None
    how, word = seen(state, reason)
    return DomainSeen(instance_id=mark.instance_id, state=how, launch=mark.launch, reason=word, recovery=mark.recovery)


def list_domains(connection: Any) -> list[DomainSeen]:
    """List ours; those of others are not even asked."""
    found = (observe(domain) for domain in connection.listAllDomains())
    return sorted((domain for domain in found if domain is not None), key=lambda domain: domain.instance_id)


def run(domain: Any) -> None:
    """Let a domain run, from off or from where it stands still."""
    if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
        once(domain.resume, lambda: domain.state()[0] != libvirt.VIR_DOMAIN_PAUSED)
    else:
        once(domain.create, lambda: bool(domain.isActive()))


def cut(domain: Any) -> None:
    """Cut a domain's power."""
    gone(lambda: once(domain.destroy, lambda: not domain.isActive()))


def once(act: Callable[[], object], holds: Callable[[], bool]) -> None:
    """Act unless what is asked for holds already; an error is forgiven if it holds afterwards."""
    if holds():
        return
    try:
        act()
    except libvirt.libvirtError:
        with suppress(libvirt.libvirtError):
            if holds():
                return
        raise


def gone(act: Callable[[], object]) -> None:
    """Act; that the domain vanished meanwhile is fine."""
    try:
        act()
    except libvirt.libvirtError as error:
        if not is_absent(error):
            raise

"""The newest console text of a domain, without an agent: read as a volume of a storage pool.

QEMU writes its serial port into a log file inside our pool. Xen's console daemon (`xenconsoled --log=guest`) keeps
files of its own, so its folder is opened as a second pool. Rehearsal hosts run nothing, and say so.
"""

from contextlib import suppress
from typing import Any

import libvirt

from app.domain.ports import NOT_SUPPORTED, DomainSeen, NotSupported
from app.domain.states import Seen
from app.xen.address import Kind
from app.xen.domain_xml import CONSOLE_LOG
from app.xen.pool import PoolOf, find

MOST_BYTES = 64 * 1024
XEN_LOGS = "/var/log/xen/console"
XEN_POOL = "eucalyptus-consoles"
XEN_LOG = "guest-"


def log_volume(instance_id: str) -> str:
    """Name the volume that QEMU writes the console of an instance to."""
    return f"{instance_id}.{CONSOLE_LOG}"


def read(connection: Any, kind: Kind, pool: PoolOf, seen: DomainSeen) -> bytes | NotSupported:
    """Return the newest 64 KiB; runs on a thread of the host's connection."""
    if kind is Kind.TEST:
        return rehearsal_text(seen)
    if kind is Kind.QEMU:
        return pool.tail(connection, log_volume(seen.instance_id), MOST_BYTES)
    return _xen(connection, pool.host, seen.instance_id)


def rehearsal_text(seen: DomainSeen) -> bytes:
    """Compose what the console of a rehearsal host shows."""
    lines = [
        "*** rehearsal host: nothing runs here ***",
        f"instance {seen.instance_id}, launch {seen.launch}",
        f"state {seen.state.value} ({seen.reason})",
    ]
    if seen.state is Seen.RUNNING:
        lines.append(f"{seen.instance_id} login: ")
    return "\n".join(lines).encode()


def _xen(connection: Any, host: str, instance_id: str) -> bytes | NotSupported:
    logs = PoolOf(host, XEN_LOGS, XEN_POOL)
    try:
        pool = logs.open(connection)
    except libvirt.libvirtError:
        return NOT_SUPPORTED
    with suppress(libvirt.libvirtError):
        pool.refresh()
    name = f"{XEN_LOG}{instance_id}.log"
    if find(pool, name) is not None:
        return logs.tail(connection, name, MOST_BYTES)
    logged = any(each.startswith(XEN_LOG) for each in pool.listVolumes())
    return b"" if logged else NOT_SUPPORTED  # the log of one that starts just now comes a little later

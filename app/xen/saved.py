"""A guest whose memory lies in a file of its host's pool: saved, and let go on from there once.

The traps: a guest that goes on changes its disks, so going on from the same file again would ruin them; before it is
tried a second volume says so, which only one can make, and whoever finds that boots the guest anew. And libvirt knows
of a file in a pool only what it made itself, so the volume is made before it is written to.
"""

from contextlib import suppress
from typing import Any

import libvirt

from app.domain.errors import Lost
from app.domain.files import PARTIAL, SAVED, TRIED
from app.xen.domains import once
from app.xen.pool import PoolOf, find


def prepare(connection: Any, pool: PoolOf, instance_id: str) -> Any:
    """Make the volume anew that a guest can be saved to."""
    forget(connection, pool, instance_id)
    return pool.make(connection, instance_id + SAVED, 0, "raw")


def save(connection: Any, pool: PoolOf, domain: Any, instance_id: str) -> None:
    """Save a running domain, which is off then; if it can not be, nothing is left of that."""
    volume = prepare(connection, pool, instance_id)
    try:
        domain.save(volume.path())
    except libvirt.libvirtError:
        with suppress(libvirt.libvirtError):
            forget(connection, pool, instance_id)
        raise


def usable(connection: Any, pool: PoolOf, instance_id: str) -> Any | None:
    """Find the volume from which a domain that is off can go on: whole, and not tried before."""
    volumes, name = pool.open(connection), instance_id + SAVED
    volume = find(volumes, name)
    spoilt = any(find(volumes, other) for other in (name + PARTIAL, instance_id + TRIED))
    return None if volume is None or spoilt or not volume.info()[1] else volume


def go_on(connection: Any, pool: PoolOf, domain: Any, instance_id: str) -> None:
    """Let a domain that is off go on, if there is something from which; Lost if somebody else is about to."""
    volume = None if domain.isActive() else usable(connection, pool, instance_id)
    if volume is None:
        return
    if not pool.make_new(connection, instance_id + TRIED):
        raise Lost(pool.host, f"the domain {instance_id} is let go on just now")
    once(lambda: connection.restore(volume.path()), lambda: bool(domain.isActive()))


def forget(connection: Any, pool: PoolOf, instance_id: str) -> None:
    """Delete the file, before what says that it was tried."""
    for ending in (SAVED, TRIED):
        pool.delete(connection, instance_id + ending)

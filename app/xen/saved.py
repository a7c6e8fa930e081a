"""A guest whose memory lies in a file of its host's pool: saved, and let go on from there once.

The traps: a guest that goes on changes its disks, so going on from the same file again would ruin them; before it is
tried a second volume says so, and whoever finds that boots the guest anew. And libvirt knows of a file in a pool only
what it made itself, so the volume is made before it is written to.
"""

from typing import Any

from app.domain.files import PARTIAL, SAVED
from app.xen.domains import once
from app.xen.pool import PoolOf, find

TRIED = ".tried"


def save(connection: Any, pool: PoolOf, domain: Any, instance_id: str) -> None:
    """Save a running domain, which is off then."""
    forget(connection, pool, instance_id)
    volume = pool.make(connection, instance_id + SAVED, 0, "raw")
    domain.save(volume.path())


def whole(connection: Any, pool: PoolOf, instance_id: str) -> Any | None:
    """Find the volume from which a domain that is off can go on."""
    volumes, name = pool.open(connection), instance_id + SAVED
    volume = find(volumes, name)
    return volume if volume is not None and find(volumes, name + PARTIAL) is None and volume.info()[1] else None


def go_on(connection: Any, pool: PoolOf, domain: Any, instance_id: str) -> None:
    """Let a domain that is off go on, if it was saved and nobody tried that before."""
    volume = None if domain.isActive() else whole(connection, pool, instance_id)
    if volume is None or find(pool.open(connection), instance_id + SAVED + TRIED) is not None:
        return
    pool.make(connection, instance_id + SAVED + TRIED, 0, "raw")
    once(lambda: connection.restore(volume.path()), lambda: bool(domain.isActive()))


def forget(connection: Any, pool: PoolOf, instance_id: str) -> None:
    """Delete the file, before what says that it was tried."""
    for ending in (SAVED, SAVED + TRIED):
        pool.delete(connection, instance_id + ending)

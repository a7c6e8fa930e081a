"""Carry a volume from one host's pool to another's, through this process, holes as holes.

The trap: what is written over an old volume leaves the old bytes where there are holes, so the volume is always made
anew; and until it is whole a marker says that it is not.
"""

from collections.abc import Callable
from typing import Any

import libvirt

from app.domain.errors import Broken
from app.domain.files import PARTIAL
from app.xen.pool import PoolOf, find


def carry(here: Any, old: PoolOf, there: Any, new: PoolOf, name: str, still_asked: Callable[[], None]) -> None:
    """Copy a raw volume; `still_asked` raises once nobody waits for it any more."""
    source = find(old.open(here), name)
    if source is None:
        raise Broken(old.host, f"the volume {name} is gone")
    size = int(source.info()[1])
    new.delete(there, name)
    new.make(there, name + PARTIAL, 0, "raw")
    target = new.make(there, name, 0, "raw")
    if size:
        _stream(here, source, there, target, size, still_asked)
    if (kept := int(target.info()[1])) != size:  # what a full disk refuses libvirt may not tell
        raise Broken(new.host, f"of the volume {name} it has {kept} of {size} bytes")
    find(new.open(there), name + PARTIAL).delete()  # type: ignore[union-attr]


def _stream(here: Any, source: Any, there: Any, target: Any, size: int, still_asked: Callable[[], None]) -> None:
    out, into = here.newStream(), there.newStream()
    source.download(out, 0, size, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    target.upload(into, 0, size, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)

    def send(_out: Any, chunk: bytes, _opaque: None) -> None:
        still_asked()
        while chunk:
            chunk = chunk[into.send(chunk) :]

    def leave_out(_out: Any, length: int, _opaque: None) -> None:
        still_asked()
        into.sendHole(length)

    out.sparseRecvAll(send, leave_out, None)
    out.finish()
    into.finish()

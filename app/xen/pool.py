"""Our storage pool on a host: a folder that libvirt manages, so that files get there without an agent.

Everything here runs on a thread of the host's connection. An upload first makes an empty marker volume
`<name>.partial` and removes it after the digest of what the host stored was checked by reading it back; killed
anywhere in between, the marker tells, and the next upload starts over. The trap: libvirt lists volumes from memory, and
refuses to refresh while a transfer is under way, so refreshing is best effort.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import libvirt

from app.domain.errors import Broken
from app.domain.files import PARTIAL
from app.domain.ports import VolumeSeen
from app.xen.domain_xml import CONSOLE_LOG, plain
from app.xen.faults import is_absent
from app.xen.metadata import parsed

POOL = "eucalyptus"
FLAT = ".flat"
Connection = Any


class PoolOf:
    """The pool of one host, by way of whichever connection is open."""

    def __init__(self, host: str, path: str, name: str = POOL) -> None:
        self.host, self.name = host, name
        self._path = path

    def open(self, connection: Connection) -> Any:
        """Find the pool; make, build and start it if need be."""
        try:
            pool = connection.storagePoolLookupByName(self.name)
        except libvirt.libvirtError as error:
            if not is_absent(error):
                raise
            pool = connection.storagePoolDefineXML(_pool_xml(self.name, self._path))
        if not pool.isActive():
            try:
                pool.build()
                pool.create()
                pool.setAutostart(1)
            except libvirt.libvirtError:
                if not pool.isActive():  # else somebody else was quicker
                    raise
        return pool

    def path(self, connection: Connection) -> str:
        """Return the pool's folder on the host, as the pool itself has it."""
        try:
            return parsed(self.open(connection).XMLDesc()).findtext("target/path") or self._path
        except ElementTree.ParseError as error:
            raise Broken(self.host, f"its pool {self.name} is not described in XML: {error}") from error

    def capacity_bytes(self, connection: Connection) -> int:
        return int(self.open(connection).info()[1])

    def free_bytes(self, connection: Connection) -> int:
        pool = self.open(connection)
        with suppress(libvirt.libvirtError):
            pool.refresh()
        return int(pool.info()[3])

    def volumes(self, connection: Connection) -> list[VolumeSeen]:
        """List what is ours to keep or delete: no console logs, half-done uploads under their marker's name."""
        pool = self.open(connection)
        with suppress(libvirt.libvirtError):
            pool.refresh()
        found = {volume.name(): volume for volume in pool.listAllVolumes()}
        hidden = {name.removesuffix(PARTIAL) for name in found if name.endswith(PARTIAL)}
        seen = (_seen(name, volume) for name, volume in sorted(found.items()) if name not in hidden)
        return [volume for volume in seen if volume is not None and not volume.name.endswith(f".{CONSOLE_LOG}")]

    def make(
        self, connection: Connection, name: str, capacity_bytes: int, format: Literal["raw", "qcow2"], backing: str = ""
    ) -> Any:
        """Make a volume unless it exists; Broken if its backing volume is not whole."""
        pool = self.open(connection)
        existing = find(pool, name)
        if existing is not None:
            return existing
        if backing and find(pool, backing + PARTIAL) is not None:
            raise Broken(self.host, f"the volume {backing} was not uploaded completely")
        backing_path = pool.storageVolLookupByName(plain(backing)).path() if backing else ""
        try:
            return pool.createXML(_volume_xml(name, capacity_bytes, format, backing_path))
        except libvirt.libvirtError:
            existing = find(pool, name)  # somebody else was quicker
            if existing is None:
                raise
            return existing

    def make_new(self, connection: Connection, name: str) -> bool:
        """Make an empty volume; False if there is one of this name."""
        pool = self.open(connection)
        try:
            pool.createXML(_volume_xml(name, 0, "raw", ""))
        except libvirt.libvirtError:
            if find(pool, name) is None:
                raise
            return False
        return True

    def knows(self, connection: Connection, name: str) -> bool:
        """Tell whether a volume is there, also one that somebody else has made just now."""
        pool = self.open(connection)
        pool.refresh()
        return find(pool, name) is not None

    def delete(self, connection: Connection, name: str) -> None:
        """Delete a volume and its marker, in this order; a marker's name stands for both."""
        pool = self.open(connection)
        for each in (name.removesuffix(PARTIAL), name.removesuffix(PARTIAL) + PARTIAL):
            volume = find(pool, each)
            if volume is None:
                continue
            try:
                volume.delete()
            except libvirt.libvirtError as error:
                if not is_absent(error):
                    raise

    def upload(self, connection: Connection, name: str, source: Path, sha256: str, given_up: threading.Event) -> None:
        """Copy a file into a new raw volume and read it back; Broken and nothing left if the digest is another."""
        pool = self.open(connection)
        size = source.stat().st_size
        if find(pool, name + PARTIAL) is None and _has_size(find(pool, name), size):
            return
        self.make(connection, name + PARTIAL, 0, "raw")
        volume = find(pool, name)
        if volume is not None:
            volume.delete()
        try:
            kept = self._copy(connection, name, source, sha256, given_up)
        except libvirt.libvirtError:
            with suppress(libvirt.libvirtError):
                self.delete(connection, name)
            raise
        if kept != sha256:
            self.delete(connection, name)
            raise Broken(self.host, f"the volume {name} has the digest {kept} and not {sha256}")
        pool.storageVolLookupByName(name + PARTIAL).delete()

    def download(self, connection: Connection, name: str, target: Path, given_up: threading.Event) -> None:
        """Write a volume into a file as a guest sees it; Broken if it is not there, or the file takes no more."""
        with self._flat(self.open(connection), name) as volume, _refusals(target), target.open("wb") as file:

            def keep(chunk: bytes) -> None:
                if given_up.is_set():
                    raise OSError("the download was given up")
                file.write(chunk)

            _receive(connection, volume, 0, int(volume.info()[1]), keep)

    @contextmanager
    def _flat(self, pool: Any, name: str) -> Iterator[Any]:
        """Find a raw volume; of another one lend a raw copy, which libvirt makes with all that it lies on."""
        volume = find(pool, name)
        if volume is None:
            raise Broken(self.host, f"there is no volume {name}")
        format_ = parsed(volume.XMLDesc()).find("target/format")
        if format_ is None or format_.get("type") == "raw":
            yield volume
            return
        left = find(pool, name + FLAT)  # by who was killed
        if left is not None:
            left.delete()
        made = pool.createXMLFrom(_volume_xml(name + FLAT, int(volume.info()[1]), "raw", ""), volume)
        try:
            yield made
        finally:
            with suppress(libvirt.libvirtError):
                made.delete()

    def size_of(self, connection: Connection, name: str) -> int:
        """Return how many bytes a guest sees on a volume; 0 if there is none."""
        volume = find(self.open(connection), name)
        return 0 if volume is None else int(volume.info()[1])

    def _copy(self, connection: Connection, name: str, source: Path, sha256: str, given_up: threading.Event) -> str:
        """Send the file; return the digest of what the host kept, or of what was sent if that is wrong already."""
        size = source.stat().st_size
        volume = self.make(connection, name, size, "raw")
        sent = _send(connection, volume, source, size, given_up)
        return _digest(connection, volume, size, given_up) if sent == sha256 else sent

    def write(self, connection: Connection, name: str, content: bytes) -> None:
        """Make a volume that holds these bytes, in place of one of this name."""
        self.delete(connection, name)
        volume = self.make(connection, name, len(content), "raw")
        if content:
            stream = connection.newStream()
            volume.upload(stream, 0, len(content))
            rest = [content]
            stream.sendAll(lambda *_: rest.pop() if rest else b"", None)
            stream.finish()

    def tail(self, connection: Connection, name: str, most_bytes: int) -> bytes:
        """Read the newest bytes of a volume; none if there is no such volume."""
        volume = find(self.open(connection), name)
        if volume is None:
            return b""
        size = int(volume.info()[1])
        kept: list[bytes] = []
        _receive(connection, volume, max(0, size - most_bytes), min(size, most_bytes), kept.append)
        return b"".join(kept)


def find(pool: Any, name: str) -> Any | None:
    """Look a volume up."""
    try:
        return pool.storageVolLookupByName(plain(name))
    except libvirt.libvirtError as error:
        if is_absent(error):
            return None
        raise


@contextmanager
def _refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        raise Broken("image library", f"{target.parent}: {refused.strerror or refused}") from refused


def _has_size(volume: Any | None, size: int) -> bool:
    return volume is not None and int(volume.info()[1]) == size


def _seen(name: str, volume: Any) -> VolumeSeen | None:
    try:
        _, capacity, allocation = volume.info()
    except libvirt.libvirtError as error:
        if is_absent(error):
            return None
        raise
    return VolumeSeen(name=name, capacity_bytes=int(capacity), allocation_bytes=int(allocation))


def _send(connection: Connection, volume: Any, source: Path, size: int, given_up: threading.Event) -> str:
    """Stream the file into the volume; return the digest of what was sent."""
    digest = hashlib.sha256()
    stream = connection.newStream()
    volume.upload(stream, 0, size)
    with source.open("rb") as file:

        def more(_stream: Any, count: int, _opaque: Any) -> bytes:
            if given_up.is_set():
                raise OSError("the upload was given up")
            chunk = file.read(count)
            digest.update(chunk)
            return chunk

        stream.sendAll(more, None)
    stream.finish()
    return digest.hexdigest()


def _digest(connection: Connection, volume: Any, size: int, given_up: threading.Event) -> str:
    digest = hashlib.sha256()

    def keep(chunk: bytes) -> None:
        if given_up.is_set():
            raise OSError("the check was given up")
        digest.update(chunk)

    _receive(connection, volume, 0, size, keep)
    return digest.hexdigest()


def _receive(connection: Connection, volume: Any, offset: int, length: int, keep: Callable[[bytes], None]) -> None:
    if length == 0:  # to libvirt this means everything
        return
    stream = connection.newStream()
    volume.download(stream, offset, length)
    stream.recvAll(lambda _stream, chunk, _opaque: keep(chunk), None)
    stream.finish()


def _pool_xml(name: str, path: str) -> str:
    top = Element("pool", {"type": "dir"})
    SubElement(top, "name").text = name
    target = SubElement(top, "target")
    SubElement(target, "path").text = path
    SubElement(SubElement(target, "permissions"), "mode").text = "0711"
    return ElementTree.tostring(top, encoding="unicode")


def _volume_xml(name: str, capacity_bytes: int, format: str, backing_path: str) -> str:
    """Describe a volume that takes room only as it fills."""
    top = Element("volume")
    SubElement(top, "name").text = plain(name)
    SubElement(top, "capacity", {"unit": "bytes"}).text = str(capacity_bytes)
    SubElement(top, "allocation", {"unit": "bytes"}).text = "0"
    target = SubElement(top, "target")
    SubElement(target, "format", {"type": format})
    SubElement(SubElement(target, "permissions"), "mode").text = "0600"
    if backing_path:
        backing = SubElement(top, "backingStore")
        SubElement(backing, "path").text = backing_path
        SubElement(backing, "format", {"type": "raw"})
    return ElementTree.tostring(top, encoding="unicode")

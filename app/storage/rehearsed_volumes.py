"""Volumes for rehearsal hosts: every step is taken and kept, and no byte is stored.

A file a volume, so that a killed server finds what it had done: written aside, then renamed. The trap: whoever sees a
volume must be told that it is a rehearsal, which is why services mark its row.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from app.domain.errors import Broken, TimedOut, Unavailable
from app.domain.storage import WHOLE, Hold, StoredSnapshot, StoredVolume, VolumeSpec

DEADLINE_S = 10.0
PORT = "rehearsed volumes"
_ENDING = ".json"
Answer = TypeVar("Answer")
Kept = TypeVar("Kept", StoredVolume, StoredSnapshot)


class RehearsedVolumes:
    """The port `Volumes` on a folder, made on first use."""

    def __init__(self, folder: Path) -> None:
        self._volumes = _Folder(folder / "volumes", StoredVolume)
        self._snapshots = _Folder(folder / "snapshots", StoredSnapshot)
        # One thread: what was given up is never carried out after what was asked for later.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rehearsed volumes")

    async def volumes(self) -> list[StoredVolume]:
        return await self._do("listing volumes", self._volumes.all)

    async def volume(self, volume_id: str) -> StoredVolume | None:
        return await self._do("looking at a volume", lambda: self._volumes.read(volume_id))

    async def create(self, spec: VolumeSpec) -> None:
        def work() -> None:
            if self._volumes.read(spec.volume_id) is None:
                self._check_source(spec)
                self._volumes.write(spec.volume_id, StoredVolume(volume_id=spec.volume_id, size_gib=spec.size_gib))

        await self._do("making a volume", work)

    async def grow(self, volume_id: str, size_gib: int) -> None:
        def work() -> None:
            kept = self._there(volume_id)
            self._volumes.write(volume_id, replace(kept, size_gib=max(size_gib, kept.size_gib)))

        await self._do("growing a volume", work)

    async def attach(self, volume_id: str, hold: Hold) -> None:
        def work() -> None:
            kept = self._there(volume_id)
            if kept.hold is not None and kept.hold.instance_id != hold.instance_id:
                raise Broken(PORT, f"{volume_id} is attached to {kept.hold.instance_id}")
            self._volumes.write(volume_id, replace(kept, hold=hold))

        await self._do("attaching a volume", work)

    async def detach(self, volume_id: str, *, force: bool) -> None:
        def work() -> None:
            kept = self._volumes.read(volume_id)
            if kept is not None:
                self._volumes.write(volume_id, replace(kept, hold=None))

        await self._do("detaching a volume", work)

    async def delete(self, volume_id: str) -> None:
        def work() -> None:
            kept = self._volumes.read(volume_id)
            if kept is not None and kept.hold is not None:
                raise Broken(PORT, f"{volume_id} is attached to {kept.hold.instance_id}")
            self._volumes.remove(volume_id)

        await self._do("deleting a volume", work)

    async def snapshots(self) -> list[StoredSnapshot]:
        return await self._do("listing snapshots", self._snapshots.all)

    async def snapshot(self, snapshot_id: str) -> StoredSnapshot | None:
        return await self._do("looking at a snapshot", lambda: self._snapshots.read(snapshot_id))

    async def take_snapshot(self, snapshot_id: str, source_id: str) -> None:
        def work() -> None:
            if self._snapshots.read(snapshot_id) is not None:
                return
            source = self._volumes.read(source_id) or self._snapshots.read(source_id)
            if source is None:
                raise Broken(PORT, f"there is no {source_id} to be copied")
            made = StoredSnapshot(snapshot_id=snapshot_id, size_gib=source.size_gib, percent=WHOLE)
            self._snapshots.write(snapshot_id, made)

        await self._do("taking a snapshot", work)

    async def delete_snapshot(self, snapshot_id: str) -> None:
        await self._do("deleting a snapshot", lambda: self._snapshots.remove(snapshot_id))

    async def aclose(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _there(self, volume_id: str) -> StoredVolume:
        kept = self._volumes.read(volume_id)
        if kept is None:
            raise Broken(PORT, f"there is no {volume_id}")
        return kept

    def _check_source(self, spec: VolumeSpec) -> None:
        if not spec.snapshot_id:
            return
        source = self._snapshots.read(spec.snapshot_id)
        if source is None or source.percent < WHOLE or source.size_gib > spec.size_gib:
            raise Broken(PORT, f"{spec.volume_id} can not be made from {spec.snapshot_id}")

    async def _do(self, action: str, work: Callable[[], Answer]) -> Answer:
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TimeoutError:
            raise TimedOut(PORT, action, DEADLINE_S) from None
        except (OSError, msgspec.DecodeError) as error:
            raise Unavailable(PORT, f"{action} failed: {error}") from error


class _Folder(Generic[Kept]):
    """Values by id, a file each."""

    def __init__(self, folder: Path, kind: type[Kept]) -> None:
        self._folder = folder
        self._decoder: msgspec.json.Decoder[Kept] = msgspec.json.Decoder(kind)

    def all(self) -> list[Kept]:
        return [self._decoder.decode(file.read_bytes()) for file in self._folder.glob(f"*{_ENDING}")]

    def read(self, name: str) -> Kept | None:
        try:
            return self._decoder.decode((self._folder / f"{name}{_ENDING}").read_bytes())
        except FileNotFoundError:
            return None

    def write(self, name: str, value: Kept) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._folder / f"{name}.new"
        aside.write_bytes(msgspec.json.encode(value))
        aside.replace(self._folder / f"{name}{_ENDING}")

    def remove(self, name: str) -> None:
        (self._folder / f"{name}{_ENDING}").unlink(missing_ok=True)

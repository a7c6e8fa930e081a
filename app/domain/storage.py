"""The port of volume storage: where the content of volumes and snapshots is, and which instance sees it.

Services never call it; the loop does. Every implementation passes `tests/contract/test_volumes.py`.
"""

from dataclasses import dataclass
from typing import Protocol

WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A volume as an instance on a host sees it, under a device name such as `/dev/sdf`."""

    instance_id: str
    host: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSpec:
    """A volume to be made; with `snapshot_id` it begins with that content, which may be smaller."""

    volume_id: str
    cluster: str
    size_gib: int
    snapshot_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVolume:
    volume_id: str
    size_gib: int
    hold: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSnapshot:
    """`percent` is how much of the content is copied; WHOLE: all, and it may be used."""

    snapshot_id: str
    size_gib: int
    percent: int


class Volumes(Protocol):
    """The storage of all clusters.

    Every method has a deadline and raises Lost, TimedOut (worth retrying) or Broken (refused for good). Every method
    may be repeated: making what is there, attaching what is attached so, detaching and deleting what is not there
    succeed and change nothing. What was given up as unanswered may still come true, but never after a later
    call for the same thing was answered.
    """

    async def volumes(self) -> list[StoredVolume]: ...

    async def volume(self, volume_id: str) -> StoredVolume | None: ...

    async def create(self, spec: VolumeSpec) -> None:
        """Make a volume; Broken if its snapshot is not whole, or larger."""
        ...

    async def grow(self, volume_id: str, size_gib: int) -> None:
        """Make it at least that large, attached or not; nothing ever shrinks."""
        ...

    async def attach(self, volume_id: str, hold: Hold) -> None:
        """Let an instance see it; Broken if another instance does. The same one on another host: it is seen there."""
        ...

    async def detach(self, volume_id: str, *, force: bool) -> None:
        """Take it from its instance. Without `force` Broken where the guest does not let go."""
        ...

    async def delete(self, volume_id: str) -> None:
        """Destroy it; Broken while an instance sees it."""
        ...

    async def snapshots(self) -> list[StoredSnapshot]: ...

    async def snapshot(self, snapshot_id: str) -> StoredSnapshot | None: ...

    async def take_snapshot(self, snapshot_id: str, source_id: str) -> None:
        """Begin to copy what a volume holds now, or what a whole snapshot does; what is written later is not in it."""
        ...

    async def delete_snapshot(self, snapshot_id: str) -> None:
        """Destroy it; volumes made from it keep their content."""
        ...

    async def aclose(self) -> None: ...

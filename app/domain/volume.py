"""Volumes and snapshots: what was asked beside what the storage shows, and EC2's states derived from the two.

A volume hangs on one instance at most, so its attachment is part of its row: two that ask at once can not both get it.
`instance_id` is set from AttachVolume until the storage has let go of it; `detach` says that it should. `attaches`
counts the attachments asked for, `attached` is the count that the storage was last seen to hold. `seen_gib` of 0 means
that the storage was never seen to have it. `rehearsed`: nothing is stored, as on a rehearsal host nothing runs.
"""

from dataclasses import dataclass

from app.domain.rows import key, observed
from app.domain.states import AttachmentState, Kept, SnapshotState, VolumeState

SMALLEST_GIB, LARGEST_GIB = 1, 16384
KINDS = ("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3")
DEFAULT_KIND = "gp2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A disk of its own that outlives instances. `original_*` are what they were before ModifyVolume."""

    id: str = key()
    account_id: str
    cluster: str
    size_gib: int
    kind: str = DEFAULT_KIND
    snapshot_id: str = ""
    rehearsed: bool = False
    wanted: Kept = Kept.KEPT
    instance_id: str = ""
    device: str = ""
    delete_on_termination: bool = False
    detach: bool = False
    force: bool = False
    attaches: int = 0
    attached_at_ms: int = 0
    auto_enable_io: bool = False
    original_gib: int = 0
    original_kind: str = ""
    modified_at_ms: int = 0
    modify_error: str = ""
    created_at_ms: int
    deleted_at_ms: int = 0
    seen_gib: int = observed(0)
    attached: int = observed(0)
    busy: bool = observed(False)
    grown_at_ms: int = observed(0)
    failed: str = observed("")
    removed: bool = observed(False)
    attempts: int = observed(0)
    last_error: str = observed("")

    @property
    def state(self) -> VolumeState:
        """Derive EC2's state."""
        if self.wanted is Kept.DELETED and not self.instance_id:
            return VolumeState.DELETED if self.removed else VolumeState.DELETING
        if self.failed:
            return VolumeState.ERROR
        if not self.seen_gib:
            return VolumeState.CREATING
        return VolumeState.IN_USE if self.instance_id else VolumeState.AVAILABLE

    @property
    def gone(self) -> bool:
        """Tell whether it is kept for the record only."""
        return self.state is VolumeState.DELETED

    @property
    def attachment(self) -> AttachmentState:
        """Derive EC2's state of the attachment; DETACHED: there is none."""
        if not self.instance_id:
            return AttachmentState.DETACHED
        if self.detach:
            return AttachmentState.BUSY if self.busy else AttachmentState.DETACHING
        return AttachmentState.ATTACHED if self.attached == self.attaches else AttachmentState.ATTACHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The content of a volume at one moment. `source_id` is the volume, or the snapshot that this is a copy of.

    `users` are the accounts that may make volumes from it, `public`: all may.
    """

    id: str = key()
    account_id: str
    volume_id: str
    source_id: str
    size_gib: int
    description: str = ""
    rehearsed: bool = False
    users: tuple[str, ...] = ()
    public: bool = False
    wanted: Kept = Kept.KEPT
    created_at_ms: int
    deleted_at_ms: int = 0
    percent: int = observed(0)
    completed_at_ms: int = observed(0)
    failed: str = observed("")
    removed: bool = observed(False)
    attempts: int = observed(0)
    last_error: str = observed("")

    @property
    def state(self) -> SnapshotState:
        """Derive EC2's state; a deleted one is shown to nobody."""
        if self.wanted is Kept.DELETED:
            return SnapshotState.DELETED
        if self.failed:
            return SnapshotState.ERROR
        return SnapshotState.COMPLETED if self.completed_at_ms else SnapshotState.PENDING

    @property
    def gone(self) -> bool:
        """Tell whether it is kept for the record only."""
        return self.wanted is Kept.DELETED

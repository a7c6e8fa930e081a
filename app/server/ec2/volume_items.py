"""Volumes and snapshots as answers show them, and what each of their filters looks at. Names are Amazon's."""

from dataclasses import dataclass

from app.domain.states import VolumeState
from app.domain.volume import Snapshot, Volume
from app.server.ec2.filters import Facts
from app.server.ec2.operation import Answer, tag_pairs
from app.wire.markup import timestamp

REHEARSED = "This is a rehearsal: every step is taken and nothing is stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVolume:
    volume: Volume
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSnapshot:
    snapshot: Snapshot
    tags: dict[str, str]


def volume_item(shown: ShownVolume) -> Answer:
    """Form a volume as CreateVolume and DescribeVolumes show it."""
    volume = shown.volume
    return {
        "VolumeId": volume.id,
        "Size": volume.seen_gib or volume.size_gib,
        "SnapshotId": volume.snapshot_id,
        "AvailabilityZone": volume.cluster,
        "AvailabilityZoneId": volume.cluster,
        "State": volume.state,
        "CreateTime": volume.created_at_ms,
        "Attachments": [attachment_item(volume)] if volume.instance_id else [],
        "Tags": tag_pairs(shown.tags),
        "OwnerId": volume.account_id,
        "VolumeType": volume.kind,
        "Encrypted": False,
        "MultiAttachEnabled": False,
    }


def attachment_item(volume: Volume) -> Answer:
    """Form the attachment of a volume that has one."""
    return {
        "VolumeId": volume.id,
        "InstanceId": volume.instance_id,
        "Device": volume.device,
        "State": volume.attachment,
        "AttachTime": volume.attached_at_ms,
        "DeleteOnTermination": volume.delete_on_termination,
    }


def snapshot_item(shown: ShownSnapshot) -> Answer:
    """Form a snapshot as CreateSnapshot and DescribeSnapshots show it."""
    snapshot = shown.snapshot
    return {
        "SnapshotId": snapshot.id,
        "VolumeId": snapshot.volume_id,
        "State": snapshot.state,
        "StateMessage": snapshot.failed or (REHEARSED if snapshot.rehearsed else None),
        "StartTime": snapshot.created_at_ms,
        "CompletionTime": snapshot.completed_at_ms or None,
        "Progress": f"{snapshot.percent}%",
        "OwnerId": snapshot.account_id,
        "Description": snapshot.description,
        "VolumeSize": snapshot.size_gib,
        "Encrypted": False,
        "StorageTier": "standard",
        "Tags": tag_pairs(shown.tags),
    }


def modification_state(volume: Volume) -> str:
    if volume.modify_error:
        return "failed"
    return "completed" if volume.seen_gib >= volume.size_gib else "modifying"


def modification_item(volume: Volume) -> Answer:
    """Form the last modification of a volume that had one."""
    state = modification_state(volume)
    return {
        "VolumeId": volume.id,
        "ModificationState": state,
        "StatusMessage": volume.modify_error or (REHEARSED if volume.rehearsed else None),
        "TargetSize": volume.size_gib,
        "TargetVolumeType": volume.kind,
        "TargetMultiAttachEnabled": False,
        "OriginalSize": volume.original_gib,
        "OriginalVolumeType": volume.original_kind,
        "OriginalMultiAttachEnabled": False,
        "Progress": 100 if state == "completed" else 0,
        "StartTime": volume.modified_at_ms,
        "EndTime": max(volume.modified_at_ms, volume.grown_at_ms) if state == "completed" else None,
    }


def status(volume: Volume) -> str:
    """Say what is known of a volume's health, in EC2's words."""
    if volume.state is VolumeState.CREATING:
        return "insufficient-data"
    return "impaired" if volume.state is VolumeState.ERROR else "ok"


def io_enabled(volume: Volume) -> str:
    return "passed" if status(volume) == "ok" else "failed"


def status_item(volume: Volume) -> Answer:
    """Form the status; that a volume is rehearsed only is told as an event."""
    word = status(volume)
    known = word != "insufficient-data"
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.cluster,
        "AvailabilityZoneId": volume.cluster,
        "VolumeStatus": {
            "Status": word,
            "Details": [{"Name": "io-enabled", "Status": io_enabled(volume)}] if known else [],
        },
        "Events": [
            {
                "EventId": f"evol-{kind}-{volume.id}",
                "EventType": kind,
                "Description": said,
                "NotBefore": volume.created_at_ms,
            }
            for kind, said in events(volume)
        ],
        "Actions": [],
        "AttachmentStatuses": [{"InstanceId": volume.instance_id}] if volume.instance_id else [],
    }


def events(volume: Volume) -> list[tuple[str, str]]:
    """List what there is to say of a volume: pairs of a kind and a sentence."""
    told = [("rehearsal", REHEARSED)] if volume.rehearsed else []
    return [*told, ("storage", volume.failed)] if volume.failed else told


def _attached(volume: Volume, value: str) -> list[str]:
    return [value] if volume.instance_id else []


def _yes(truth: bool) -> str:
    return "true" if truth else "false"


VOLUME: Facts[ShownVolume] = {
    "attachment.attach-time": lambda s: _attached(s.volume, timestamp(s.volume.attached_at_ms)),
    "attachment.delete-on-termination": lambda s: _attached(s.volume, _yes(s.volume.delete_on_termination)),
    "attachment.device": lambda s: _attached(s.volume, s.volume.device),
    "attachment.instance-id": lambda s: _attached(s.volume, s.volume.instance_id),
    "attachment.status": lambda s: _attached(s.volume, s.volume.attachment),
    "availability-zone": lambda s: [s.volume.cluster],
    "availability-zone-id": lambda s: [s.volume.cluster],
    "create-time": lambda s: [timestamp(s.volume.created_at_ms)],
    "encrypted": lambda s: ["false"],
    "multi-attach-enabled": lambda s: ["false"],
    "size": lambda s: [str(s.volume.seen_gib or s.volume.size_gib)],
    "snapshot-id": lambda s: [s.volume.snapshot_id] if s.volume.snapshot_id else [],
    "status": lambda s: [s.volume.state],
    "volume-id": lambda s: [s.volume.id],
    "volume-type": lambda s: [s.volume.kind],
}

VOLUME_STATUS: Facts[Volume] = {
    "attachment-status.instance-id": lambda v: _attached(v, v.instance_id),
    "availability-zone": lambda v: [v.cluster],
    "event.description": lambda v: [said for _, said in events(v)],
    "event.event-id": lambda v: [f"evol-{kind}-{v.id}" for kind, _ in events(v)],
    "event.event-type": lambda v: [kind for kind, _ in events(v)],
    "event.not-before": lambda v: [timestamp(v.created_at_ms) for _ in events(v)],
    "volume-status.details-name": lambda v: [] if status(v) == "insufficient-data" else ["io-enabled"],
    "volume-status.details-status": lambda v: [] if status(v) == "insufficient-data" else [io_enabled(v)],
    "volume-status.status": lambda v: [status(v)],
}

MODIFICATION: Facts[Volume] = {
    "modification-state": lambda v: [modification_state(v)],
    "original-size": lambda v: [str(v.original_gib)],
    "original-volume-type": lambda v: [v.original_kind],
    "originalMultiAttachEnabled": lambda v: ["false"],
    "start-time": lambda v: [timestamp(v.modified_at_ms)],
    "target-size": lambda v: [str(v.size_gib)],
    "target-volume-type": lambda v: [v.kind],
    "targetMultiAttachEnabled": lambda v: ["false"],
    "volume-id": lambda v: [v.id],
}

SNAPSHOT: Facts[ShownSnapshot] = {
    "description": lambda s: [s.snapshot.description],
    "encrypted": lambda s: ["false"],
    "owner-id": lambda s: [s.snapshot.account_id],
    "progress": lambda s: [f"{s.snapshot.percent}%"],
    "snapshot-id": lambda s: [s.snapshot.id],
    "start-time": lambda s: [timestamp(s.snapshot.created_at_ms)],
    "status": lambda s: [s.snapshot.state],
    "storage-tier": lambda s: ["standard"],
    "volume-id": lambda s: [s.snapshot.volume_id],
    "volume-size": lambda s: [str(s.snapshot.size_gib)],
}

"""What each filter name looks at, a table a kind of thing. Names are Amazon's."""

from app.domain.group import SecurityGroup
from app.domain.ids import spellings
from app.domain.image import Image
from app.domain.keypair import KeyPair
from app.domain.network import dns_name
from app.server.ec2.filters import Facts
from app.server.ec2.scene import PLATFORM, USAGE, Shown
from app.wire.markup import timestamp


def _yes(truth: bool) -> list[str]:
    return ["true" if truth else "false"]


def _reachability(shown: Shown) -> list[str]:
    return ["failed" if shown.impaired else "passed"]


def _health(shown: Shown) -> list[str]:
    return ["impaired" if shown.impaired else "ok"]


_BOTH: Facts[Shown] = {
    "availability-zone": lambda s: [s.instance.cluster],
    "availability-zone-id": lambda s: [s.instance.cluster],
    "instance-state-code": lambda s: [str(s.instance.state.code)],
    "instance-state-name": lambda s: [s.instance.state],
}

INSTANCE: Facts[Shown] = {
    **_BOTH,
    "architecture": lambda s: [s.instance.architecture],
    "client-token": lambda s: [s.reservation.client_token],
    "ebs-optimized": lambda s: _yes(False),
    "ena-support": lambda s: _yes(False),
    "enclave-options.enabled": lambda s: _yes(False),
    "group-id": lambda s: s.instance.group_ids,
    "group-name": lambda s: [group.name for group in s.groups],
    "hibernation-options.configured": lambda s: _yes(False),
    "hypervisor": lambda s: ["xen"],
    "image-id": lambda s: spellings(s.instance.image_id),
    "instance-id": lambda s: [s.instance.id],
    "instance-type": lambda s: [s.instance.vmtype],
    "instance.group-id": lambda s: s.instance.group_ids,
    "instance.group-name": lambda s: [group.name for group in s.groups],
    "kernel-id": lambda s: spellings(s.instance.kernel_id),
    "key-name": lambda s: [s.instance.key_name] if s.instance.key_name else [],
    "launch-index": lambda s: [str(s.instance.launch_index)],
    "launch-time": lambda s: [timestamp(s.instance.launched_at_ms)],
    "monitoring-state": lambda s: ["enabled" if s.instance.monitoring else "disabled"],
    "owner-id": lambda s: [s.instance.account_id],
    "private-dns-name": lambda s: [dns_name(s.instance.address)],
    "private-ip-address": lambda s: [s.instance.address] if s.instance.address else [],
    "placement-group-name": lambda s: [s.instance.placement_group] if s.instance.placement_group else [],
    "placement-partition-number": lambda s: [str(s.instance.partition_number)] if s.instance.partition_number else [],
    "platform-details": lambda s: [PLATFORM],
    "ramdisk-id": lambda s: spellings(s.instance.ramdisk_id),
    "reason": lambda s: [s.instance.transition_reason],
    "reservation-id": lambda s: [s.reservation.id],
    "root-device-name": lambda s: [s.image.root_device] if s.image else [],
    "root-device-type": lambda s: ["instance-store"],
    "state-reason-code": lambda s: [s.instance.state_reason_code] if s.instance.state_reason_code else [],
    "state-reason-message": lambda s: [s.instance.state_reason] if s.instance.state_reason else [],
    "tenancy": lambda s: ["default"],
    "usage-operation": lambda s: [USAGE],
    "virtualization-type": lambda s: [s.virtualization],
}

STATUS: Facts[Shown] = {
    **_BOTH,
    "instance-status.reachability": _reachability,
    "instance-status.status": _health,
    "system-status.reachability": _reachability,
    "system-status.status": _health,
}

IMAGE: Facts[Image] = {
    "architecture": lambda i: [i.architecture],
    "creation-date": lambda i: [timestamp(i.created_at_ms)],
    "description": lambda i: [i.description],
    "ena-support": lambda i: _yes(False),
    "hypervisor": lambda i: ["xen"],
    "image-id": lambda i: spellings(i.id),
    "image-type": lambda i: [i.kind],
    "is-public": lambda i: _yes(i.public),
    "kernel-id": lambda i: spellings(i.kernel_id),
    "manifest-location": lambda i: [i.location],
    "name": lambda i: [i.name],
    "owner-id": lambda i: [i.account_id],
    "ramdisk-id": lambda i: spellings(i.ramdisk_id),
    "root-device-name": lambda i: [i.root_device],
    "root-device-type": lambda i: ["instance-store"],
    "state": lambda i: [i.state],
    "virtualization-type": lambda i: ["hvm"],
}

KEY_PAIR: Facts[KeyPair] = {
    "fingerprint": lambda k: [k.fingerprint],
    "key-name": lambda k: [k.name],
    "key-pair-id": lambda k: [k.id],
}

GROUP: Facts[SecurityGroup] = {
    "description": lambda g: [g.description],
    "group-id": lambda g: [g.id],
    "group-name": lambda g: [g.name],
    "owner-id": lambda g: [g.account_id],
}

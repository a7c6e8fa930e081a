"""What each filter name looks at, a table a kind of thing. Names are Amazon's."""

from collections.abc import Callable, Iterable

from app.domain.ids import spellings
from app.domain.image import Image, ImageKind
from app.domain.keypair import KeyPair
from app.domain.volume import Volume
from app.server.ec2 import block_devices
from app.server.ec2.filters import Facts
from app.server.ec2.instance_items import MAINTENANCE, NAMES, PLATFORM, PRODUCT, USAGE, metadata_item
from app.server.ec2.network_facts import ON_INSTANCE
from app.server.ec2.scene import Shown
from app.wire.markup import timestamp


def _yes(truth: bool) -> list[str]:
    return ["true" if truth else "false"]


def _reachability(shown: Shown) -> list[str]:
    return ["failed" if shown.impaired else "passed"]


def _health(shown: Shown) -> list[str]:
    return ["impaired" if shown.impaired else "ok"]


def _metadata(option: str) -> Callable[[Shown], list[str]]:
    return lambda shown: [str(metadata_item(shown.instance)[option])]


_BOTH: Facts[Shown] = {
    "availability-zone": lambda s: [s.instance.cluster],
    "availability-zone-id": lambda s: [s.instance.cluster],
    "instance-state-code": lambda s: [str(s.instance.state.code)],
    "instance-state-name": lambda s: [s.instance.state],
}


def _of_volumes(look: Callable[[Volume], Iterable[str]]) -> Callable[[Shown], list[str]]:
    return lambda shown: [value for volume in shown.volumes for value in look(volume)]


INSTANCE: Facts[Shown] = {
    **_BOTH,
    **ON_INSTANCE,
    **{name: _of_volumes(look) for name, look in block_devices.FACTS.items()},
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
    "maintenance-options.auto-recovery": lambda s: [str(MAINTENANCE["AutoRecovery"])],
    "metadata-options.http-endpoint": _metadata("HttpEndpoint"),
    "metadata-options.http-protocol-ipv4": _metadata("HttpEndpoint"),
    "metadata-options.http-protocol-ipv6": _metadata("HttpProtocolIpv6"),
    "metadata-options.http-put-response-hop-limit": _metadata("HttpPutResponseHopLimit"),
    "metadata-options.http-tokens": _metadata("HttpTokens"),
    "metadata-options.instance-metadata-tags": _metadata("InstanceMetadataTags"),
    "metadata-options.state": _metadata("State"),
    "monitoring-state": lambda s: ["enabled" if s.instance.monitoring else "disabled"],
    "owner-id": lambda s: [s.instance.account_id],
    "private-dns-name-options.enable-resource-name-dns-a-record": lambda s: _yes(False),
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": lambda s: _yes(False),
    "private-dns-name-options.hostname-type": lambda s: [str(NAMES["HostnameType"])],
    "private-dns-name": lambda s: [s.private_name],
    "private-ip-address": lambda s: [s.instance.address] if s.instance.address else [],
    "placement-group-name": lambda s: [s.instance.placement_group] if s.instance.placement_group else [],
    "placement-partition-number": lambda s: [str(s.instance.partition_number)] if s.instance.partition_number else [],
    "platform-details": lambda s: [PLATFORM],
    "product-code": lambda s: s.product_codes,
    "product-code.type": lambda s: [PRODUCT] if s.product_codes else [],
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
    "block-device-mapping.device-name": lambda i: [device.partition("=")[0] for device in i.devices],
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
    "product-code": lambda i: i.product_codes,
    "product-code.type": lambda i: [PRODUCT] if i.product_codes else [],
    "ramdisk-id": lambda i: spellings(i.ramdisk_id),
    "root-device-name": lambda i: [i.root_device] if i.kind is ImageKind.MACHINE else [],
    "root-device-type": lambda i: ["instance-store"],
    "source-image-id": lambda i: spellings(i.source_image_id),
    "source-image-region": lambda i: [i.source_region] if i.source_region else [],
    "source-instance-id": lambda i: [i.source_instance_id] if i.source_instance_id else [],
    "state": lambda i: [i.state],
    "state-reason-code": lambda i: [i.state_reason_code] if i.state_reason_code else [],
    "state-reason-message": lambda i: [i.state_reason] if i.state_reason else [],
    "virtualization-type": lambda i: ["hvm"],
}

KEY_PAIR: Facts[KeyPair] = {
    "fingerprint": lambda k: [k.fingerprint],
    "key-name": lambda k: [k.name],
    "key-pair-id": lambda k: [k.id],
}

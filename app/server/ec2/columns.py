"""Which column stands for each filter, a table a kind of thing; the other filters narrow nothing."""

from app.domain import ids
from app.domain.names import address_in
from app.domain.records import Like
from app.domain.states import InstanceState
from app.domain.vpc import DEFAULT_VPC_ID, instance_of
from app.server.ec2.facts import IMAGE, INSTANCE, KEY_PAIR, STATUS
from app.server.ec2.filters import MOST_VALUES
from app.server.ec2.group_scene import FACTS as GROUP
from app.server.ec2.narrowing import Column, Columns, Sight, Values, escaped
from app.server.ec2.network_facts import INTERFACE
from app.server.ec2.volume_items import MODIFICATION, VOLUME, VOLUME_STATUS
from app.wire import scalars


def _unsaid(sight: Sight, values: Values) -> None:
    return None


def _always(word: str) -> Column:
    """Tell that all things are alike in this."""

    def narrowed(sight: Sight, values: Values) -> tuple[str, Values] | None:
        may = word in values or any(isinstance(value, Like) for value in values)
        return None if may else ("id", ())

    return narrowed


def _image(column: str) -> Column:
    """Take either spelling of an id."""

    def narrowed(sight: Sight, values: Values) -> tuple[str, Values] | None:
        exact = tuple(ids.canonical(value) for value in values if isinstance(value, str))
        return (column, exact) if len(exact) == len(values) else None

    return narrowed


def _groups(sight: Sight, values: Values) -> tuple[str, Values] | None:
    """Look into the column's list, which is text; a statement takes only so many patterns."""
    if len(values) > MOST_VALUES:
        return None
    inner = (value.glob if isinstance(value, Like) else escaped(value) for value in values)
    return "group_ids", tuple(Like(f'*"{glob}"*') for glob in inner)


def _group_names(sight: Sight, values: Values) -> tuple[str, Values] | None:
    return _groups(sight, tuple(group.id for group in sight.unit.groups.where(**sight.own, name=values)))


def _client_tokens(sight: Sight, values: Values) -> tuple[str, Values]:
    return "reservation_id", tuple(row.id for row in sight.unit.reservations.where(**sight.own, client_token=values))


def _root_devices(sight: Sight, values: Values) -> tuple[str, Values]:
    return "image_id", tuple(image.id for image in sight.unit.images.where(root_device=values))


def _launch_times(sight: Sight, values: Values) -> tuple[str, Values] | None:
    if any(isinstance(value, Like) for value in values):
        return None
    return "launched_at_ms", tuple(str(at_ms) for value in values if (at_ms := _milliseconds(str(value))) is not None)


def _milliseconds(text: str) -> int | None:
    try:
        return round(scalars.timestamp(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _state_codes(sight: Sight, values: Values) -> tuple[str, Values] | None:
    if any(isinstance(value, Like) for value in values):
        return None
    return "state", tuple(state for state in InstanceState if str(state.code) in values)


def _dns_names(sight: Sight, values: Values) -> tuple[str, Values] | None:
    """Read the address out of a name."""
    if any(isinstance(value, Like) for value in values):
        return None
    return "private_ip", tuple(address for value in values if (address := address_in(str(value))))


def _public_ips(sight: Sight, values: Values) -> tuple[str, Values]:
    """Find the instances that have these addresses; their accounts are compared later."""
    return "id", tuple(row.instance_id for row in sight.unit.addresses.where(ip=values) if row.instance_id)


def _public_names(sight: Sight, values: Values) -> tuple[str, Values] | None:
    """Read the address out of a name, which may be the address itself."""
    if any(isinstance(value, Like) for value in values):
        return None
    return _public_ips(sight, tuple(address_in(str(value)) or value for value in values))


def _interfaces(sight: Sight, values: Values) -> tuple[str, Values] | None:
    if any(isinstance(value, Like) for value in values):
        return None
    return "id", tuple(instance_of(str(value)) for value in values if str(value).startswith("eni-"))


_PLACE: Columns = {
    "availability-zone": "cluster",
    "availability-zone-id": "cluster",
    "instance-state-code": _state_codes,
    "instance-state-name": "state",
}
INSTANCE_COLUMNS: Columns = {
    **dict.fromkeys(INSTANCE, _unsaid),
    **_PLACE,
    "architecture": "architecture",
    "client-token": _client_tokens,
    "dns-name": _public_names,
    "group-id": _groups,
    "group-name": _group_names,
    "hypervisor": _always("xen"),
    "image-id": _image("image_id"),
    "instance-id": "id",
    "instance-type": "vmtype",
    "instance.group-id": _groups,
    "ip-address": _public_ips,
    "instance.group-name": _group_names,
    "kernel-id": _image("kernel_id"),
    "key-name": "key_name",
    "launch-time": _launch_times,
    "network-interface.network-interface-id": _interfaces,
    "owner-id": "account_id",
    "placement-group-name": "placement_group",
    "private-dns-name": _dns_names,
    "private-ip-address": "private_ip",
    "ramdisk-id": _image("ramdisk_id"),
    "reason": "transition_reason",
    "reservation-id": "reservation_id",
    "root-device-name": _root_devices,
    "state-reason-code": "state_reason_code",
    "state-reason-message": "state_reason",
    "tenancy": _always("default"),
    "vpc-id": _always(DEFAULT_VPC_ID),
}
INTERFACE_COLUMNS: Columns = {
    **dict.fromkeys(INTERFACE, _unsaid),
    "addresses.association.public-ip": _public_ips,
    "addresses.private-ip-address": "private_ip",
    "association.public-ip": _public_ips,
    "attachment.instance-id": "id",
    "availability-zone": "cluster",
    "group-id": _groups,
    "mac-address": "mac",
    "network-interface-id": _interfaces,
    "owner-id": "account_id",
    "private-dns-name": _dns_names,
    "private-ip-address": "private_ip",
    "vpc-id": _always(DEFAULT_VPC_ID),
}
STATUS_COLUMNS: Columns = {**dict.fromkeys(STATUS, _unsaid), **_PLACE}
IMAGE_COLUMNS: Columns = {
    **dict.fromkeys(IMAGE, _unsaid),
    "architecture": "architecture",
    "description": "description",
    "image-id": _image("id"),
    "image-type": "kind",
    "kernel-id": _image("kernel_id"),
    "manifest-location": "location",
    "name": "name",
    "owner-id": "account_id",
    "ramdisk-id": _image("ramdisk_id"),
    "root-device-name": "root_device",
}
KEY_PAIR_COLUMNS: Columns = {
    **dict.fromkeys(KEY_PAIR, _unsaid),
    "fingerprint": "fingerprint",
    "key-name": "name",
    "key-pair-id": "id",
}
TAG_COLUMNS: Columns = {
    "key": "name",
    "resource-id": _image("resource_id"),
    "resource-type": _unsaid,
    "value": "value",
}
GROUP_COLUMNS: Columns = {
    **dict.fromkeys(GROUP, _unsaid),
    "description": "description",
    "group-id": "id",
    "group-name": "name",
    "owner-id": "account_id",
}
VOLUME_COLUMNS: Columns = {
    **dict.fromkeys([*VOLUME, *VOLUME_STATUS, *MODIFICATION], _unsaid),
    "attachment-status.instance-id": "instance_id",
    "attachment.device": "device",
    "attachment.instance-id": "instance_id",
    "availability-zone": "cluster",
    "availability-zone-id": "cluster",
    "snapshot-id": "snapshot_id",
    "target-volume-type": "kind",
    "volume-id": "id",
    "volume-type": "kind",
}

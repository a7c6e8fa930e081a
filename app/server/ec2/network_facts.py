"""What filters look at of interfaces, and of instances by their interfaces. Names are Amazon's."""

from collections.abc import Callable, Iterable

from app.domain import vpc
from app.server.ec2.filters import Facts
from app.server.ec2.scene import Shown
from app.wire.markup import timestamp

_Values = Callable[[Shown], Iterable[str]]


def _public(shown: Shown) -> list[str]:
    return [shown.address.ip] if shown.address else []


def _private(shown: Shown) -> list[str]:
    return [shown.instance.address] if shown.instance.address else []


def _name(shown: Shown) -> list[str]:
    return [shown.private_name]


def _public_name(shown: Shown) -> list[str]:
    return [shown.public_name] if shown.address else []


def _ip_owner(shown: Shown) -> list[str]:
    return [shown.address.ip_owner] if shown.address else []


def _vpc(shown: Shown) -> list[str]:
    return [vpc.DEFAULT_VPC_ID]


def _subnet(shown: Shown) -> list[str]:
    return [vpc.subnet_id(shown.instance.cluster)]


def _owner(shown: Shown) -> list[str]:
    return [shown.instance.account_id]


def _true(shown: Shown) -> list[str]:
    return ["true"]


def _checked(shown: Shown) -> list[str]:
    return ["true" if shown.instance.source_dest_check else "false"]


_ON_BOTH: Facts[Shown] = {
    "addresses.association.public-ip": _public,
    "addresses.primary": lambda s: ["true"] if s.instance.address else [],
    "addresses.private-ip-address": _private,
    "association.allocation-id": lambda s: [s.address.id] if s.address and not s.address.automatic else [],
    "association.association-id": lambda s: [s.address.association_id] if s.address else [],
    "association.ip-owner-id": _ip_owner,
    "association.public-dns-name": _public_name,
    "association.public-ip": _public,
    "attachment.attach-time": lambda s: [timestamp(s.instance.created_at_ms)],
    "attachment.attachment-id": lambda s: [vpc.attachment_id(s.instance.id)],
    "attachment.delete-on-termination": _true,
    "attachment.device-index": lambda s: ["0"],
    "attachment.instance-id": lambda s: [s.instance.id],
    "attachment.instance-owner-id": _owner,
    "attachment.status": lambda s: ["attached"],
    "availability-zone": lambda s: [s.instance.cluster],
    "availability-zone-id": lambda s: [s.instance.cluster],
    "description": lambda s: [s.instance.interface_description],
    "group-id": lambda s: s.instance.group_ids,
    "mac-address": lambda s: [s.instance.mac],
    "network-interface-id": lambda s: [vpc.interface_id(s.instance.id)],
    "owner-id": _owner,
    "private-dns-name": _name,
    "private-ip-address": _private,
    "requester-managed": lambda s: ["false"],
    "source-dest-check": _checked,
    "status": lambda s: ["in-use"],
    "subnet-id": _subnet,
    "vpc-id": _vpc,
}

INTERFACE: Facts[Shown] = {
    **_ON_BOTH,
    "addresses.association.owner-id": _ip_owner,
    "interface-type": lambda s: ["interface"],
}

_OF_INTERFACE: Facts[Shown] = {
    **_ON_BOTH,
    "addresses.association.allocation-id": _ON_BOTH["association.allocation-id"],
    "addresses.association.association-id": _ON_BOTH["association.association-id"],
    "addresses.association.ip-owner-id": _ip_owner,
    "addresses.association.public-dns-name": _public_name,
    "addresses.private-dns-name": _name,
    "attachment.network-card-index": lambda s: ["0"],
    "group-name": lambda s: [group.name for group in s.groups],
    "public-dns-name": _public_name,
}


def _unless_gone(values: _Values) -> _Values:
    return lambda shown: () if shown.instance.removed else values(shown)


ON_INSTANCE: Facts[Shown] = {
    "dns-name": _public_name,
    "ip-address": _public,
    "source-dest-check": _unless_gone(_checked),
    "subnet-id": _unless_gone(_subnet),
    "vpc-id": _unless_gone(_vpc),
    **{f"network-interface.{name}": _unless_gone(values) for name, values in _OF_INTERFACE.items()},
}

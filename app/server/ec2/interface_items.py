"""What an instance shows of the network: its one interface, its subnet, its public address.

The interface has no row: it comes and goes with its instance, and its ids follow from the instance's.
"""

from collections.abc import Container, Mapping, Sequence

from app.domain import vpc
from app.server.ec2.operation import Answer
from app.server.ec2.scene import Shown
from app.wire.moulds import hole


def network_members(there: Container[str], groups: Sequence[Answer], *, gone: bool) -> Answer:
    """Form what a mould of instances tells of the network; `there` names the addresses that these have."""
    if gone:
        return {"PrivateDnsName": "", "PublicDnsName": "", "NetworkInterfaces": []}
    private, public = "address" in there, "ip" in there
    shown = _interface(_HOLES, _association(_HOLES) if public else None, private)
    return {
        "PrivateDnsName": hole("name"),
        "PrivateIpAddress": hole("address") if private else None,
        "PublicDnsName": hole("public_name") if public else "",
        "PublicIpAddress": hole("ip") if public else None,
        "VpcId": vpc.DEFAULT_VPC_ID,
        "SubnetId": hole("subnet"),
        "SourceDestCheck": hole("checked"),
        "NetworkInterfaces": [{**shown, "Groups": groups}],
    }


def interface(shown: Shown, groups: Sequence[Answer]) -> Answer:
    """Form the interface by itself, which tells more than its instance does."""
    instance = shown.instance
    whole = _interface(_facts(shown), association(shown), bool(instance.address))
    return {**whole, "Attachment": attachment(shown), "Groups": groups}


def attachment(shown: Shown) -> Answer:
    """Form what binds the interface to its instance, as the interface shows it."""
    return {
        **_attachment(_facts(shown)),
        "InstanceId": shown.instance.id,
        "InstanceOwnerId": shown.instance.account_id,
    }


def association(shown: Shown) -> Answer | None:
    """Form what binds a public address to the interface, as the interface shows it."""
    address = shown.address
    if address is None:
        return None
    return {
        **_association({"ip": address.ip, "ip_owner": address.ip_owner, "public_name": shown.public_name}),
        "AllocationId": None if address.automatic else address.id,
        "AssociationId": address.association_id,
    }


def _facts(shown: Shown) -> Mapping[str, object]:
    instance = shown.instance
    return {
        "address": instance.address,
        "attached": instance.created_at_ms,
        "checked": instance.source_dest_check,
        "description": instance.interface_description,
        "id": instance.id,
        "mac": instance.mac,
        "name": shown.private_name,
        "owner": instance.account_id,
        "subnet": vpc.subnet_id(instance.cluster),
    }


def _association(facts: Mapping[str, object]) -> Answer:
    return {"IpOwnerId": facts["ip_owner"], "PublicDnsName": facts["public_name"], "PublicIp": facts["ip"]}


def _attachment(facts: Mapping[str, object]) -> Answer:
    return {
        "AttachTime": facts["attached"],
        "AttachmentId": vpc.attachment_id(str(facts["id"])),
        "DeleteOnTermination": True,
        "DeviceIndex": 0,
        "Status": "attached",
        "NetworkCardIndex": 0,
    }


def _interface(facts: Mapping[str, object], on: Answer | None, private: bool) -> Answer:
    """Form all but the groups; `private`: whether there is a private address."""
    main: Answer = {
        "Association": on,
        "Primary": True,
        "PrivateDnsName": facts["name"],
        "PrivateIpAddress": facts["address"],
    }
    return {
        "Association": on,
        "Attachment": _attachment(facts),
        "Description": facts["description"],
        "Ipv6Addresses": [],
        "MacAddress": facts["mac"],
        "NetworkInterfaceId": vpc.interface_id(str(facts["id"])),
        "OwnerId": facts["owner"],
        "PrivateDnsName": facts["name"],
        "PrivateIpAddress": facts["address"] if private else None,
        "PrivateIpAddresses": [main] if private else [],
        "SourceDestCheck": facts["checked"],
        "Status": "in-use",
        "SubnetId": facts["subnet"],
        "VpcId": vpc.DEFAULT_VPC_ID,
        "InterfaceType": "interface",
    }


_NAMES = (
    "address",
    "attached",
    "checked",
    "description",
    "ip",
    "ip_owner",
    "mac",
    "name",
    "owner",
    "public_name",
    "subnet",
)
_HOLES = {**{name: hole(name) for name in _NAMES}, "id": f"i-{hole('digits')}"}

"""What an instance shows of the network: its one interface, its subnet, its public address.

The interface has no row: it comes and goes with its instance, and its ids follow from the instance's.
"""

from collections.abc import Sequence

from app.domain import vpc
from app.domain.address import Address
from app.domain.instance import Instance
from app.domain.network import dns_name
from app.server.ec2.operation import Answer


def network_members(instance: Instance, groups: Sequence[Answer], address: Address | None) -> Answer:
    """Form the members of an instance that tell of the network; one that is gone has none of it."""
    if instance.removed:
        return {"PublicDnsName": "", "NetworkInterfaces": []}
    public = address.ip if address else ""
    return {
        "PublicDnsName": public,  # no name server of ours answers for another name
        "PublicIpAddress": public or None,
        "VpcId": vpc.DEFAULT_VPC_ID,
        "SubnetId": vpc.subnet_id(instance.cluster),
        "SourceDestCheck": instance.source_dest_check,
        "NetworkInterfaces": [card(instance, groups, _association(address))],
    }


def card(instance: Instance, groups: Sequence[Answer], association: Answer | None) -> Answer:
    """Form the interface as instances show it."""
    name, address = dns_name(instance.address), instance.address
    private: Answer = {
        "Association": association,
        "Primary": True,
        "PrivateDnsName": name,
        "PrivateIpAddress": address,
    }
    return {
        "Association": association,
        "Attachment": attachment(instance),
        "Description": instance.interface_description,
        "Groups": groups,
        "Ipv6Addresses": [],
        "MacAddress": instance.mac,
        "NetworkInterfaceId": vpc.interface_id(instance.id),
        "OwnerId": instance.account_id,
        "PrivateDnsName": name,
        "PrivateIpAddress": address or None,
        "PrivateIpAddresses": [private] if address else [],
        "SourceDestCheck": instance.source_dest_check,
        "Status": "in-use",
        "SubnetId": vpc.subnet_id(instance.cluster),
        "VpcId": vpc.DEFAULT_VPC_ID,
        "InterfaceType": "interface",
    }


def attachment(instance: Instance) -> Answer:
    """Form what binds the interface to its instance, for as long as there is one."""
    return {
        "AttachTime": instance.created_at_ms,
        "AttachmentId": vpc.attachment_id(instance.id),
        "DeleteOnTermination": True,
        "DeviceIndex": 0,
        "Status": "attached",
        "NetworkCardIndex": 0,
    }


def _association(address: Address | None) -> Answer | None:
    if address is None:
        return None
    return {"IpOwnerId": address.ip_owner, "PublicDnsName": address.ip, "PublicIp": address.ip}

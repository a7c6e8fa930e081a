"""The kinds of things that the default VPC consists of, with what each of their filters looks at in the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.server.ec2.filters import Facts
from app.server.ec2.operation import Answer

Values = Callable[[Answer], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing: its word in errors, the member of the answer, the member that is its id, its filters."""

    resource: str
    member: str
    id: str
    facts: Facts[Answer]


def of(*path: str) -> Values:
    """Return what collects the texts at a path of members, through lists."""

    def values(item: Answer) -> list[str]:
        found: list[object] = [item]
        for name in path:
            found = [inner for one in found if isinstance(one, dict) and name in one for inner in _each(one[name])]
        return [str(one).lower() if isinstance(one, bool) else str(one) for one in found if one is not None]

    return values


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


VPC = Kind(
    resource="vpc",
    member="Vpcs",
    id="VpcId",
    facts={
        "cidr": of("CidrBlock"),
        "cidr-block-association.association-id": of("CidrBlockAssociationSet", "AssociationId"),
        "cidr-block-association.cidr-block": of("CidrBlockAssociationSet", "CidrBlock"),
        "cidr-block-association.state": of("CidrBlockAssociationSet", "CidrBlockState", "State"),
        "dhcp-options-id": of("DhcpOptionsId"),
        "is-default": of("IsDefault"),
        "isDefault": of("IsDefault"),
        "owner-id": of("OwnerId"),
        "state": of("State"),
        "vpc-id": of("VpcId"),
    },
)
SUBNET = Kind(
    resource="subnet",
    member="Subnets",
    id="SubnetId",
    facts={
        "availability-zone": of("AvailabilityZone"),
        "availability-zone-id": of("AvailabilityZoneId"),
        "availabilityZone": of("AvailabilityZone"),
        "availabilityZoneId": of("AvailabilityZoneId"),
        "available-ip-address-count": of("AvailableIpAddressCount"),
        "cidr": of("CidrBlock"),
        "cidr-block": of("CidrBlock"),
        "cidrBlock": of("CidrBlock"),
        "default-for-az": of("DefaultForAz"),
        "defaultForAz": of("DefaultForAz"),
        "enable-dns64": of("EnableDns64"),
        "ipv6-native": of("Ipv6Native"),
        "map-customer-owned-ip-on-launch": of("MapCustomerOwnedIpOnLaunch"),
        "map-public-ip-on-launch": of("MapPublicIpOnLaunch"),
        "owner-id": of("OwnerId"),
        "state": of("State"),
        "subnet-arn": of("SubnetArn"),
        "subnet-id": of("SubnetId"),
        "vpc-id": of("VpcId"),
    },
)
ROUTE_TABLE = Kind(
    resource="route table",
    member="RouteTables",
    id="RouteTableId",
    facts={
        "association.main": of("Associations", "Main"),
        "association.route-table-association-id": of("Associations", "RouteTableAssociationId"),
        "association.route-table-id": of("Associations", "RouteTableId"),
        "owner-id": of("OwnerId"),
        "route-table-id": of("RouteTableId"),
        "route.destination-cidr-block": of("Routes", "DestinationCidrBlock"),
        "route.gateway-id": of("Routes", "GatewayId"),
        "route.origin": of("Routes", "Origin"),
        "route.state": of("Routes", "State"),
        "vpc-id": of("VpcId"),
    },
)
INTERNET_GATEWAY = Kind(
    resource="internet gateway",
    member="InternetGateways",
    id="InternetGatewayId",
    facts={
        "attachment.state": of("Attachments", "State"),
        "attachment.vpc-id": of("Attachments", "VpcId"),
        "internet-gateway-id": of("InternetGatewayId"),
        "owner-id": of("OwnerId"),
    },
)
DHCP_OPTIONS = Kind(
    resource="DHCP options",
    member="DhcpOptions",
    id="DhcpOptionsId",
    facts={
        "dhcp-options-id": of("DhcpOptionsId"),
        "key": of("DhcpConfigurations", "Key"),
        "owner-id": of("OwnerId"),
        "value": of("DhcpConfigurations", "Values", "Value"),
    },
)
NETWORK_ACL = Kind(
    resource="network ACL",
    member="NetworkAcls",
    id="NetworkAclId",
    facts={
        "association.association-id": of("Associations", "NetworkAclAssociationId"),
        "association.network-acl-id": of("Associations", "NetworkAclId"),
        "association.subnet-id": of("Associations", "SubnetId"),
        "default": of("IsDefault"),
        "entry.cidr": of("Entries", "CidrBlock"),
        "entry.egress": of("Entries", "Egress"),
        "entry.protocol": of("Entries", "Protocol"),
        "entry.rule-action": of("Entries", "RuleAction"),
        "entry.rule-number": of("Entries", "RuleNumber"),
        "network-acl-id": of("NetworkAclId"),
        "owner-id": of("OwnerId"),
        "vpc-id": of("VpcId"),
    },
)

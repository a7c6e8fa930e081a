"""The one default VPC with a subnet for each cluster, as everybody may read and nobody may change it.

It belongs to whoever asks: every account is shown the same ids as its own, and none of them hides anything.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from app.domain import ids
from app.domain.errors import Invalid, Missing
from app.domain.names import DOMAIN
from app.domain.vpc import (
    DEFAULT_VPC_ID,
    DHCP_OPTIONS_ID,
    INTERNET_GATEWAY_ID,
    MAIN_ASSOCIATION_ID,
    NETWORK_ACL_ID,
    ROUTE_TABLE_ID,
    network_acl_association_id,
)
from app.server.ec2 import filters, pages
from app.server.ec2.operation import Answer, Ask, Filter, Operation, refuse_many
from app.server.ec2.vpc_kinds import DHCP_OPTIONS, INTERNET_GATEWAY, NETWORK_ACL, ROUTE_TABLE, SUBNET, VPC, Kind
from app.services import dns, public_addresses, vpc

_ALL = "0.0.0.0/0"
_LAST_RULE = 32767
_ATTRIBUTES = ("enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics")


class _PagedIn(msgspec.Struct):
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeVpcsIn(_PagedIn):
    vpc_ids: list[str] = []


class DescribeSubnetsIn(_PagedIn):
    subnet_ids: list[str] = []


class DescribeRouteTablesIn(_PagedIn):
    route_table_ids: list[str] = []


class DescribeInternetGatewaysIn(_PagedIn):
    internet_gateway_ids: list[str] = []


class DescribeDhcpOptionsIn(_PagedIn):
    dhcp_options_ids: list[str] = []


class DescribeNetworkAclsIn(_PagedIn):
    network_acl_ids: list[str] = []


class DescribeVpcAttributeIn(msgspec.Struct):
    attribute: str
    vpc_id: str


def describe_vpcs(ask: Ask[DescribeVpcsIn]) -> Answer:
    blocks = vpc.cidrs(ask.unit)
    digits = DEFAULT_VPC_ID.partition("-")[2]
    shown: Answer = {
        "VpcId": DEFAULT_VPC_ID,
        "State": "available",
        "CidrBlock": blocks[0],
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{digits[:-1]}{number:x}",
                "CidrBlock": block,
                "CidrBlockState": {"State": "associated"},
            }
            for number, block in enumerate(blocks)
        ],
        "DhcpOptionsId": DHCP_OPTIONS_ID,
        "InstanceTenancy": "default",
        "IsDefault": True,
    }
    return _describe(ask, VPC, ask.request.vpc_ids, [shown])


def describe_vpc_attribute(ask: Ask[DescribeVpcAttributeIn]) -> Answer:
    asked = ask.request
    if ids.parse(asked.vpc_id, "vpc") != DEFAULT_VPC_ID:
        raise Missing("vpc", asked.vpc_id)
    members = {name: name[0].upper() + name[1:] for name in _ATTRIBUTES}
    if asked.attribute not in members:
        raise Invalid("Attribute", asked.attribute, f"Choose one of {', '.join(members)}.")
    return {
        "VpcId": DEFAULT_VPC_ID,
        members[asked.attribute]: {"Value": _answers_names(ask) and "Dns" in asked.attribute},
    }


def _answers_names(ask: Ask[Any]) -> bool:
    """Tell whether a name server comes with the network, and instances have public names."""
    return bool(dns.names_of(ask.unit).domain)


def describe_subnets(ask: Ask[DescribeSubnetsIn]) -> Answer:
    found = vpc.subnets(ask.unit)
    free = vpc.free(ask.unit, {subnet.cidr for subnet in found})
    mapped = public_addresses.gives_unasked(ask.unit)
    shown: list[Answer] = [
        {
            "SubnetId": subnet.id,
            "SubnetArn": f"arn:aws:ec2:{ask.site.region}:{ask.caller.account_id}:subnet/{subnet.id}",
            "State": "available",
            "VpcId": DEFAULT_VPC_ID,
            "CidrBlock": subnet.cidr,
            "AvailableIpAddressCount": free.get(subnet.cidr),
            "AvailabilityZone": subnet.cluster,
            "AvailabilityZoneId": subnet.cluster,
            "DefaultForAz": True,
            "MapPublicIpOnLaunch": mapped,
            "MapCustomerOwnedIpOnLaunch": False,
            "AssignIpv6AddressOnCreation": False,
            "Ipv6CidrBlockAssociationSet": [],
            "EnableDns64": False,
            "Ipv6Native": False,
        }
        for subnet in found
    ]
    return _describe(ask, SUBNET, ask.request.subnet_ids, shown)


def describe_route_tables(ask: Ask[DescribeRouteTablesIn]) -> Answer:
    inside = [(block, "local", "CreateRouteTable") for block in vpc.cidrs(ask.unit) if block != _ALL]
    shown: Answer = {
        "RouteTableId": ROUTE_TABLE_ID,
        "VpcId": DEFAULT_VPC_ID,
        "Associations": [
            {
                "Main": True,
                "RouteTableAssociationId": MAIN_ASSOCIATION_ID,
                "RouteTableId": ROUTE_TABLE_ID,
                "AssociationState": {"State": "associated"},
            }
        ],
        "PropagatingVgws": [],
        "Routes": [
            {"DestinationCidrBlock": block, "GatewayId": gateway, "Origin": origin, "State": "active"}
            for block, gateway, origin in (*inside, (_ALL, INTERNET_GATEWAY_ID, "CreateRoute"))
        ],
    }
    return _describe(ask, ROUTE_TABLE, ask.request.route_table_ids, [shown])


def describe_internet_gateways(ask: Ask[DescribeInternetGatewaysIn]) -> Answer:
    attachment = {"State": "available", "VpcId": DEFAULT_VPC_ID}
    shown: Answer = {"InternetGatewayId": INTERNET_GATEWAY_ID, "Attachments": [attachment]}
    return _describe(ask, INTERNET_GATEWAY, ask.request.internet_gateway_ids, [shown])


def describe_dhcp_options(ask: Ask[DescribeDhcpOptionsIn]) -> Answer:
    said = {"domain-name": DOMAIN} | ({"domain-name-servers": "AmazonProvidedDNS"} if _answers_names(ask) else {})
    shown: Answer = {
        "DhcpOptionsId": DHCP_OPTIONS_ID,
        "DhcpConfigurations": [{"Key": key, "Values": [{"Value": value}]} for key, value in said.items()],
    }
    return _describe(ask, DHCP_OPTIONS, ask.request.dhcp_options_ids, [shown])


def describe_network_acls(ask: Ask[DescribeNetworkAclsIn]) -> Answer:
    shown: Answer = {
        "NetworkAclId": NETWORK_ACL_ID,
        "VpcId": DEFAULT_VPC_ID,
        "IsDefault": True,
        "Associations": [
            {
                "NetworkAclAssociationId": network_acl_association_id(subnet.cluster),
                "NetworkAclId": NETWORK_ACL_ID,
                "SubnetId": subnet.id,
            }
            for subnet in vpc.subnets(ask.unit)
        ],
        "Entries": [
            {"CidrBlock": _ALL, "Egress": egress, "Protocol": "-1", "RuleAction": action, "RuleNumber": number}
            for egress in (True, False)
            for number, action in ((100, "allow"), (_LAST_RULE, "deny"))
        ],
    }
    return _describe(ask, NETWORK_ACL, ask.request.network_acl_ids, [shown])


def _describe(ask: Ask[_PagedIn], kind: Kind, given: Sequence[str], shown: Sequence[Answer]) -> Answer:
    """Choose by id and filter, and cut a page; everything is the caller's and has no tags."""
    refuse_many(kind.id, given)
    items = {str(one[kind.id]): {**one, "OwnerId": ask.caller.account_id, "Tags": []} for one in shown}
    named = [ids.parse(one, kind.resource) for one in given]
    absent = [one for one in named if one not in items]
    if absent:
        raise Missing(kind.resource, *absent)
    wanted = [items[one] for one in dict.fromkeys(named or items)]
    known = ask.site.filters(ask.operation)
    chosen = filters.select(wanted, ask.request.filters, kind.facts, known, tags=lambda _: {})
    cut, token = pages.page(chosen, lambda one: (str(one[kind.id]),), ask.request.max_results, ask.request.next_token)
    return {kind.member: cut, "NextToken": token}


OPERATIONS = (
    Operation(name="DescribeVpcs", request=DescribeVpcsIn, handle=describe_vpcs),
    Operation(name="DescribeVpcAttribute", request=DescribeVpcAttributeIn, handle=describe_vpc_attribute),
    Operation(name="DescribeSubnets", request=DescribeSubnetsIn, handle=describe_subnets),
    Operation(name="DescribeRouteTables", request=DescribeRouteTablesIn, handle=describe_route_tables),
    Operation(name="DescribeInternetGateways", request=DescribeInternetGatewaysIn, handle=describe_internet_gateways),
    Operation(name="DescribeDhcpOptions", request=DescribeDhcpOptionsIn, handle=describe_dhcp_options),
    Operation(name="DescribeNetworkAcls", request=DescribeNetworkAclsIn, handle=describe_network_acls),
)

"""What a VPC may have at Amazon and the one here has not: listed as empty, since clients list it around their work."""

import msgspec

from app.server.ec2.operation import Filter, Operation
from app.server.ec2.unsold import Listing, Paged, nothing


class DescribeVpcPeeringConnectionsIn(Paged):
    vpc_peering_connection_ids: list[str] = []
    max_results: int | None = None


class DescribeNatGatewaysIn(msgspec.Struct):
    nat_gateway_ids: list[str] = []
    filter: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeVpcEndpointsIn(Paged):
    vpc_endpoint_ids: list[str] = []
    max_results: int | None = None


class DescribeEgressOnlyInternetGatewaysIn(Paged):
    egress_only_internet_gateway_ids: list[str] = []
    max_results: int | None = None


class DescribeCustomerGatewaysIn(Listing):
    customer_gateway_ids: list[str] = []


class DescribeVpnGatewaysIn(Listing):
    vpn_gateway_ids: list[str] = []


class DescribeVpnConnectionsIn(Listing):
    vpn_connection_ids: list[str] = []


def _list_of(member: str, request: type[msgspec.Struct]) -> Operation:
    return Operation(name=f"Describe{member}", request=request, handle=nothing(member), brief=True)


OPERATIONS = (
    _list_of("VpcPeeringConnections", DescribeVpcPeeringConnectionsIn),
    _list_of("NatGateways", DescribeNatGatewaysIn),
    _list_of("VpcEndpoints", DescribeVpcEndpointsIn),
    _list_of("EgressOnlyInternetGateways", DescribeEgressOnlyInternetGatewaysIn),
    _list_of("CustomerGateways", DescribeCustomerGatewaysIn),
    _list_of("VpnGateways", DescribeVpnGatewaysIn),
    _list_of("VpnConnections", DescribeVpnConnectionsIn),
)

"""What a VPC may have at Amazon and the one here has not: listed as empty, since clients list it around their work."""

import msgspec

from app.server.ec2.operation import Filter, Operation
from app.server.ec2.unsold import nothing


class _ListingIn(msgspec.Struct):
    filters: list[Filter] = []


class _PagedIn(_ListingIn):
    max_results: int | None = None
    next_token: str | None = None


class DescribeVpcPeeringConnectionsIn(_PagedIn):
    vpc_peering_connection_ids: list[str] = []


class DescribeNatGatewaysIn(msgspec.Struct):
    nat_gateway_ids: list[str] = []
    filter: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeVpcEndpointsIn(_PagedIn):
    vpc_endpoint_ids: list[str] = []


class DescribeEgressOnlyInternetGatewaysIn(_PagedIn):
    egress_only_internet_gateway_ids: list[str] = []


class DescribeCustomerGatewaysIn(_ListingIn):
    customer_gateway_ids: list[str] = []


class DescribeVpnGatewaysIn(_ListingIn):
    vpn_gateway_ids: list[str] = []


class DescribeVpnConnectionsIn(_ListingIn):
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

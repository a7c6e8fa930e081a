"""What a VPC may have at Amazon and the one here has not: listed as empty, since clients list it around their work."""

import msgspec

from app.domain.errors import Missing
from app.server.ec2 import filters, pages
from app.server.ec2.operation import Answer, Ask, Filter, Operation


class _AbsentIn(msgspec.Struct):
    filters: list[Filter] = []


class _PagedIn(_AbsentIn):
    max_results: int | None = None
    next_token: str | None = None


class DescribeVpcPeeringConnectionsIn(_PagedIn):
    vpc_peering_connection_ids: list[str] = []


class DescribeNatGatewaysIn(msgspec.Struct):
    nat_gateway_ids: list[str] = []
    filter: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None

    @property
    def filters(self) -> list[Filter]:
        return self.filter


class DescribeVpcEndpointsIn(_PagedIn):
    vpc_endpoint_ids: list[str] = []


class DescribeEgressOnlyInternetGatewaysIn(_PagedIn):
    egress_only_internet_gateway_ids: list[str] = []


class DescribeCustomerGatewaysIn(_AbsentIn):
    customer_gateway_ids: list[str] = []


class DescribeVpnGatewaysIn(_AbsentIn):
    vpn_gateway_ids: list[str] = []


class DescribeVpnConnectionsIn(_AbsentIn):
    vpn_connection_ids: list[str] = []


def _absent(member: str, request: type[msgspec.Struct], given: str, resource: str) -> Operation:
    """Form the operation that lists none; whoever names one by `given` is told that it does not exist."""

    def describe(ask: Ask[DescribeNatGatewaysIn | _AbsentIn]) -> Answer:
        named: list[str] = getattr(ask.request, given)
        if named:
            raise Missing(resource, *named)
        nothing: list[Answer] = []
        known = ask.site.filters(ask.operation)
        chosen = filters.select(nothing, ask.request.filters, {}, known, tags=lambda _: {})
        pages.page(chosen, lambda _: (), None, getattr(ask.request, "next_token", None))
        return {member: chosen}

    return Operation(name=f"Describe{member}", request=request, handle=describe, brief=True)


OPERATIONS = (
    _absent("VpcPeeringConnections", DescribeVpcPeeringConnectionsIn, "vpc_peering_connection_ids", "VPC peering"),
    _absent("NatGateways", DescribeNatGatewaysIn, "nat_gateway_ids", "NAT gateway"),
    _absent("VpcEndpoints", DescribeVpcEndpointsIn, "vpc_endpoint_ids", "VPC endpoint"),
    _absent(
        "EgressOnlyInternetGateways",
        DescribeEgressOnlyInternetGatewaysIn,
        "egress_only_internet_gateway_ids",
        "egress-only internet gateway",
    ),
    _absent("CustomerGateways", DescribeCustomerGatewaysIn, "customer_gateway_ids", "customer gateway"),
    _absent("VpnGateways", DescribeVpnGatewaysIn, "vpn_gateway_ids", "VPN gateway"),
    _absent("VpnConnections", DescribeVpnConnectionsIn, "vpn_connection_ids", "VPN connection"),
)

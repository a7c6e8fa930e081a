"""Lists of what Amazon sells and nobody here has: reserved and spot instances, dedicated hosts, bundle tasks.

Clients list them on their way to something else, so the answer is an empty list, by ids and filters refused as Amazon
refuses them. The trap: whatever orders such a thing is not offered at all.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from app.domain.errors import Missing
from app.server.ec2 import filters, pages
from app.server.ec2.operation import Answer, Ask, Filter, Operation


class Listing(msgspec.Struct):
    filters: list[Filter] = []


class Paged(Listing):
    next_token: str | None = None


class DescribeReservedInstancesIn(Listing):
    reserved_instances_ids: list[str] = []


class DescribeReservedInstancesOfferingsIn(Paged):
    reserved_instances_offering_ids: list[str] = []
    max_results: int | None = None


class DescribeReservedInstancesListingsIn(Listing):
    reserved_instances_id: str = ""
    reserved_instances_listing_id: str = ""


class DescribeReservedInstancesModificationsIn(Paged):
    reserved_instances_modification_ids: list[str] = []


class DescribeBundleTasksIn(Listing):
    bundle_ids: list[str] = []


class DescribeSpotInstanceRequestsIn(Paged):
    spot_instance_request_ids: list[str] = []
    max_results: int | None = None


class DescribeSpotPriceHistoryIn(Paged):
    max_results: int | None = None


class DescribeHostsIn(msgspec.Struct):
    host_ids: list[str] = []
    filter: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


NAMED = {
    "bundle_ids": "bundle task",
    "customer_gateway_ids": "customer gateway",
    "egress_only_internet_gateway_ids": "egress-only internet gateway",
    "host_ids": "dedicated host",
    "nat_gateway_ids": "NAT gateway",
    "reserved_instances_id": "reserved instance",
    "reserved_instances_ids": "reserved instance",
    "reserved_instances_listing_id": "reserved instance listing",
    "reserved_instances_modification_ids": "reserved instance modification",
    "reserved_instances_offering_ids": "reserved instance offering",
    "spot_instance_request_ids": "spot instance request",
    "vpc_endpoint_ids": "VPC endpoint",
    "vpc_peering_connection_ids": "VPC peering connection",
    "vpn_connection_ids": "VPN connection",
    "vpn_gateway_ids": "VPN gateway",
}


def nothing(member: str) -> Callable[[Ask[Any]], Answer]:
    """Return the handler that answers an empty list under a member's name."""

    def handle(ask: Ask[Any]) -> Answer:
        asked = msgspec.structs.asdict(ask.request)
        for field, resource in NAMED.items():
            named = asked.get(field) or []
            if named:
                raise Missing(resource, *([named] if isinstance(named, str) else named))
        chosen: list[str] = []
        known = ask.site.filters(ask.operation)
        filters.select(chosen, asked.get("filters") or asked.get("filter") or [], {}, known, tags=lambda _: {})
        _, token = pages.page(chosen, lambda _: (), asked.get("max_results"), asked.get("next_token"))
        return {member: [], "NextToken": token} if "next_token" in asked else {member: []}

    return handle


def _list_of(name: str, request: type[msgspec.Struct], member: str) -> Operation:
    return Operation(name=name, request=request, handle=nothing(member), brief=True)


OPERATIONS = (
    _list_of("DescribeReservedInstances", DescribeReservedInstancesIn, "ReservedInstances"),
    _list_of("DescribeReservedInstancesOfferings", DescribeReservedInstancesOfferingsIn, "ReservedInstancesOfferings"),
    _list_of("DescribeReservedInstancesListings", DescribeReservedInstancesListingsIn, "ReservedInstancesListings"),
    _list_of(
        "DescribeReservedInstancesModifications",
        DescribeReservedInstancesModificationsIn,
        "ReservedInstancesModifications",
    ),
    _list_of("DescribeBundleTasks", DescribeBundleTasksIn, "BundleTasks"),
    _list_of("DescribeSpotInstanceRequests", DescribeSpotInstanceRequestsIn, "SpotInstanceRequests"),
    _list_of("DescribeSpotPriceHistory", DescribeSpotPriceHistoryIn, "SpotPriceHistory"),
    _list_of("DescribeHosts", DescribeHostsIn, "Hosts"),
)

"""DescribeInstanceTypeOfferings: a type is offered where a host is large enough for it, be there room now or not."""

from collections.abc import Iterator

import msgspec

from app.domain.errors import Invalid
from app.domain.states import HostWanted
from app.server.ec2 import filters, pages
from app.server.ec2.operation import Answer, Ask, Filter, Operation
from app.services import types

LOCATION_TYPES = ("region", "availability-zone", "availability-zone-id", "outpost")


class DescribeInstanceTypeOfferingsIn(msgspec.Struct):
    location_type: str = "region"
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class Offering(msgspec.Struct, frozen=True):
    instance_type: str
    location: str


_FACTS: filters.Facts[Offering] = {
    "instance-type": lambda offering: [offering.instance_type],
    "location": lambda offering: [offering.location],
}


def describe_instance_type_offerings(ask: Ask[DescribeInstanceTypeOfferingsIn]) -> Answer:
    asked = ask.request
    if asked.location_type not in LOCATION_TYPES:
        raise Invalid("LocationType", asked.location_type, f"It is one of {', '.join(LOCATION_TYPES)}.")
    chosen = filters.select(list(_offered(ask)), asked.filters, _FACTS, ask.site.filters(ask.operation))
    cut, token = pages.page(chosen, lambda one: (one.location, one.instance_type), asked.max_results, asked.next_token)
    said = [
        {"InstanceType": one.instance_type, "LocationType": asked.location_type, "Location": one.location}
        for one in cut
    ]
    return {"InstanceTypeOfferings": said, "NextToken": token}


def _offered(ask: Ask[DescribeInstanceTypeOfferingsIn]) -> Iterator[Offering]:
    """Yield what is offered; a zone's id is its name."""
    if ask.request.location_type == "outpost":
        return
    whole = ask.site.region if ask.request.location_type == "region" else ""
    hosts = [host for host in ask.unit.hosts.where() if host.wanted is not HostWanted.REMOVED]
    for row in ask.unit.vmtypes.where():
        size = types.resolve(ask.unit, row.name).size
        fitting = {whole or host.cluster for host in hosts if host.room.covers(size)}
        yield from (Offering(row.name, location) for location in fitting)


OPERATIONS = (
    Operation(
        name="DescribeInstanceTypeOfferings",
        request=DescribeInstanceTypeOfferingsIn,
        handle=describe_instance_type_offerings,
    ),
)

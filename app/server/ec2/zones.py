"""Regions, availability zones (clusters), and what the cloud says of accounts and of the caller."""

from collections.abc import Sequence
from typing import cast

import msgspec

from app.domain.errors import Invalid, Missing
from app.domain.host import Cluster
from app.domain.quota import Resource
from app.domain.states import HostState
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.ec2 import filters
from app.server.ec2.operation import Answer, Ask, Filter, Operation
from app.services import quotas, types
from app.services.access import sees_hosts

_HELP = ("verbose",)


class DescribeRegionsIn(msgspec.Struct):
    region_names: list[str] = []
    filters: list[Filter] = []
    all_regions: bool = False


class DescribeAvailabilityZonesIn(msgspec.Struct):
    zone_names: list[str] = []
    zone_ids: list[str] = []
    filters: list[Filter] = []
    all_availability_zones: bool = False


class DescribeAccountAttributesIn(msgspec.Struct):
    attribute_names: list[str] = []


class GetCallerIdentityIn(msgspec.Struct):
    pass


_REGION: filters.Facts[Answer] = {
    "endpoint": lambda region: [str(region["Endpoint"])],
    "opt-in-status": lambda region: [str(region["OptInStatus"])],
    "region-name": lambda region: [str(region["RegionName"])],
}
_ZONE: filters.Facts[Answer] = {
    "message": lambda zone: [message["Message"] for message in cast("list[dict[str, str]]", zone["Messages"])],
    "group-name": lambda zone: [str(zone["GroupName"])],
    "opt-in-status": lambda zone: [str(zone["OptInStatus"])],
    "region-name": lambda zone: [str(zone["RegionName"])],
    "state": lambda zone: [str(zone["State"])],
    "zone-id": lambda zone: [str(zone["ZoneId"])],
    "zone-name": lambda zone: [str(zone["ZoneName"])],
    "zone-type": lambda zone: [str(zone["ZoneType"])],
}
_ATTRIBUTES = {
    "supported-platforms": ["VPC"],
    "default-vpc": [DEFAULT_VPC_ID],
    "max-instances": ["1000"],
    "vpc-max-security-groups-per-interface": ["16"],
}
_QUOTAS = {
    "max-instances": Resource.INSTANCES,
    "max-elastic-ips": Resource.ADDRESSES,
    "vpc-max-elastic-ips": Resource.ADDRESSES,
}


def describe_regions(ask: Ask[DescribeRegionsIn]) -> Answer:
    region: Answer = {
        "RegionName": ask.site.region,
        "Endpoint": ask.site.public_url,
        "OptInStatus": "opt-in-not-required",
    }
    for name in ask.request.region_names:
        if name != ask.site.region:
            raise Invalid("RegionName", name, f"The region here is {ask.site.region}.")
    return {"Regions": filters.select([region], ask.request.filters, _REGION, ask.site.filters(ask.operation))}


def describe_availability_zones(ask: Ask[DescribeAvailabilityZonesIn]) -> Answer:
    names = list(ask.request.zone_names)
    verbose = bool(names) and names[0] in _HELP
    if verbose:
        names.pop(0)
    clusters = {cluster.name: cluster for cluster in ask.unit.clusters.where()}
    for name in (*names, *ask.request.zone_ids):
        if name not in clusters:
            raise Missing("zone", name)
    wanted = {*names, *ask.request.zone_ids} or clusters.keys()
    zones = [_zone(ask, cluster) for name, cluster in clusters.items() if name in wanted]
    shown = filters.select(zones, ask.request.filters, _ZONE, ask.site.filters(ask.operation))
    if verbose and sees_hosts(ask.caller):
        shown = [line for zone in shown for line in (zone, *_table(ask, str(zone["ZoneName"])))]
    return {"AvailabilityZones": shown}


def describe_account_attributes(ask: Ask[DescribeAccountAttributesIn]) -> Answer:
    limits = {name: quotas.most(ask.unit, ask.caller.account_id, what) for name, what in _QUOTAS.items()}
    known = _ATTRIBUTES | {name: [str(limit)] for name, limit in limits.items() if limit is not None}
    for name in ask.request.attribute_names:
        if name not in known:
            raise Invalid("AttributeName", name, f"The attributes are {', '.join(known)}.")
    return {"AccountAttributes": [_attribute(name, known[name]) for name in ask.request.attribute_names or known]}


def get_caller_identity(ask: Ask[GetCallerIdentityIn]) -> Answer:
    caller = ask.caller
    return {
        "UserId": caller.user_id,
        "Account": caller.account_id,
        "Arn": caller.arn,
    }


def _attribute(name: str, values: Sequence[str]) -> Answer:
    return {"AttributeName": name, "AttributeValues": [{"AttributeValue": value} for value in values]}


def _zone(ask: Ask[DescribeAvailabilityZonesIn], cluster: Cluster) -> Answer:
    hosts = ask.unit.hosts.where(cluster=cluster.name)
    up = [host for host in hosts if host.state is HostState.UP]
    state = "available" if len(up) == len(hosts) else "impaired" if up else "unavailable"
    message = {"Message": f"{len(up)} of {len(hosts)} hosts are up"}
    return {
        "ZoneName": cluster.name,
        "ZoneId": cluster.name,
        "State": state,
        "RegionName": ask.site.region,
        "Messages": [] if state == "available" else [message],
        "OptInStatus": "opt-in-not-required",
        "GroupName": ask.site.region,
        "NetworkBorderGroup": ask.site.region,
        "ZoneType": "availability-zone",
    }


def _table(ask: Ask[DescribeAvailabilityZonesIn], cluster: str) -> list[Answer]:
    """Form 1.6.1's table of free slots; scripts parse it, so its widths are fixed."""
    head: Answer = {"ZoneName": "|- vm types", "State": "free / max   cpu   ram  disk"}
    rows: list[Answer] = [
        {
            "ZoneName": f"|- {slot.vmtype.name}",
            "State": f"{slot.free:04d} / {slot.most:04d}  {slot.vmtype.cores:2d}   "
            f"{slot.vmtype.memory_mib:4d}  {slot.vmtype.disk_gb:4d}",
        }
        for slot in types.table(ask.unit, cluster)
    ]
    return [head, *rows]


OPERATIONS = (
    Operation(name="DescribeRegions", request=DescribeRegionsIn, handle=describe_regions, brief=True),
    Operation(
        name="DescribeAvailabilityZones", request=DescribeAvailabilityZonesIn, handle=describe_availability_zones
    ),
    Operation(
        name="DescribeAccountAttributes",
        request=DescribeAccountAttributesIn,
        handle=describe_account_attributes,
        brief=True,
    ),
    Operation(
        name="GetCallerIdentity", request=GetCallerIdentityIn, handle=get_caller_identity, brief=True, service="sts"
    ),
)

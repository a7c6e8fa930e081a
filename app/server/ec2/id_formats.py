"""How long ids are: 17 digits, for everything and everybody; what old tools ask before they rely on it."""

import msgspec

from app.domain.errors import Invalid
from app.server.ec2.operation import Answer, Ask, Operation

# As the documentation of DescribeIdFormat lists them.
RESOURCES = (
    "bundle", "conversion-task", "customer-gateway", "dhcp-options", "elastic-ip-allocation", "elastic-ip-association",
    "export-task", "flow-log", "image", "import-task", "instance", "internet-gateway", "network-acl",
    "network-acl-association", "network-interface", "network-interface-attachment", "prefix-list", "reservation",
    "route-table", "route-table-association", "security-group", "snapshot", "subnet", "subnet-cidr-block-association",
    "volume", "vpc", "vpc-cidr-block-association", "vpc-endpoint", "vpc-peering-connection", "vpn-connection",
    "vpn-gateway",
)  # fmt: skip


class DescribeIdFormatIn(msgspec.Struct):
    resource: str = ""


class DescribeAggregateIdFormatIn(msgspec.Struct):
    pass


def describe_id_format(ask: Ask[DescribeIdFormatIn]) -> Answer:
    resource = ask.request.resource
    if resource and resource not in RESOURCES:
        raise Invalid("Resource", resource, f"It is one of {', '.join(RESOURCES)}.")
    return {"Statuses": _long((resource,) if resource else RESOURCES)}


def describe_aggregate_id_format(ask: Ask[DescribeAggregateIdFormatIn]) -> Answer:
    return {"UseLongIdsAggregated": True, "Statuses": _long(RESOURCES)}


def _long(resources: tuple[str, ...]) -> list[Answer]:
    return [{"Resource": resource, "UseLongIds": True} for resource in resources]


OPERATIONS = (
    Operation(name="DescribeIdFormat", request=DescribeIdFormatIn, handle=describe_id_format, brief=True),
    Operation(
        name="DescribeAggregateIdFormat",
        request=DescribeAggregateIdFormatIn,
        handle=describe_aggregate_id_format,
        brief=True,
    ),
)

"""Operations on network interfaces: each instance has one, and nobody can have one without an instance."""

import msgspec

from app.domain import vpc
from app.domain.errors import Absent, Invalid
from app.domain.instance import Instance
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.columns import INTERFACE_COLUMNS
from app.server.ec2.instance_items import group_set
from app.server.ec2.interface_items import attachment, interface
from app.server.ec2.network_facts import INTERFACE
from app.server.ec2.operation import Answer, Ask, Filter, Operation, refuse_many
from app.server.ec2.scene import Shown
from app.services import instances

_ORDER: pages.Order = {"id": str}


class DescribeNetworkInterfacesIn(msgspec.Struct):
    network_interface_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeNetworkInterfaceAttributeIn(msgspec.Struct):
    network_interface_id: str
    attribute: str = ""


def describe_network_interfaces(ask: Ask[DescribeNetworkInterfacesIn]) -> Answer:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.network_interface_ids, asked.max_results)
    refuse_many("NetworkInterfaceId", asked.network_interface_ids)
    where = narrowing.where(ask.unit, ask.caller, asked.filters, INTERFACE_COLUMNS) | {"removed": False}
    if asked.network_interface_ids:
        named = [instances.of_interface(ask.unit, ask.caller, one) for one in asked.network_interface_ids]
        where["id"] = [instance.id for instance in named]
    known = ask.site.filters(ask.operation)

    def keep(rows: list[Instance]) -> list[Shown]:
        return filters.select(Shown.of(ask.unit, rows), asked.filters, INTERFACE, known, tags=lambda _: {})

    shown, token = pages.read(ask.unit.instances, _ORDER, keep, asked, where, lambda one: one.instance)
    return {"NetworkInterfaces": [_item(one) for one in shown], "NextToken": token}


def describe_network_interface_attribute(ask: Ask[DescribeNetworkInterfaceAttributeIn]) -> Answer:
    asked = ask.request
    instance = instances.of_interface(ask.unit, ask.caller, asked.network_interface_id)
    (shown,) = Shown.of(ask.unit, [instance])
    if not asked.attribute:
        raise Absent("Attribute")
    whole: dict[str, Answer] = {
        "attachment": {"Attachment": attachment(shown)},
        "associatePublicIpAddress": {"AssociatePublicIpAddress": bool(shown.address and shown.address.automatic)},
        "description": {"Description": {"Value": instance.interface_description}},
        "groupSet": {"Groups": group_set(shown.groups)},
        "sourceDestCheck": {"SourceDestCheck": {"Value": instance.source_dest_check}},
    }
    if asked.attribute not in whole:
        raise Invalid("Attribute", asked.attribute, f"Choose one of {', '.join(whole)}.")
    return {"NetworkInterfaceId": vpc.interface_id(instance.id), **whole[asked.attribute]}


def _item(shown: Shown) -> Answer:
    instance = shown.instance
    return {
        **interface(shown, group_set(shown.groups)),
        "AvailabilityZone": instance.cluster,
        "AvailabilityZoneId": instance.cluster,
        "PublicDnsName": shown.public_name or None,
        "RequesterManaged": False,
        "TagSet": [],
    }


OPERATIONS = (
    Operation(
        name="DescribeNetworkInterfaces", request=DescribeNetworkInterfacesIn, handle=describe_network_interfaces
    ),
    Operation(
        name="DescribeNetworkInterfaceAttribute",
        request=DescribeNetworkInterfaceAttributeIn,
        handle=describe_network_interface_attribute,
    ),
)

"""Operations on placement groups."""

import msgspec

from app.domain.placement_group import PlacementGroup
from app.server.ec2 import filters
from app.server.ec2.filters import Facts
from app.server.ec2.operation import (
    Answer,
    Ask,
    Filter,
    Operation,
    TagSpecification,
    refuse_many,
    specified_tags,
    tag_pairs,
)
from app.services import placement_groups, tags


class CreatePlacementGroupIn(msgspec.Struct):
    group_name: str
    strategy: str
    partition_count: int | None = None
    spread_level: str = ""
    tag_specifications: list[TagSpecification] = []


class DeletePlacementGroupIn(msgspec.Struct):
    group_name: str


class DescribePlacementGroupsIn(msgspec.Struct):
    group_names: list[str] = []
    group_ids: list[str] = []
    filters: list[Filter] = []


_FACTS: Facts[PlacementGroup] = {
    "group-name": lambda group: [group.name],
    "spread-level": lambda group: [group.spread_level] if group.spread_level else [],
    "state": lambda group: ["available"],
    "strategy": lambda group: [group.strategy],
}


def create_placement_group(ask: Ask[CreatePlacementGroupIn]) -> Answer:
    asked = ask.request
    shape = placement_groups.Shape(
        strategy=asked.strategy, partitions=asked.partition_count, spread_level=asked.spread_level
    )
    group = placement_groups.create(ask.unit, ask.caller, asked.group_name, shape, ask.site.entropy)
    named = specified_tags(asked.tag_specifications, "placement-group")
    tags.set_on(ask.unit, ask.caller, (group.id,), named)
    return {"PlacementGroup": _item(group, named)}


def delete_placement_group(ask: Ask[DeletePlacementGroupIn]) -> Answer:
    placement_groups.delete(ask.unit, placement_groups.named(ask.unit, ask.caller, ask.request.group_name))
    return {}


def describe_placement_groups(ask: Ask[DescribePlacementGroupsIn]) -> Answer:
    asked = ask.request
    refuse_many("GroupName", [*asked.group_names, *asked.group_ids])
    shown = placement_groups.find(ask.unit, ask.caller, asked.group_names, asked.group_ids)
    named = tags.by_resource(ask.unit, [group.id for group in shown])
    known = ask.site.filters(ask.operation)
    chosen = filters.select(shown, asked.filters, _FACTS, known, tags=lambda group: named.get(group.id, {}))
    ordered = sorted(chosen, key=lambda group: (group.name, group.id))
    return {"PlacementGroups": [_item(group, named.get(group.id, {})) for group in ordered]}


def _item(group: PlacementGroup, named: dict[str, str]) -> Answer:
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Strategy": group.strategy,
        "State": "available",
        "PartitionCount": group.partitions or None,
        "SpreadLevel": group.spread_level or None,
        "Tags": tag_pairs(named),
    }


OPERATIONS = (
    Operation(name="CreatePlacementGroup", request=CreatePlacementGroupIn, handle=create_placement_group, writes=True),
    Operation(name="DeletePlacementGroup", request=DeletePlacementGroupIn, handle=delete_placement_group, writes=True),
    Operation(name="DescribePlacementGroups", request=DescribePlacementGroupsIn, handle=describe_placement_groups),
)

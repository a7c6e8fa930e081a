"""Operations on tags."""

import msgspec

from app.domain import ids
from app.domain.tag import Tag
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.columns import TAG_COLUMNS
from app.server.ec2.operation import Answer, Ask, Filter, Operation, TagPair, refuse_many, tags_by_key
from app.services import tags

_ORDER: pages.Order = {"resource_id": str, "name": str}


class CreateTagsIn(msgspec.Struct):
    resources: list[str]
    tags: list[TagPair]


class DeleteTagsIn(msgspec.Struct):
    resources: list[str]
    tags: list[TagPair] = []


class DescribeTagsIn(msgspec.Struct):
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


_FACTS: filters.Facts[Tag] = {
    "key": lambda tag: [tag.name],
    "resource-id": lambda tag: ids.spellings(tag.resource_id),
    "resource-type": lambda tag: [tags.resource_type(tag.resource_id)],
    "value": lambda tag: [tag.value],
}


def create_tags(ask: Ask[CreateTagsIn]) -> Answer:
    refuse_many("ResourceId", ask.request.resources)
    tags.set_on(ask.unit, ask.caller, ask.request.resources, tags_by_key(ask.request.tags))
    return {"Return": True}


def delete_tags(ask: Ask[DeleteTagsIn]) -> Answer:
    refuse_many("ResourceId", ask.request.resources)
    doomed = [(tag.key, tag.value) for tag in ask.request.tags]
    tags.remove_from(ask.unit, ask.caller, ask.request.resources, doomed)
    return {"Return": True}


def describe_tags(ask: Ask[DescribeTagsIn]) -> Answer:
    asked, known = ask.request, ask.site.filters(ask.operation)

    def keep(rows: list[Tag]) -> list[Tag]:
        return filters.select(rows, asked.filters, _FACTS, known, tags=lambda tag: {tag.name: tag.value})

    where = narrowing.where(ask.unit, ask.caller, asked.filters, TAG_COLUMNS, key="resource_id")
    where["account_id"] = ask.caller.account_id
    cut, token = pages.read(ask.unit.tags, _ORDER, keep, asked, where)
    return {"Tags": [_item(tag) for tag in cut], "NextToken": token}


def _item(tag: Tag) -> Answer:
    return {
        "Key": tag.name,
        "Value": tag.value,
        "ResourceId": tag.resource_id,
        "ResourceType": tags.resource_type(tag.resource_id),
    }


OPERATIONS = (
    Operation(name="CreateTags", request=CreateTagsIn, handle=create_tags, writes=True),
    Operation(name="DeleteTags", request=DeleteTagsIn, handle=delete_tags, writes=True),
    Operation(name="DescribeTags", request=DescribeTagsIn, handle=describe_tags),
)

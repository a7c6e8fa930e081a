"""What an EC2 operation is to this server, and what its handler gets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from app.domain.account import Caller
from app.domain.errors import Combination, Invalid
from app.domain.ports import Entropy, Hypervisors, ImageFiles, Unit

Request_co = TypeVar("Request_co", bound=msgspec.Struct, covariant=True)
Answer = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What handlers need to know of this cloud beyond its state. `public_url` is the endpoint clients use."""

    region: str
    public_url: str
    policy: str
    entropy: Entropy
    files: ImageFiles
    hypervisors: Hypervisors
    filters: Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[Request_co]):
    """One request on its way through a handler. `prepared` is what `Operation.prepare` returned."""

    operation: str
    request: Request_co
    unit: Unit
    caller: Caller
    site: Site
    sha256: str
    prepared: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `prepare` runs in a thread before the transaction, `finish` on the event loop after it."""

    name: str
    request: type[msgspec.Struct]
    handle: Callable[[Ask[Any]], Answer]
    writes: bool = False
    service: str = "ec2"
    prepare: Callable[[Any], object] | None = None
    finish: Callable[[Answer, Site], Awaitable[Answer]] | None = None


class Filter(msgspec.Struct, frozen=True):
    name: str = ""
    values: list[str] = []


class TagPair(msgspec.Struct, frozen=True):
    key: str = ""
    value: str | None = None


class TagSpecification(msgspec.Struct, frozen=True):
    resource_type: str = ""
    tags: list[TagPair] = []


def tag_pairs(tags: dict[str, str]) -> list[Answer]:
    """Form a tag set, ordered by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def specified_tags(specifications: list[TagSpecification], *allowed: str) -> dict[str, str]:
    """Collect the tags asked for a resource type; the first of `allowed` is meant, the others are refused by name."""
    found: dict[str, str] = {}
    for specification in specifications:
        if specification.resource_type not in allowed:
            why = f"Here it is one of {', '.join(allowed)}."
            raise Invalid("TagSpecification.ResourceType", specification.resource_type, why)
        for tag in specification.tags:
            if tag.key in found:
                raise Combination(f"Tag key {tag.key!r} was specified more than once")
            found[tag.key] = tag.value or ""
    return found

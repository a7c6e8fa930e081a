"""What an EC2 operation is to this server, and what its handler gets."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

import msgspec

from app.domain.account import Caller
from app.domain.errors import Invalid
from app.domain.files import ImageFiles
from app.domain.ports import Entropy, Hypervisors, Table, Unit
from app.services.client_tokens import LONGEST_TOKEN, Promise, Thing, once
from app.services.mapping import Mapping

Request_co = TypeVar("Request_co", bound=msgspec.Struct, covariant=True)
Answer = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What handlers need to know of this cloud beyond its state. `public_url` is the endpoint clients use."""

    region: str
    public_url: str
    mapping: Mapping
    entropy: Entropy
    files: ImageFiles
    hypervisors: Hypervisors
    filters: Callable[[str], frozenset[str]]


class Ask(msgspec.Struct, Generic[Request_co], frozen=True, kw_only=True):
    """One request on its way through a handler. `prepared` is what `Operation.prepare` returned.

    `over` reads the request again, laid over parameters by the model's member names.
    """

    operation: str
    request: Request_co
    unit: Unit
    caller: Caller
    site: Site
    over: Callable[[dict[str, Any]], Request_co]
    prepared: Any = None

    @property
    def sha256(self) -> str:
        """Tell requests apart: the digest of what was asked."""
        return sha256(msgspec.json.encode(self.request)).hexdigest()

    def once(self, things: Table[Thing], make: Callable[[], Thing], longest: int = LONGEST_TOKEN) -> Thing:
        """Make a thing that is kept in `things`, or return what the same request with its client token made before."""
        token = getattr(self.request, "client_token", "")
        promise = Promise(operation=self.operation, token=token, sha256=self.sha256, longest=longest)
        return once(self.unit, self.caller, promise, things, make)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `prepare` runs in a thread before the transaction, `finish` on the event loop after it.

    `brief`: it reads a few rows at most, however large the cloud is, and is answered without another thread. So is a
    request that names a few ids in the field `ids`.
    """

    name: str
    request: type[msgspec.Struct]
    handle: Callable[[Ask[Any]], Answer]
    writes: bool = False
    brief: bool = False
    ids: str = ""
    service: str = "ec2"
    prepare: Callable[[Any], object] | None = None
    finish: Callable[[Answer, Site], Awaitable[Answer]] | None = None

    def is_brief(self, request: msgspec.Struct) -> bool:
        return self.brief or (bool(self.ids) and 0 < len(getattr(request, self.ids)) <= FEW_IDS)


FEW_IDS = 10
MOST_IDS = 1000


def refuse_many(parameter: str, given: Sequence[str]) -> None:
    """Refuse more ids than EC2 takes at once; each of them costs a look-up."""
    if len(given) > MOST_IDS:
        raise Invalid(parameter, f"{len(given)} ids", f"A request names at most {MOST_IDS}.")


class Filter(msgspec.Struct, frozen=True):
    name: str = ""
    values: list[str] = []


class TagPair(msgspec.Struct, frozen=True):
    key: str = ""
    value: str | None = None


class TagSpecification(msgspec.Struct, frozen=True):
    resource_type: str = ""
    tags: list[TagPair] = []


def arn(ask: Ask[Any], account_id: str, kind: str, thing_id: str) -> str:
    """Form the Amazon resource name of a thing that an account owns."""
    return f"arn:aws:ec2:{ask.site.region}:{account_id}:{kind}/{thing_id}"


def tag_pairs(tags: dict[str, str]) -> list[Answer]:
    """Form a tag set, ordered by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def specified_tags(
    specifications: list[TagSpecification], resource_type: str, *, never_made: tuple[str, ...] = ()
) -> dict[str, str]:
    """Collect the tags asked for what is made; a specification for another type of resource is refused.

    Tags for what Amazon makes along with it and this cloud never does are read and find nothing to hang on.
    """
    read: dict[str, list[TagPair]] = {resource_type: []}
    for specification in specifications:
        given = specification.resource_type
        if given not in (resource_type, *never_made):
            raise Invalid("TagSpecification.ResourceType", given, f"Here it is {resource_type}.")
        read.setdefault(given, []).extend(specification.tags)
    return {of: tags_by_key(pairs) for of, pairs in read.items()}[resource_type]


def tags_by_key(pairs: list[TagPair]) -> dict[str, str]:
    """Form tags by key; a key that comes twice is refused, since nobody knows which value counts."""
    found = {tag.key: tag.value or "" for tag in pairs}
    if len(found) < len(pairs):
        twice = next(key for key in found if sum(tag.key == key for tag in pairs) > 1)
        raise Invalid("Tag.Key", twice, "It was specified more than once.")
    return found

"""Tags on everything that has an id."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Invalid, Malformed, Missing, OverLimit
from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.records import Records
from app.domain.states import ImageState
from app.domain.tag import LONGEST_KEY, LONGEST_VALUE, MOST_PER_RESOURCE, RESERVED_PREFIX, Tag
from app.domain.volume import Snapshot, Volume
from app.services import client_tokens
from app.services.access import Owned, owns

# What may be tagged: EC2's word for it, and where it is kept.
_KINDS: Mapping[str, tuple[str, Callable[[Unit], Records[Any]]]] = {
    "instance": ("instance", lambda unit: unit.instances),
    "machine image": ("image", lambda unit: unit.images),
    "kernel image": ("image", lambda unit: unit.images),
    "ramdisk image": ("image", lambda unit: unit.images),
    "key pair": ("key-pair", lambda unit: unit.keypairs),
    "placement group": ("placement-group", lambda unit: unit.placement_groups),
    "launch template": ("launch-template", lambda unit: unit.launch_templates),
    "security group": ("security-group", lambda unit: unit.groups),
    "security group rule": ("security-group-rule", lambda unit: unit.group_rules),
    "volume": ("volume", lambda unit: unit.volumes),
    "snapshot": ("snapshot", lambda unit: unit.snapshots),
    "allocation": ("elastic-ip", lambda unit: unit.addresses),
}
_BEARERS = ", ".join(dict.fromkeys(bearer for bearer, _ in _KINDS.values()))


def check(tags: Mapping[str, str]) -> None:
    """Refuse tags that EC2 would refuse."""
    if len(tags) > MOST_PER_RESOURCE:
        raise OverLimit("tags per resource", len(tags), MOST_PER_RESOURCE)
    for name, value in tags.items():
        if not name or len(name) > LONGEST_KEY:
            raise Invalid("Tag.Key", name, f"Tag keys have 1 to {LONGEST_KEY} characters.")
        _check_free(name)
        if len(value) > LONGEST_VALUE:
            raise Invalid("Tag.Value", value, f"Tag values have at most {LONGEST_VALUE} characters.")


def set_on(unit: Unit, caller: Caller, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
    """Put tags on things of the caller, replacing the values of keys they have; all or none."""
    check(tags)
    for resource_id in resource_ids:
        owner = owner_of(unit, caller, resource_id)
        old = {tag.name: tag for tag in unit.tags.where(resource_id=ids.canonical(resource_id))}
        count = len(own(old) | tags.keys())
        if count > MOST_PER_RESOURCE:
            raise OverLimit("tags per resource", count, MOST_PER_RESOURCE)
        for name, value in tags.items():
            tag = Tag(resource_id=ids.canonical(resource_id), name=name, account_id=owner, value=value)
            if name in old:
                unit.tags.put(tag)
            else:
                unit.tags.add(tag)


def own(names: Iterable[str]) -> set[str]:
    """Leave of some tags' keys those that are the user's, and not the cloud's own."""
    return {name for name in names if not name.lower().startswith(RESERVED_PREFIX)}


def mark(unit: Unit, instances: Iterable[Instance], tags: Mapping[str, str]) -> None:
    """Put tags of the cloud's own on new instances; nobody can change them."""
    for instance in instances:
        for name, value in tags.items():
            unit.tags.add(Tag(resource_id=instance.id, name=name, account_id=instance.account_id, value=value))


def remove_from(
    unit: Unit, caller: Caller, resource_ids: Sequence[str], doomed: Sequence[tuple[str, str | None]]
) -> None:
    """Take tags away: by key, by key and value, or all that are the user's where `doomed` is empty."""
    for name, _ in doomed:
        _check_free(name)
    for resource_id in resource_ids:
        owner_of(unit, caller, resource_id)
        for tag in unit.tags.where(resource_id=ids.canonical(resource_id)):
            if (not doomed and own([tag.name])) or any(
                name == tag.name and value in (None, tag.value) for name, value in doomed
            ):
                unit.tags.remove(tag)


def forget(unit: Unit, resource_id: str) -> None:
    """Drop what hangs on a thing that goes: its tags, and the client token it was made for."""
    for tag in unit.tags.where(resource_id=resource_id):
        unit.tags.remove(tag)
    client_tokens.forget(unit, resource_id)


def by_resource(unit: Unit, resource_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Collect the tags of many things in one query."""
    found: dict[str, dict[str, str]] = {}
    for tag in unit.tags.where(resource_id=tuple(resource_ids)):
        found.setdefault(tag.resource_id, {})[tag.name] = tag.value
    return found


def resource_type(resource_id: str) -> str:
    """Name the kind of a tagged thing as EC2 does."""
    return _KINDS[ids.resource_of(resource_id) or ""][0]


def owner_of(unit: Unit, caller: Caller, resource_id: str) -> str:
    """Return the owning account of a thing that may be tagged by the caller; Missing otherwise."""
    resource = ids.resource_of(resource_id)
    if resource is None or resource not in _KINDS:
        raise Malformed("resource", resource_id, f"what bears tags here is {_BEARERS}")
    thing: Owned | None = _KINDS[resource][1](unit).get(ids.canonical(resource_id))
    if thing is None or not owns(caller, thing) or _gone(unit, thing):
        raise Missing(resource, resource_id)
    return thing.account_id


def _check_free(name: str) -> None:
    if not own([name]):
        raise Invalid("Tag.Key", name, f"Tag keys starting with '{RESERVED_PREFIX}' are reserved.")


def _gone(unit: Unit, thing: Owned) -> bool:
    """Tell whether a thing is kept for the record only."""
    if isinstance(thing, Instance):
        return thing.hidden(unit.now_ms)
    if isinstance(thing, Volume | Snapshot):
        return thing.gone
    return isinstance(thing, Image) and thing.state is ImageState.DEREGISTERED

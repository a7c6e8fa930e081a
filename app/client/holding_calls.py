"""Requests about what accounts hold besides instances, and one form for the pages of any collection."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from app.api import holdings as api
from app.api.events import VIEWS
from app.api.resources import Collection
from app.client.calls import PAGE, Call, at

View = TypeVar("View", bound=msgspec.Struct)
PATHS: Mapping[str, str] = {
    "volume": "volumes",
    "snapshot": "snapshots",
    "group": "groups",
    "address": "addresses",
    "network": "networks",
    "key-pair": "key-pairs",
    "placement-group": "placement-groups",
    "launch-template": "launch-templates",
    "instance": "instances",
    "host": "hosts",
    "cluster": "clusters",
    "image": "images",
    "type": "types",
    "user": "users",
    "account": "accounts",
}
"""Where the collections are, by the stream's word for what is in them."""


def listed(
    kind: str, *, filter: str = "", sort: str = "", after: str = "", limit: int = PAGE
) -> Call[Collection[msgspec.Struct]]:
    """Ask for a page of a kind (one of PATHS); `after` is the `next` of the page before."""
    asked: dict[str, str | int] = {"filter": filter, "sort": sort, "after": after, "limit": limit}
    view = VIEWS[kind]
    answer = Collection[view]  # type: ignore[valid-type]
    return Call(path=at(PATHS[kind]), query={name: value for name, value in asked.items() if value}, answer=answer)


def one(kind: str, given: str) -> Call[msgspec.Struct]:
    """Ask for one thing by its id; hosts, clusters, types and accounts by their name."""
    return Call(path=at(PATHS[kind], given), answer=VIEWS[kind])


def remove(kind: str, given: str) -> Call[None]:
    """Delete a thing; release an address."""
    return Call(method="DELETE", path=at(PATHS[kind], given), answer=None)


def attach_volume(volume_id: str, body: api.AttachVolume) -> Call[api.VolumeView]:
    return Call(method="POST", path=at("volumes", volume_id, "attach"), body=body, answer=api.VolumeView)


def detach_volume(volume_id: str, *, force: bool = False) -> Call[api.VolumeView]:
    body = api.DetachVolume(force=force)
    return Call(method="POST", path=at("volumes", volume_id, "detach"), body=body, answer=api.VolumeView)


def disassociate_address(address_id: str) -> Call[api.AddressView]:
    return Call(method="POST", path=at("addresses", address_id, "disassociate"), answer=api.AddressView)

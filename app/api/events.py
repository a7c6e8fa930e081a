"""Frames of the live stream (Server-Sent Events).

`id` is the journal cursor, `event` one of the kinds below, `data` the new view of the object, so that a repeated
frame is harmless. A client that asks from a cursor that is no longer kept gets `gap` and must fetch everything again.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from app.api.accounts import AccountView, UserView
from app.api.holdings import (
    AddressView,
    GroupView,
    KeyPairView,
    NetworkView,
    PlacementGroupView,
    SnapshotView,
    TemplateView,
    VolumeView,
)
from app.api.jobs import JobView
from app.api.loads import InstanceLoads, Loads
from app.api.resources import ClusterView, EventView, HostView, ImageView, InstanceView, Overview, TypeView

VIEWS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "instance": InstanceView,
    "host": HostView,
    "cluster": ClusterView,
    "image": ImageView,
    "volume": VolumeView,
    "snapshot": SnapshotView,
    "group": GroupView,
    "address": AddressView,
    "network": NetworkView,
    "key-pair": KeyPairView,
    "placement-group": PlacementGroupView,
    "launch-template": TemplateView,
    "type": TypeView,
    "user": UserView,
    "account": AccountView,
    "job": JobView,
    "event": EventView,
}
"""What the stream shows, by the `event` of its frames; besides there are `removed`, `heartbeat` and `gap`."""
TOLD: Final[Mapping[str, type[msgspec.Struct]]] = {"load": Loads, "instance-load": InstanceLoads, "overview": Overview}
"""What it tells beside the journal, once a second, to those who name the topic."""
TOPICS = (*VIEWS, *TOLD)


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `removed`: this thing is no more."""

    kind: str
    id: str


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `heartbeat`, sent every 5 s, and of `gap`."""

    cursor: str
    at_ms: int

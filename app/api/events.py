"""Frames of the live stream (Server-Sent Events).

`id` is the journal cursor, `event` one of the kinds below, `data` the new view of the object, so that a repeated
frame is harmless. A client that asks from a cursor that is no longer kept gets `gap` and must fetch everything again.
"""

from typing import Literal

import msgspec

from app.api.loads import InstanceLoads, Loads
from app.api.resources import ClusterView, EventView, HostView, ImageView, InstanceView, Overview

Kind = Literal[
    "instance", "host", "cluster", "image", "removed", "event", "heartbeat", "gap", "load", "instance-load", "overview"
]
TOPICS = ("instance", "host", "cluster", "image", "event", "load", "instance-load", "overview")
"""What may be asked for; the last three come to nobody who does not name them."""
View = InstanceView | HostView | ClusterView | ImageView | EventView | Loads | InstanceLoads | Overview


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `removed`: this thing is no more."""

    kind: str
    id: str


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `heartbeat`, sent every 5 s, and of `gap`."""

    cursor: str
    at_ms: int

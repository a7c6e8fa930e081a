"""Frames of the live stream (Server-Sent Events).

`id` is the journal cursor, `event` one of the kinds below, `data` the new view of the object, so that a repeated
frame is harmless. A client that asks from a cursor that is no longer kept gets `gap` and must fetch everything again.
"""

from typing import Literal

import msgspec

from app.api.jobs import JobView
from app.api.resources import ClusterView, EventView, HostView, ImageView, InstanceView

Kind = Literal["instance", "host", "cluster", "image", "job", "removed", "event", "heartbeat", "gap"]
View = InstanceView | HostView | ClusterView | ImageView | JobView | EventView


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `removed`: this thing is no more."""

    kind: str
    id: str


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `heartbeat`, sent every 5 s, and of `gap`."""

    cursor: str
    at_ms: int

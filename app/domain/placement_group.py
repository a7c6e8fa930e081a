"""Placement groups: what an account wants of the hosts of instances that belong together.

A group never changes, and its name is free again only when no instance is in it: instances name their group by that.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.rows import key


class Strategy(StrEnum):
    CLUSTER = "cluster"
    SPREAD = "spread"
    PARTITION = "partition"


class SpreadLevel(StrEnum):
    NONE = ""
    HOST = "host"
    RACK = "rack"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementGroup:
    """`partitions` is how many a partition group has, `spread_level` what instances of a spread group do not share."""

    id: str = key()
    account_id: str
    name: str
    strategy: Strategy
    partitions: int = 0
    spread_level: SpreadLevel = SpreadLevel.NONE
    created_at_ms: int

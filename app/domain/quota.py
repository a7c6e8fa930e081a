"""What an account may have at most. Without a row the cloud's default counts; `services/quotas.py` has those."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.rows import key


class Resource(StrEnum):
    """What is counted. Instances and their cores count until they have ended, stopped ones too: they may start."""

    INSTANCES = "instances"
    CORES = "cores"
    VOLUMES = "volumes"
    VOLUME_GIB = "volume_gib"
    SNAPSHOTS = "snapshots"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`most` of one resource for one account, set by an administrator; 0 lets it have nothing more."""

    account_id: str = key()
    resource: Resource = key()
    most: int

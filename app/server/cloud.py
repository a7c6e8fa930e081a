"""A running cloud as the HTTP handlers see it: ports and settings, put together by `wiring.py`."""

from dataclasses import dataclass
from typing import Protocol

from app.domain.ports import Clock, Entropy, Hypervisors, ImageFiles, Store
from app.server.feed import Feed


class Backups(Protocol):
    """A store that can be copied while it is in use."""

    async def backup(self, target: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Everything a handler may use. `policy` names the placement policy; `version` is ours."""

    store: Store
    hypervisors: Hypervisors
    images: ImageFiles
    feed: Feed
    clock: Clock
    entropy: Entropy
    policy: str
    version: str

"""A running cloud as the HTTP handlers see it: ports and settings, put together by `wiring.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.domain.files import ImageFiles
from app.domain.ports import Clock, Entropy, Hypervisors, Store
from app.server.consoles import Consoles
from app.server.feed import Feed
from app.server.files import Uploads
from app.server.loads import Board
from app.server.logins import Logins
from app.server.metrics import Metrics
from app.server.pace import Pace
from app.server.rehearsals import Rehearsals
from app.server.rounds import Rounds
from app.server.sensors import Sensors
from app.services.mapping import Mapping


class Replay(Protocol):
    """Shows a cloud as it was, while `run` runs."""

    async def run(self) -> None:
        """Keep what it takes, until cancelled."""
        ...

    async def span(self) -> tuple[int, int]:
        """Return the first and the last moment that can be shown; Unavailable if there is none yet."""
        ...

    async def at(self, cloud: "Cloud", at_ms: int) -> "Cloud":
        """Return the cloud as it was at a moment; NotShown if that is still to come, or too long ago."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Everything a handler may use.

    `backup` writes a copy of the store to a file, blocking; `mapping` chooses hosts, `rounds` moves what runs,
    `rehearsals` are those that rules may be applied by; `replay` shows all of this as it was; `pace` bounds how often
    an account may ask, `logins` knows who signs to REST; `version` is ours.
    """

    store: Store
    hypervisors: Hypervisors
    images: ImageFiles
    uploads: Uploads
    feed: Feed
    consoles: Consoles
    metrics: Metrics
    sensors: Sensors
    board: Board
    clock: Clock
    entropy: Entropy
    backup: Callable[[Path], None]
    state_dir: Path
    mapping: Mapping
    rounds: Rounds
    rehearsals: Rehearsals
    replay: Replay
    pace: Pace
    logins: Logins
    version: str

"""A running cloud as the HTTP handlers see it: ports and settings, put together by `wiring.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.files import ImageFiles
from app.domain.ports import Clock, Entropy, Hypervisors, Store
from app.server.consoles import Consoles
from app.server.feed import Feed
from app.server.files import Uploads
from app.server.loads import Board
from app.server.metrics import Metrics
from app.server.pace import Pace
from app.server.rehearsals import Rehearsals
from app.server.rounds import Rounds
from app.server.sensors import Sensors
from app.services.mapping import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Everything a handler may use.

    `backup` writes a copy of the store to a file, blocking; `mapping` chooses hosts, `rounds` moves what runs,
    `rehearsals` are those that rules may be applied by; `pace` bounds how often an account may ask; `version` is ours.
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
    pace: Pace
    version: str

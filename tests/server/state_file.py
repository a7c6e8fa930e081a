"""The cloud's file looked at from aside: what requests have changed, and what there is to name.

Every change of a row is in the journal, but for settings and decisions, which are counted. The reconcile loop works on
all the time: what its own columns say is not the requests' doing.
"""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from app.domain.ids import RESOURCE_OF_PREFIX, resource_of
from app.store.catalogue import KINDS
from app.store.codec import Codec, codec_of

# What the loop says of an instance in columns that requests write, too.
BY_THE_LOOP = {
    *("instance.gave up", "instance.powered off", "instance.rest over", "image.available", "image.failed"),
    *("volume.detached", "volume.not grown", "volume.removed", "snapshot.removed", "address.left"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the history of the cloud."""

    cursor: int
    unjournalled: tuple[object, ...]


class StateFile:
    """A connection that only reads; it sees what is committed."""

    def __init__(self, state: Path) -> None:
        self._file = sqlite3.connect(f"{(state / 'cloud.sqlite3').absolute().as_uri()}?mode=ro", uri=True)
        self._observed = {kind: _observed(entity) for entity, (_, kind) in KINDS.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def mark(self) -> Mark:
        asked = "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'journal'), (SELECT count(*) FROM decisions)"
        cursor, decisions = self._file.execute(asked).fetchone()
        settings = self._file.execute("SELECT name, value FROM settings ORDER BY name").fetchall()
        return Mark(cursor, (decisions, *settings))

    def changes(self, since: Mark) -> list[str]:
        """Tell what requests have changed since then; nothing means that the cloud is the same."""
        now = self.mark()
        rows = self._file.execute(
            "SELECT event, kind, resource_id, data FROM journal WHERE cursor > ?", (since.cursor,)
        )
        told = [f"{event} {thing}" for event, kind, thing, data in rows if self._by_request(event, kind, data)]
        return told + [str(one) for one in {*now.unjournalled} ^ {*since.unjournalled}]

    def words(self) -> dict[str, list[str]]:
        """Collect ids and names of what there is by the kind of thing, written as one word: `keypair`, `subnet`."""
        found: dict[str, list[str]] = {resource.replace(" ", ""): [] for resource in RESOURCE_OF_PREFIX.values()}
        for entity, (table, _) in KINDS.items():
            key = codec_of(entity).key[0]
            for (row_id,) in self._file.execute(f'SELECT "{key}" FROM "{table}"'):
                if resource := resource_of(str(row_id)):
                    found[resource.replace(" ", "")].append(row_id)
        return found

    def _by_request(self, event: str, kind: str, data: str) -> bool:
        columns = json.loads(data)
        automatic = bool(columns.get("automatic"))  # an address that came and goes with its instance
        observed = self._observed.get(kind, frozenset()).issuperset(columns)
        return event not in BY_THE_LOOP and not automatic and not observed


def _observed(entity: type) -> frozenset[str]:
    """Name the columns that only the loop writes."""
    codec: Codec[Any] = codec_of(entity)
    return frozenset(column.name for column in codec.columns if column.writer == "reconcile")

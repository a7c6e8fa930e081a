"""Rows of the past in tables of today: whole ones of a keyframe, and what entries of the journal changed of them.

Columns that were not there then get their default, those that there are no more are left out. The trap: secrets stand
neither in keyframes nor in the journal, so here they are empty, as is what else has no default.
"""

import json
import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from app.domain.ruleset import Activation, Ruleset
from app.store.catalogue import KINDS, UNTOLD
from app.store.codec import Codec, Column, codec_of

_EMPTY: Final = {"TEXT": "''", "BLOB": "x''", "INTEGER": "0", "REAL": "0"}


class Layer:
    """The rows of one kind."""

    def __init__(self, entity: type, table: str) -> None:
        self._codec: Codec[Any] = codec_of(entity)
        self.table = table
        self._public = [column.name for column in self._codec.columns if not column.secret]
        self._of_key = " AND ".join(f'"{name}" = ?' for name in self._codec.key)
        self.select = f'SELECT {_listed(self._public)} FROM "{table}"'  # noqa: S608
        self._insert = cache(self._inserting)

    @property
    def public(self) -> list[str]:
        return list(self._public)

    def lay(self, rows: sqlite3.Connection, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        """Add rows, told column by column."""
        known = [place for place, name in enumerate(names) if name in self._public]
        sql = self._insert(tuple(names[place] for place in known))
        rows.executemany(sql, zip(*(columns[place] for place in known), strict=True))

    def follow(self, rows: sqlite3.Connection, given: str, deed: str, data: str) -> None:
        """Do to a row what an entry about the thing `given` tells."""
        told = {name: self._stored(name, value) for name, value in json.loads(data).items() if name in self._public}
        key = [told[name] for name in self._codec.key] if len(self._codec.key) > 1 else [given]
        if deed == "added":
            rows.execute(self._insert(tuple(told)), list(told.values()))
        elif deed == "removed":
            rows.execute(f'DELETE FROM "{self.table}" WHERE {self._of_key}', key)  # noqa: S608
        elif told:  # a change of secrets alone tells nothing
            sets = ", ".join(f'"{name}" = ?' for name in told)
            rows.execute(f'UPDATE "{self.table}" SET {sets} WHERE {self._of_key}', [*told.values(), *key])  # noqa: S608

    def _stored(self, name: str, value: object) -> Any:
        return self._codec.by_name[name].stored(value)

    def _inserting(self, names: tuple[str, ...]) -> str:
        lacking = [column for column in self._codec.columns if column.name not in names and column.default is None]
        values = ", ".join([*["?"] * len(names), *map(_empty, lacking)])
        columns = _listed([*names, *(column.name for column in lacking)])
        return f'INSERT INTO "{self.table}" ({columns}) VALUES ({values})'  # noqa: S608


def _empty(column: Column) -> str:
    return _EMPTY[column.sql_type]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


LAYERS: Final = {
    word: Layer(entity, table)
    for entity, (table, word) in KINDS.items()
    if entity not in {*UNTOLD, Ruleset, Activation}
}
"""By the journal's word. Rows of the other kinds only come, and say when, or are told by other rows."""

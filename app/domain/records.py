"""Rows that are only ever added: what was decided, and by which text, is asked for long after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Like:
    """Any text that a pattern fits as a whole: `*` is any characters, `?` one, `[x]` one of those in it."""

    glob: str


class Records(Protocol[Row]):
    """Rows that are added and read, and never change. Additions are journalled by the store itself."""

    def get(self, *key: str) -> Row | None:
        """Return the row with this primary key."""
        ...

    def where(self, **equal: object) -> list[Row]:
        """List rows whose columns equal the values (a tuple or list value: any of them), in key order.

        A value may be a `Like`. Beside its fields an entity's `DERIVED` are columns to ask for.
        """
        ...

    def count(self, **equal: object) -> int:
        """Count those rows without reading them."""
        ...

    def part(self, order: Sequence[str], after: Sequence[object], limit: int, **equal: object) -> list[Row]:
        """List the first of those rows, at most `limit`, in the order of columns, behind the row with these values."""
        ...

    def add(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        """Insert; Conflict if the key exists. The journal gets `event` (default `<kind>.added`)."""
        ...

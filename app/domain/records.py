"""Rows that are only ever added: what was decided, and by which text, is asked for long after."""

from typing import Protocol, TypeVar

Row = TypeVar("Row")


class Records(Protocol[Row]):
    """Rows that are added and read, and never change. Additions are journalled by the store itself."""

    def get(self, *key: str) -> Row | None:
        """Return the row with this primary key."""
        ...

    def where(self, **equal: object) -> list[Row]:
        """List rows whose columns equal the values (a tuple or list value: any of them), in key order."""
        ...

    def add(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        """Insert; Conflict if the key exists. The journal gets `event` (default `<kind>.added`)."""
        ...

"""How entities become rows: who may write a column, and which column is the key.

An entity is a frozen dataclass; the store makes its table from the fields. Every column has one writer:
`services` (what is wanted, the default) or `reconcile` (what was seen). The trap: a default given here is
the default of the column too, so it must be immutable.
"""

from dataclasses import MISSING, Field, field, fields
from typing import Any, Literal

Writer = Literal["services", "reconcile"]


def key() -> Any:
    """Declare the primary key (several: a compound key, in this order)."""
    return field(metadata={"key": True})


def observed(default: Any = MISSING) -> Any:
    """Declare a column that only the reconcile loop writes after the row was added."""
    return field(default=default, metadata={"writer": "reconcile"})


def secret(default: Any = MISSING) -> Any:
    """Declare a column that never appears in journal, logs or views."""
    return field(default=default, metadata={"secret": True}, repr=False)


def writer_of(column: Field[Any]) -> Writer:
    writer: Writer = column.metadata.get("writer", "services")
    return writer


def key_columns(entity: type) -> tuple[str, ...]:
    return tuple(column.name for column in fields(entity) if column.metadata.get("key"))

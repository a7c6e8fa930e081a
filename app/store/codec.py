"""Entities to rows and back, generated from the fields of the domain's dataclasses.

Two traps. A value is compared and written in its stored form, so equal values must have one stored form only (JSON
with sorted keys, enumerations as exact `str`). And SQLite holds less than Python: whole numbers of 64 bits and text
that UTF-8 can carry; `storable` tells.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from app.domain.errors import Broken
from app.domain.rows import Writer, key_columns, writer_of

Row = TypeVar("Row")
Stored = str | int | float | bytes
Convert = Callable[[Any], Any]
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `default` is SQL text, None where the domain gives no default; no converter: stored as it is."""

    name: str
    sql_type: str
    default: str | None
    writer: Writer
    secret: bool
    encode: Convert | None
    decode: Convert | None

    def stored(self, value: object) -> Any:
        return value if self.encode is None else self.encode(value)


class Codec(Generic[Row]):
    """The columns of one entity, in the order of its fields, and both directions."""

    def __init__(self, entity: type[Row]) -> None:
        hints = get_type_hints(entity)
        self._entity = entity
        self.columns = tuple(_column(field, hints[field.name]) for field in fields(entity))  # type: ignore[arg-type]
        self.names = tuple(column.name for column in self.columns)
        self.by_name = {column.name: column for column in self.columns}
        self.by_name |= {name: _derived(name) for name in getattr(entity, "DERIVED", ())}
        self.key = key_columns(entity)
        self._encoders = tuple((i, c.encode) for i, c in enumerate(self.columns) if c.encode is not None)
        # Slots are read and filled directly: through __init__ of a frozen dataclass a row costs twice as much.
        self._read = attrgetter(*self.names)
        self._fill = tuple(getattr(entity, name).__set__ for name in self.names)
        self._decoders = tuple((i, c.decode) for i, c in enumerate(self.columns) if c.decode is not None)

    def encode(self, row: Row) -> list[Any]:
        """Return the stored values in the order of `names`."""
        values = list(self._read(row))
        for position, encode in self._encoders:
            values[position] = encode(values[position])
        return values

    def decode(self, stored: Sequence[Any]) -> Row:
        """Build the entity from stored values in the order of `names`; Broken if one is no value of its type."""
        values = list(stored)
        try:
            for position, decode in self._decoders:
                values[position] = decode(values[position])
        except (KeyError, ValueError) as error:
            raise Broken("store", f"a row holds a value that this version does not know: {error}") from error
        row = object.__new__(self._entity)
        for fill, value in zip(self._fill, values, strict=True):
            fill(row, value)
        return row

    def key_of(self, row: Row) -> tuple[str, ...]:
        return tuple(getattr(row, name) for name in self.key)


def codec_of(entity: type[Row]) -> Codec[Row]:
    """Return the codec of an entity; it is made once."""
    known: Any = entity
    made: Codec[Row] = _made(known)
    return made


@cache
def _made(entity: Any) -> Codec[Any]:
    return Codec(entity)


def storable(value: object) -> bool:
    """Tell whether SQLite can hold a value in its stored form."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def dump(value: object) -> str:
    """Write JSON in one form only: sorted keys, no blanks, ASCII."""
    return _JSON.encode(value)


def _column(field: Field[Any], hint: Any) -> Column:
    sql_type, encode, decode = _conversion(field.name, hint)
    default = _default(field)
    return Column(
        name=field.name,
        sql_type=sql_type,
        default=None if default is MISSING else _literal(encode(default) if encode else default),
        writer=writer_of(field),
        secret=bool(field.metadata.get("secret")),
        encode=encode,
        decode=decode,
    )


def _derived(name: str) -> Column:
    """Form a column that the file makes of others and nobody reads: a text."""
    return Column(name=name, sql_type="TEXT", default=None, writer="services", secret=False, encode=str, decode=None)


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _conversion(name: str, hint: Any) -> tuple[str, Convert | None, Convert | None]:
    plain: dict[Any, tuple[str, Convert | None, Convert | None]] = {
        str: ("TEXT", None, None),
        int: ("INTEGER", None, None),
        float: ("REAL", None, None),
        bool: ("INTEGER", int, bool),
        bytes: ("BLOB", None, None),
    }
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "TEXT", str, {member.value: member for member in hint}.__getitem__
    if get_origin(hint) is tuple and get_args(hint) == (str, ...):
        return "TEXT", dump, _tuple
    if get_origin(hint) is dict:
        return "TEXT", dump, json.loads
    raise TypeError(f"no column can be made of {name}: {hint}")


@lru_cache(maxsize=4096)
def _tuple(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def _literal(value: Stored) -> str:
    if isinstance(value, bytes):
        return f"X'{value.hex().upper()}'"
    return str(value) if isinstance(value, int | float) else "'" + value.replace("'", "''") + "'"

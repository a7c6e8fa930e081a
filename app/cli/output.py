"""Printing: columns for people, JSON for programs. Names come from other people, so control characters are shown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

_MOMENT = "at_ms"


def show(items: Sequence[Any], columns: Sequence[str], *, as_json: bool) -> None:
    """Print structs as a table of the named fields (`load.cpu_used`: of a field's field), or all of them as JSON.

    Moments (`…_at_ms`) are shown as dates.
    """
    if as_json:
        show_json(items)
        return
    rows = [[_shown(column, _field(item, column)) for column in columns] for item in items]
    heads = [column.removesuffix("_ms") if column.endswith(_MOMENT) else column for column in columns]
    for line in table([[head.upper().replace("_", " ").replace(".", " ") for head in heads], *rows]):
        click.echo(line)


def show_json(value: Any) -> None:
    """Print anything made of structs as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def done(text: str, *, as_json: bool, **facts: str) -> None:
    """Say that something was done, in words or as one JSON object."""
    show_json(facts) if as_json else click.echo(text)


def table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Pad cells so that columns line up."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def moment(at_ms: int) -> str:
    """Say a moment in UTC; a dash for never."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC" if at_ms else "-"


def printable(text: str) -> str:
    """Show control characters instead of obeying them."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _field(item: Any, column: str) -> Any:
    for name in column.split("."):
        item = None if item is None else getattr(item, name)
    return item


def _shown(column: str, value: Any) -> str:
    return moment(value) if column.endswith(_MOMENT) else _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return printable(", ".join(str(each) for each in value)) or "-"
    return printable(str(value)) or "-"

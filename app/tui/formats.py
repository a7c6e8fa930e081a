"""Rows as text that leaves the console: ids, lines, CSV, JSON, and the records that euca2ools write.

What leaves may be pasted into a terminal, so no field holds a control character; records are separated by TAB and
their fields stand in the order that scripts of 2009 count on. Empty fields keep their place.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec

from app.api.resources import HostView, ImageView, InstanceView
from app.tui.columns.column import Column
from app.tui.scene import Scene, printable

TITLES = {"id": "names", "row": "rows as shown", "csv": "CSV", "json": "JSON", "euca": "euca2ools records"}
SUFFIXES = {"row": "txt", "csv": "csv", "json": "json", "euca": "txt"}


def formats_of(kind: str) -> list[str]:
    """List the formats that rows of a kind have."""
    return [name for name in TITLES if name != "euca" or kind in _RECORDS]


def written(form: str, kind: str, rows: Mapping[str, Any], columns: Sequence[Column[Any]], scene: Scene) -> str:
    """Return the rows, by id, in one of TITLES; a text file ends with a line end."""
    match form:
        case "id":
            return " ".join(printable(given) for given in rows)
        case "row":
            lines = ["\t".join(column.text(row, scene) for column in columns) for row in rows.values()]
            return "".join(f"{line}\n" for line in lines)
        case "csv":
            return _csv(list(rows.values()))
        case "json":
            return msgspec.json.format(msgspec.json.encode(list(rows.values()))).decode() + "\n"
        case _:
            lines = ["\t".join(printable(field) for field in record) for record in _RECORDS[kind](rows.values())]
            return "".join(f"{line}\n" for line in lines)


def _csv(rows: Sequence[Any]) -> str:
    """One column a field of the REST view, named like it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    plain: list[dict[str, Any]] = [msgspec.to_builtins(row) for row in rows]
    names = list(dict.fromkeys(name for row in plain for name in row))
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in plain)
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return printable(value)
    return "" if value is None else msgspec.json.encode(value).decode()


def _instances(rows: Iterable[InstanceView]) -> Iterable[list[str]]:
    ordered = sorted(rows, key=lambda row: (row.reservation_id, row.launch_index))
    for reservation, members in groupby(ordered, key=lambda row: (row.reservation_id, row.account_id)):
        yield ["RESERVATION", *reservation, ""]
        for row in members:
            yield _instance(row)
            yield from (["TAG", "instance", row.id, name, value] for name, value in sorted(row.tags.items()))


def _instance(row: InstanceView) -> list[str]:
    """Id, image, public and private name, state, key, index, product codes, type, time, zone, kernel, ramdisk, ..."""
    launched = datetime.fromtimestamp(row.launched_at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    head = ["INSTANCE", row.id, row.image_id, "", row.private_ip, row.state, row.key_name, str(row.launch_index)]
    return [*head, "", row.vmtype, launched, row.cluster, "", "", "", "", "", row.private_ip]


def _images(rows: Iterable[ImageView]) -> Iterable[list[str]]:
    for row in rows:
        public = "public" if row.public else "private"
        head = ["IMAGE", row.id, row.name, row.account_id, row.state, public, "", row.architecture, row.kind]
        yield [*head, row.kernel_id, row.ramdisk_id]


def _hosts(rows: Iterable[HostView]) -> Iterable[list[str]]:
    for row in rows:
        yield ["NODE", row.name, row.cluster, row.state, str(row.instances)]


_RECORDS: Mapping[str, Callable[[Any], Iterable[list[str]]]] = {
    "instance": _instances,
    "host": _hosts,
    "image": _images,
}

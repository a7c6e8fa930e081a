"""Running clients and showing what became of each step.

A cell is `ok`, `cannot` (the client has no call for it, with its reason) or `failed`. A client that can not be started
fails in every cell; one whose interpreter the machine lacks is absent.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from bench.environments import NotHere
from tests.clients.clients import Client, steps

WITHIN_S = 900.0
Status = Literal["ok", "cannot", "failed", "absent"]
_MARKS: Mapping[Status, str] = {"ok": "+", "cannot": "-", "failed": "F", "absent": "."}


@dataclass(frozen=True, slots=True)
class Cell:
    status: Status
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A client's life. `missing`: it could not be started at all."""

    client: str
    cells: Mapping[str, Cell]
    missing: bool = False


def live(client: Client, credentials: Mapping[str, str]) -> Row:
    """Take one client through its life; never raises for what the client or its installation does."""
    try:
        command, environment = client.start()
        done = subprocess.run(
            command, env={**environment, **credentials}, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except NotHere as error:
        return _everywhere(client, Cell("absent", str(error)))
    except (OSError, subprocess.SubprocessError) as error:
        return _everywhere(client, Cell("failed", str(error)))
    lines = (line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 2)
    told = {step: Cell(cast("Status", status), why) for step, status, why in lines}
    silent = Cell("failed", f"said nothing of it; at last: {done.stderr.strip()[-300:]}")
    return Row(client=client.name, cells={step: told.get(step, silent) for step, _ in steps()})


def _everywhere(client: Client, cell: Cell) -> Row:
    return Row(client=client.name, cells={step: cell for step, _ in steps()}, missing=True)


def table(rows: Sequence[Row]) -> str:
    """Draw client × step, the steps as numbers, and name below what is not `ok`."""
    names = [step for step, _ in steps()]
    width = max(len(row.client) for row in rows)
    heads = [
        f"{'':{width}}  " + " ".join(f"{number:>2}"[place] for number in range(1, len(names) + 1)) for place in (0, 1)
    ]
    lines = [f"{row.client:{width}}  " + " ".join(_MARKS[row.cells[name].status] for name in names) for row in rows]
    legend = [f"{number:>2} {name}" for number, name in enumerate(names, 1)]
    marks = "  ".join(f"{mark} {status}" for status, mark in _MARKS.items())
    return "\n".join([*heads, *lines, "", *_columns(legend, 4), "", marks, "", *_reasons(rows)])


def _columns(words: Sequence[str], count: int) -> Iterator[str]:
    height = -(-len(words) // count)
    for first in range(height):
        yield "".join(f"{word:26}" for word in words[first::height]).rstrip()


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    """Name each reason once; what only waits for another step of the same client is left out."""
    for row in rows:
        seen: set[str] = set()
        for step, cell in row.cells.items():
            if cell.why and not cell.why.startswith("needs ") and cell.why not in seen:
                seen.add(cell.why)
                yield f"{row.client}, {step}: {cell.status}: {cell.why}"

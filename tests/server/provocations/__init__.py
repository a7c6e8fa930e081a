"""What provokes each error of EC2, a module an area; a file put here is found by itself.

`ROWS` has for each row of the table (a kind, what it is about) the requests that end in it, each a `Step`: all but the
last succeed, then `AFTER` undoes them. `{instance}` and the like are things of `tests/server/victims.py`.
`NEVER` are rows that no request can bring about, with the reason.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal, NamedTuple, Protocol, cast

Row = tuple[str, str]


class Step(NamedTuple):
    """One request by the owner of the things, by somebody of another account, or by somebody with a wrong secret."""

    action: str
    params: Mapping[str, str] = {}
    by: Literal["owner", "stranger", "impostor"] = "owner"


class Area(Protocol):
    ROWS: dict[Row, tuple[Step, ...]]
    AFTER: dict[Row, tuple[Step, ...]]
    NEVER: dict[Row, str]


AREAS = [cast("Area", import_module(f"{__name__}.{found.name}")) for found in iter_modules(__path__)]
ROWS = {row: steps for area in AREAS for row, steps in area.ROWS.items()}
AFTER = {row: steps for area in AREAS for row, steps in area.AFTER.items()}
NEVER = {row: why for area in AREAS for row, why in area.NEVER.items()}

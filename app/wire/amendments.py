"""What the service models lack, read from `operations/`: a file an area, `general.toml` for all of them.

Filter names, page sizes, defaults, parameters that may be ignored, parameters that only old clients send, and
codes of errors: data, so that adding one is no change of code.
"""

import tomllib
from pathlib import Path
from typing import Any, Self

import msgspec


class Amendment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one operation needs beyond its shapes.

    `harmless`: request names without list indexes, `Name` for all values and all below it,
    `Name=value` for that value only.
    `parameters`: request names that the models do not have, with the name of a shape each.
    `page`: least and most of MaxResults.
    `refused`: why an operation that is not offered is not.
    """

    harmless: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    defaults: dict[str, str | int | bool] = {}
    filters: tuple[str, ...] = ()
    page: tuple[int, int] | None = None
    refused: str = ""

    def ignores(self, path: str, value: str) -> bool:
        """Tell whether a parameter may be passed over; `path` has no list indexes."""
        words = path.split(".")
        above = {".".join(words[:count]) for count in range(1, len(words) + 1)}
        return any(name in above for name in self.harmless) or f"{path}={value.lower()}" in self.harmless


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An EC2 error code for a kind of error about one resource, where it is not formed by the general table."""

    kind: str
    about: str
    code: str
    status: int = 400


class Amendments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All amendments."""

    operations: dict[str, Amendment]
    codes: tuple[Code, ...] = ()

    @classmethod
    def load(cls, directory: Path | None = None) -> Self:
        """Read all files; a word in one that has no meaning is an error, and so is an operation that stands in two."""
        whole: dict[str, Any] = {"operations": {}, "codes": []}
        for file in sorted((directory or Path(__file__).with_name("operations")).glob("*.toml")):
            area = tomllib.loads(file.read_text("utf-8"))
            operations = area.pop("operations", {})
            if twice := operations.keys() & whole["operations"].keys():
                raise ValueError(f"{file.name} amends {', '.join(sorted(twice))}, as another file does")
            whole["operations"] |= operations
            whole["codes"] += area.pop("codes", [])
            whole |= area
        return msgspec.convert(whole, cls)

    def of(self, operation: str) -> Amendment:
        return self.operations.get(operation, _NONE)

    def filters(self, operation: str) -> frozenset[str]:
        """Return the filter names of a Describe operation; `tag:` stands for all that begin so."""
        return frozenset(self.of(operation).filters)


_NONE = Amendment()

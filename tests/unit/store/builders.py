"""Rows and ways to make arbitrary rows, for every test of the store."""

from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from hypothesis import strategies as st

from app.domain.account import Account
from app.domain.host import Host
from app.domain.instance import Instance
from tests import builders

Row = TypeVar("Row")
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
INTEGER = st.integers(-(2**63), 2**63 - 1)


def an_account(number: int = 1, **changes: Any) -> Account:
    given: dict[str, Any] = {"id": f"{number:012}", "name": f"account {number}", "created_at_ms": 7}
    return Account(**(given | changes))


def a_host(name: str = "h1", **changes: Any) -> Host:
    given: dict[str, Any] = {"name": name, "cluster": "c1", "uri": "test:///default", "ordinal": 1, "created_at_ms": 7}
    return Host(**(given | changes))


def an_instance(number: int = 1, **changes: Any) -> Instance:
    return builders.an_instance(f"i-{number:08x}", **changes)


def mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777


def names_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def rows(entity: type[Row], **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
    """Make arbitrary rows of an entity; `fixed` narrows some of the fields."""
    hints = get_type_hints(entity)
    names = [field.name for field in fields(entity)]  # type: ignore[arg-type]
    return st.builds(entity, **{name: fixed.get(name, values_of(hints[name])) for name in names})


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    if get_origin(hint) is tuple:
        return st.lists(st.text(max_size=5), max_size=3).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(st.text(max_size=5), st.integers(), max_size=3)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        int: INTEGER,
        float: st.floats(allow_nan=False),
        bool: st.booleans(),
        bytes: st.binary(max_size=20),
    }
    return plain[hint]

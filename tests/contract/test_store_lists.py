"""What every implementation of the port Table does when it is asked for rows by patterns, or for a part of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.ports import Store, Unit
from app.domain.records import Like
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.store.builders import an_account, an_instance

pytestmark = pytest.mark.contract


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as database:
        yield database


async def test_a_column_may_fit_a_pattern_instead_of_a_value(store: Store) -> None:
    made = [an_account(n, name=name) for n, name in enumerate(("web-1", "web-2", "WEB-1", "db", "w*", "ä?[b]"), 1)]

    def found(unit: Unit, *wanted: str | Like) -> list[str]:
        return [row.name for row in unit.accounts.where(name=wanted)]

    def work(unit: Unit) -> None:
        for row in made:
            unit.accounts.add(row)
        assert found(unit, Like("web-?"), "db", Like("ä[?][[]*")) == ["web-1", "web-2", "db", "ä?[b]"]
        assert found(unit, Like("w[*]"), Like("no*"), Like("\ud800")) == ["w*"]
        assert found(unit, Like("*")) == [row.name for row in made]
        assert found(unit, *(f"web-{n}" for n in range(2000)), Like("d?")) == ["web-1", "web-2", "db"]

    await store.write(work)


async def test_a_part_of_the_rows_is_listed_in_any_order(store: Store) -> None:
    made = [an_instance(n, host=f"h{n % 2}", launch_index=n // 2) for n in (7, 1, 5, 3, 2)]

    def part(unit: Unit, *after: object, limit: int = 9, **equal: object) -> list[int]:
        rows = unit.instances.part(("host", "launch_index"), after, limit, **equal)
        return [int(row.id[2:], 16) for row in rows]

    def work(unit: Unit) -> None:
        for row in made:
            unit.instances.add(row)
        assert part(unit) == [2, 1, 3, 5, 7]
        assert part(unit, limit=2) == [2, 1]
        assert part(unit, "h1", 0) == [3, 5, 7]
        assert part(unit, "h1", 0, limit=1, host=["h1", Like("h?")]) == [3]
        assert part(unit, host=()) == []
        with pytest.raises(ValueError, match="no column"):
            unit.instances.part(("host; --",), (), 1)

    await store.write(work)


async def test_rows_are_counted_by_what_they_would_be_listed_by(store: Store) -> None:
    def work(unit: Unit) -> None:
        for n in range(1, 6):
            unit.instances.add(an_instance(n, host=f"h{n % 2}"))
        for asked in ({}, {"host": "h1"}, {"host": ["h0", Like("h?")]}, {"host": ()}, {"host": "h9"}):
            assert unit.instances.count(**asked) == len(unit.instances.where(**asked))

    await store.write(work)

"""What is kept of the past, and when it is of no use any more: a journal cut short, a backup put back, damage."""

import sqlite3
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from app.domain.errors import Forbidden, NotShown, Unavailable
from app.domain.ports import Unit
from app.store.backup import backup, restore
from app.store.database import Database
from app.store.keyframes import Keyframe, Keyframes
from app.store.moment import Moment
from app.store.past import APART_MS, Past
from app.store.past_store import PastStore
from tests.builders import FrozenClock
from tests.unit.store.builders import an_account, mode_of

KEPT_MS = 24 * 3_600_000
MINUTE_MS = 60_000


@dataclass(slots=True)
class Kept:
    """A cloud's file with its past, on a clock that is moved."""

    directory: Path
    clock: FrozenClock
    store: Database
    keyframes: Keyframes
    past: Past

    @property
    def file(self) -> Path:
        return self.directory / "replay.sqlite3"

    async def account(self, number: int) -> int:
        """Add an account, and return the moment at which it is there."""
        await self.store.write(lambda unit: unit.accounts.add(an_account(number)))
        self.clock.at_ms += 1
        return self.clock.at_ms - 1

    async def hours(self, count: int, *, busy: bool = True) -> None:
        """Let hours go by, each with a look after the past at its end."""
        for hour in range(count):
            if busy:
                await self.store.write(lambda unit, at=hour: unit.note("tick", "clock", str(at), ""))  # type: ignore[misc]
            self.clock.at_ms += APART_MS
            self.tend()

    def tend(self) -> None:
        self.past.tend(self.clock.at_ms)

    def accounts(self, at_ms: int) -> list[str]:
        shown = shown_at(self.past.moment(at_ms, [], lambda unit: None), at_ms)
        return shown.glance(lambda unit: [row.name for row in unit.accounts.where()])


def shown_at(moment: Moment, at_ms: int = 0) -> PastStore:
    return PastStore(moment, FrozenClock(at_ms), ThreadPoolExecutor(1))


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    clock, keyframes = FrozenClock(), Keyframes(tmp_path / "replay.sqlite3")
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock) as store:
        await store.write(lambda unit: unit.accounts.add(an_account(1)))
        made = Kept(tmp_path, clock, store, keyframes, Past(tmp_path / "cloud.sqlite3", keyframes, KEPT_MS))
        made.tend()
        clock.at_ms += 1
        yield made


async def test_one_is_kept_each_hour_in_which_something_happened(kept: Kept) -> None:
    await kept.account(2)
    kept.clock.at_ms += APART_MS - 3
    kept.tend()
    assert len(kept.keyframes.all()) == 1
    await kept.hours(3)
    assert len(kept.keyframes.all()) == 4
    await kept.hours(5, busy=False)
    assert len(kept.keyframes.all()) == 4
    assert mode_of(kept.file) == 0o600


async def test_only_what_shows_moments_that_are_still_kept_stays(kept: Kept) -> None:
    begin_ms = kept.past.oldest_ms()
    await kept.hours(24)
    assert kept.past.oldest_ms() == begin_ms
    await kept.hours(3)
    assert kept.clock.at_ms - KEPT_MS - APART_MS < kept.past.oldest_ms() <= kept.clock.at_ms - KEPT_MS
    assert kept.accounts(kept.past.oldest_ms()) == ["account 1"]


async def test_a_cloud_in_which_nothing_happens_is_shown_when_the_journal_is_empty(kept: Kept) -> None:
    await kept.hours(30, busy=False)
    await kept.store.prune_journal(kept.clock.at_ms)
    kept.tend()
    assert kept.accounts(kept.clock.at_ms) == ["account 1"]


async def test_a_journal_that_lacks_something_shows_nothing_of_that_time(kept: Kept) -> None:
    there_ms = await kept.account(2)
    await kept.account(3)
    assert kept.accounts(there_ms) == ["account 1", "account 2"]
    await kept.store.prune_journal(kept.clock.at_ms)
    with pytest.raises(Unavailable, match="nothing is kept"):
        kept.accounts(there_ms)
    kept.tend()
    assert kept.past.oldest_ms() == kept.clock.at_ms
    with pytest.raises(NotShown, match="what is kept begins at 2023-11-14T"):
        kept.accounts(there_ms)


@pytest.mark.parametrize("after_ms", [MINUTE_MS, APART_MS], ids=["within the hour", "behind another keyframe"])
async def test_what_was_before_a_backup_was_put_back_is_not_shown(kept: Kept, after_ms: int) -> None:
    early_ms = await kept.account(2)
    backup(kept.directory / "cloud.sqlite3", kept.directory / "kept.sqlite3")
    kept.clock.at_ms += after_ms
    await kept.account(3)
    kept.tend()
    assert len(kept.keyframes.all()) == 1 + (after_ms == APART_MS)
    await kept.store.close()
    restore(kept.directory / "kept.sqlite3", kept.directory / "cloud.sqlite3", now_ms=kept.clock.at_ms)
    async with Database.open(kept.directory / "cloud.sqlite3", clock=kept.clock):
        kept.tend()
        assert kept.accounts(kept.clock.at_ms) == ["account 1", "account 2"]
        with pytest.raises(NotShown):
            kept.accounts(early_ms)


async def test_the_past_of_another_cloud_is_not_shown(kept: Kept) -> None:
    await kept.account(2)
    kept.keyframes.keep(Keyframe(cursor=2, at_ms=kept.clock.at_ms, entry_at_ms=5), [])
    with pytest.raises(NotShown):
        kept.accounts(kept.clock.at_ms)
    kept.tend()
    assert kept.accounts(kept.clock.at_ms) == ["account 1", "account 2"]


@pytest.mark.parametrize("statement", ["DELETE FROM parts", "UPDATE parts SET data = x'00'"])
async def test_a_keyframe_that_is_not_whole_is_never_shown(kept: Kept, statement: str) -> None:
    with closing(sqlite3.connect(kept.file)) as file, file:
        file.execute(statement)
    with pytest.raises(Unavailable):
        kept.accounts(kept.clock.at_ms)


async def test_columns_that_came_since_have_their_default_and_those_that_went_are_left(kept: Kept) -> None:
    from_then = kept.keyframes.parts(kept.keyframes.all()[0])
    [part] = [msgspec.msgpack.decode(zlib.decompress(part)) for part in from_then]
    part[1][part[1].index("enabled")] = "color"
    older = zlib.compress(msgspec.msgpack.encode(part))
    kept.keyframes.keep(kept.keyframes.all()[0], [older])
    assert kept.accounts(kept.clock.at_ms) == ["account 1"]


async def test_a_moment_is_made_from_an_earlier_one_and_neither_is_changed(kept: Kept) -> None:
    def names(unit: Unit) -> list[str]:
        return [row.name for row in unit.accounts.where()]

    moments = [await kept.account(number) for number in (2, 3, 4)]
    known: list[Moment] = []
    for at_ms in moments:
        known.append(kept.past.moment(at_ms, known, lambda unit: None))
    shown = [shown_at(moment).glance(names) for moment in known]
    assert [len(found) for found in shown] == [2, 3, 4]
    with pytest.raises(Forbidden):
        await shown_at(known[0]).write(names)
    with pytest.raises(ValueError, match="only reads"):
        shown_at(known[0]).glance(lambda unit: unit.set_setting("a", "b"))

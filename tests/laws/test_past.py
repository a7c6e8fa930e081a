"""Laws of the past: whatever was added, changed and removed, every remembered moment is shown as it was."""

import asyncio
import sqlite3
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.account import AccessKey, Token
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.rows import Writer
from app.domain.tag import Tag
from app.store.catalogue import KINDS
from app.store.codec import Codec, codec_of
from app.store.database import Database
from app.store.keyframes import Keyframes
from app.store.moment import Moment
from app.store.past import Past
from app.store.past_store import PastStore
from tests.builders import FrozenClock
from tests.unit.store.builders import rows

ENTITIES = (Host, Instance, Tag, Token)
SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(["a", "ä\0"])
KEPT_MS = 7 * 24 * 3_600_000
Rows = dict[str, list[Any]]


def drawn(entity: type) -> st.SearchStrategy[Any]:
    """Make rows of few different keys; what the file wants to be unique varies with the key."""
    codec: Codec[Any] = codec_of(entity)
    fixed: dict[str, Any] = {name: NAMES for name in codec.key}
    if entity is Instance:
        fixed |= dict.fromkeys(("cores", "memory_mib", "disk_gb"), st.integers(0, 64)) | {"private_ip": st.just("")}
    if entity is Host:  # no request brings others: JSON has none
        fixed |= dict.fromkeys(("cpu_ratio", "mips"), st.floats(allow_nan=False, allow_infinity=False))
    return rows(entity, **fixed)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "put", "see", "remove", "tend"]),
        st.one_of(*map(drawn, ENTITIES)),
        st.sampled_from([0, 1, 1000, 60_000, 3_600_000]),
    ),
    min_size=20,
    max_size=40,
)


def done(step: str, row: Any) -> Callable[[Unit], None]:
    """Do one step, if it can be done: a put changes what its writer may."""

    def work(unit: Unit) -> None:
        table: Any = getattr(unit, KINDS[type(row)][0])
        codec: Codec[Any] = codec_of(type(row))
        before = table.get(*codec.key_of(row))
        if step == "add" and before is None:
            table.add(row, event="anything.happened")
        elif step == "remove":
            table.remove(row, event="anything.happened")
        elif step in ("put", "see") and before is not None:
            theirs = {column.name for column in codec.columns if column.writer != writer(step)}
            kept = {each.name: getattr(before, each.name) for each in fields(row) if each.name in theirs}
            table.put(replace(row, **kept), event="anything.happened")

    return work


def writer(step: str) -> Writer:
    return "reconcile" if step == "see" else "services"


def public(unit: Unit) -> Rows:
    """Show every row without secrets, and without what is not journalled when it changes alone."""
    shown: Rows = {}
    for entity in ENTITIES:
        table, codec = KINDS[entity][0], codec_of(entity)
        hidden = {column.name for column in codec.columns if column.secret} | {"seen_at_ms"}
        names = [column.name for column in codec.columns if column.name not in hidden]
        found: Any = getattr(unit, table).where()
        shown[table] = [tuple(getattr(row, name) for name in names) for row in found]
    return {**shown, "cursor": [unit.cursor()], "held": sorted(unit.held().items()), "now": [unit.now_ms]}


@SLOW
@given(STEPS, st.randoms(use_true_random=False))
def test_every_remembered_moment_is_shown_as_it_was(steps: list[tuple[str, Any, int]], chance: Random) -> None:
    async def test(directory: Path) -> None:
        clock, file = FrozenClock(), directory / "cloud.sqlite3"
        async with Database.open(file, clock=clock) as database:
            past = Past(file, Keyframes(directory / "replay.sqlite3"), KEPT_MS)
            past.tend(clock.at_ms)
            remembered: dict[int, Rows] = {}
            for step, row, wait_ms in steps:
                if step == "tend":
                    past.tend(clock.at_ms)
                else:
                    await database.write(done(step, row), writer=writer(step))
                remembered[clock.at_ms] = await database.read(public)
                clock.at_ms += wait_ms
            known: list[Moment] = []
            for at_ms in chance.sample(sorted(remembered), min(8, len(remembered))):
                known.append(past.moment(at_ms, known[-2:], lambda unit: None))
                shown = PastStore(known[-1], FrozenClock(at_ms), ThreadPoolExecutor(1)).glance(public)
                assert shown == remembered[at_ms]

    with TemporaryDirectory() as directory:
        asyncio.run(test(Path(directory)))


@SLOW
@given(
    st.one_of(drawn(Token), drawn(AccessKey), drawn(Instance)), st.text("0123456789abcdef", min_size=32, max_size=32)
)
def test_no_secret_is_in_the_file(row: Any, mark: str) -> None:
    secret = {each.name for each in codec_of(type(row)).columns if each.secret}
    told = replace(row, **{name: mark.encode() if name == "user_data" else mark for name in secret})

    async def test(directory: Path) -> None:
        clock, file = FrozenClock(), directory / "replay.sqlite3"
        async with Database.open(directory / "cloud.sqlite3", clock=clock) as database:
            await database.write(done("add", told))
            keyframes = Keyframes(file)
            Past(directory / "cloud.sqlite3", keyframes, KEPT_MS).tend(clock.at_ms)
        [frame] = keyframes.all()
        with closing(sqlite3.connect(file)) as opened:
            plain = b"".join(zlib.decompress(data) for (data,) in opened.execute("SELECT data FROM parts"))
        assert frame.cursor == 1
        assert codec_of(type(row)).key_of(row)[0].encode() in plain
        assert mark.encode() not in plain
        assert mark.encode() not in file.read_bytes()

    with TemporaryDirectory() as directory:
        asyncio.run(test(Path(directory)))

"""kill -9 while units are written: what was answered is there, and no unit is there by half."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.domain.journal import Said
from app.domain.ports import Unit
from app.store.backup import backup, restore
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.store.builders import an_account, an_instance

pytestmark = pytest.mark.crash
WRITERS = 4
DEADLINE_S = 30.0


def unit_of(number: int, unit: Unit) -> int:
    """Write one unit of four parts under one number."""
    unit.accounts.add(an_account(number))
    unit.instances.add(an_instance(number))
    unit.audit(Said(who=str(number), source="s", action="a", target="t", outcome="ok"))
    unit.set_setting(f"number {number}", "done")
    return number


async def write_forever(file: Path, first: int) -> None:
    database = Database.open(file, clock=FrozenClock())

    async def write(number: int) -> None:
        while True:
            print(await database.write(lambda unit, n=number: unit_of(n, unit)), flush=True)  # type: ignore[misc]
            number += WRITERS

    await asyncio.gather(*(write(first + part) for part in range(WRITERS)))


def run_and_kill(file: Path, first: int, answers: int) -> list[int]:
    """Let a child write until it answered so often, kill it, and return every number that it answered."""
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, __file__, str(file), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    deadline = threading.Timer(DEADLINE_S, child.kill)
    deadline.start()
    with child:
        assert child.stdout is not None
        try:
            told = [int(child.stdout.readline()) for _ in range(answers)]
        finally:
            os.kill(child.pid, signal.SIGKILL)
            deadline.cancel()
        whole = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    return told + [int(line) for line in whole]


async def numbers_kept(file: Path) -> list[set[int]]:
    """Return the numbers found in each of the parts of the units, and check the audit's chain."""
    async with Database.open(file, clock=FrozenClock()) as database:
        assert await database.verify_audit() is None
        return await database.read(
            lambda unit: [
                {int(row.id) for row in unit.accounts.where()},
                {int(row.id.removeprefix("i-"), 16) for row in unit.instances.where()},
                {int(entry.resource_id) for entry in unit.entries(0, 10**6) if entry.kind == "account"},
                {
                    int(entry.resource_id.removeprefix("i-"), 16)
                    for entry in unit.entries(0, 10**6)
                    if entry.kind == "instance"
                },
                {int(entry.who) for entry in unit.audit_entries(0, 10**6)},
                {n for n in range(1, 10**5) if unit.setting(f"number {n}")},
            ]
        )


async def test_every_answered_unit_survives_kills_and_none_is_there_by_half(tmp_path: Path) -> None:
    file = tmp_path / "cloud.sqlite3"
    answered: set[int] = set()
    for turn, answers in enumerate((1, 40, 150, 7)):
        first = 1 + turn * 10_000
        answered |= set(await asyncio.to_thread(run_and_kill, file, first, answers))
        kept = await numbers_kept(file)
        assert all(part == kept[0] for part in kept)
        assert answered <= kept[0]


def test_a_backup_taken_from_a_server_that_was_killed_holds_what_it_answered(tmp_path: Path) -> None:
    file = tmp_path / "state" / "cloud.sqlite3"
    answered = run_and_kill(file, 1, 30)
    backup(file, tmp_path / "copy")
    file.unlink()
    restore(tmp_path / "copy", file, now_ms=1)
    kept = asyncio.run(numbers_kept(file))
    assert set(answered) <= kept[0]
    assert all(part == kept[0] for part in kept)


if __name__ == "__main__":
    asyncio.run(write_forever(Path(sys.argv[1]), int(sys.argv[2])))

"""Print how many durable units of work a second the store commits, alone and with writers side by side.

    python -m bench.components.store_commits [seconds] [directory]

Every unit adds one instance with its journal entry. Alone, a writer shows the disk's fsync; many show the group commit.
"""

import asyncio
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from app.clock import SystemClock
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.store.database import Database


def an_instance(name: str) -> Instance:
    return Instance(
        id=name,
        reservation_id="r-1",
        account_id="a",
        launch_index=0,
        image_id="emi-1",
        vmtype="m1.small",
        cores=1,
        memory_mib=128,
        disk_gb=10,
        cluster="c",
        host=f"h{hash(name) % 100}",
        mac="d0:0d:00:00:00:01",
        launched_at_ms=1,
        created_at_ms=1,
    )


def add(row: Instance, unit: Unit) -> None:
    unit.instances.add(row)


async def measure(directory: Path, writers: int, seconds: float) -> None:
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def write(writer: int, store: Database) -> None:
        count = 0
        while (begin := time.perf_counter()) < end:
            await store.write(partial(add, an_instance(f"i-{writer}-{count}")))
            latencies.append(time.perf_counter() - begin)
            count += 1

    async with Database.open(directory / f"{writers}.sqlite3", clock=SystemClock()) as store:
        await asyncio.gather(*(write(number, store) for number in range(writers)))
        begin = time.perf_counter()
        rows = len(await store.read(lambda unit: unit.instances.where()))
        listed_s = time.perf_counter() - begin
        begin = time.perf_counter()
        await store.read(lambda unit: unit.held())
        held_s = time.perf_counter() - begin
    latencies.sort()
    p50, p95 = (1000 * latencies[int(len(latencies) * part)] for part in (0.5, 0.95))
    print(
        f"{writers:3} writers: {len(latencies) / seconds:8.0f} commits/s   p50 {p50:6.2f} ms   p95 {p95:6.2f} ms"
        f"   list {rows} rows {1000 * listed_s:.0f} ms   held() {1000 * held_s:.1f} ms"
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    parent = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(dir=parent) as directory:
        for writers in (1, 16, 64):
            asyncio.run(measure(Path(directory), writers, seconds))


if __name__ == "__main__":
    main()

"""What the console's grid costs on 10,000 rows: load, sort, filter, groups, and a busy cloud at four flushes a second.

    .venv/bin/python -m bench.components.console_grid [rows] [changed rows a flush]

Prints milliseconds and the share of one core; the bound for the busy cloud is 25 %.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC

import msgspec

from app.api.filters import Filter, parse
from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.app import build
from app.tui.columns.instances import COLUMNS
from app.tui.screens.instances import InstancesScreen
from app.tui.session import Clock
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import an_instance

SECONDS = 5


def timed(name: str, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    print(f"{name:<44}{(time.perf_counter() - start) * 1000:8.1f} ms")


async def main(rows: int, changed: int) -> None:
    fake = FakeCloud()
    fake.instances = {view.id: view for view in (an_instance(n, host=f"node{n % 97:02d}") for n in range(rows))}
    clock = Clock(now_ms=lambda: time.time_ns() // 1_000_000, monotonic_s=time.monotonic, zone=UTC)
    async with Cloud("http://127.0.0.1:1", "t", transport=fake.transport()) as cloud:
        app = build(cloud, clock, Patience())
        async with app.run_test(size=(160, 48)) as pilot:
            await pilot.press("3")
            while len(app.session.copy.instances) < rows:
                await pilot.pause(0.05)
            await pilot.pause(0.5)
            screen = app.screen
            assert isinstance(screen, InstancesScreen)
            grid = screen.grid
            timed(f"build the index of {rows} rows", grid.reload)
            timed("sort by host", lambda: grid.sort(COLUMNS[3], downwards=True))
            timed("filter by a word in any column", lambda: screen.apply_filter("node03"))
            timed("filter by a field", lambda: screen.apply_filter("host=node03"))
            screen.apply_filter("")
            found = parse("host!=node03 vcpus>0", COLUMNS)
            assert isinstance(found, Filter)
            timed("page down", lambda: grid.action_page(1))
            await busy(fake, list(fake.instances), changed)
            for key in ("host", "state"):
                column = next(column for column in COLUMNS if column.key == key)
                timed(f"group by {key}", lambda column=column: grid.group(column))  # type: ignore[misc]
                await busy(fake, list(fake.instances), changed)


async def busy(fake: FakeCloud, ids: list[str], changed: int) -> None:
    """Change rows through the whole way (HTTP frame, copy, grid) and measure CPU and how late the loop runs."""
    late: list[float] = []
    cpu, wall = time.process_time(), time.perf_counter()
    step = 0
    while time.perf_counter() - wall < SECONDS:
        for n in range(changed):
            given = ids[(step * 7919 + n * 17) % len(ids)]
            state = "stopped" if step % 2 else "running"
            fake.change("instance", msgspec.structs.replace(fake.instances[given], state=state))
        step += 1
        for _ in range(25):
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append(time.perf_counter() - before - 0.01)
    share = (time.process_time() - cpu) / (time.perf_counter() - wall)
    late.sort()
    print(f"{changed} changes a quarter of a second: {share:6.1%} of a core")
    print(f"loop late: p50 {late[len(late) // 2] * 1000:.1f} ms, p95 {late[len(late) * 95 // 100] * 1000:.1f} ms")


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    asyncio.run(main(*[*arguments, *[10_000, 125][len(arguments) :]]))

"""What one console costs on a big cloud: its start, a busy day at four flushes a second, a key to the screen, memory.

    .venv/bin/python -m bench.components.console [place]

Prints one line of JSON. The cloud is in this process: what making its frames costs is taken off the processor time, but
not off the memory. The place (instances unless named) is what is looked at meanwhile.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import msgspec

from app.api.loads import InstanceLoads, Loads
from app.api.resources import HostLoadView, InstanceLoadView
from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.app import ConsoleApp, build
from app.tui.session import Clock
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host, an_instance

HOSTS, INSTANCES, CHANGES_PER_S = 500, 10_000, 500
SIZE = (160, 48)
SECONDS, KEYS, PERIOD_S = 12, 60, 25
KEYS_OF = {"overview": "1", "hosts": "2", "instances": "3"}


def a_big_cloud() -> FakeCloud:
    fake = FakeCloud()
    fake.hosts = {f"node{n:03}": a_host(f"node{n:03}", cluster=f"cc-0{1 + n % 2}") for n in range(HOSTS)}
    made = (an_instance(n, host=f"node{n % HOSTS:03}", name=f"vm{n}") for n in range(INSTANCES))
    fake.instances = {view.id: view for view in made}
    return fake


class Day:
    """What happens in the cloud: changed rows all the time, loads once a second; counts what telling it costs."""

    def __init__(self, fake: FakeCloud) -> None:
        self._fake, self._ids, self._names = fake, list(fake.instances), list(fake.hosts)
        self._step = 0
        self.cost_s = 0.0

    async def run(self) -> None:
        while True:
            before_s = time.process_time()
            for number in range(CHANGES_PER_S // 4):
                given = self._ids[(self._step * 7919 + number * 17) % INSTANCES]
                state = "stopped" if self._step % 2 else "running"
                self._fake.change("instance", msgspec.structs.replace(self._fake.instances[given], state=state))
            if self._step % 4 == 0:
                self._fake.tell(self._loads(self._turn(self._names)), self._instance_loads(self._turn(self._ids)))
            self._step += 1
            self.cost_s += time.process_time() - before_s
            await asyncio.sleep(0.25)

    def _turn(self, names: list[str]) -> Sequence[str]:
        """Return whose turn it is to be heard of, as a sampler of so many hosts has it."""
        size = len(names) // PERIOD_S
        start = self._step // 4 % PERIOD_S * size
        return names[start : start + size]

    def _busy(self, name: str) -> float:
        return (hash(name) + self._step) % 100 / 100

    def _loads(self, names: Sequence[str]) -> Loads:
        hosts = {
            name: HostLoadView(
                cpu_used=8 * self._busy(name),
                cpu_smooth=4.0,
                mem_used_mib=9000.0,
                net_rx_bps=1e6,
                net_tx_bps=1e6,
                watts=180.0,
                temp_c=None,
                age_s=0.4,
                stale=False,
            )
            for name in names
        }
        return Loads(at_ms=_now_ms(), whole=False, clusters={}, hosts=hosts)

    def _instance_loads(self, ids: Sequence[str]) -> InstanceLoads:
        loads = {
            given: InstanceLoadView(
                cpu_used=self._busy(given),
                cpu_smooth=0.5,
                mem_used_mib=100.0,
                net_bps=1e6,
                disk_bps=0.0,
                dirty_bps=None,
                age_s=0.4,
                stale=False,
            )
            for given in ids
        }
        return InstanceLoads(at_ms=_now_ms(), whole=False, instances=loads)


async def measure(place: str) -> dict[str, float]:
    """Return seconds, milliseconds, MiB and the share of a core."""
    fake = a_big_cloud()
    clock = Clock(now_ms=_now_ms, monotonic_s=time.monotonic, zone=UTC)
    began_s = time.perf_counter()
    async with Cloud("http://127.0.0.1:1", "t", transport=fake.transport()) as cloud:
        app = build(cloud, clock, Patience())
        async with app.run_test(size=SIZE) as pilot:
            while not app.session.live or len(app.session.copy.instances) < INSTANCES:
                await pilot.pause(0.01)
            await pilot.press(KEYS_OF[place])
            start_s = time.perf_counter() - began_s
            day = Day(fake)
            happening = asyncio.create_task(day.run())
            await asyncio.sleep(2)
            share = await _share(day)
            keys_ms = await _keys(app)
            happening.cancel()
    return {
        "start_s": round(start_s, 2),
        "busy_share": round(share, 3),
        "key_p95_ms": round(sorted(keys_ms)[int(0.95 * len(keys_ms))], 1),
        "memory_mib": round(_peak_mib()),
    }


async def _share(day: Day) -> float:
    cpu_s, made_s, wall_s = time.process_time(), day.cost_s, time.perf_counter()
    await asyncio.sleep(SECONDS)
    spent_s = time.process_time() - cpu_s - (day.cost_s - made_s)
    return spent_s / (time.perf_counter() - wall_s)


async def _keys(app: ConsoleApp) -> list[float]:
    """Press keys while the day goes on; each counts until the screen has been drawn again."""
    taken = []
    for number in range(KEYS):
        await asyncio.sleep(0.05)
        drawn = asyncio.Event()
        began_s = time.perf_counter()
        app.simulate_key("pagedown" if number % 20 < 10 else "pageup")
        app.call_later(app.screen.call_after_refresh, drawn.set)
        await drawn.wait()
        taken.append(1000 * (time.perf_counter() - began_s))
    return taken


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    assert Path("tests").is_dir(), "run it from the root of the checkout"
    print(json.dumps(asyncio.run(measure(sys.argv[1] if len(sys.argv) > 1 else "instances"))))

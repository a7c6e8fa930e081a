"""How fast many launches settle: real SQLite, the real loop, hosts of a scripted world in another process.

`python -m bench.components.reconcile_launches [INSTANCES] [HOSTS]` prints one line a phase; the goal is 1,000 launches
in 10 s.
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import Wanted
from app.reconcile.limits import Limits
from tests.unit.reconcile.cloud import Cloud, a_cloud
from tests.unit.reconcile.rows import an_instance


def _rows(count: int, hosts: int) -> list[Instance]:
    return [an_instance(id=f"i-{n:08x}", host=f"host{n % hosts + 1:02}") for n in range(count)]


async def _settled(cloud: Cloud, count: int, **equal: object) -> None:
    changes = cloud.store.changes()
    while len(await cloud.store.read(lambda unit: unit.instances.where(**equal))) < count:
        await anext(changes)
        await asyncio.sleep(0.1)


def _end(unit: Unit) -> None:
    for row in unit.instances.where(removed=False):
        unit.instances.put(replace(row, wanted=Wanted.TERMINATED))


async def main(count: int, hosts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with a_cloud(Path(folder), Limits(), hosts) as cloud:
            await cloud.until_host(lambda host: host is not None and host.state.value == "up")
            began = time.perf_counter()
            await cloud.add(*_rows(count, hosts))
            await _settled(cloud, count, launched=1)
            _say("launched", count, hosts, began)
            began = time.perf_counter()
            await cloud.store.write(_end)
            await _settled(cloud, count, removed=True)
            _say("terminated", count, hosts, began)


def _say(what: str, count: int, hosts: int, began: float) -> None:
    took = time.perf_counter() - began
    print(f"{what:<11} {count:>6} instances on {hosts:>3} hosts in {took:6.2f} s: {count / took:8.0f} a second")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    asyncio.run(main(*(given + [1000, 20][len(given) :])))

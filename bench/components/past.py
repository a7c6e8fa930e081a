"""Print what keyframes of a large cloud cost, and what a past moment of it costs to make.

    python -m bench.components.past [instances] [hosts] [changes]

The store is filled directly. `changes` are entries of the journal between the keyframe and the moment.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from app.clock import SystemClock
from app.domain.account import Account
from app.domain.host import Cluster, Host
from app.domain.instance import Instance, mac_of
from app.domain.ports import Unit
from app.domain.states import HostState, Seen
from app.domain.tag import Tag
from app.services.overview import overview
from app.services.views import instance_views
from app.store.database import Database
from app.store.keyframes import Keyframes
from app.store.past import Past
from app.store.past_store import PastStore

Answer = TypeVar("Answer")
AT_ONCE = 500
KEPT_MS = 7 * 24 * 3_600_000


def furnish(unit: Unit, hosts: int) -> None:
    unit.accounts.add(Account(id="1" * 12, name="bench", created_at_ms=1))
    unit.clusters.add(Cluster(name="one", created_at_ms=1))
    for number in range(hosts):
        unit.hosts.add(
            Host(
                name=f"node{number:04}",
                cluster="one",
                uri=f"xen+ssh://root@node{number:04}.example.net/system",
                ordinal=number,
                created_at_ms=1,
                state=HostState.UP,
                cores=64,
                memory_mib=262144,
                disk_gb=4000,
            )
        )


def an_instance(number: int, hosts: int) -> Instance:
    name = f"i-{number * 2654435761 % 2**68:017x}"
    return Instance(
        id=name,
        reservation_id=f"r-{number // 20 * 40503 % 2**68:017x}",
        account_id="1" * 12,
        launch_index=number % 20,
        image_id="emi-0a11f3c29b7d4e61c",
        vmtype="m1.small",
        cores=1,
        memory_mib=128,
        disk_gb=10,
        cluster="one",
        host=f"node{number % hosts:04}",
        mac=mac_of(name),
        private_ip=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        placement_reasons=(f"node{number % hosts:04}: the next in turn with room",),
        launched_at_ms=1_700_000_000_000 + number * 977,
        created_at_ms=1_700_000_000_000 + number * 977,
    )


def launch(unit: Unit, begin: int, end: int, hosts: int) -> None:
    for number in range(begin, end):
        row = an_instance(number, hosts)
        unit.instances.add(row)
        unit.tags.add(Tag(resource_id=row.id, name="Name", account_id=row.account_id, value=f"web{number}"))


def stir(unit: Unit, begin: int, end: int, instances: int, hosts: int) -> None:
    for number in range(begin, end):
        row = unit.instances.get(an_instance(number % instances, hosts).id)
        assert row is not None
        unit.instances.put(replace(row, seen=Seen.RUNNING if row.seen is not Seen.RUNNING else Seen.PAUSED))


def timed(figure: str, work: Callable[[], Answer]) -> Answer:
    began = time.perf_counter()
    answer = work()
    print(f"{figure:44} {time.perf_counter() - began:7.3f} s")
    return answer


def settled(unit: Unit) -> None:
    """Put nothing right; the server's own takes a row a host."""


async def measure(directory: Path, instances: int, hosts: int, changes: int) -> None:
    clock, file = SystemClock(), directory / "cloud.sqlite3"
    past = Past(file, Keyframes(directory / "replay.sqlite3"), KEPT_MS)
    async with Database.open(file, clock=clock) as store:
        await store.write(lambda unit: furnish(unit, hosts))
        for begin in range(0, instances, AT_ONCE):
            await store.write(lambda unit, at=begin: launch(unit, at, min(at + AT_ONCE, instances), hosts))  # type: ignore[misc]
        timed("a keyframe is kept", lambda: past.tend(clock.now_ms()))
        print(f"{'its file':44} {(directory / 'replay.sqlite3').stat().st_size / 2**20:7.2f} MiB")
        for begin in range(0, changes, AT_ONCE):
            work = lambda unit, at=begin: stir(unit, at, at + AT_ONCE, instances, hosts)  # noqa: E731
            await store.write(work, writer="reconcile")
        now_ms = clock.now_ms()
        first = timed(f"a moment, {changes} changes behind it", lambda: past.moment(now_ms, [], settled))
        timed("the same again, its keyframe at hand", lambda: past.moment(now_ms, [], settled))
        timed("a later one, from that one", lambda: past.moment(now_ms + 1, [first], settled))
        shown = PastStore(first, clock, ThreadPoolExecutor(1))
        timed("overview of it", lambda: shown.glance(lambda unit: overview(unit, "")))
        timed("1,000 instances of it", lambda: shown.glance(_page))


def _page(unit: Unit) -> int:
    return len(instance_views(unit, unit.instances.part(("id",), (), 1000)))


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(Path(directory), *[*given, *[10_000, 500, 20_000][len(given) :]]))


if __name__ == "__main__":
    main()

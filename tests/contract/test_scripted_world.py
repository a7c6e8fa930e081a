"""Stage directions of the scripted world: the faults that other tests are made of."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.errors import Broken, Lost, TimedOut
from app.domain.ports import EventKind
from app.domain.states import Seen
from app.domain.vmtype import Size
from app.xen.hosts import Hosts
from tests.contract.arenas import Ears, a_domain, short, until
from tests.scripted_world import World

pytestmark = pytest.mark.contract

ID = "i-0000abcd"


@pytest.fixture
def own_world() -> Iterator[World]:
    world = World()
    yield world
    world.stop()


@pytest.fixture
async def hosts() -> AsyncIterator[Hosts]:
    hosts = Hosts(timing=short())
    yield hosts
    await hosts.close()


async def test_a_world_outlives_the_server(own_world: World) -> None:
    for launch in (1, 2):
        hosts = Hosts(timing=short())
        hosts.join("h1", own_world.uri("h1"), Ears(), [])
        if launch == 1:
            await hosts.host("h1").define(a_domain(ID))
            await hosts.host("h1").start(ID)
        assert [domain.state for domain in await hosts.host("h1").domains()] == [Seen.RUNNING]
        await hosts.close()


async def test_a_host_is_as_large_as_its_uri_or_script_says(hosts: Hosts, own_world: World) -> None:
    hosts.join("h1", own_world.uri("h1", "&cores=3&memory_mib=100&disk_gb=5"), Ears(), [])
    assert (await hosts.host("h1").facts()).capacity == Size(cores=3, memory_mib=100, disk_gb=5)
    own_world.direct("size", "h1", cores=64)
    assert (await hosts.host("h1").facts()).capacity == Size(cores=64, memory_mib=100, disk_gb=5)


async def test_an_action_is_refused_as_often_as_told(hosts: Hosts, own_world: World) -> None:
    hosts.join("h1", own_world.uri("h1"), Ears(), [])
    host = hosts.host("h1")
    own_world.direct("refuse", "h1", what="define", times=2, words="no room for it")
    for _ in range(2):
        with pytest.raises(Broken, match="no room for it"):
            await host.define(a_domain(ID))
    await host.define(a_domain(ID))
    own_world.direct("refuse", "h1", what="start")
    for _ in range(3):
        with pytest.raises(Broken):
            await host.start(ID)
    own_world.direct("refuse", "h1", what="start", times=0)
    await host.start(ID)
    assert [entry["outcome"] for entry in own_world.direct("log") if entry["do"] == "define"] == [
        "no room for it",
        "no room for it",
        "done",
    ]


async def test_a_slow_start_ends_although_its_caller_has_gone(hosts: Hosts, own_world: World) -> None:
    ears = Ears()
    hosts.join("h1", own_world.uri("h1"), ears, [])
    host = hosts.host("h1")
    await host.define(a_domain(ID))
    own_world.direct("delay", "h1", what="start", seconds=0.3)
    task = asyncio.create_task(host.start(ID))
    await until(lambda: any(entry["do"] == "start" for entry in own_world.direct("log")))
    task.cancel()
    seen = await host.domain(ID)
    assert seen is not None
    assert seen.state is Seen.OFF
    await until(lambda: ears.count(EventKind.DOMAIN, ID) >= 2)
    assert [domain.state for domain in await host.domains()] == [Seen.RUNNING]


@pytest.mark.parametrize(
    ("direction", "expected", "reason"),
    [
        ("crash", Seen.CRASHED, "crashed"),
        ("power_off", Seen.OFF, "shutdown"),
        ("pause", Seen.PAUSED, "user"),
    ],
)
async def test_a_guest_does_what_it_is_told(
    hosts: Hosts, own_world: World, direction: str, expected: Seen, reason: str
) -> None:
    ears = Ears()
    hosts.join("h1", own_world.uri("h1"), ears, [])
    await hosts.host("h1").define(a_domain(ID))
    await hosts.host("h1").start(ID)
    own_world.direct(direction, "h1", instance_id=ID)
    seen = await hosts.host("h1").domain(ID)
    assert seen is not None
    assert (seen.state, seen.reason) == (expected, reason)
    await until(lambda: any(expected.value in event.detail for event in ears.heard))


@pytest.mark.parametrize("empty", [False, True])
async def test_a_lost_host_hangs_and_comes_back_with_or_without_guests(
    hosts: Hosts, own_world: World, empty: bool
) -> None:
    ears = Ears()
    hosts.join("h1", own_world.uri("h1"), ears, [])
    hosts.join("h2", own_world.uri("h2"), Ears(), [])
    host = hosts.host("h1")
    await host.define(a_domain(ID))
    await host.start(ID)
    own_world.direct("lose", "h1")
    with pytest.raises(TimedOut):
        await host.domains()
    with pytest.raises(Lost):
        await host.domains()
    assert await hosts.host("h2").domains() == []
    own_world.direct("back", "h1", empty=empty)
    await until(lambda: ears.count(EventKind.UP) >= 2)
    assert len(await host.domains()) == (0 if empty else 1)


def test_a_greeting_of_a_lost_host_is_answered_once_it_is_back_and_nothing_else_is(own_world: World) -> None:
    """So that a test that loses a host need not wait for the deadline of a greeting that nobody will hear."""
    asked = [{"id": 1, "host": "h1", "do": "facts"}, {"id": 2, "host": "h1", "do": "hello"}, {"id": 3, "script": "log"}]
    own_world.direct("lose", "h1")
    with socket.socket(socket.AF_UNIX) as client, client.makefile("rb") as lines:
        client.settimeout(30)
        client.connect(str(own_world.socket))
        client.sendall(b"".join(json.dumps(each).encode() + b"\n" for each in asked))
        assert json.loads(lines.readline())["id"] == 3
        own_world.direct("back", "h1")
        assert json.loads(lines.readline()) == {"id": 2, "answer": True}
        client.sendall(b'{"id": 4, "script": "log"}\n')
        assert json.loads(lines.readline())["id"] == 4


async def test_a_loss_can_be_told_at_once(hosts: Hosts, own_world: World) -> None:
    ears = Ears()
    hosts.join("h1", own_world.uri("h1"), ears, [])
    await hosts.host("h1").domains()
    own_world.direct("lose", "h1", told=True)
    await until(lambda: ears.count(EventKind.DOWN) >= 1)


async def test_events_come_as_often_as_told(hosts: Hosts, own_world: World) -> None:
    ears = Ears()
    hosts.join("h1", own_world.uri("h1"), ears, [])
    own_world.direct("repeat", times=0)
    await hosts.host("h1").define(a_domain(ID))
    own_world.direct("repeat", times=2)
    await hosts.host("h1").start(ID)
    await until(lambda: ears.count(EventKind.DOMAIN, ID) == 2)


async def test_an_instance_on_two_hosts_at_once_is_recorded(hosts: Hosts, own_world: World) -> None:
    for name in ("h1", "h2"):
        hosts.join(name, own_world.uri(name), Ears(), [])
        await hosts.host(name).define(a_domain(ID))
    await hosts.host("h1").start(ID)
    assert own_world.direct("doubles") == []
    await hosts.host("h2").start(ID)
    assert [entry["hosts"] for entry in own_world.direct("doubles")] == [["h1", "h2"]]


async def test_a_thousand_hosts_share_one_connection(hosts: Hosts, own_world: World) -> None:
    ears = Ears()
    for number in range(1000):
        hosts.join(f"h{number}", own_world.uri(f"h{number}"), ears, [])
    await asyncio.gather(*(hosts.host(f"h{number}").facts() for number in range(1000)))
    assert ears.count(EventKind.UP) == 1000
    assert ears.count(EventKind.DOWN) == 0


async def test_scripted_rates_are_answered_as_counters(own_world: World, hosts: Hosts) -> None:
    hosts.join("h1", own_world.uri("h1"), Ears(), [])
    host = hosts.host("h1")
    await host.define(a_domain(ID))
    await host.start(ID)
    idle = await host.load()
    assert (idle.busy_ns, idle.domains[ID].cpu_ns, idle.domains[ID].memory_bytes) == (0, 0, 64 * 2**20)
    own_world.direct("load", "h1", instance_id=ID, cpu_used=2.0, net_rx_bps=100, dirty_bps=7, memory_mib=9)
    first = await host.load()
    await asyncio.sleep(0.2)
    second = await host.load()
    used, after = first.domains[ID], second.domains[ID]
    assert (after.net_rx_bytes or 0) - (used.net_rx_bytes or 0) >= 20
    assert (after.cpu_ns or 0) - (used.cpu_ns or 0) >= 0.4e9
    assert (after.dirty_bps, after.memory_bytes, after.disk_read_bytes) == (7, 9 * 2**20, 0)
    await host.destroy(ID)
    await host.start(ID)
    again = await host.load()
    assert (again.domains[ID].cpu_ns or 0) < (after.cpu_ns or 0)
    assert (again.busy_ns or 0) >= (second.busy_ns or 0) > 0

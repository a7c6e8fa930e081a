"""What the Hypervisor port owes when hosts hang, vanish and come back, and what survives a killed server."""

import asyncio
import gc
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import libvirt
import pytest

from app.domain.errors import Broken, Lost, TimedOut, Unavailable
from app.domain.ports import EventKind, Hypervisor
from app.domain.states import Seen
from app.domain.vmtype import Size
from app.xen.hosts import Hosts
from tests.contract.arenas import Ears, a_domain, a_file, short, until
from tests.contract.libvirtd import Libvirtd, missing
from tests.deadline import PATIENCE_S, eventually
from tests.net.namespaces import Namespace
from tests.net.namespaces import missing as missing_for_namespaces
from tests.scripted_world import ROOT, World

pytestmark = pytest.mark.contract

ID = "i-0000abcd"
GIB = 2**30
BLACK_HOLE = (
    "link add hole type veth peer name far",
    "link set hole up",
    "link set far up",
    "addr add 192.0.2.1/24 dev hole",
    "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev hole nud permanent",
)


@pytest.fixture
async def hosts() -> AsyncIterator[Hosts]:
    hosts = Hosts(timing=short())
    yield hosts
    await hosts.close()


@pytest.fixture
def own_libvirtd() -> Iterator[Libvirtd]:
    """A daemon to freeze and kill."""
    if missing():
        pytest.skip(f"a private libvirtd {missing()}")
    daemon = Libvirtd("frozen-host")
    yield daemon
    daemon.stop()


@pytest.fixture
def own_world() -> Iterator[World]:
    world = World()
    yield world
    world.stop()


async def answers(host: Hypervisor) -> None:
    """Wait until a host answers again."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            await host.domains()
        except Unavailable:
            assert time.monotonic() < end, "the host did not come back"
            await asyncio.sleep(0.05)
        else:
            return


async def a_frozen_host_delays_its_own_callers_only(
    hosts: Hosts, uri: str, neighbour_uri: str, frozen: Libvirtd | World
) -> None:
    ears = Ears()
    hosts.join("frozen", uri, ears, [])
    hosts.join("well", neighbour_uri, Ears(), [])
    frozen_host, well = hosts.host("frozen"), hosts.host("well")
    await frozen_host.domains()
    await well.domains()
    frozen.freeze()
    began, answers_of_other = time.monotonic(), 0
    hung = [asyncio.create_task(frozen_host.domains()) for _ in range(4)]
    while not any(call.done() for call in hung):
        await well.domains()
        answers_of_other += 1
    assert answers_of_other > 1, "the other host had to wait"
    outcomes = await asyncio.gather(*hung, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {TimedOut, Lost}
    assert TimedOut in {type(outcome) for outcome in outcomes}
    assert time.monotonic() - began < 30
    assert ears.count(EventKind.DOWN) >= 1
    with pytest.raises(Unavailable):
        await frozen_host.domains()
    frozen.thaw()
    await answers(frozen_host)
    assert ears.count(EventKind.UP) >= 2


async def test_a_frozen_libvirtd_delays_its_own_callers_only(hosts: Hosts, own_libvirtd: Libvirtd) -> None:
    await a_frozen_host_delays_its_own_callers_only(hosts, own_libvirtd.test_uri, "test:///rehearsal", own_libvirtd)


async def test_a_frozen_world_delays_its_own_callers_only(hosts: Hosts, own_world: World, world: World) -> None:
    await a_frozen_host_delays_its_own_callers_only(hosts, own_world.uri("h1"), world.uri("beside"), own_world)


def sockets(daemon: Libvirtd) -> int:
    """Count a daemon's sockets: a connection that is left behind here is one more there."""
    gc.collect()
    return sum(link.startswith("socket:") for link in open_files(daemon.pid))


def open_files(pid: int) -> Iterator[str]:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(entry.readlink())


async def test_a_libvirtd_that_hangs_while_it_is_dialled_is_down_in_time_and_leaves_no_connection_behind(
    hosts: Hosts, own_libvirtd: Libvirtd
) -> None:
    hosts.join("well", "test:///rehearsal", Ears(), [])
    await hosts.host("well").domains()
    before, ears = sockets(own_libvirtd), Ears()
    own_libvirtd.freeze()
    began = time.monotonic()
    hosts.join("frozen", own_libvirtd.test_uri, ears, [])
    with pytest.raises(Unavailable):
        await hosts.host("frozen").domains()
    assert time.monotonic() - began < 30
    await until(lambda: ears.count(EventKind.DOWN) >= 3)
    assert "connecting did not answer within 1 s" in ears.heard[0].detail
    own_libvirtd.thaw()
    await answers(hosts.host("frozen"))
    await until(lambda: sockets(own_libvirtd) == before + 1)


async def test_a_host_behind_a_black_hole_is_down_in_time_and_asked_again_when_the_hole_is_gone(hosts: Hosts) -> None:
    """Packets for a card that nobody has are dropped at the far end: nobody answers, nobody refuses."""
    if why := missing_for_namespaces("ip"):
        pytest.skip(why)
    with Namespace() as namespace, namespace.entered():
        for words in BLACK_HOLE:
            assert namespace.run("ip", *words.split()).returncode == 0
        ears = Ears()
        hosts.join("well", "test:///rehearsal", Ears(), [])
        hosts.join("away", "qemu+tcp://192.0.2.9/system", ears, [])
        asked = asyncio.create_task(hosts.host("away").domains())
        answers_of_other = 0
        while not asked.done():
            await hosts.host("well").domains()
            answers_of_other += 1
        assert answers_of_other > 1, "the other host had to wait"
        with pytest.raises(Unavailable):
            await asked
        await until(lambda: ears.count(EventKind.DOWN) >= 2)
        assert "connecting did not answer within 1 s" in ears.heard[0].detail
        assert namespace.run("ip", "addr", "add", "192.0.2.9/32", "dev", "lo").returncode == 0
        await until(lambda: "refused" in ears.heard[-1].detail)


async def test_a_killed_libvirtd_is_noticed_and_found_again(hosts: Hosts, own_libvirtd: Libvirtd) -> None:
    ears = Ears()
    hosts.join("h1", own_libvirtd.test_uri, ears, [])
    await hosts.host("h1").domains()
    own_libvirtd.restart()
    await until(lambda: ears.count(EventKind.DOWN) >= 1 and ears.count(EventKind.UP) >= 2)
    await answers(hosts.host("h1"))
    before = ears.count(EventKind.DOMAIN, ID)
    await hosts.host("h1").define(a_domain(ID))
    await until(lambda: ears.count(EventKind.DOMAIN, ID) > before)


async def test_a_host_that_nobody_serves_is_down_and_says_why(hosts: Hosts, tmp_path: Path) -> None:
    for scheme in ("test+unix:///default", "scripted+unix:///h1"):
        ears = Ears()
        hosts.join(scheme, f"{scheme}?socket={tmp_path}/nobody", ears, [])
        with pytest.raises(Lost):
            await hosts.host(scheme).domains()
        await until(lambda ears=ears: ears.count(EventKind.DOWN) >= 2)  # type: ignore[misc]
        assert all(event.detail for event in ears.heard)


def test_a_call_that_hangs_for_ever_does_not_keep_the_process_from_ending(own_libvirtd: Libvirtd) -> None:
    program = f"""
import asyncio
import gc
from app.domain.errors import Unavailable
from app.xen.hosts import Hosts
from tests.contract.arenas import short

async def main():
    hosts = Hosts(timing=short())
    hosts.join("h1", {own_libvirtd.test_uri + "&keepalive=off"!r}, lambda event: None, [])
    await hosts.host("h1").domains()
    print("frozen now", flush=True)
    await asyncio.to_thread(input)
    try:
        await hosts.host("h1").domains()
    except Unavailable as error:
        print(type(error).__name__, flush=True)
    await hosts.close()

asyncio.run(main())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "frozen now\n"
    own_libvirtd.freeze()
    began = time.monotonic()
    rest, _ = process.communicate("go on\n", timeout=PATIENCE_S)
    assert (rest, process.returncode) == ("TimedOut\n", 0)
    assert time.monotonic() - began < 30


async def test_a_rehearsal_host_gets_back_what_ran(hosts: Hosts) -> None:
    specs = [a_domain("i-00000001", launch=4, recovery={"a": "<&>"}), a_domain("i-00000002", cores=2)]
    hosts.join("h1", "test:///rehearsal?cores=4&memory_mib=2048&disk_gb=70", Ears(), specs)
    hosts.join("h2", "test:///rehearsal", Ears(), [])
    facts = await hosts.host("h1").facts()
    assert facts.capacity == Size(cores=4, memory_mib=2048, disk_gb=70)
    assert facts.foreign == Size(cores=0, memory_mib=0, disk_gb=0)
    seen = await hosts.host("h1").domains()
    assert [(domain.instance_id, domain.state, domain.launch) for domain in seen] == [
        ("i-00000001", Seen.RUNNING, 4),
        ("i-00000002", Seen.RUNNING, 1),
    ]
    assert seen[0].recovery == {"a": "<&>"}
    assert await hosts.host("h2").domains() == []


async def test_joining_with_another_uri_connects_anew(hosts: Hosts) -> None:
    hosts.join("h1", "test:///rehearsal?cores=2", Ears(), [])
    assert (await hosts.host("h1").facts()).capacity.cores == 2
    hosts.join("h1", "test:///rehearsal?cores=3", Ears(), [])
    assert (await hosts.host("h1").facts()).capacity.cores == 3


async def test_a_transfer_that_hangs_costs_the_host_nothing(
    hosts: Hosts, own_libvirtd: Libvirtd, tmp_path: Path
) -> None:
    """A disk of ours that does not answer, as one of the network's: a file that nobody writes to."""
    ears, source = Ears(), tmp_path / "source"
    os.mkfifo(source)
    hosts.join("h1", own_libvirtd.qemu_uri, ears, [])
    host = hosts.host("h1")
    await answers(host)
    uploading = asyncio.create_task(host.upload("base.raw", source, "0" * 64))
    writer = await asyncio.to_thread(os.open, source, os.O_WRONLY)  # returns once it is read
    try:
        await host.domains()
        assert not uploading.done()
        with pytest.raises(TimedOut):
            await uploading
        await host.domains()
        assert ears.count(EventKind.DOWN) == 0
    finally:
        os.close(writer)


async def test_an_upload_cut_short_never_counts_and_starts_over(own_libvirtd: Libvirtd, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    own_libvirtd.pool.mkdir(exist_ok=True)
    (own_libvirtd.pool / "base.raw").write_bytes(content[:1000] + bytes(len(content) - 1000))
    (own_libvirtd.pool / "base.raw.partial").touch()  # as a kill in the middle leaves it
    hosts = Hosts(instance_path=str(own_libvirtd.pool))
    hosts.join("h1", own_libvirtd.qemu_uri, Ears(), [])
    host = hosts.host("h1")
    assert [volume.name for volume in await host.volumes()] == ["base.raw.partial"]
    with pytest.raises(Broken):
        await host.create_volume("over.qcow2", GIB, "qcow2", "base.raw")
    await host.upload("base.raw", a_file(tmp_path, content), hashlib.sha256(content).hexdigest())
    assert (own_libvirtd.pool / "base.raw").read_bytes() == content
    await host.create_volume("over.qcow2", GIB, "qcow2", "base.raw")
    assert [volume.name for volume in await host.volumes()] == ["base.raw", "over.qcow2"]
    await hosts.close()


async def test_a_cancelled_caller_does_not_let_a_second_upload_collide(own_libvirtd: Libvirtd, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100_000
    source, digest = a_file(tmp_path, content), hashlib.sha256(content).hexdigest()
    hosts = Hosts(instance_path=str(own_libvirtd.pool))
    hosts.join("h1", own_libvirtd.qemu_uri, Ears(), [])
    host = hosts.host("h1")
    await host.volumes()
    first = asyncio.create_task(host.upload("base.raw", source, digest))
    await asyncio.sleep(0)
    first.cancel()
    await host.upload("base.raw", source, digest)
    assert (own_libvirtd.pool / "base.raw").read_bytes() == content
    assert [volume.name for volume in await host.volumes()] == ["base.raw"]
    await hosts.close()


async def test_a_console_log_goes_with_its_domain(own_libvirtd: Libvirtd) -> None:
    hosts = Hosts(instance_path=str(own_libvirtd.pool))
    hosts.join("h1", own_libvirtd.qemu_uri, Ears(), [])
    host = hosts.host("h1")
    await host.define(a_domain(ID))
    log = own_libvirtd.pool / f"{ID}.console.log"
    with log.open("ab") as file:
        file.write(b"old" * 30_000 + b"newest")
    await host.define(a_domain(ID, launch=2))
    console = await host.console(ID)
    assert isinstance(console, bytes)
    assert len(console) == 64 * 1024
    assert console.endswith(b"oldnewest")
    assert await host.volumes() == []
    await host.undefine(ID)
    assert not log.exists()
    await hosts.close()


async def test_one_connection_is_closed_for_good_when_a_host_leaves(hosts: Hosts) -> None:
    hosts.join("h1", "test:///default", Ears(), [])
    await hosts.host("h1").define(a_domain(ID))
    await hosts.leave("h1")

    def nobody_holds_the_old_world() -> bool:
        world = libvirt.open("test:///default")
        try:
            return [domain.name() for domain in world.listAllDomains()] == ["test"]
        finally:
            world.close()

    await asyncio.to_thread(eventually, nobody_holds_the_old_world)

"""Guests of real QEMU move between two private libvirtds that share nothing, and moves are cut short in the middle.

The guests have no software; a slow move is one whose speed libvirt was told to limit.
"""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import libvirt
import pytest

from app.domain.errors import Broken, CloudError, Unavailable
from app.domain.ports import Disk, Hypervisor
from app.domain.states import Seen
from app.domain.transit import UNDER_WAY, in_transit
from app.xen.connection import Timing
from app.xen.console import log_volume
from app.xen.fitness import check
from app.xen.hosts import Hosts
from app.xen.metadata import uuid_of
from app.xen.pool import PoolOf
from tests.contract.arenas import Ears, a_domain, a_file, moved, own_pool
from tests.contract.libvirtd import Libvirtd
from tests.deadline import PATIENCE_S
from tests.scripted_world import ROOT

pytestmark = pytest.mark.contract

ID = "i-0000abcd"
MIB = 2**20
BULKY = "bulky.raw"
BULKY_MIB = 24
LEAD = """
import asyncio, sys
from app.xen.hosts import Hosts

async def main() -> None:
    hosts = Hosts()
    for name, uri in (("h1", sys.argv[1]), ("h2", sys.argv[2])):
        hosts.join(name, uri, print, [])
    while True:
        print(await hosts.host("h1").migrate(sys.argv[3], hosts.host("h2")), flush=True)

asyncio.run(main())
"""


@pytest.fixture
async def pair(libvirtd: Libvirtd, second_libvirtd: Libvirtd) -> AsyncIterator[tuple[Hypervisor, Hypervisor]]:
    """Two hosts, emptied afterwards."""
    hosts = Hosts(timing=Timing(first_retry_s=0.05, most_retry_s=0.5))
    here, there = joined(hosts, libvirtd, second_libvirtd)
    yield here, there
    for host in (here, there):
        await host.undefine(ID)
        for volume in await host.volumes():
            await host.delete_volume(volume.name)
    await hosts.close()


def joined(hosts: Hosts, *daemons: Libvirtd) -> tuple[Hypervisor, ...]:
    for daemon in daemons:
        own_pool(daemon)
        hosts.join(daemon.host_name, daemon.qemu_uri, Ears(), [])
    return tuple(hosts.host(daemon.host_name) for daemon in daemons)


async def shown(host: Hypervisor) -> str:
    domain = await host.domain(ID)
    if domain is None:
        return "nothing"
    return "in transit" if in_transit(domain.state, domain.reason) else str(domain.state)


async def reach(host: Hypervisor, wanted: str) -> None:
    """Wait until a host shows it, over all that a broken connection answers in between."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                if await shown(host) == wanted:
                    return
            except Unavailable:
                pass
            await asyncio.sleep(0.02)


async def start_slow(daemon: Libvirtd, here: Hypervisor, there: Hypervisor) -> None:
    """Start a guest whose disk takes libvirt longer to copy than a test lasts."""
    for host in (here, there):
        await host.create_volume(BULKY, BULKY_MIB * MIB, "raw")
    (daemon.pool / BULKY).write_bytes(bytes(range(1, 129)) * (BULKY_MIB * MIB // 128))
    await here.define(a_domain(ID, memory_mib=8, disks=(Disk(volume=BULKY, target="vda", format="raw"),)))
    await here.start(ID)
    speed(daemon, 1)


def speed(daemon: Libvirtd, mib_per_s: int) -> None:
    connection = libvirt.open(daemon.qemu_uri)
    connection.lookupByUUIDString(uuid_of(ID)).migrateSetMaxSpeed(mib_per_s)
    connection.close()


def write(disk: Path, format_: str) -> None:
    """Write 64 KiB of sevens behind the first 64 KiB."""
    command = ["qemu-io", "-f", format_, "-c", "write -P 7 64k 64k", str(disk)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


async def test_disks_and_what_the_console_said_go_along(
    pair: tuple[Hypervisor, Hypervisor], libvirtd: Libvirtd, second_libvirtd: Libvirtd, tmp_path: Path
) -> None:
    here, there = pair
    image = bytes(range(256)) * 4096
    source, digest = a_file(tmp_path, image), hashlib.sha256(image).hexdigest()
    for host in pair:
        await host.upload("image", source, digest)
        await host.create_volume("root", 2 * MIB, "qcow2", "image")
        await host.create_volume("swap", 2 * MIB, "raw")
    disks = (Disk(volume="root", target="vda", format="qcow2"), Disk(volume="swap", target="vdb", format="raw"))
    for disk in disks:
        await asyncio.to_thread(write, libvirtd.pool / disk.volume, disk.format)
    await here.define(a_domain(ID, disks=disks))
    (libvirtd.pool / log_volume(ID)).write_bytes(b"login ready")
    await here.start(ID)
    assert await moved(here, ID, there) is None
    assert (await shown(here), await shown(there)) == ("nothing", "running")
    assert await there.console(ID) == b"login ready"
    described = await there.described(ID)
    assert isinstance(described, str)
    assert str(second_libvirtd.pool / "image") in described
    assert str(libvirtd.pool) not in described
    await there.destroy(ID)
    written = bytes([7]) * 65536
    for name, before in (("root", image.ljust(2 * MIB, b"\0")), ("swap", bytes(2 * MIB))):
        await there.download(name, tmp_path / name)
        assert (tmp_path / name).read_bytes() == before[:65536] + written + before[131072:]


async def test_a_host_without_its_disks_refuses_and_keeps_nothing(pair: tuple[Hypervisor, Hypervisor]) -> None:
    here, there = pair
    await here.create_volume("root", MIB, "qcow2")
    await here.define(a_domain(ID, disks=(Disk(volume="root", target="vda", format="qcow2"),)))
    await here.start(ID)
    with pytest.raises(Broken):
        await moved(here, ID, there)
    assert (await shown(here), await shown(there)) == ("running", "nothing")


@dataclass(frozen=True, kw_only=True)
class Demanding:
    """A running domain, as far as what it needs is asked."""

    memory_mib: int = 1
    filled_mib: int = 1

    def maxMemory(self) -> int:
        return self.memory_mib * 1024

    def blockInfo(self, disk: str) -> tuple[int, int, int]:
        return (1, self.filled_mib * MIB, 1)


@pytest.mark.parametrize(
    ("domain", "cpu", "refusal"),
    [
        (Demanding(), "", ""),
        (Demanding(), "<cpu mode='host-passthrough'/>", ""),
        (Demanding(), "<cpu mode='custom' match='exact'><model>EPYC-Rome</model></cpu>", "features: .*clzero"),
        (Demanding(memory_mib=2**30), "", "MiB of memory free, and the guest has 1073741824 MiB"),
        (Demanding(filled_mib=2**30), "", "its pool has .* MiB free, and the guest's disks fill 1073741824 MiB"),
    ],
)
def test_what_a_host_lacks_is_said_before_anything_is_begun(
    libvirtd: Libvirtd, second_libvirtd: Libvirtd, domain: Demanding, cpu: str, refusal: str
) -> None:
    xml = f"<domain type='qemu'><os><type arch='x86_64'>hvm</type></os>{cpu}</domain>"
    pool = PoolOf("second", str(second_libvirtd.pool))
    here, there = libvirt.open(libvirtd.qemu_uri), libvirt.open(second_libvirtd.qemu_uri)
    refused = pytest.raises(Broken, match=refusal) if refusal else nullcontext()
    with closing(here), closing(there), refused:
        assert check(domain, xml, ["vda"], here, there, pool) == 2 * MIB


async def test_a_host_that_can_not_be_reached_refuses(pair: tuple[Hypervisor, Hypervisor]) -> None:
    here, _ = pair
    await here.define(a_domain(ID))
    await here.start(ID)
    hosts = Hosts()
    hosts.join("gone", "qemu+unix:///system?socket=/nowhere", Ears(), [])
    with pytest.raises(Broken, match="gone: it can not be reached"):
        await moved(here, ID, hosts.host("gone"))
    await hosts.close()
    assert await shown(here) == "running"


async def test_a_move_that_lasts_too_long_is_given_up_and_it_runs_on_where_it_was(
    pair: tuple[Hypervisor, Hypervisor], libvirtd: Libvirtd, second_libvirtd: Libvirtd
) -> None:
    here, there = pair
    await start_slow(libvirtd, here, there)
    hosts = Hosts(timing=Timing(start_s=4.0))
    impatient, other = joined(hosts, libvirtd, second_libvirtd)
    assert await impatient.migrate(ID, other) is UNDER_WAY
    assert await shown(there) == "in transit"
    with pytest.raises(Broken, match="did not end within 12 s"):
        await moved(impatient, ID, other)
    await hosts.close()
    assert (await shown(here), await shown(there)) == ("running", "nothing")


async def test_a_move_whose_leader_is_killed_leaves_it_running_where_it_was_and_can_be_made_again(
    pair: tuple[Hypervisor, Hypervisor], libvirtd: Libvirtd, second_libvirtd: Libvirtd
) -> None:
    here, there = pair
    await start_slow(libvirtd, here, there)
    arguments = ("-c", LEAD, libvirtd.qemu_uri, second_libvirtd.qemu_uri, ID)
    leader = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    await reach(there, "in transit")
    leader.kill()
    await leader.wait()
    await reach(there, "nothing")
    assert await shown(here) == "running"
    speed(libvirtd, 1000)
    async with asyncio.timeout(PATIENCE_S):
        while await shown(there) != "running":
            try:
                await moved(here, ID, there)
            except Unavailable:
                await asyncio.sleep(0.2)
    assert await shown(here) == "nothing"


@pytest.mark.parametrize("side", [0, 1], ids=["source", "target"])
async def test_a_move_whose_libvirtd_is_killed_leaves_it_running_where_it_was(
    pair: tuple[Hypervisor, Hypervisor], libvirtd: Libvirtd, second_libvirtd: Libvirtd, side: int
) -> None:
    here, there = pair
    await start_slow(libvirtd, here, there)
    moving = asyncio.create_task(moved(here, ID, there))
    await reach(there, "in transit")
    (libvirtd, second_libvirtd)[side].restart()
    with pytest.raises(CloudError):
        await moving
    await reach(there, "nothing")
    await reach(here, Seen.RUNNING)

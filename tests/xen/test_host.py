"""What only a real Xen shows at the hypervisor port: dom0's share, counters by name of a backend, ids that change."""

import pytest

from app.domain.load import DomainLoad
from app.domain.ports import Disk, Nic
from app.xen.console import XEN_LOGS
from tests.contract.arenas import Arena, a_domain
from tests.deadline import eventually
from tests.xen.xen_host import CORES, DOM0_MIB, MEMORY_MIB, XenHost

pytestmark = pytest.mark.xen
ID = "i-0000abcd"
MIB = 2**20


async def test_what_dom0_has_is_not_given_to_instances(arena: Arena) -> None:
    facts = await arena.host.facts()
    assert facts.hypervisor.startswith("Xen 4.")
    assert facts.capacity.cores == CORES
    assert MEMORY_MIB / 2 < facts.capacity.memory_mib < MEMORY_MIB - DOM0_MIB
    assert (facts.foreign.cores, facts.foreign.memory_mib) == (0, 0)


async def test_disks_and_cards_are_counted_also_after_a_restart_under_another_id(
    arena: Arena, xen_host: XenHost
) -> None:
    await arena.host.create_volume("root.raw", MIB, "raw")
    disks = (Disk(volume="root.raw", target="sda1", format="raw"),)
    await arena.host.define(a_domain(ID, disks=disks, nics=(Nic(mac="d0:0d:00:00:ab:cd", bridge="xenbr0"),)))
    await arena.host.start(ID)
    first = xen_host.domain_id(ID)
    counted(await load(arena))
    await arena.host.reset(ID)
    assert xen_host.domain_id(ID) != first
    counted(await load(arena))


async def test_a_disk_that_may_not_be_written_is_there(arena: Arena, xen_host: XenHost) -> None:
    await arena.host.create_volume("seed.raw", MIB, "raw")
    disks = (Disk(volume="seed.raw", target="sda4", format="raw", read_only=True),)
    await arena.host.define(a_domain(ID, disks=disks))
    await arena.host.start(ID)
    [mode] = xen_host.run("xenstore-ls /local/domain/0/backend/vbd | grep -w mode").splitlines()
    assert mode.strip() == 'mode = "r"'


async def test_a_domain_that_has_said_nothing_yet_has_an_empty_console(arena: Arena, xen_host: XenHost) -> None:
    await arena.host.define(a_domain(ID))
    await arena.host.start(ID)
    eventually(lambda: "guest-" in xen_host.run(f"ls {XEN_LOGS}"))
    await arena.host.define(a_domain("i-00000001"))
    assert await arena.host.console("i-00000001") == b""


async def load(arena: Arena) -> DomainLoad:
    return (await arena.host.load()).domains[ID]


def counted(load: DomainLoad) -> None:
    assert load.cpu_ns
    assert load.memory_bytes == 64 * MIB
    assert None not in (load.disk_read_bytes, load.disk_written_bytes, load.net_rx_bytes, load.net_tx_bytes)

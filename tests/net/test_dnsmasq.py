"""dnsmasq instead of the server's own leases: it outlives a server, is begun anew with every change, and ends."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import settings
from app.domain.errors import Unavailable
from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network.dnsmasq import Dnsmasq, configuration
from app.network.kernel import KernelFabric
from app.server.this_machine import tear_down
from app.store.database import Database
from tests.builders import FrozenClock
from tests.deadline import eventually
from tests.net.conftest import Join
from tests.net.namespaces import Namespace, delete, make_bridge

pytestmark = [pytest.mark.net, pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="needs dnsmasq")]
ONE = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="ip-10-9-0-5")
OTHER = replace(ONE, instance_id="i-2", mac="d0:0d:00:00:00:02")
NETWORK = Network(name="n", bridge="eucabr0", gateway="10.9.0.1/24", members=(ONE,))


async def silence(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=404)


@pytest.fixture
def folder(tmp_path: Path, inside: Namespace) -> Iterator[Path]:
    yield tmp_path / "dnsmasq"
    lessor_in(tmp_path / "dnsmasq").only(())


@pytest.fixture
async def fabric(folder: Path) -> AsyncIterator[KernelFabric]:
    fabric = KernelFabric("test", silence, lessor=lessor_in(folder))
    yield fabric
    await fabric.close()


def lessor_in(folder: Path) -> Dnsmasq:
    return Dnsmasq(Path(str(shutil.which("dnsmasq"))), folder)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def process(folder: Path) -> int:
    return int((folder / "eucabr0.pid").read_text())


def lives(number: int) -> bool:
    """Tell whether a process goes on; one that ended may stay on the list until its parent looks."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes() != b""
    except OSError:
        return False


async def test_one_that_ended_is_begun_anew_and_that_is_told(folder: Path, fabric: KernelFabric) -> None:
    assert list(await fabric.apply([NETWORK])) == []
    before = process(folder)
    assert list(await fabric.apply([NETWORK])) == []
    assert process(folder) == before
    os.kill(before, signal.SIGKILL)
    eventually(lambda: not lives(before))
    assert list(await fabric.apply([NETWORK])) == ["the dnsmasq of eucabr0 had ended"]
    assert lives(process(folder))


def test_it_outlives_a_server_and_the_next_one_takes_it_if_it_was_told_the_same(folder: Path) -> None:
    make_bridge("eucabr0", "10.9.0.1/24")
    lessor_in(folder).serve(NETWORK, 7)
    before = process(folder)
    assert lessor_in(folder).serve(NETWORK, 7) is False
    assert process(folder) == before
    (folder / "eucabr0.pid").unlink()
    assert lessor_in(folder).serve(NETWORK, 7) is False
    assert lives(before)
    assert lessor_in(folder).serve(replace(NETWORK, members=(OTHER,)), 7) is False
    assert not lives(before)
    assert lives(process(folder))


async def test_an_address_is_another_card_s_at_once(fabric: KernelFabric, join: Join, tmp_path: Path) -> None:
    await fabric.apply([NETWORK])
    first, second = join(ONE.mac), join(OTHER.mac)
    assert (await asyncio.to_thread(first.lease, tmp_path) or {})["ip"] == ONE.address
    await fabric.apply([replace(NETWORK, members=(OTHER,))])
    assert (await asyncio.to_thread(second.lease, tmp_path) or {})["ip"] == ONE.address
    assert await asyncio.to_thread(first.lease, tmp_path, tries=2) is None


async def test_it_hears_a_bridge_that_was_made_anew(fabric: KernelFabric, join: Join, tmp_path: Path) -> None:
    await fabric.apply([NETWORK])
    delete("eucabr0")
    await fabric.apply([NETWORK])
    assert await asyncio.to_thread(join(ONE.mac).lease, tmp_path) is not None


async def test_it_ends_with_its_network_and_with_its_server(folder: Path, fabric: KernelFabric) -> None:
    await fabric.apply([NETWORK])
    before = process(folder)
    await fabric.apply([])
    assert (lives(before), files(folder)) == (False, [])
    await fabric.apply([NETWORK])
    before = process(folder)
    await fabric.close()
    assert (lives(before), files(folder)) == (False, [])


async def test_a_purge_ends_it_whatever_the_settings_are_by_then(folder: Path, fabric: KernelFabric) -> None:
    await fabric.apply([NETWORK])
    left = process(folder)
    async with Database.open(folder.parent / "cloud.sqlite3", clock=FrozenClock()):
        pass
    await tear_down(settings.load({"state_dir": str(folder.parent)}, {}), print, force=False)
    eventually(lambda: not lives(left))


def test_a_name_that_is_none_is_no_line_of_its_configuration() -> None:
    strange = replace(ONE, hostname="a\ndhcp-script=/bin/false")
    written = configuration(replace(NETWORK, members=(strange,)), 1, Path("a.pid"))
    assert f"dhcp-host={ONE.mac},{ONE.address}\n" in written
    assert "script" not in written


def test_a_program_that_does_not_start_is_told_with_its_words(folder: Path) -> None:
    with pytest.raises(Unavailable, match="no leases on eucabr0: dnsmasq: unknown interface eucabr0"):
        lessor_in(folder).serve(NETWORK, 1)
    with pytest.raises(Unavailable, match="No such file"):
        Dnsmasq(folder / "dnsmasq", folder).serve(NETWORK, 1)

"""A guest is saved, carried over and let go on between two real libvirtds that share nothing: QEMU's part of Xen's way.

Xen has the same calls, and a tier of its own. Both daemons have their pool at one path, each in a mount namespace.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from app.domain.errors import Broken, Lost
from app.domain.files import PARTIAL, TRIED
from app.domain.ports import Disk
from app.xen import saved, sparse
from app.xen.address import parse
from app.xen.carry import Carry
from app.xen.connection import Timing, dialled
from app.xen.domain_xml import flavour_of, render
from app.xen.domains import find
from app.xen.errand import End
from app.xen.pool import PoolOf
from tests.contract.arenas import a_domain
from tests.contract.libvirtd import Libvirtd

pytestmark = pytest.mark.contract
ID = "i-0000abcd"
ROOT = f"{ID}.root"
MIB = 2**20
SIZE = 8 * MIB
PLACE = Path("/var/lib/libvirt/carried")
OTHER_PLACE = Path("/var/lib/libvirt/elsewhere")
SHUTOFF, RESTORED = libvirt.VIR_DOMAIN_SHUTOFF, [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_RESTORED]


class Place:
    """One host with an empty pool of its own."""

    def __init__(self, daemon: Libvirtd, place: Path = PLACE) -> None:
        self.address = parse(daemon.qemu_uri)
        self.pool = PoolOf(daemon.host_name, str(place), place.name)
        self.end = End(host=daemon.host_name, address=self.address, pool=self.pool, timing=Timing())
        self.connection = dialled(self.address)
        self.pool.open(self.connection)
        self.folder = daemon.folder / "lib" / place.name

    @property
    def domain(self) -> Any:
        return find(self.connection, ID)

    @property
    def volumes(self) -> list[str]:
        return [volume.name for volume in self.pool.volumes(self.connection)]

    def start(self, content: bytes) -> None:
        """Run a guest whose one disk holds something at its beginning and nothing behind."""
        self.pool.make(self.connection, ROOT, SIZE, "raw")
        with (self.folder / ROOT).open("r+b") as disk:
            disk.write(content)
        spec = a_domain(ID, memory_mib=8, disks=(Disk(volume=ROOT, target="vda", format="raw"),))
        text = render(spec, flavour_of(self.address), str(PLACE), self.connection.getInfo()[0])
        self.connection.defineXML(text).create()

    def clear(self) -> None:
        if self.domain is not None:
            if self.domain.isActive():
                self.domain.destroy()
            self.domain.undefine()
        pool = self.pool.open(self.connection)
        for volume in pool.listAllVolumes():
            volume.delete()
        pool.destroy()
        pool.undefine()
        self.connection.close()
        if not self.folder.is_symlink():
            shutil.rmtree(self.folder)


@pytest.fixture
def here(libvirtd: Libvirtd) -> Iterator[Place]:
    place = Place(libvirtd)
    yield place
    place.clear()


@pytest.fixture
def there(second_libvirtd: Libvirtd) -> Iterator[Place]:
    place = Place(second_libvirtd)
    yield place
    place.clear()


async def test_a_guest_goes_on_at_its_new_host_with_its_disk_and_belongs_to_that(here: Place, there: Place) -> None:
    here.start(b"written by the guest")
    await Carry(ID, here.end, there.end, "").run()
    assert (there.domain.state(), here.domain) == (RESTORED, None)
    assert here.volumes == [ROOT]
    await Carry(ID, here.end, there.end, "").run()
    assert there.domain.state() == RESTORED, "it has arrived already"
    disk = there.folder / ROOT
    assert disk.read_bytes() == b"written by the guest".ljust(SIZE, b"\0")
    assert disk.stat().st_blocks * 512 < SIZE / 4, "holes are not filled"


async def test_one_that_was_saved_already_is_carried_over(here: Place, there: Place) -> None:
    here.start(b"x")
    saved.save(here.connection, here.pool, here.domain, ID)
    assert here.domain.state()[0] == SHUTOFF
    there.pool.write(there.connection, ROOT, b"of an earlier try" * 1000)
    await Carry(ID, here.end, there.end, "").run()
    assert there.domain.state() == RESTORED
    assert (there.folder / ROOT).read_bytes() == b"x".ljust(SIZE, b"\0")


async def test_a_guest_goes_on_once_from_where_it_was_saved_and_boots_after_that(here: Place) -> None:
    here.start(b"x")
    saved.save(here.connection, here.pool, here.domain, ID)
    saved.go_on(here.connection, here.pool, here.domain, ID)
    assert here.domain.state() == RESTORED
    here.domain.destroy()
    saved.go_on(here.connection, here.pool, here.domain, ID)
    assert here.domain.state()[0] == SHUTOFF
    saved.forget(here.connection, here.pool, ID)
    assert here.volumes == [ROOT]


async def test_who_shares_the_folder_of_the_pool_is_refused_before_anything_is_lost(
    here: Place, second_libvirtd: Libvirtd
) -> None:
    link = second_libvirtd.folder / "lib" / PLACE.name
    link.symlink_to(here.folder)
    sharer = Place(second_libvirtd)
    here.start(b"x")
    with pytest.raises(Broken, match="it shares the folder of its pool"):
        await Carry(ID, here.end, sharer.end, "").run()
    assert here.domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert here.volumes == [ROOT]
    assert (here.folder / ROOT).read_bytes()[:1] == b"x"
    here.domain.destroy()
    sharer.clear()
    link.unlink()


async def test_a_guest_that_somebody_is_letting_go_on_is_not_carried(here: Place, there: Place) -> None:
    here.start(b"x")
    saved.save(here.connection, here.pool, here.domain, ID)
    here.pool.make(here.connection, ID + TRIED, 0, "raw")
    with pytest.raises(Broken, match="does not run there"):
        await Carry(ID, here.end, there.end, "").run()
    assert there.volumes == []


async def test_what_can_not_go_stays_and_runs_on(here: Place, second_libvirtd: Libvirtd) -> None:
    elsewhere = Place(second_libvirtd, OTHER_PLACE)
    here.start(b"x")
    with pytest.raises(Broken, match=f"its pool is in {OTHER_PLACE}"):
        await Carry(ID, here.end, elsewhere.end, "").run()
    assert here.domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    elsewhere.clear()


async def test_a_guest_that_switched_itself_off_just_before_is_not_carried_and_leaves_no_memory(
    here: Place, there: Place
) -> None:
    here.start(b"x")
    here.domain.destroy()
    with pytest.raises(libvirt.libvirtError):
        saved.save(here.connection, here.pool, here.domain, ID)
    with pytest.raises(Broken, match="does not run there"):
        await Carry(ID, here.end, there.end, "").run()
    assert (here.volumes, there.volumes) == ([ROOT], [])


def test_a_copy_that_nobody_waits_for_any_more_ends_and_is_known_not_to_be_whole(here: Place, there: Place) -> None:
    def gone() -> None:
        raise Lost(there.end.host, "nobody waits")

    here.start(b"x" * MIB)
    with pytest.raises(Lost):
        sparse.carry(here.connection, here.pool, there.connection, there.pool, ROOT, gone)
    assert there.volumes == [ROOT + PARTIAL]

"""What differs on a host that is no rehearsal: images need their bytes, and lost disks are not made anew."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.address import Address
from app.domain.errors import Broken
from app.domain.fabric import Fabric
from app.domain.group import GroupRule
from app.domain.states import InstanceState, Wanted
from app.reconcile.limits import Limits
from tests.unit.reconcile.cloud import QUICK, Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.fabrics import RecordedFabric, Refusing
from tests.unit.reconcile.rows import an_image, an_instance

IMAGE = b"bytes of an image"


@asynccontextmanager
async def a_real_cloud(folder: Path, fabric: Fabric | None = None, limits: Limits = QUICK) -> AsyncIterator[Cloud]:
    """Serve a loop on one host that counts as a real one, with an image that has its bytes."""
    async with a_cloud(folder, limits, hosts=0, fabric=fabric) as cloud:
        path = folder / "image"
        path.write_bytes(IMAGE)
        sha256 = hashlib.sha256(IMAGE).hexdigest()
        cloud.files.paths[sha256] = path
        await cloud.add(cloud.scripted(scheme="qemu"), an_image(id="emi-00000002", sha256=sha256, size_bytes=17))
        yield cloud


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with a_real_cloud(tmp_path) as cloud:
        yield cloud


async def test_an_image_without_bytes_ends_the_launch_at_once_and_says_why(cloud: Cloud) -> None:
    await cloud.add(an_instance(image_id="emi-00000001"))
    row = await cloud.until(has_ended)
    assert "emi-00000001 is registered, but its bytes were never uploaded" in row.state_reason
    assert await cloud.world.done() == []


async def test_an_image_that_is_gone_ends_the_launch_at_once(cloud: Cloud) -> None:
    await cloud.add(an_instance(image_id="emi-0000dead"))
    row = await cloud.until(has_ended)
    assert "emi-0000dead is no longer registered" in row.state_reason


async def test_a_rebooted_host_starts_its_instances_again_from_their_disks(cloud: Cloud) -> None:
    row = await launch(cloud, image_id="emi-00000002")
    await cloud.world.act("undefine", "host01", instance_id=row.id)
    await cloud.until(lambda row: runs(row) and cloud.services.told == [])
    while len(await cloud.world.done("start")) < 2:
        pass
    assert cloud.services.told == []


async def test_an_instance_whose_disks_are_lost_stops_and_says_so(cloud: Cloud) -> None:
    row = await launch(cloud, image_id="emi-00000002")
    made = await cloud.world.done("create_volume")
    await cloud.world.direct("lose", "host01", told=True)
    await cloud.until(lambda row: row.impaired_since_ms > 0)
    await cloud.world.direct("back", "host01", empty=True)
    row = await cloud.until(lambda row: row.state is InstanceState.STOPPED)
    assert "the host lost the instance's domain and disks" in row.state_reason
    assert await cloud.world.done("create_volume") == made


async def test_a_stopped_instance_whose_disks_are_lost_does_not_start_empty(cloud: Cloud) -> None:
    row = await launch(cloud, image_id="emi-00000002")
    await cloud.change(row.id, wanted=Wanted.STOPPED)
    await cloud.until(lambda row: row.state is InstanceState.STOPPED and row.seen.value == "nothing")
    await cloud.world.act("delete_volume", "host01", name=f"{row.id}.root")
    await cloud.change(row.id, wanted=Wanted.RUNNING, launches=2)
    row = await cloud.until(lambda row: row.wanted is Wanted.STOPPED)
    assert "the host lost the instance's disks" in row.state_reason


async def test_a_launch_outlasts_a_network_that_is_away_for_a_while(tmp_path: Path) -> None:
    fabric = Refusing(4 * QUICK.attempts)
    async with a_real_cloud(tmp_path, fabric) as cloud:
        row = await launch(cloud, image_id="emi-00000002", private_ip="10.9.0.5")
        assert (fabric.left, row.attempts, cloud.services.told) == (0, 0, [])


async def test_a_launch_on_a_network_that_can_never_be_is_given_up_with_the_reason(tmp_path: Path) -> None:
    never = Refusing(10_000, Broken("network", "eucabr0 is there already and is no bridge; set VNET_BRIDGE"))
    async with a_real_cloud(tmp_path, never) as cloud:
        await cloud.add(an_instance(image_id="emi-00000002", private_ip="10.9.0.5"))
        row = await cloud.until(has_ended)
        assert "is no bridge; set VNET_BRIDGE" in row.state_reason


async def test_a_changed_rule_and_an_address_that_moved_are_told_to_the_network_at_once(tmp_path: Path) -> None:
    fabric = RecordedFabric()
    async with a_real_cloud(tmp_path, fabric, replace(QUICK, resync_s=3600)) as cloud:
        row = await launch(cloud, image_id="emi-00000002", private_ip="10.9.0.5", group_ids=("sg-00000001",))
        rule = GroupRule(
            id="sgr-1",
            group_id="sg-00000001",
            account_id="a",
            egress=False,
            protocol="-1",
            from_port=-1,
            to_port=-1,
            peer="0.0.0.0/0",
        )
        await cloud.store.write(lambda unit: unit.group_rules.add(rule))
        await cloud.until(lambda _: bool(fabric.firewall.rules["sg-00000001"]))
        address = Address(
            id="eipalloc-1", ip="203.0.113.7", account_id="a", pool="p", instance_id=row.id, created_at_ms=0
        )
        await cloud.store.write(lambda unit: unit.addresses.add(address))
        await cloud.until(lambda _: fabric.networks[0].members[0].public == address.ip)

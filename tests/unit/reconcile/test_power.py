"""Hosts that sleep are silent and not lost; they are woken for what is placed on them, and may wake by themselves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Broken, WrongState
from app.domain.host import Host
from app.domain.states import HostState, Power, PowerWanted
from app.services import power
from tests.unit.reconcile.cloud import QUICK, Cloud, World, a_cloud, launch

SOON = replace(QUICK, wake_s=0.8, wake_again_s=0.1, asleep_probe_s=0.3)


class Wired:
    """Cuts a scripted host off and brings it back, as a command of the operator would."""

    def __init__(self, world: World) -> None:
        self.world, self.told = world, list[tuple[str, str]]()
        self.refuses = self.broken = False

    async def sleep(self, host: Host) -> None:
        self.told.append(("sleep", host.name))
        if self.refuses:
            raise Broken(host.name, "ssh: no route")
        await self.world.direct("lose", host.name, told=True)

    async def wake(self, host: Host) -> None:
        self.told.append(("wake", host.name))
        if not self.broken:
            await self.world.direct("back", host.name)


@pytest.fixture
async def slept(tmp_path: Path) -> AsyncIterator[tuple[Cloud, Wired]]:
    wired: list[Wired] = []

    def wire(world: World) -> Wired:
        wired.append(Wired(world))
        return wired[0]

    async with a_cloud(tmp_path, SOON, hosts=2, switch=wire) as cloud:
        await cloud.until_host(lambda host: host is not None and host.state is HostState.UP)
        yield cloud, wired[0]


async def _asleep(cloud: Cloud) -> None:
    await cloud.store.write(lambda unit: power.sleep(unit, "host01", "a test"))
    await cloud.until_host(lambda host: host is not None and host.power is Power.ASLEEP)


async def test_a_sleeping_host_is_silent_and_not_lost(slept: tuple[Cloud, Wired]) -> None:
    cloud, wired = slept
    await _asleep(cloud)
    for _ in range(3):
        await launch(cloud, id=f"i-0000000{_ + 1}", host="host02")
    host = await cloud.host()
    assert host is not None
    assert (host.state, host.power, wired.told) == (HostState.UP, Power.ASLEEP, [("sleep", "host01")])


async def test_what_is_placed_on_a_sleeping_host_wakes_it_and_runs(slept: tuple[Cloud, Wired]) -> None:
    cloud, _ = slept
    await _asleep(cloud)
    await cloud.store.write(lambda unit: power.wake_all(unit, ["host01", "host02"], "a launch"))
    await launch(cloud)
    host = await cloud.host()
    assert host is not None
    assert (host.power, host.power_wanted) == (Power.ON, PowerWanted.ON)


async def test_a_host_that_does_not_wake_in_time_is_lost(slept: tuple[Cloud, Wired]) -> None:
    cloud, wired = slept
    await _asleep(cloud)
    wired.broken = True
    await cloud.store.write(lambda unit: power.wake(unit, "host01", "a test"))
    host = await cloud.until_host(lambda host: host is not None and host.state is HostState.LOST)
    assert host is not None
    assert "did not wake up within 0.8 s" in host.power_error
    assert wired.told.count(("wake", "host01")) > 1


async def test_a_host_that_refuses_to_sleep_stays_on_and_says_why(slept: tuple[Cloud, Wired]) -> None:
    cloud, wired = slept
    wired.refuses = True
    await cloud.store.write(lambda unit: power.sleep(unit, "host01", "a test"))
    host = await cloud.until_host(lambda host: host is not None and "no route" in host.power_error)
    host = await cloud.until_host(lambda host: host is not None and host.power_wanted is PowerWanted.ON)
    assert host is not None
    assert (host.power, host.state) == (Power.ON, HostState.UP)


async def test_a_host_with_something_running_is_not_put_to_sleep(slept: tuple[Cloud, Wired]) -> None:
    cloud, wired = slept
    running = await launch(cloud)
    with pytest.raises(WrongState, match=running.id):
        await cloud.store.write(lambda unit: power.sleep(unit, "host01", "a test"))
    assert not wired.told


async def test_a_host_that_was_being_put_to_sleep_at_a_kill_sleeps_after_the_next_start(
    slept: tuple[Cloud, Wired],
) -> None:
    cloud, wired = slept
    await cloud.reconciler.stop()
    await cloud.store.write(lambda unit: power.sleep(unit, "host01", "a test"))
    before = await cloud.host()
    assert before is not None
    falling = replace(before, power=Power.FALLING_ASLEEP)
    await cloud.store.write(lambda unit: unit.hosts.put(falling), writer="reconcile")
    await cloud.restart()
    await cloud.until_host(lambda host: host is not None and host.power is Power.ASLEEP)
    assert wired.told == [("sleep", "host01")]


async def test_a_real_host_that_wakes_by_itself_is_noticed_and_stays_on(slept: tuple[Cloud, Wired]) -> None:
    cloud, wired = slept
    await cloud.add(cloud.scripted("host09", 9, scheme="qemu"))
    await cloud.until_host(lambda host: host is not None and host.state is HostState.UP, "host09")
    await cloud.store.write(lambda unit: power.sleep(unit, "host09", "a test"))
    await cloud.until_host(lambda host: host is not None and host.power is Power.ASLEEP, "host09")
    await cloud.world.direct("back", "host09")
    host = await cloud.until_host(lambda host: host is not None and host.power is Power.ON, "host09")
    assert host is not None
    assert (host.power_wanted, wired.told) == (PowerWanted.ON, [("sleep", "host09")])

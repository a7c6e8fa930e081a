"""The sampler: whose turn it is, hosts that hang or fail, and what reaches the host table of the rules."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from app.domain.errors import Lost
from app.domain.host import Host
from app.domain.load import DomainLoad, HostLoad, Sampled
from app.domain.ports import Hypervisors
from app.reconcile.sampling import SLOWEST_S, Rates, Sampling, period_of
from app.rules.catalogue import SENSORS
from app.rules.table import HostTable
from tests.builders import FrozenClock, a_host


class Machines:
    """Hosts that answer, hang or fail; as busy as `cores` says."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock, self.cores, self.asked = clock, 2.0, [""]
        self.hung: set[str] = set()
        self.failing: set[str] = set()

    def host(self, name: str) -> Any:
        machines = self

        class One:
            async def load(self) -> HostLoad:
                machines.asked.append(name)
                if name in machines.hung:
                    await asyncio.Event().wait()
                if name in machines.failing:
                    raise Lost(name, "gone")
                ns = round(machines.cores * machines.clock.monotonic_s() * 1e9)
                return HostLoad(ns, 2**30, {"i-00000001": DomainLoad(cpu_ns=ns // 2)}, {})

        return One()


class Nothing:
    """No supplement at all."""

    def changed(self) -> bool:
        return False

    def complete(self, host: Host, of_host: Rates, of_machines: dict[str, Rates]) -> None:
        """There is nothing to add."""


class Table:
    """What puts samples into the host table, as the owner of that table does."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self.table = HostTable([host.name for host in hosts])
        self.samples: list[Sampled] = []

    def sensed(self, sample: Sampled) -> None:
        self.samples.append(sample)
        for name, value in sample.of_host.smooth.items():
            if name in SENSORS:
                self.table.put(self.table.rows[sample.host], name, value, sample.at_s)

    def load(self, host: str, now_s: float) -> object:
        return self.table.cell(SENSORS["host.cpu.load"], self.table.rows[host], now_s)


class Stage:
    def __init__(self, *names: str) -> None:
        self.clock = FrozenClock()
        self.hosts = [a_host(name) for name in names]
        self.machines, self.table = Machines(self.clock), Table(self.hosts)
        self.doubted: list[str] = []
        hypervisors = cast("Hypervisors", self.machines)
        self.sampling = Sampling(hypervisors, self.clock, self, sensing=self.table, supplement=Nothing(), period_s=10.0)

    def hosts_up(self) -> list[Host]:
        return self.hosts

    def doubt(self, host: str) -> None:
        self.doubted.append(host)

    async def pass_by(self, seconds: float) -> None:
        """Turn the clock and let everything happen that then can."""
        self.clock.at_ms += round(seconds * 1000)
        self.sampling.look_around()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_busy_cores_reach_the_host_table_and_grow_old_there() -> None:
    stage = Stage("h1")
    await stage.pass_by(0)
    assert stage.table.load("h1", stage.clock.monotonic_s()) is None
    await stage.pass_by(10)
    assert stage.table.load("h1", stage.clock.monotonic_s()) == 2.0
    assert stage.table.samples[-1].of_instances["i-00000001"].raw == {"vm.cpu.used": 1.0}
    assert stage.table.load("h1", stage.clock.monotonic_s() + 31) is None


async def test_a_host_that_hangs_is_not_asked_again_and_delays_nobody() -> None:
    stage = Stage("h1", "h2", "h3")
    stage.machines.hung, stage.machines.failing = {"h1"}, {"h2"}
    for _ in range(4):
        await stage.pass_by(10)
    assert [stage.machines.asked.count(name) for name in ("h1", "h2", "h3")] == [1, 4, 4]
    assert stage.table.load("h3", stage.clock.monotonic_s()) == 2.0


async def test_a_host_that_does_not_tell_its_load_is_doubted_at_once() -> None:
    stage = Stage("h1", "h2")
    stage.machines.failing = {"h2"}
    await stage.pass_by(0)
    assert stage.doubted == ["h2"]


async def test_a_host_that_went_away_begins_anew_when_it_is_back() -> None:
    stage = Stage("h1")
    await stage.pass_by(0)
    stage.hosts.clear()
    await stage.pass_by(10)
    stage.hosts.append(a_host("h1"))
    await stage.pass_by(10)
    assert "host.cpu.load" not in stage.table.samples[-1].of_host.raw


def test_many_hosts_have_their_turn_less_often_but_before_readings_are_too_old() -> None:
    assert [period_of(hosts, 10.0) for hosts in (1, 200, 400, 10_000)] == [10.0, 10.0, 20.0, SLOWEST_S]
    assert SENSORS["host.cpu.load"].max_age_s > SLOWEST_S
    assert period_of(500, 1.0) == SLOWEST_S

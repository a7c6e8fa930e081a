"""Under Xen a guest that restarts shows as off for a while: only one that stays in sight and off has ended."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from app.domain.errors import TimedOut
from app.domain.ports import DomainSeen, VolumeSeen
from app.domain.states import Seen
from app.reconcile.backoff import Backoff
from app.reconcile.cases import CaseReader
from app.reconcile.execute import Executor
from app.reconcile.hosts import Watch
from app.reconcile.limits import Limits
from app.reconcile.observe import Observer
from app.reconcile.queue import Turn
from app.reconcile.settle import Settler, Tools
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.reconcile.cloud import Services
from tests.unit.reconcile.rows import a_domain, a_host, an_instance

CONFIRM_S = Limits().power_off_confirm_s
NOBODY = cast("Any", None)


class XenHost:
    """A host and its watch; what is on it is off."""

    def __init__(self, name: str, *domains: DomainSeen) -> None:
        self.watch = Watch(row=a_host(name=name, hypervisor="Xen 4.17"), probe=NOBODY, up=True)
        self.answers = True
        self._domains = {domain.instance_id: domain for domain in domains}

    async def domain(self, instance_id: str) -> DomainSeen | None:
        if not self.answers:
            raise TimedOut(self.watch.row.name, "domain", 10.0)
        return self._domains.get(instance_id)

    async def volumes(self) -> list[VolumeSeen]:
        return []


class Site:
    """Two hosts, with the instance on the first, as watchers and hypervisors show them."""

    def __init__(self) -> None:
        self.first, self.second = XenHost("host01", a_domain(Seen.OFF)), XenHost("host02")

    def host(self, name: str) -> XenHost:
        return self.first if name == "host01" else self.second

    def get(self, name: str) -> Watch:
        return self.host(name).watch

    async def check(self, name: str) -> bool:
        return self.host(name).answers


class Looks:
    """Looks at one instance at times of the test's choice."""

    def __init__(self, store: Database, clock: FrozenClock) -> None:
        site = Site()
        self.host, self.services, self._clock, self._store = site.first, Services(), clock, store
        ports = cast("Any", site)
        tools = Tools(
            store=store,
            clock=clock,
            limits=Limits(),
            outcomes=self.services,
            watchers=ports,
            cases=CaseReader(store),
            observer=Observer(ports),
            staging=NOBODY,
            executor=Executor(store, ports, NOBODY, NOBODY, Limits()),
            backoff=Backoff(first_s=0.5, most_s=60.0, jitter=lambda: 0.0),
        )
        self._settler = Settler(tools)

    async def add(self, **columns: Any) -> None:
        row = an_instance(seen=Seen.RUNNING, launched=1, **columns)
        await self._store.write(lambda unit: unit.instances.add(row))

    async def after(self, seconds: float) -> list[tuple[str, str]]:
        """Return what services were told so far."""
        self._clock.at_ms += round(seconds * 1000)
        await self._settler.settle("i-00000001", Turn("i-00000001", "host01"))
        return self.services.told


@pytest.fixture
async def looks(tmp_path: Path) -> AsyncIterator[Looks]:
    clock = FrozenClock()
    async with Database.open(tmp_path / "cloud.db", clock=clock) as store:
        yield Looks(store, clock)


async def test_a_guest_that_stays_off_has_switched_itself_off(looks: Looks) -> None:
    await looks.add()
    assert await looks.after(0) == []
    assert await looks.after(CONFIRM_S) == [("powered off", "i-00000001")]


@pytest.mark.parametrize("away", [True, False], ids=["its host was away", "its host did not answer"])
async def test_a_guest_that_was_out_of_sight_may_have_run_meanwhile(looks: Looks, away: bool) -> None:
    await looks.add()
    await looks.after(0)
    looks.host.watch.up, looks.host.answers = not away, away
    await looks.after(CONFIRM_S / 2)
    looks.host.watch.up = looks.host.answers = True
    assert await looks.after(CONFIRM_S) == []
    assert await looks.after(CONFIRM_S) == [("powered off", "i-00000001")]


async def test_nor_has_one_ended_that_was_out_of_sight_while_it_was_to_move(looks: Looks) -> None:
    await looks.add(host="host02", moving_from="host01")
    await looks.after(0)
    looks.host.watch.up, looks.host.watch.lost = False, True
    await looks.after(CONFIRM_S / 2)
    looks.host.watch.up, looks.host.watch.lost = True, False
    assert await looks.after(CONFIRM_S) == []
    assert await looks.after(CONFIRM_S) == [("move failed", "it does not run any more")]

"""What no rule may call a fault of the server: what hosts do late or lose between a look and what follows from it.

The trap of each rule is its other side: the same without the excuse is a fault, and must be called one.
"""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from app.domain.states import Seen, Wanted
from tests.simulation.book import KEPT
from tests.simulation.links import SimHost, SimHypervisors
from tests.simulation.loop import Violated, VirtualLoop
from tests.simulation.machine import Volume
from tests.simulation.script import NetScript, script
from tests.simulation.world import World
from tests.unit.reconcile.rows import an_instance

pytestmark = pytest.mark.simulation
ID = "i-00000001"
ROOT = ID + ".root"


class Journal:
    """Stands for the database file: a test says what was committed."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str, str, str, str]] = []

    def execute(self, sql: str, parameters: Sequence[int]) -> "Journal":
        return self

    def fetchall(self) -> list[tuple[int, str, str, str, str]]:
        entries, self._entries = self._entries, []
        return entries

    def add(self, event: str, columns: dict[str, Any]) -> None:
        self._entries.append((1, event, "instance", ID, json.dumps(columns)))


class Scene:
    """A world with two hosts that are honest, no server, and a journal of the test's own."""

    def __init__(self) -> None:
        rng = Random(1)
        self.loop = VirtualLoop(Random(1))
        self.world = World(self.loop, rng, replace(script(rng), hosts=2), rng, NetScript())
        self.journal = Journal()
        self.world.book._disk = self.journal  # type: ignore[assignment]

    def play(self, story: Coroutine[Any, Any, None]) -> None:
        """Raises Violated if a rule was broken."""
        try:
            self.loop.run_until_complete(story)
        finally:
            self.loop.bury()

    async def commit(self, event: str, **columns: Any) -> None:
        self.journal.add(event, columns)
        self.world.book.committed()
        await asyncio.sleep(0)

    async def begin(self, **changes: Any) -> None:
        """Have an instance that runs on host1, and change it."""
        row = an_instance(host="host1")
        columns = {name: getattr(row, name) for name in KEPT}
        await self.commit("instance.added", **columns)
        await self.commit("instance.running", launched=1, seen=Seen.RUNNING)
        await self.commit("instance.changed", **changes)

    def host(self, name: str = "host1") -> SimHost:
        hypervisors = SimHypervisors(self.world.wires)
        hypervisors.join(name, f"sim:///{name}", lambda event: None, ())
        return hypervisors.host(name)

    async def look(self) -> None:
        await asyncio.sleep(5.0)
        self.world.issued("host1", "domain", ID, "")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_deletion_that_is_late_takes_nothing_that_was_made_after_it(scene: Scene) -> None:
    volumes = scene.world.machines["host1"].volumes

    async def story() -> None:
        host = scene.host()
        await host.create_volume("image-1", 1, "raw")
        scene.world.lies.late_deeds = 1.0
        late = asyncio.ensure_future(host.delete_volume("image-1"))
        await asyncio.sleep(0.1)
        scene.world.lies.honest()
        await host.create_volume("image-1", 1, "raw")
        await asyncio.wait([late])
        await asyncio.sleep(240.0)
        assert "image-1" in volumes
        await host.delete_volume("image-1")
        assert "image-1" not in volumes

    scene.play(story())


def _delete_where_it_left(scene: Scene) -> None:
    scene.world.machines["host2"].volumes[ROOT] = Volume(1, "raw")
    scene.world.issued("host2", "delete_volume", "", ROOT)


def test_disks_may_go_where_an_instance_left_though_its_new_host_lost_them_since_the_look(scene: Scene) -> None:
    async def story() -> None:
        await scene.begin(moving_from="host2")
        await scene.look()
        scene.world.machines["host1"].lose_power(empty=True)
        _delete_where_it_left(scene)

    scene.play(story())


def test_disks_may_not_go_where_an_instance_left_if_the_look_showed_no_others(scene: Scene) -> None:
    async def story() -> None:
        await scene.begin(moving_from="host2")
        scene.world.machines["host1"].lose_power(empty=True)
        await scene.look()
        _delete_where_it_left(scene)
        await asyncio.sleep(0)

    with pytest.raises(Violated, match="no disk elsewhere"):
        scene.play(story())


def test_a_disk_that_was_made_late_may_be_left_of_an_instance_that_is_gone(scene: Scene) -> None:
    async def story() -> None:
        await scene.begin(wanted=Wanted.TERMINATED)
        host = scene.host()
        scene.world.lies.late_deeds = 1.0
        late = asyncio.ensure_future(host.create_volume(ROOT, 1, "raw"))
        await asyncio.sleep(0.1)
        late.cancel()
        while ROOT not in scene.world.machines["host1"].volumes:
            scene.world.issued("host1", "domain", ID, "")
            await asyncio.sleep(0.5)
        await scene.commit("instance.terminated", seen=Seen.NOTHING, removed=True)

    scene.play(story())


def test_no_other_disk_may_be_left_of_an_instance_that_is_gone(scene: Scene) -> None:
    async def story() -> None:
        await scene.begin(wanted=Wanted.TERMINATED)
        await scene.look()
        scene.world.machines["host1"].volumes[ROOT] = Volume(1, "raw")
        await scene.commit("instance.terminated", seen=Seen.NOTHING, removed=True)

    with pytest.raises(Violated, match="has left"):
        scene.play(story())

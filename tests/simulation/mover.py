"""An operator, or a policy, that moves running instances about at random, and hosts that refuse it at times.

Its chances are of its own: what else a seed has does not depend on it.
"""

import asyncio
from functools import partial
from random import Random

from app.domain.errors import CloudError
from app.domain.states import InstanceState
from app.services import moves
from tests.simulation.world import World

EVERY_S = (20.0, 60.0, 300.0)
REFUSES = 0.1
REFUSES_S = 120.0


class Mover:
    """`quiet` lets it rest."""

    def __init__(self, world: World, rng: Random) -> None:
        self.world, self.rng = world, rng
        self.quiet = False

    async def live(self) -> None:
        every_s = self.rng.choice(EVERY_S)
        while True:
            await asyncio.sleep(self.rng.expovariate(1.0 / every_s))
            if not self.quiet:
                await self._move()

    async def _move(self) -> None:
        running = [name for name, row in self.world.book.rows.items() if row.state is InstanceState.RUNNING]
        if not running:
            return
        if self.rng.random() < REFUSES:
            self._refuse()
        name, target = self.rng.choice(running), self.rng.choice(list(self.world.machines))
        try:
            await self.world.ask(partial(moves.begin, instance_id=name, target=target, why="at random"))
            self.world.trace(f"mover: {name} to {target}")
        except (CloudError, TimeoutError) as error:
            self.world.trace(f"mover: {name} to {target}: {error}")

    def _refuse(self) -> None:
        machine = self.rng.choice(list(self.world.machines.values()))
        machine.refusing["migrate"] = self.rng.choice((0.3, 1.0))
        self.world.loop.later(self.rng.random() * REFUSES_S, machine.refusing.pop, "migrate", None)

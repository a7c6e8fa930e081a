"""One seed from its beginning to its end: storms and calms in turn, judged all the way."""

import asyncio
import gc
import logging
from dataclasses import dataclass
from random import Random

from tests.simulation.calm import differs, forgotten, unsettled
from tests.simulation.loop import Violated, VirtualLoop
from tests.simulation.mover import Mover
from tests.simulation.script import NetScript, net_script, script
from tests.simulation.users import Users
from tests.simulation.weather import Weather
from tests.simulation.world import World

DAY_S = 86_400.0
SETTLES_WITHIN_S = 1500.0
LOOKS_EVERY_S = 5.0
STAYS_S = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a seed; `violated` is empty if all held."""

    seed: int
    days: float
    violated: str
    digest: str
    tail: tuple[str, ...]
    steps: int
    lives: int
    instances: int


def simulate(seed: int, days: float, *, network: bool = True, moves: bool = True) -> Verdict:
    """Run one seed for so many days of virtual time; without `network` no instance gets an address."""
    loop = VirtualLoop(Random(f"{seed}/turns"))
    rng = Random(f"{seed}/world")
    net_rng = Random(f"{seed}/network")
    world = World(loop, rng, script(rng), net_rng, net_script(net_rng) if network else NetScript())
    log = logging.getLogger("app")
    level, propagate = log.level, log.propagate
    log.addHandler(world.bugs)
    log.setLevel(logging.ERROR)
    log.propagate = False
    loop.set_exception_handler(lambda loop, context: world.violate(f"unhandled: {_said(context)}"))
    gc.disable()
    gc.freeze()  # what is there already need not be looked through in the end
    violated = ""
    try:
        loop.run_until_complete(_story(world, days * DAY_S, Random(f"{seed}/moves") if moves else None))
    except Violated as error:
        violated = str(error)
    finally:
        loop.bury()
        gc.collect()
        gc.unfreeze()
        gc.enable()
        log.removeHandler(world.bugs)
        log.setLevel(level)
        log.propagate = propagate
    return Verdict(
        seed=seed,
        days=loop.time() / DAY_S,
        violated=violated,
        digest=world.trace.digest,
        tail=tuple(world.trace.tail) if violated else (),
        steps=loop.steps,
        lives=world.lives,
        instances=len(world.book.rows),
    )


async def _story(world: World, long_s: float, moves: Random | None) -> None:
    users, weather = Users(world), Weather(world)
    mover = None if moves is None else Mover(world, moves)
    world.boot()
    await users.furnish()
    loop = world.loop
    tasks = [loop.create_task(users.user(number)) for number in range(world.script.users)]
    if world.script.operator:
        tasks.append(loop.create_task(users.operator()))
    if mover is not None:
        tasks.append(loop.create_task(mover.live()))
    weather.begin()
    while loop.time() < long_s:
        weather.storm()
        _rest(users, mover, quiet=False)
        await asyncio.sleep(min(world.script.stormy_s, max(60.0, long_s - loop.time())))
        weather.calm()
        _rest(users, mover, quiet=True)
        await _settle(world, users)
    for task in tasks:
        task.cancel()


def _rest(users: Users, mover: Mover | None, *, quiet: bool) -> None:
    users.quiet = quiet
    if mover is not None:
        mover.quiet = quiet


async def _settle(world: World, users: Users) -> None:
    """Wait until everything is settled, and a while longer to see that it stays so."""
    world.trace("calm")
    deadline = world.loop.time() + SETTLES_WITHIN_S
    while (wrong := unsettled(world)) or not await _stays(world):
        if world.loop.time() > deadline:
            world.violate(f"not settled {SETTLES_WITHIN_S:g} s after the last fault: {wrong or unsettled(world)}")
        await asyncio.sleep(LOOKS_EVERY_S)
    for judge in (forgotten(world, users.memory), differs(world)):
        if judge:
            world.violate(judge)
    world.trace("settled")


async def _stays(world: World) -> bool:
    await asyncio.sleep(STAYS_S)
    return not unsettled(world)


def _said(context: dict[str, object]) -> str:
    error = context.get("exception")
    return f"{context.get('message')}: {type(error).__name__}: {error}" if error else str(context.get("message"))

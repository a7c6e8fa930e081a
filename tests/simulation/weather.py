"""Faults, one after another at random moments, and the calm in which all of them have ended."""

import asyncio
from collections.abc import Callable
from random import Random

from app.domain.states import Seen
from app.domain.vmtype import Size
from tests.simulation.machine import STRANGER, Domain, Machine
from tests.simulation.world import World

REFUSABLE = ("define", "start", "create_volume", "upload", "delete_volume", "destroy", "undefine", "volumes", "domain")
MOST_AWAY_S = 600.0


class Weather:
    """Starts what the script wants; `calm` ends it all."""

    def __init__(self, world: World) -> None:
        self.world, self.rng, self.net_rng = world, world.rng, world.net_rng
        self.stormy = False
        self._kinds: dict[str, Callable[[], None]] = {
            "vanish": lambda: self._vanish(powered=True, empty=False),
            "power loss": lambda: self._vanish(powered=False, empty=False),
            "empty return": lambda: self._vanish(powered=False, empty=True),
            "black hole": self._black_hole,
            "connection cut": self._cut,
            "slow host": self._slow,
            "refusals": self._refuse,
            "guest power off": lambda: self._guest(lambda m, domain: m.turn(domain, Seen.OFF, "shutdown")),
            "guest crash": lambda: self._guest(lambda m, domain: m.turn(domain, Seen.CRASHED, "panicked")),
            "guest pause": lambda: self._guest(lambda m, domain: m.turn(domain, Seen.PAUSED, "I/O error")),
            "guest restart": lambda: self._guest(Machine.restart_guest),
            "domain lost": lambda: self._guest(Machine.lose_domain),
            "server crash": self._crash,
            "crash after commit": self._crash_after_commit,
            "crash after action": self._crash_after_deed,
            "server stop": self.world.stop,
            "disk full": self._disk_full,
            "clock jump": self._clock_jump,
            "capacity change": self._capacity,
            "bridge lost": self._lose_bridge,
            "card loose": self._loosen_card,
            "network refuses": self._refuse_passes,
            "network hangs": self._hold_passes,
        }

    def begin(self) -> None:
        """Let every kind of fault of the script come in its own rhythm."""
        for kind, every_s in self.world.script.every_s.items():
            self.world.loop.create_task(self._blow(kind, every_s, self.rng))
        for kind, every_s in self.world.net.every_s.items():
            self.world.loop.create_task(self._blow(kind, every_s, self.net_rng))

    async def _blow(self, kind: str, every_s: float, rng: Random) -> None:
        while True:
            await asyncio.sleep(rng.expovariate(1.0 / every_s))
            if self.stormy:
                self.world.trace(f"weather: {kind}")
                self._kinds[kind]()

    def storm(self) -> None:
        world = self.world
        self.stormy = True
        for kind, chance in world.script.lies.items():
            setattr(world.lies, kind, chance)
        for kind, chance in world.net.lies.items():
            setattr(world.net_lies, kind, chance)

    def calm(self) -> None:
        """End every fault."""
        world = self.world
        self.stormy = False
        world.lies.honest()
        world.ground.calm()
        world.disk.full = False
        world.after_commit = world.after_deed = 0
        for machine in world.machines.values():
            machine.refusing.clear()
            if not machine.reachable or machine.hung or machine.slow != 1.0:
                world.bring_up(machine)
        world.boot()

    def _some(self) -> Machine:
        return self.rng.choice(list(self.world.machines.values()))

    def _for(self, most_s: float) -> float:
        return self.rng.random() ** 2 * most_s

    def _vanish(self, *, powered: bool, empty: bool) -> None:
        machine = self._some()
        if not machine.reachable:
            return
        self.world.bring_down(machine, told=self.rng.random() < 0.5, powered=powered, empty=empty)
        self.world.loop.later(self._for(MOST_AWAY_S), self._back, machine)

    def _black_hole(self) -> None:
        machine = self._some()
        machine.hung = True
        self.world.trace(f"{machine.name} hangs")
        self.world.loop.later(self._for(MOST_AWAY_S), self._back, machine)

    def _back(self, machine: Machine) -> None:
        if not machine.reachable or machine.hung:
            self.world.bring_up(machine)

    def _cut(self) -> None:
        self.world.wires.cut(self._some(), "libvirtd restarted")

    def _slow(self) -> None:
        machine = self._some()
        machine.slow = self.rng.choice((10.0, 100.0, 400.0))
        self.world.loop.later(self._for(MOST_AWAY_S), self._fast, machine)

    def _fast(self, machine: Machine) -> None:
        machine.slow = 1.0

    def _refuse(self) -> None:
        machine = self._some()
        action = self.rng.choice(REFUSABLE)
        machine.refusing[action] = self.rng.choice((0.3, 1.0))
        self.world.trace(f"{machine.name} refuses {action}")
        self.world.loop.later(self._for(MOST_AWAY_S), machine.refusing.pop, action, None)

    def _guest(self, does: Callable[[Machine, Domain], None]) -> None:
        running = [
            (machine, domain)
            for machine in self.world.machines.values()
            for name, domain in sorted(machine.domains.items())
            if domain.on and name != STRANGER
        ]
        if running:
            machine, domain = self.rng.choice(running)
            does(machine, domain)
            self.world.trace(f"{machine.name} {domain.spec.instance_id} {domain.state} ({domain.reason}) by itself")

    def _crash(self) -> None:
        """Die between two steps of the loop, somewhere in what happens next."""
        self.world.loop.later(self.rng.random(), self.world.crash, "at random")

    def _crash_after_commit(self) -> None:
        self.world.after_commit = self.world.commits + self.rng.randint(1, 6)

    def _crash_after_deed(self) -> None:
        self.world.after_deed = self.world.deeds + self.rng.randint(1, 6)

    def _disk_full(self) -> None:
        self.world.disk.full = True
        self.world.loop.later(self._for(300.0), self._disk_freed)

    def _disk_freed(self) -> None:
        self.world.disk.full = False

    def _clock_jump(self) -> None:
        self.world.clock.skew_ms = self.rng.randint(-7_200_000, 7_200_000)

    def _capacity(self) -> None:
        machine = self._some()
        machine.foreign = self.rng.choice(
            (Size(cores=0, memory_mib=0, disk_gb=0), Size(cores=2, memory_mib=512, disk_gb=0))
        )

    # --- the network of the server's machine, by chances of its own ---

    def _lose_bridge(self) -> None:
        for bridge in sorted(self.world.ground.bridges):
            self.world.ground.drop(bridge)

    def _loosen_card(self) -> None:
        cards = self.world.ground.cards
        if cards:
            cards[self.net_rng.choice(list(cards))] = ""

    def _refuse_passes(self) -> None:
        self.world.ground.refusing = self.net_rng.choice((0.3, 1.0))
        self.world.loop.later(self.net_rng.random() ** 2 * 300.0, self._heed_passes)

    def _hold_passes(self) -> None:
        self.world.ground.hung = True
        self.world.loop.later(self.net_rng.random() ** 2 * 120.0, self._heed_passes)

    def _heed_passes(self) -> None:
        self.world.ground.hung, self.world.ground.refusing = False, 0.0

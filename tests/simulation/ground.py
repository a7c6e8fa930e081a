"""The network of the server's machine: bridges, the guests' cards on them, leases. It outlives every server.

A pass that a server asks for is carried out in steps, as the kernel's is, and one after the other: one that hangs holds
up those behind it. One that was given up, or whose server died, may still be finished, but never after a later one.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from app.domain.errors import Broken, CloudError, Unavailable
from app.domain.network import Member, Network
from tests.simulation.loop import VirtualLoop
from tests.simulation.machine import Domain, Machine
from tests.simulation.script import NetLies

Answer = Callable[[CloudError | None], None]
SLOW = (1.0, 20.0)
"""A busy machine takes longer over every step, so that others ask while a pass runs."""


class Judge(Protocol):
    """Who writes down and judges what becomes of the network."""

    def knitted(self, step: str, subject: str) -> None: ...


@dataclass(slots=True, eq=False)
class Errand:
    """One pass under way; `dead`: nobody will hear of it."""

    networks: Sequence[Network]
    answer: Answer
    dead: bool = False
    left: Iterator[tuple[str, str]] = field(default_factory=lambda: iter(()))


class Ground:
    """`cards`: each running guest's MAC address and the bridge that it hangs on, empty: none."""

    def __init__(self, loop: VirtualLoop, rng: Random, lies: NetLies, judge: Judge) -> None:
        self._loop, self._rng, self._lies, self._judge = loop, rng, lies, judge
        self.bridges: set[str] = set()
        self.leases: dict[str, tuple[Member, ...]] = {}
        self.cards: dict[str, str] = {}
        self.hung = False
        self.refusing = 0.0
        self._slow = rng.choice(SLOW)
        self.disturbed_s = float("-inf")
        self._waiting: deque[Errand] = deque()
        self._running: Errand | None = None

    def leased(self) -> list[Member]:
        return [member for members in self.leases.values() for member in members]

    # --- what a server may ask ---

    def send(self, errand: Errand) -> None:
        self._waiting.append(errand)
        if self._running is None:
            self._begin()

    def server_died(self) -> None:
        """What waits is gone; what the kernel works on is finished, or cut off between two steps."""
        self._waiting.clear()
        if self._running is not None:
            self._running.dead = True
            if self._rng.random() < 0.5:
                self._running.left = iter(())

    def _begin(self) -> None:
        self._running = None
        while self._waiting and self._running is None:
            errand = self._waiting.popleft()
            if not errand.dead:
                self._running = errand
                errand.left = self._steps(errand.networks)
                self._loop.later(self._pause() + self._lies.late(), self._step, errand)

    def _step(self, errand: Errand) -> None:
        if self.hung:
            self._loop.later(1.0, self._step, errand)
            return
        if self._rng.random() < self.refusing:
            kind = Broken if self._rng.random() < 0.1 else Unavailable
            self._end(errand, kind("network", "no buffer space available"))
            return
        done = next(errand.left, None)
        if done is None:
            self._end(errand, None)
            return
        self._loop.later(self._pause(), self._step, errand)
        if done[1]:
            self._judge.knitted(*done)

    def _end(self, errand: Errand, error: CloudError | None) -> None:
        if not errand.dead and not self._lies.mute():
            self._loop.later(self._pause(), errand.answer, error)
        self._begin()

    def _pause(self) -> float:
        return (0.001 + self._rng.random() * 0.02) * self._slow

    def _steps(self, networks: Sequence[Network]) -> Iterator[tuple[str, str]]:
        """Carry out one step after the other; yield what each changed, if anything."""
        names, bridges = {each.name for each in networks}, {each.bridge for each in networks}
        gone = sorted(self.leases.keys() - names)
        for name in gone:
            del self.leases[name]
        yield "withdraw", " ".join(gone)
        for name in sorted(self.bridges - bridges):
            self.drop(name)
            yield "drop", name
        for network in networks:
            yield "weave", self._weave(network)
        for network in networks:
            changed = self.leases.get(network.name) != network.members
            self.leases[network.name] = network.members
            yield "lease", f"{len(network.members)} on {network.name}" if changed else ""

    def _weave(self, network: Network) -> str:
        new = network.bridge not in self.bridges
        self.bridges.add(network.bridge)
        loose = [member.mac for member in network.members if self.cards.get(member.mac) == ""]
        self.cards.update(dict.fromkeys(loose, network.bridge))
        return f"{network.bridge} {' '.join(loose)}".strip() if new or loose else ""

    # --- what happens by itself ---

    def turned(self, machine: Machine, domain: Domain) -> None:
        """A guest that begins to run gets its card, one that ends loses it."""
        for nic in domain.spec.nics:
            if not domain.on:
                self.cards.pop(nic.mac, None)
            elif nic.mac not in self.cards:
                self.cards[nic.mac] = nic.bridge if nic.bridge in self.bridges else ""

    def drop(self, bridge: str) -> None:
        """Lose a bridge with all that was answered on it; cards that hung there hang on nothing."""
        self.bridges.discard(bridge)
        self.leases.pop(bridge, None)
        for mac, hangs_on in self.cards.items():
            if hangs_on == bridge:
                self.cards[mac] = ""
        self.disturbed_s = self._loop.time()

    def calm(self) -> None:
        """End every fault."""
        self.hung, self.refusing = False, 0.0
        self._lies.honest()

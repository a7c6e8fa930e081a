"""The cloud as it stood at a moment: the parts that a request meets, each with the moment's store, clock and readings.

The trap: whoever listens to sensors of now must not hear those of then, so nothing here writes a reading anywhere.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from app.domain.load import Point, Sampled, Samples
from app.domain.ports import Store, Unit
from app.domain.states import HostState
from app.server.cloud import Cloud
from app.server.loads import Board
from app.server.rounds import Rounds
from app.server.rule_files import shipped_text
from app.server.sensors import Sensors
from app.services import rulesets
from app.store.moment import Moment
from app.store.past_store import PastStore


@dataclass(frozen=True, slots=True)
class Standing:
    """A clock that shows one moment (the port Clock)."""

    at_ms: int

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.at_ms / 1000


class UpTo:
    """Samples as far as they were sensed by a moment (the port Samples)."""

    def __init__(self, samples: Samples, at_ms: int) -> None:
        self._samples, self._at_ms = samples, at_ms

    def sensed(self, sample: Sampled) -> None:
        """Hear it and keep it nowhere: it is kept already."""

    async def history(self, subject: str, sensor: str, from_ms: int, to_ms: int) -> list[Point]:
        return (await self.histories(subject, [sensor], from_ms, to_ms))[sensor]

    async def histories(self, subject: str, sensors: Sequence[str], from_ms: int, to_ms: int) -> dict[str, list[Point]]:
        return dict(await self._samples.histories(subject, sensors, from_ms, min(to_ms, self._at_ms + 1)))

    async def sensed_last(self, at_ms: int) -> Sequence[Sampled]:
        return await self._samples.sensed_last(min(at_ms, self._at_ms))


def settled(unit: Unit) -> None:
    """Put right what the journal does not tell: which rules decided, and that a host that is up is heard of."""
    rulesets.decide_as_of(unit)
    for host in unit.hosts.where(state=HostState.UP):
        unit.hosts.put(replace(host, seen_at_ms=unit.now_ms))


async def standing(cloud: Cloud, moment: Moment, threads: Executor) -> Cloud:
    """Return the cloud at a moment, read on threads of its own; what it is now goes on."""
    clock = Standing(moment.at_ms)
    store: Store = PastStore(moment, clock, threads)
    sensors = Sensors(UpTo(cloud.sensors.samples, clock.at_ms), clock)
    hosts = await store.read(lambda unit: unit.hosts.where())
    names = {host.name for host in hosts}
    for sample in await cloud.sensors.samples.sensed_last(clock.at_ms):
        if sample.host in names:  # sums of clusters are kept there, too
            sensors.sensed(sample)
    rounds = Rounds(store, cloud.mapping, cloud.rounds.planner, clock, mode=cloud.rounds.mode, shipped=shipped_text)
    board = Board(sensors, clock, lambda: [host for host in hosts if host.state is HostState.UP])
    return replace(cloud, store=store, clock=clock, sensors=sensors, board=board, rounds=rounds)

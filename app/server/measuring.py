"""Watts and degrees of real hosts by the operator's own commands, and by a model where nothing measures watts.

A command is run as a list of arguments without a shell, and told the host by EUCA_HOST and EUCA_URI. What fails is
unknown, and said once. The trap: such a command may hang for as long as the host does, so it is killed at its deadline.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from app.domain.host import Host
from app.domain.load import Reading, Sampled
from app.domain.ports import Clock
from app.rules.catalogue import SENSORS, Sensor
from app.rules.power import PowerModel
from app.server.commands import ANSWER_S, printed
from app.server.rehearsed_load import Rates, RehearsedLoad

log = logging.getLogger(__name__)
EVERY_S = 60.0
AT_ONCE = 8


class Supplements:
    """The port Supplement of the sampler. Watts lie on a straight line from idle to fully busy."""

    def __init__(self, rehearsed: RehearsedLoad, idle_and_busy_w: tuple[float, float], *, measured: bool) -> None:
        idle_w, busy_w = idle_and_busy_w
        self._model = PowerModel.linear(np.array([idle_w]), np.array([busy_w]))
        self._rehearsed, self._measured = rehearsed, measured

    def changed(self) -> bool:
        return self._rehearsed.changed()

    def complete(self, host: Host, of_host: Rates, of_machines: dict[str, Rates]) -> None:
        if host.rehearsal:
            self._rehearsed.lay_over(host, of_host, of_machines)
        elif self._measured:
            return
        if host.cores > 0 and "host.cpu.load" in of_host:
            of_host.setdefault("host.power_watts", self._model.watts_of(0, of_host["host.cpu.load"] / host.cores))


class Measuring:
    """Runs the commands (by sensor) for the hosts that are up, and tells what they print."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        clock: Clock,
        hosts: Callable[[], Iterable[Host]],
        tell: Callable[[Sampled], None],
    ) -> None:
        self._commands = {sensor: tuple(words) for sensor, words in commands.items() if words}
        self._clock, self._hosts, self._tell = clock, hosts, tell
        self._failing: set[tuple[str, str]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self, every_s: float = EVERY_S) -> None:
        """Measure again and again until cancelled; without commands nothing is done."""
        while self._commands:
            async with asyncio.TaskGroup() as together:
                together.create_task(self.once())
                together.create_task(asyncio.sleep(every_s))

    async def once(self) -> None:
        """Run every command for every host."""
        async with asyncio.TaskGroup() as together:
            for host in self._hosts():
                for sensor in () if host.rehearsal else self._commands:
                    together.create_task(self._measure(host, sensor))

    async def _measure(self, host: Host, sensor: str) -> None:
        async with self._room:
            try:
                value = _number(SENSORS[sensor], await printed(self._commands[sensor], host))
            except (OSError, ValueError, TimeoutError) as error:
                self._failed(host, sensor, str(error) or f"no answer within {ANSWER_S:g} s")
                return
        self._failing.discard((host.name, sensor))
        values = {sensor: value}
        self._tell(
            Sampled(
                host=host.name,
                at_s=self._clock.monotonic_s(),
                at_ms=self._clock.now_ms(),
                of_host=Reading(raw=values, smooth=values),
                of_instances={},
            )
        )

    def _failed(self, host: Host, sensor: str, why: str) -> None:
        if (host.name, sensor) not in self._failing:
            self._failing.add((host.name, sensor))
            log.warning("a sensor's command fails", extra={"fields": {"host": host.name, "sensor": sensor, "why": why}})


def _number(sensor: Sensor, text: bytes) -> float:
    """Read what a command printed; the first word of its first line counts."""
    words = text.decode("utf-8", "replace").split()
    try:
        value = float(words[0])
    except (IndexError, ValueError):
        raise ValueError(f"{text[:40]!r} is no number") from None
    if not sensor.low <= value <= sensor.high:
        raise ValueError(f"{value:g} is not possible")
    return value

"""Power of hosts: what is wanted against what is seen, one step at a look, each of which may be repeated.

A host that sleeps is silent and that is no fault; one that wakes up may be silent for a while, and is told again in the
meantime, since packets that wake a machine get lost. The trap: waiting times are counted by this process's own clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from app.domain.errors import CloudError
from app.domain.host import Host
from app.domain.ports import Clock, Store, Unit
from app.domain.power import PowerSwitch
from app.domain.states import POWER, Power, PowerWanted
from app.reconcile.limits import Limits
from app.reconcile.outcomes import Outcomes


@dataclass(slots=True)
class _Wait:
    """Since when a host is in its state, as this process saw it, and when it was last told or asked."""

    power: Power
    since_s: float
    told_s: float


class PowerKeeper:
    """Tells hosts to sleep and to wake."""

    def __init__(self, store: Store, switch: PowerSwitch, outcomes: Outcomes, clock: Clock, limits: Limits) -> None:
        self._store, self._switch, self._outcomes = store, switch, outcomes
        self._clock, self._limits = clock, limits
        self._waits: dict[str, _Wait] = {}

    async def attend(self, row: Host) -> Host:
        """Do what is to be done about a host's power now; return its row as it is then."""
        asleep = row.power_wanted is PowerWanted.ASLEEP
        match row.power:
            case Power.ON if asleep:
                return await self.attend(await self._advance(row, "told to sleep"))
            case Power.FALLING_ASLEEP if asleep:
                return await self._sleep(row)
            case Power.FALLING_ASLEEP | Power.ASLEEP if not asleep:
                return await self._wake(await self._advance(row, "told to wake"))
            case Power.WAKING:
                return await self._wake(row)
        return row

    def to_be_asked(self, row: Host) -> bool:
        """Tell whether a host is worth a question: not while it sleeps, but for now and then, lest it woke by itself.

        A rehearsal host would always answer.
        """
        if row.power in {Power.ON, Power.WAKING}:
            return True
        wait = self._wait(row)
        now_s = self._clock.monotonic_s()
        if row.rehearsal or row.power is Power.FALLING_ASLEEP or now_s - wait.told_s < self._limits.asleep_probe_s:
            return False
        wait.told_s = now_s
        return True

    async def woke(self, name: str) -> None:
        """Let services know that a host woke up by itself."""
        await self._store.write(lambda unit: self._outcomes.woke(unit, name), writer="services")

    def forget(self, name: str) -> None:
        self._waits.pop(name, None)

    async def _sleep(self, row: Host) -> Host:
        try:
            await self._switch.sleep(row)
        except CloudError as error:
            why = str(error)
            row = await self._advance(row, "refused", why)
            await self._store.write(lambda unit: self._outcomes.sleep_refused(unit, row.name, why), writer="services")
            return row
        return await self._advance(row, "slept")

    async def _wake(self, row: Host) -> Host:
        wait, now_s = self._wait(row), self._clock.monotonic_s()
        if now_s - wait.since_s >= self._limits.wake_s:
            return await self._advance(row, "gave up", f"it did not wake up within {self._limits.wake_s:g} s")
        if now_s - wait.told_s < self._limits.wake_again_s:
            return row
        wait.told_s = now_s
        try:
            await self._switch.wake(row)
        except CloudError as error:
            return await self._write(row, partial(replace, power_error=str(error)))
        return row

    def _wait(self, row: Host) -> _Wait:
        """Return how long a host has been as it is; what nobody was told yet is due at once."""
        wait = self._waits.get(row.name)
        if wait is None or wait.power is not row.power:
            now_s = self._clock.monotonic_s()
            told_s = float("-inf") if row.power is Power.WAKING else now_s
            wait = self._waits[row.name] = _Wait(power=row.power, since_s=now_s, told_s=told_s)
        return wait

    async def _advance(self, row: Host, event: str, error: str = "") -> Host:
        def change(found: Host) -> Host:
            if not POWER.allows(found.power, event):
                return found
            return replace(found, power=Power(POWER.advance(found.power, event)), power_error=error)

        return await self._write(row, change)

    async def _write(self, row: Host, change: Callable[[Host], Host]) -> Host:
        return await self._store.write(lambda unit: _changed(unit, row, change), writer="reconcile")


def _changed(unit: Unit, row: Host, change: Callable[[Host], Host]) -> Host:
    """Change a host's row as it is now; one that left meanwhile is returned as it was."""
    found = unit.hosts.get(row.name)
    if found is None:
        return row
    new = change(found)
    if new.power is not found.power:
        new = replace(new, power_since_ms=unit.now_ms)
        said = f"{row.name} is {new.power.replace('-', ' ')}" + (f": {new.power_error}" if new.power_error else "")
        unit.hosts.put(new, event=f"host.{new.power}", text=said)
    elif new != found:
        unit.hosts.put(new)
    return new

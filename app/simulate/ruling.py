"""Days of load played by a file of mapping rules: the decisions are those of the engine of the cloud itself.

The trap: a host that comes up starts a round at once, and here it is up as soon as it is switched on. So one call may
plan several rounds; a machine that moves in more than one goes straight to where the last one wants it.
"""

from collections.abc import Sequence

from app.rules.placing import NOBODY, place
from app.rules.plan import Memory
from app.rules.prepared import Prepared, averages
from app.rules.remap import State as Running
from app.rules.remap import remap
from app.rules.reservation import settle
from app.rules.table import Flags
from app.rules.tree import Phase
from app.simulate.policy import Move, State
from app.simulate.residence import NOWHERE
from app.simulate.rulefile import RulePolicy
from app.simulate.sensors import Sensors, moment

LINK_BPS = 62.5e6


class Ruling:
    """A policy that does what rules want; `on` are the hosts that it leaves switched on."""

    on: Flags

    def __init__(self, chosen: RulePolicy) -> None:
        self._placing, self._moving = chosen.prepared(Phase.PLACE), chosen.prepared(Phase.REMAP)
        self._memory = Memory()
        self._sensors: Sensors | None = None

    def place(self, state: State) -> Sequence[int]:
        """Place machines one after another, each with all it was promised; a host that is off is switched on for it."""
        sensors = self._shown(state)
        found = []
        for vm in state.waiting:
            machine = sensors.new(vm)
            row = place(sensors.table, machine, self._placing, moment(state.now_s)).row
            if row != NOBODY:
                settle(sensors.table, machine, row)
                sensors.switch(row, on=True, now_s=state.now_s)
            found.append(NOWHERE if row == NOBODY else row)
        self.on = sensors.on
        return found

    def replan(self, state: State) -> Sequence[Move]:
        """Plan a round, and another one as long as a host comes up."""
        sensors = self._shown(state)
        home = {vm: row for vm, row in enumerate(state.home.tolist()) if row != NOWHERE}
        while self._round(sensors, home, state.now_s, self._moving):
            pass
        self.on = sensors.on
        return [Move(vm, row) for vm, row in home.items() if row != state.home[vm]]

    def _round(self, sensors: Sensors, home: dict[int, int], now_s: float, policy: Prepared) -> bool:
        vms = [sensors.running(vm, row) for vm, row in home.items()]
        running = Running(table=sensors.table, vms=vms, link_bps=LINK_BPS)
        plan = remap(running, policy, self._memory, moment(now_s))
        self._memory = plan.memory
        sensors.carry_out(plan, home, now_s)
        return any(power.on for power in plan.powers)

    def _shown(self, state: State) -> Sensors:
        if self._sensors is None:
            self._sensors = Sensors(state.fleet, state.guests, averages(self._placing) | averages(self._moving))
        self._sensors.show(state, self._memory)
        return self._sensors

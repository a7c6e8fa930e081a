"""Laws of the machines, and of EC2's derived state: it only ever changes along an arrow of the table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.domain.errors import IllegalTransition
from app.domain.instance import mac_of
from app.domain.states import INSTANCE, MACHINES, InstanceState, Machine, Seen, Wanted
from tests.builders import an_instance

machines = st.sampled_from(MACHINES)


def states_of(machine: Machine) -> set[str]:
    return {machine.start} | {state for state, _ in machine.table} | set(machine.table.values())


def events_of(machine: Machine) -> set[str]:
    return {event for _, event in machine.table}


@given(machines, st.data())
def test_a_machine_advances_exactly_where_it_allows_to(machine: Machine, data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(sorted(states_of(machine))))
    event = data.draw(st.sampled_from(sorted(events_of(machine))) | st.text(max_size=5))
    if machine.allows(state, event):
        assert machine.advance(state, event) in states_of(machine)
    else:
        with pytest.raises(IllegalTransition, match=machine.name):
            machine.advance(state, event)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_of_a_machine_can_be_reached(machine: Machine) -> None:
    reached: set[str] = set()
    fresh = {machine.start}
    while fresh:
        reached |= fresh
        fresh = {after for (before, _), after in machine.table.items() if before in reached} - reached
    assert reached == states_of(machine)


def test_the_instance_machine_knows_every_state_of_ec2_and_one_end() -> None:
    assert states_of(INSTANCE) == set(InstanceState)
    left = {before for (before, _), after in INSTANCE.table.items() if after != before}
    assert states_of(INSTANCE) - left == {InstanceState.TERMINATED}


@given(st.from_regex(r"i-([0-9a-f]{8}|[0-9a-f]{17})", fullmatch=True))
def test_a_mac_address_is_a_unicast_address_of_the_instances_own(instance_id: str) -> None:
    mac = mac_of(instance_id)
    assert mac.startswith("d0:0d:")
    assert int(mac[:2], 16) & 1 == 0
    assert mac.replace(":", "")[4:] == instance_id[2:10]


class InstanceLife(RuleBasedStateMachine):
    """Users ask, the loop sees; after each step the derived state is where the table's arrow leads."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: str = INSTANCE.start
        self.instance = an_instance()

    def step(self, event: str, **changes: object) -> None:
        self.expected = INSTANCE.advance(self.expected, event)
        self.instance = replace(self.instance, **changes)  # type: ignore[arg-type]

    def can(self, event: str) -> bool:
        return INSTANCE.allows(self.expected, event)

    @precondition(lambda self: self.can("started"))
    @rule()
    def started(self) -> None:
        self.step("started", seen=Seen.RUNNING, launched=self.instance.launches)

    @precondition(lambda self: self.can("gave up"))
    @rule()
    def gave_up(self) -> None:
        first = self.instance.launches == 1
        if first:
            self.step("gave up", wanted=Wanted.TERMINATED)
        else:
            self.step("gave up starting again", wanted=Wanted.STOPPED)

    @precondition(lambda self: self.can("terminate"))
    @rule()
    def terminate(self) -> None:
        self.step("terminate", wanted=Wanted.TERMINATED)

    @precondition(lambda self: self.can("reboot"))
    @rule()
    def reboot(self) -> None:
        self.step("reboot", reboots=self.instance.reboots + 1)

    @precondition(lambda self: self.can("stop"))
    @rule()
    def stop(self) -> None:
        self.step("stop", wanted=Wanted.STOPPED)

    @precondition(lambda self: self.can("powered off"))
    @rule(seen=st.sampled_from([Seen.OFF, Seen.CRASHED]))
    def powered_off(self, seen: Seen) -> None:
        self.step("powered off", seen=seen, wanted=Wanted.STOPPED)

    @precondition(lambda self: self.can("stopped"))
    @rule(seen=st.sampled_from([Seen.OFF, Seen.NOTHING]))
    def stopped(self, seen: Seen) -> None:
        self.step("stopped", seen=seen)

    @precondition(lambda self: self.can("found running"))
    @rule(seen=st.sampled_from([Seen.RUNNING, Seen.PAUSED]))
    def found_running(self, seen: Seen) -> None:
        self.step("found running", seen=seen)

    @precondition(lambda self: self.can("start"))
    @rule()
    def start(self) -> None:
        self.step("start", wanted=Wanted.RUNNING, launches=self.instance.launches + 1)

    @precondition(lambda self: self.can("removed"))
    @rule()
    def removed(self) -> None:
        self.step("removed", seen=Seen.NOTHING, removed=True)

    @invariant()
    def the_derived_state_is_that_of_the_table(self) -> None:
        assert self.instance.state == self.expected

    @invariant()
    def nothing_is_held_after_the_end_only(self) -> None:
        assert (self.instance.held.disk_gb == 0) == (self.expected == InstanceState.TERMINATED)


TestInstanceLife = InstanceLife.TestCase

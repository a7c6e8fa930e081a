"""Safety and convergence of the diff on a model host, for every pair of wanted and seen."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.instance import Instance
from app.domain.ports import DomainSeen
from app.domain.states import InstanceState, Seen, Wanted
from app.reconcile.actions import (
    Action,
    AskReboot,
    AskShutdown,
    Define,
    DeleteDisks,
    Destroy,
    GiveUp,
    MakeDisks,
    Mark,
    ReportPowerOff,
    Reset,
    Start,
    Undefine,
    Wait,
)
from app.reconcile.diff import Observed, diff, needs_volumes
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory
from tests.unit.reconcile.rows import a_domain, an_instance

LIMITS = Limits()
ROOT = "i-00000001.root"
ROUNDS = 12
LIVE = (Seen.RUNNING, Seen.PAUSED)


@dataclass
class Model:
    """One host, one instance, and services, as far as they matter here."""

    instance: Instance
    domain: DomainSeen | None
    volumes: frozenset[str]
    forgets: bool
    blinks: bool
    obeys: bool
    supports: bool
    memory: Memory = field(default_factory=Memory)
    now_s: float = 0.0
    done: list[Action] = field(default_factory=list)

    def observe(self) -> Observed:
        self.memory.look(self.domain, self.now_s, stopping=self.instance.to_be_off)
        asked = needs_volumes(self.instance, self.domain, forgets=self.forgets)
        volumes = self.volumes if asked else None
        return Observed(domain=self.domain, volumes=volumes, forgets=self.forgets, blinks=self.blinks)

    def actions(self) -> list[Action]:
        return diff(self.instance, self.observe(), self.memory, LIMITS, self.now_s)

    def round(self, only: int | None = None) -> list[Action]:
        actions = self.actions()
        for action in actions[:only]:
            self.check(action)
            self.done.append(action)
            self.apply(action)
        return actions

    def settle(self) -> None:
        for _ in range(ROUNDS):
            if not self.round():
                return
        raise AssertionError((self, "does not settle"))

    def check(self, action: Action) -> None:
        wanted = self.instance.wanted
        match action:
            case Destroy() | Undefine() | AskShutdown():
                assert wanted is not Wanted.RUNNING or self.instance.resting
            case Start() | Define() | MakeDisks() | Reset() | AskReboot():
                assert wanted is Wanted.RUNNING and not self.instance.resting
            case DeleteDisks():
                assert wanted is Wanted.TERMINATED
        if isinstance(action, Undefine):
            assert self.domain is None or self.domain.state is Seen.OFF, "it would run on without a definition"
        if isinstance(action, Reset | AskReboot):
            assert self.instance.reboots > self.instance.rebooted
        if isinstance(action, Mark) and action.removed:
            assert wanted is Wanted.TERMINATED and self.domain is None and not self.volumes

    def apply(self, action: Action) -> None:
        match action:
            case MakeDisks():
                self.volumes |= {ROOT}
            case Define(launch=launch):
                self.domain = replace(self.domain or a_domain(Seen.OFF), launch=launch)
            case Start(reboot=number):
                self._turn(Seen.RUNNING)
                if number:
                    self.memory.did_reboot(number)
            case Destroy():
                self._turn(Seen.OFF)
            case Undefine():
                self.domain = None
            case DeleteDisks(names=names):
                self.volumes -= set(names)
            case Wait(seconds=seconds):
                self.now_s += seconds
            case AskShutdown() | AskReboot() | Reset():
                self._ask(action)
            case _:
                self._write(action)

    def _ask(self, action: Action) -> None:
        match action:
            case AskShutdown():
                self.memory.asked_shutdown(self.now_s, refused=not self.supports)
                if self.supports and self.obeys:
                    self._turn(Seen.OFF)
            case AskReboot(number=number):
                self.memory.asked_reboot(number, self.now_s, refused=not self.supports)
                if self.supports and self.obeys:
                    self.memory.told_reboot()
            case Reset(number=number):
                self.memory.did_reboot(number)

    def _write(self, action: Action) -> None:
        row = self.instance
        match action:
            case Mark():
                self.instance = replace(
                    row,
                    seen=action.seen,
                    impaired_since_ms=0,
                    launched=row.launched if action.launched is None else action.launched,
                    rebooted=row.rebooted if action.rebooted is None else action.rebooted,
                    removed=row.removed or action.removed,
                )
            case ReportPowerOff():
                self.instance = replace(row, wanted=Wanted.STOPPED)
            case GiveUp():
                self.instance = replace(row, wanted=Wanted.STOPPED if row.launched else Wanted.TERMINATED)

    def _turn(self, state: Seen) -> None:
        assert self.domain is not None
        self.domain = replace(self.domain, state=state)


@st.composite
def models(draw: st.DrawFn) -> Model:
    launches = draw(st.integers(1, 3))
    reboots = draw(st.integers(0, 2))
    launched = draw(st.integers(0, launches))
    domain = draw(st.none() | st.builds(a_domain, st.sampled_from(list(Seen)[1:]), st.integers(1, 4)))
    wanted = draw(st.sampled_from(Wanted))
    instance = an_instance(
        wanted=wanted,
        resting=draw(st.booleans()),
        forced=draw(st.booleans()),
        seen=draw(st.sampled_from(Seen)),
        launches=launches,
        launched=launched,
        reboots=reboots,
        rebooted=draw(st.integers(0, reboots)),
        removed=wanted is Wanted.TERMINATED and draw(st.booleans()),
        impaired_since_ms=draw(st.sampled_from((0, 5))),
    )
    return Model(
        instance=instance,
        domain=domain,
        volumes=frozenset(draw(st.sets(st.just(ROOT)))),
        forgets=draw(st.booleans()),
        blinks=draw(st.booleans()),
        obeys=draw(st.booleans()),
        supports=draw(st.booleans()),
    )


def is_settled(model: Model) -> bool:
    row, seen = model.instance, Seen.NOTHING if model.domain is None else model.domain.state
    match row.wanted:
        case Wanted.TERMINATED:
            return row.removed and model.domain is None and not model.volumes
        case Wanted.STOPPED:
            return row.state is InstanceState.STOPPED and model.domain is None
        case Wanted.RUNNING if row.resting:
            return row.seen is Seen.NOTHING and model.domain is None
        case Wanted.RUNNING:
            return seen in LIVE and row.launched == row.launches and row.rebooted == row.reboots


@given(models())
def test_acting_on_the_difference_settles_and_stays_settled(model: Model) -> None:
    if model.instance.removed and model.domain is None:
        model.volumes = frozenset()
    model.settle()
    assert is_settled(model)
    assert model.instance.seen is model.observe().seen or model.instance.removed
    assert model.actions() == []


@given(models(), st.lists(st.integers(0, 4), max_size=6))
def test_a_crash_after_any_step_is_made_good(model: Model, steps: list[int]) -> None:
    if model.instance.removed and model.domain is None:
        model.volumes = frozenset()
    for step in steps:
        model.round(only=step)
        model.memory = Memory()
    model.settle()
    assert is_settled(model)


@given(models())
def test_asking_again_without_acting_gives_the_same_answer(model: Model) -> None:
    assert model.actions() == model.actions()


@given(models(), st.sampled_from(Wanted))
def test_a_change_of_mind_half_way_is_safe(model: Model, wanted: Wanted) -> None:
    if model.instance.removed:
        return
    model.round(only=2)
    if model.instance.wanted is not Wanted.TERMINATED:
        model.instance = replace(model.instance, wanted=wanted)
    model.settle()
    assert is_settled(model)


@given(models())
def test_disks_of_an_instance_that_ran_are_never_made_anew_on_a_real_host(model: Model) -> None:
    model.forgets = False
    model.volumes = frozenset()
    if model.instance.launched and model.instance.wanted is Wanted.RUNNING:
        model.settle()
        assert not any(isinstance(action, MakeDisks) for action in model.done)


@given(models())
def test_a_reset_comes_only_after_the_guest_was_asked(model: Model) -> None:
    model.settle()
    resets = [action.number for action in model.done if isinstance(action, Reset)]
    asked = [action.number for action in model.done if isinstance(action, AskReboot)]
    assert set(resets) <= set(asked)
    if model.obeys and model.supports:
        assert resets == []


@given(models())
def test_a_forced_stop_asks_no_guest_and_waits_for_none(model: Model) -> None:
    model.instance = replace(model.instance, wanted=Wanted.STOPPED, forced=True)
    model.settle()
    assert not any(isinstance(action, AskShutdown | Wait) for action in model.done)


def test_a_domain_that_may_be_restarting_is_called_stopped_only_once_it_is_gone() -> None:
    instance = an_instance(wanted=Wanted.STOPPED, seen=Seen.RUNNING, launched=1)
    off, gone = (Observed(domain=domain, blinks=True) for domain in (a_domain(Seen.OFF), None))
    assert diff(instance, off, Memory(), LIMITS, 0.0) == [Undefine()]
    assert diff(instance, gone, Memory(), LIMITS, 0.0) == [Mark(seen=Seen.NOTHING)]


def test_a_reboot_is_given_up_after_as_many_failed_starts_as_a_launch() -> None:
    """Without its second disk a domain that is off starts no more, however often it is asked to."""
    instance = an_instance(seen=Seen.OFF, launched=1, reboots=1, attempts=LIMITS.attempts, last_error="no such disk")
    off = Observed(domain=a_domain(Seen.OFF), volumes=frozenset({ROOT}))
    assert diff(replace(instance, attempts=LIMITS.attempts - 1), off, Memory(), LIMITS, 0.0) == [Start(reboot=1)]
    [given_up] = diff(instance, off, Memory(), LIMITS, 0.0)
    assert isinstance(given_up, GiveUp)
    assert "no such disk" in given_up.reason


def test_a_domain_that_was_off_before_and_after_its_host_was_out_of_sight_may_have_run_in_between() -> None:
    instance, off = an_instance(seen=Seen.RUNNING, launched=1), a_domain(Seen.OFF)
    observed, memory = Observed(domain=off, volumes=frozenset({ROOT}), blinks=True), Memory()
    confirm_s = LIMITS.power_off_confirm_s
    memory.look(off, 0.0, stopping=False)
    memory.blind = True
    memory.look(off, confirm_s, stopping=False)
    assert diff(instance, observed, memory, LIMITS, confirm_s) == [Wait(seconds=confirm_s)]
    memory.look(off, 2 * confirm_s, stopping=False)
    assert any(isinstance(action, ReportPowerOff) for action in diff(instance, observed, memory, LIMITS, 2 * confirm_s))

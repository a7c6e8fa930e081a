"""Safety and convergence of a move between two model hosts, cut short anywhere, for every pair of what they show."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.instance import Instance
from app.domain.ports import DomainSeen
from app.domain.states import Seen, Wanted
from app.reconcile.actions import (
    TOUCHES_NO_HOST,
    Action,
    Before,
    DeleteDisks,
    Destroy,
    MakeDisks,
    Migrate,
    ReportMoved,
    ReportMoveFailed,
    Start,
    Undefine,
    Wait,
)
from app.reconcile.diff import LIVE, Observed
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory
from app.reconcile.moving import Both, move
from tests.unit.reconcile.rows import a_domain, an_instance

LIMITS = Limits()
ROOT = "i-00000001.root"
ROUNDS = 16
SENT = "migration"
HOW = ("at once", "emulated", "alive")
ANSWERS: tuple[str | int, ...] = ("refused", "lost", "cancelled", "done", 0, 1, 2, 3, 4)


@dataclass
class Side:
    """One host's part."""

    domain: DomainSeen | None = None
    volumes: frozenset[str] = frozenset()
    lost: bool = False

    @property
    def on(self) -> bool:
        return self.domain is not None and self.domain.state in LIVE

    @property
    def in_transit(self) -> bool:
        return self.domain is not None and (self.domain.state, self.domain.reason) == (Seen.PAUSED, SENT)

    @property
    def runs(self) -> bool:
        return self.domain is not None and self.domain.state is Seen.RUNNING

    def observe(self, blinks: bool) -> Observed | None:
        return None if self.lost else Observed(domain=self.domain, volumes=self.volumes, blinks=blinks)

    def turn(self, state: Seen, reason: str) -> None:
        assert self.domain is not None
        self.domain = replace(self.domain, state=state, reason=reason)


@dataclass
class Model:
    """An instance between two hosts. `answers` are those of the next calls; a number: cut short after so many steps.

    Moved alive, a guest that still comes in is ended by its host once the call is over: at the next wait or call. Where
    it lives is kept apart from what hosts show, for moves that a test begins.
    """

    instance: Instance
    source: Side
    target: Side
    how: str = HOW[0]
    blinks: bool = False
    given_up: bool = False
    home: str = ""
    answers: list[str | int] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    now_s: float = 0.0
    done: list[Action] = field(default_factory=list)

    def actions(self) -> list[Action]:
        source, target = (side.observe(self.blinks) for side in (self.source, self.target))
        both = Both(source=source, target=target, given_up=self.given_up)
        self.memory.look(both.domain, self.now_s, stopping=self.instance.wanted is Wanted.STOPPED)
        return move(self.instance, both, self.memory, LIMITS, self.now_s)

    def round(self, only: int | None = None) -> list[Action]:
        actions = self.actions()
        for action in actions[:only]:
            self.check(action)
            self.done.append(action)
            if not self.apply(action):
                break
            assert not (self.source.runs and self.target.runs), "it runs twice"
        return actions

    def settle(self) -> None:
        for _ in range(ROUNDS):
            if not self.round() or not self.instance.moving_from:
                return
        raise AssertionError((self, "does not settle"))

    def check(self, action: Action) -> None:
        side = self.source if isinstance(action, Before) else self.target
        inner = action.action if isinstance(action, Before) else action
        assert not side.lost or isinstance(action, (Migrate, *TOUCHES_NO_HOST)), "a lost host is asked nothing"
        match inner:
            case Destroy():
                assert self.instance.wanted is Wanted.TERMINATED
            case Undefine() | DeleteDisks():
                assert not side.runs
                assert not self.home or side is not getattr(self, self.home), "there is no other guest than this"
            case Start():
                assert self.instance.wanted is not Wanted.TERMINATED
                assert not self.source.on and not self.source.lost
                assert self.home in ("", "target")
            case Migrate():
                assert self.source.on
            case ReportMoved():
                assert not self.source.runs
                assert self.source.lost or self.source.domain is None
                assert self.source.lost or not (self.source.volumes and self.target.volumes)
            case ReportMoveFailed():
                assert self.target.lost or self.target.domain is None
                assert self.target.lost or not (self.source.volumes and self.target.volumes)
        if isinstance(inner, DeleteDisks):
            other = self.target if side is self.source else self.source
            assert other.volumes, "the last disks of it"

    def apply(self, action: Action) -> bool:
        match action:
            case MakeDisks():
                self.target.volumes |= {ROOT}
            case Migrate():
                return self._migrate()
            case Start():
                self.target.turn(Seen.RUNNING, "booted")
            case Wait(seconds=seconds):
                self.now_s += seconds
                if self.source.on and self.target.runs:
                    self.source.turn(Seen.OFF, "migrated")
                self._end_what_comes_in()
            case Before(action=inner):
                self._take_off(self.source, inner)
            case _:
                self._end(action)
        return True

    def _end(self, action: Action) -> None:
        match action:
            case Undefine() | DeleteDisks():
                self._take_off(self.target, action)
            case ReportMoved():
                self.instance = replace(self.instance, moving_from="")
                self.memory.move_over()
            case ReportMoveFailed():
                self.instance = replace(self.instance, host="host00", moving_from="")
                self.memory.move_over()

    def _take_off(self, side: Side, action: Action) -> None:
        match action:
            case Destroy():
                side.turn(Seen.OFF, "destroyed")
            case Undefine():
                side.domain = None
            case DeleteDisks(names=names):
                side.volumes -= set(names)

    def _end_what_comes_in(self) -> None:
        if self.target.in_transit and not self.target.lost:
            self.target.domain = None

    def _migrate(self) -> bool:
        self.memory.move_asked()
        self._end_what_comes_in()
        if self.source.in_transit:
            self.source.turn(Seen.RUNNING, "unpaused")
        answer = "refused" if self.target.lost else self.answers.pop(0) if self.answers else "done"
        if answer == "refused":
            self.memory.move_answered = True
            self.memory.move_refused("no route")
            return False
        if not self.target.runs and self.how == "alive":
            self.target.domain = None
        if answer == "lost":
            self._hand_over()
            return False
        if answer == "cancelled" and self.how == "alive":
            self._cancel()
            return False
        if isinstance(answer, int) and self.how != HOW[0]:
            (self._alive if self.how == "alive" else self._step_by_step)(answer)
            return False
        self._hand_over()
        self.memory.move_answered = True
        return True

    def _hand_over(self) -> None:
        assert self.source.domain is not None
        self.target.domain, self.source.domain = replace(self.source.domain, reason="migrated"), None
        self.home = self.home and "target"

    def _cancel(self) -> None:
        """The answer of the new host, which has all of it, did not come; it stays paused there, or is cut."""
        assert self.source.domain is not None
        state, reason = ((Seen.PAUSED, "user"), (Seen.OFF, "failed"), (Seen.OFF, "destroyed"))[len(self.answers) % 3]
        self.target.domain = replace(self.source.domain, state=state, reason=reason)
        self.source.turn(Seen.RUNNING, "migration canceled")
        self.memory.move_answered = True
        self.memory.move_refused("no answer")

    def _step_by_step(self, steps: int) -> None:
        if steps > 0:
            self.target.domain = a_domain(Seen.OFF)
        if steps > 1:
            self.source.turn(Seen.OFF, "destroyed")
            self.home = self.home and "target"
        if steps > 2:
            self.target.turn(Seen.RUNNING, "booted")
        if steps > 3:
            self.source.domain = None
        self.memory = Memory()

    def _alive(self, steps: int) -> None:
        assert self.source.domain is not None
        if steps > 0:
            self.target.domain = replace(self.source.domain, state=Seen.PAUSED, reason=SENT)
        if steps > 1:
            self.source.turn(Seen.PAUSED, SENT)
        if steps > 2:
            self.target.turn(Seen.PAUSED, "user")
        if steps > 3:
            self.source.domain = None
            self.home = self.home and "target"
        self.memory = Memory()


SIDES = st.builds(
    Side,
    domain=st.none()
    | st.builds(
        lambda state, reason: replace(a_domain(state), reason=reason),
        st.sampled_from(list(Seen)[1:]),
        st.sampled_from(("defined", "destroyed", "shutdown", "crashed", "failed", "migrated", SENT)),
    ),
    volumes=st.frozensets(st.just(ROOT)),
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    wanted = draw(st.sampled_from(Wanted))
    source, target = draw(SIDES), draw(SIDES)
    if source.on and target.runs:
        target.domain = None
    return Model(
        instance=an_instance(wanted=wanted, seen=Seen.RUNNING, launched=1, moving_from="host00"),
        source=source,
        target=target,
        how=draw(st.sampled_from(HOW)),
        blinks=draw(st.booleans()),
        answers=draw(st.lists(st.sampled_from(ANSWERS), max_size=4)),
    )


def begun(wanted: Wanted = Wanted.RUNNING, **given: object) -> Model:
    """A move of which nothing has been done yet."""
    instance = an_instance(wanted=wanted, seen=Seen.RUNNING, launched=1, moving_from="host00")
    source = Side(domain=a_domain(Seen.RUNNING), volumes=frozenset({ROOT}))
    return Model(instance=instance, source=source, target=Side(), home="source", **given)  # type: ignore[arg-type]


@given(models())
def test_a_move_ends_whatever_the_hosts_show(model: Model) -> None:
    model.settle()
    assert not model.instance.moving_from


@given(models(), st.lists(st.integers(0, 4), max_size=5))
def test_a_kill_after_any_step_is_made_good(model: Model, steps: list[int]) -> None:
    for step in steps:
        if model.instance.moving_from:
            model.round(only=step)
            model.memory = Memory()
    if model.instance.moving_from:
        model.settle()
    assert not model.instance.moving_from


@given(st.sampled_from(HOW), st.lists(st.sampled_from(ANSWERS), max_size=4), st.booleans())
def test_what_runs_and_is_to_run_goes_on_running_on_one_host_and_leaves_nothing_on_the_other(
    how: str, answers: list[str | int], blinks: bool
) -> None:
    model = begun(how=how, answers=list(answers), blinks=blinks)
    model.settle()
    here, other = (model.target, model.source) if model.instance.host == "host01" else (model.source, model.target)
    assert here.runs and here.volumes
    assert other == Side()


@given(models(), st.sampled_from(("source", "target")))
def test_a_lost_host_is_waited_for_or_the_other_one_says_enough(model: Model, which: str) -> None:
    getattr(model, which).lost = True
    model.settle()
    getattr(model, which).lost = False
    if model.instance.moving_from:
        model.settle()
    assert not model.instance.moving_from


@given(models())
def test_a_lost_host_that_is_to_leave_keeps_nobody_who_runs_elsewhere(model: Model) -> None:
    model.source.lost = model.given_up = True
    model.settle()
    runs_there = model.target.domain is not None and model.target.domain.state is Seen.RUNNING
    assert bool(model.instance.moving_from) is not runs_there


@given(models(), st.sampled_from(Wanted))
def test_a_change_of_mind_half_way_is_safe(model: Model, wanted: Wanted) -> None:
    model.round(only=2)
    if not model.instance.moving_from:
        return
    if model.instance.wanted is not Wanted.TERMINATED:
        model.instance = replace(model.instance, wanted=wanted)
    model.settle()
    assert not model.instance.moving_from


def off(reason: str) -> DomainSeen:
    return replace(a_domain(Seen.OFF), reason=reason)


def a_guest_that_was_sent() -> Model:
    model = begun()
    model.source.turn(Seen.PAUSED, SENT)
    return model


def test_a_guest_that_was_sent_and_let_go_nowhere_goes_on_where_it_was_and_is_moved_again() -> None:
    for domain in (None, *(off(reason) for reason in ("failed", "destroyed", "unknown"))):
        model = a_guest_that_was_sent()
        model.how, model.target = "alive", Side(domain=domain, volumes=frozenset({ROOT}))
        assert model.round() == [Migrate()]
        model.settle()
        assert model.target.runs


def test_a_guest_that_was_sent_is_asked_for_also_while_its_new_host_is_lost() -> None:
    model = a_guest_that_was_sent()
    model.target.lost = True
    model.settle()
    assert (model.instance.host, model.source.runs) == ("host00", True)


def test_what_is_left_where_it_was_to_go_never_costs_the_disks_where_it_ceased_to_run() -> None:
    for reason in ("failed", "destroyed", "crashed", "unknown"):
        for ended in ("shutdown", "crashed", "unknown", "failed"):
            model = begun(Wanted.STOPPED)
            model.source.turn(Seen.OFF, ended)
            model.target = Side(domain=off(reason), volumes=frozenset({ROOT}))
            model.settle()
            assert (model.instance.host, model.source.volumes, model.target) == ("host00", frozenset({ROOT}), Side())


def test_where_it_ceased_to_run_after_a_move_its_disks_stay_whatever_its_host_remembers() -> None:
    for reason in ("shutdown", "unknown", "crashed", "destroyed"):
        model = begun(Wanted.STOPPED)
        model.source = Side(volumes=frozenset({ROOT}))
        model.target = Side(domain=off(reason), volumes=frozenset({ROOT}))
        model.home = "target"
        model.settle()
        assert (model.instance.host, model.source, model.target.volumes) == ("host01", Side(), frozenset({ROOT}))


def test_a_guest_that_was_let_go_is_let_run_where_it_came_and_has_arrived() -> None:
    model = begun(how="alive", answers=[4])
    model.round()
    assert model.round() == [Start()]
    model.settle()
    assert model.target.runs


def test_one_to_be_ended_is_ended_though_it_runs_on_both_hosts() -> None:
    model = begun(Wanted.TERMINATED)
    model.home, model.target = "", Side(domain=a_domain(Seen.RUNNING), volumes=frozenset({ROOT}))
    assert model.actions() == [Before(action=Destroy())]


def test_nothing_is_made_ready_again_under_a_move_that_goes_on() -> None:
    model = begun()
    model.memory.move_under_way = True
    assert model.actions() == [Migrate()]


def test_what_still_comes_in_after_the_last_refusal_is_taken_off() -> None:
    model = begun()
    model.target = Side(domain=replace(a_domain(Seen.PAUSED), reason=SENT), volumes=frozenset({ROOT}))
    model.memory.move_answered = True
    model.memory.move_refused("too slow", LIMITS.move_attempts)
    model.settle()
    assert (model.instance.host, model.target) == ("host00", Side())


def test_a_move_refused_often_enough_leaves_it_where_it_was_and_says_why() -> None:
    model = begun(answers=["refused"] * 9)
    model.settle()
    assert (model.instance.host, model.instance.moving_from) == ("host00", "")
    assert [action for action in model.done if isinstance(action, Migrate)] == [Migrate()] * LIMITS.move_attempts
    assert model.done[-1] == ReportMoveFailed(reason="no route")


def test_a_guest_that_switches_itself_off_while_it_moves_stays_where_it_was() -> None:
    model = begun()
    model.target.domain = a_domain(Seen.OFF)
    model.source.turn(Seen.OFF, "shutdown")
    model.settle()
    assert model.instance.host == "host00"
    assert not any(isinstance(action, Start) for action in model.done)


def test_refusals_count_for_nothing_while_a_call_is_unanswered() -> None:
    model = begun(answers=["refused"])
    model.memory.move_refused("the pool is full", LIMITS.move_attempts)
    assert model.actions() == [Migrate()]


def test_an_instance_to_be_ended_is_not_moved_first() -> None:
    model = begun(Wanted.TERMINATED)
    model.settle()
    assert not any(isinstance(action, Migrate) for action in model.done)
    assert model.instance.host == "host00"


def test_disks_that_may_be_all_there_is_of_it_are_left_alone() -> None:
    model = begun()
    model.source, model.target = Side(), Side(volumes=frozenset({ROOT}))
    model.settle()
    assert model.target.volumes == {ROOT}

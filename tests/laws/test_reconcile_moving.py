"""Safety and convergence of a move between two model hosts, cut short anywhere, for every pair of what they show."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ports import DomainSeen
from app.domain.states import Seen, Wanted
from app.reconcile.actions import (
    Before,
    Destroy,
    Migrate,
    ReportMoveFailed,
    Start,
)
from app.reconcile.memory import Memory
from tests.laws.moving_hosts import ANSWERS, HOW, LIMITS, MEMORY, ROOT, SENT, Model, Side
from tests.unit.reconcile.rows import a_domain, an_instance

SIDES = st.builds(
    Side,
    domain=st.none()
    | st.builds(
        lambda state, reason: replace(a_domain(state), reason=reason),
        st.sampled_from(list(Seen)[1:]),
        st.sampled_from(("defined", "destroyed", "shutdown", "crashed", "failed", "migrated", SENT)),
    ),
    volumes=st.frozensets(st.sampled_from((ROOT, MEMORY))),
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    wanted = draw(st.sampled_from(Wanted))
    source, target = draw(SIDES), draw(SIDES)
    if (source.on or source.saved) and target.runs:
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
        for ended in ("shutdown", "crashed", "unknown", "failed", "destroyed"):
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


def test_a_guest_that_was_saved_goes_on_where_it_was_if_the_other_host_takes_it_not() -> None:
    model = begun(how="saved", answers=["cancelled", "cancelled"])
    model.round()
    assert (model.source.saved, model.actions()) == (True, [Migrate()])
    model.settle()
    assert model.done[2:4] == [Migrate(), Migrate()]
    assert Before(action=Start()) in model.done
    assert (model.instance.host, model.source.runs, model.source.volumes) == ("host00", True, frozenset({ROOT}))
    assert model.target == Side()


def test_a_guest_whose_memory_the_old_host_has_no_more_goes_on_at_the_new_one() -> None:
    model = begun(how="saved", answers=[4])
    model.round()
    assert model.actions() == [Start()]
    model.settle()
    assert (model.instance.host, model.target.runs, model.target.volumes) == ("host01", True, frozenset({ROOT}))


def test_a_saved_guest_that_is_to_be_ended_is_not_started_for_that() -> None:
    for steps in range(1, 5):
        model = begun(how="saved", answers=[steps])
        model.round()
        model.instance = replace(model.instance, wanted=Wanted.TERMINATED)
        model.settle()
        assert not any(isinstance(action, Start) or action == Before(action=Start()) for action in model.done)


def test_a_guest_that_went_on_where_it_was_and_ended_there_is_not_let_go_on_from_a_memory_left_elsewhere() -> None:
    for reason in ("shutdown", "crashed", "destroyed"):
        model = begun(Wanted.STOPPED)
        model.source.turn(Seen.OFF, reason)
        model.target = Side(domain=off("unknown"), volumes=frozenset({ROOT, MEMORY}))
        model.settle()
        assert (model.instance.host, model.source.volumes, model.target) == ("host00", frozenset({ROOT}), Side())

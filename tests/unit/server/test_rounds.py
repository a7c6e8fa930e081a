"""When a round begins at once, and what is said of a plan in a line."""

from typing import Any

import pytest

from app.domain.journal import Entry
from app.rules.plan import Memory, Move, Plan, Power
from app.server.rounds import Mode, Rounds, pause_s, summary
from app.services.remapping import is_news


def entry(kind: str, event: str = "changed", **data: object) -> Entry:
    return Entry(cursor=1, at_ms=0, event=event, kind=kind, resource_id="x", text="", data=data)


@pytest.mark.parametrize(
    ("news", "begins"),
    [
        (entry("activation", "mapping.activated", active="rules-1"), True),
        (entry("host", "host.added", wanted="enabled"), True),
        (entry("host", "host.left"), True),
        (entry("host", "host.lost", state="lost"), True),
        (entry("host", "host.changed", tags=["gold"]), True),
        (entry("host", "host.changed", seen_at_ms=1), False),
        (entry("instance", "instance.running", seen="running"), False),
        (entry("remapping", "remapping.planned"), False),
    ],
)
def test_a_round_begins_at_once_for_news_that_rules_look_at(news: Entry, begins: bool) -> None:
    assert is_news(news) is begins


def test_a_plan_is_summed_up_in_a_line() -> None:
    move = Move(vm="i-1", source="a", target="b", why="r: c", points=(), downtime_s=0.0)
    powers = (Power(host="a", on=False, why=""), Power(host="c", on=True, why=""), Power(host="d", on=True, why=""))
    assert summary(Plan(memory=Memory(), moves=(move,), powers=powers)) == "1 move; c, d on; a to sleep"
    assert summary(Plan(memory=Memory())) == "nothing to do"


@pytest.mark.parametrize(("asked_s", "rests_s"), [(0.0, None), (0.001, 1.0), (60.0, 60.0)])
def test_rounds_never_follow_one_another_without_a_rest(asked_s: float, rests_s: float | None) -> None:
    assert pause_s(asked_s) == rests_s


async def test_a_plan_ends_where_the_mode_is_switched_off() -> None:
    written: list[object] = []

    class Notebook:
        async def write(self, work: object) -> None:
            written.append(work)

    nothing: Any = None
    store: Any = Notebook()
    rounds = Rounds(store, nothing, nothing, nothing, mode=lambda: Mode(mode="off"), shipped=str)
    await rounds._carry_out(Plan(memory=Memory(), powers=(Power(host="n1", on=False, why=""),)), "rules-1")
    assert len(written) == 2  # what was planned, and that it was given up

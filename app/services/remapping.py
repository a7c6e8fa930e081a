"""Rounds of remapping as transactions: what a planner must know, and each step of its plan, checked anew.

A plan is made from what was seen; until its turn comes a step may have become wrong. So each is its own transaction
that looks again, and the first that can not be taken ends the plan: the next round sees what there is then.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import Combination, WrongState
from app.domain.journal import Entry
from app.domain.ports import Unit
from app.rules.explaining import scored
from app.rules.moment import Now
from app.rules.plan import Alert, Move, Power, Restart
from app.rules.remap import State
from app.services import decisions, fencing, moves, power, rulesets
from app.services.fleet import Fleet
from app.services.mapping import Mapping

KIND = "remapping"
POWERSAVE = "POWERSAVE"
_PLACES_ONLY = frozenset({"GREEDY", "ROUNDROBIN"})
_TELLING = frozenset({"fenced", "wanted", "state", "rack", "tags", "cluster", "cpu_ratio", "power"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What is active and what it is to look at."""

    active_id: str
    policy: str
    text: str
    state: State
    now: Now
    cursor: int


def is_news(entry: Entry) -> bool:
    """Tell whether a journal entry is news for rules: another policy, a host that comes, goes or is described anew."""
    if entry.kind == "activation":
        return True
    if entry.kind != "host":
        return False
    return not entry.data or bool(_TELLING & entry.data.keys())


def check_moves(unit: Unit, mode: str) -> None:
    """Combination unless a round could do something."""
    if mode == "off":
        raise Combination('No rounds are held: REMAP_MODE is "off" in eucalyptus.conf')
    if rulesets.active_id(unit) in _PLACES_ONLY:
        raise Combination(f"{rulesets.active_id(unit)} only places new instances: apply rules that say more")


def brief(unit: Unit, fleet: Fleet, shipped: Callable[[str], str]) -> Briefing | None:
    """Return what the next round needs, None if what is active moves nothing; `shipped` reads a file of ours."""
    active_id = rulesets.active_id(unit)
    if active_id in _PLACES_ONLY:
        return None
    active = rulesets.active(unit)
    policy, text = active.policy, active.ruleset.text if active.ruleset else shipped(active.policy.lower())
    return Briefing(
        active_id=active_id,
        policy=policy if active.ruleset else policy.lower(),
        text=text,
        state=fleet.snapshot(unit),
        now=fleet.now(unit),
        cursor=unit.cursor(),
    )


def brief_with(unit: Unit, fleet: Fleet, rules: Callable[[Unit], tuple[str, str]]) -> Briefing:
    """Return what a rehearsal needs; `rules` gives the text and its policy."""
    text, policy = rules(unit)
    state, now = fleet.snapshot(unit), fleet.now(unit)
    return Briefing(active_id="", policy=policy, text=text, state=state, now=now, cursor=unit.cursor())


def begin_move(unit: Unit, mapping: Mapping, active_id: str, move: Move) -> None:
    """Want an instance moved as planned; raises what keeps it from being right any more."""
    _check_active(unit, active_id)
    instance = unit.instances.get(move.vm)
    if instance is None or instance.host != move.source:
        raise WrongState("instance", move.vm, "elsewhere", f"and no longer on {move.source}")
    told = mapping.told(unit, instance, move.target)
    moving = moves.begin(unit, move.vm, move.target, move.why)
    decisions.moved(unit, moving, told, move.why, *scored(move.points))


def begin_restart(unit: Unit, mapping: Mapping, active_id: str, asked: Restart) -> None:
    """Want an instance of a fenced host started elsewhere as planned."""
    _check_active(unit, active_id)
    instance = unit.instances.get(asked.vm)
    if instance is None or instance.host != asked.source:
        raise WrongState("instance", asked.vm, "elsewhere", f"and no longer on {asked.source}")
    told = mapping.told(unit, instance, asked.target)
    anew = fencing.restart(unit, asked.vm, asked.target, asked.why)
    decisions.restarted(unit, anew, asked.source, told, asked.why, *scored(asked.points))
    power.wake_all(unit, (asked.target,), f"{asked.vm} starts there")


def moved(unit: Unit, active_id: str, move: Move) -> bool | None:
    """Tell how a move ended: True, it is there; False, it is not; None, it is under way.

    Raises WrongState if it is under way and another policy is active by now: no need to wait for how it ends.
    """
    instance = unit.instances.get(move.vm)
    if instance is None:
        return False
    if instance.moving_from:
        _check_active(unit, active_id)
        return None
    return instance.host == move.target


def switch(unit: Unit, active_id: str, asked: Power) -> None:
    """Want a host on or asleep as planned."""
    _check_active(unit, active_id)
    change = power.wake if asked.on else power.sleep
    change(unit, asked.host, asked.why)


def alert(unit: Unit, said: Alert) -> None:
    """Tell the operator."""
    unit.note("mapping.alert", KIND, said.about, f"{said.message} ({said.why})")


def _check_active(unit: Unit, active_id: str) -> None:
    now = rulesets.active_id(unit)
    if now != active_id:
        raise WrongState("policy", active_id, "not active", f"any more, {now} is")

"""One round over the running machines: state × policy × memory × time → plan with reasons. Nothing is carried out.

The same engine that places decides here, on a copy of the table that each move changes at once. The order is: machines
of lost hosts, broken rules, hosts to be emptied, gains, hosts to be switched. The traps: `prepare` the policy for
Phase.REMAP; and hand the plan's memory to the next round, or no time is ever long enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.rules.apart import Apart
from app.rules.budget import Budget
from app.rules.company import Member
from app.rules.draft import Draft
from app.rules.emptying import empty
from app.rules.explaining import nowhere
from app.rules.fleet import Fleet
from app.rules.improving import improve
from app.rules.moment import Now, Vm
from app.rules.moving import Moving, Terms
from app.rules.placing import NOBODY
from app.rules.plan import Alert, Key, Memory, Plan, Restart
from app.rules.prepared import Part, Prepared, triggered
from app.rules.repairing import repair
from app.rules.switching import Switching
from app.rules.table import HostTable
from app.rules.tree import Deed
from app.rules.watching import Due, Lookout, Watched, watched

GIGABIT_BPS = 125e6
_SWITCHES = {Deed.POWER_ON, Deed.POWER_OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Hosts and the machines that run on them (each with its row); `pinned` ones never move.

    The table counts these machines in. `apart` are all machines, also at rest, that share no host with others of their
    group. `link_bps` is how many bytes a second a migration sends; `standing` ones stand still for all of it.
    """

    table: HostTable
    vms: Sequence[Vm]
    pinned: frozenset[str] = frozenset()
    standing: frozenset[str] = frozenset()
    apart: Sequence[Member] = ()
    link_bps: float = GIGABIT_BPS


def remap(state: State, policy: Prepared, memory: Memory, now: Now) -> Plan:
    """Plan one round; a policy without `remap every` leaves running machines where they are."""
    if not policy.policy.remap_s:
        return Plan(memory=memory)
    table = state.table.copy()
    fleet = Fleet(table, state.vms)
    lookout = Lookout(table, fleet, now)
    seen = watched(_split(policy.parts, switches=False), lookout, memory)
    observed = watched(policy.observed, lookout, memory)
    draft = Draft(table, fleet, policy, now, Apart(state.apart, table, fleet))
    terms = Terms(state.pinned, state.standing, state.link_bps)
    moving = Moving(draft, lookout, Budget(policy.policy.limits, memory, now.at_s), terms)
    restarts = _restarted(moving, _of(seen, Deed.RESTART))
    repair(moving)
    empty(moving, _of(seen, Deed.EVACUATE))
    improve(moving, _of(seen, Deed.MIGRATE))
    switching = Switching(lookout, policy.tiebreak)
    left = watched(_split(policy.parts, switches=True), lookout, memory)
    switching.switch_on(_of(left, Deed.POWER_ON))
    switching.switch_off(_of(left, Deed.POWER_OFF), triggered(policy, Deed.POWER_ON))
    alerts = _alerts(moving, _of(seen, Deed.ALERT))
    rested = [*moving.rested, *switching.rested]
    return Plan(
        moves=tuple(moving.moves),
        restarts=restarts,
        powers=tuple(switching.powers),
        alerts=alerts,
        refused=(*moving.refused, *switching.refused),
        observed=tuple(f"{each.watch}: {each.key[2]}" for each in observed.due),
        memory=_next(memory, (seen, left, observed), policy, moving, rested),
    )


def _split(parts: Sequence[Part], *, switches: bool) -> tuple[Part, ...]:
    """Leave of some rules the conditions that switch hosts, or the others."""
    return tuple(
        replace(part, watches=tuple(each for each in part.watches if (each.clause.deed in _SWITCHES) is switches))
        for part in parts
    )


def _of(seen: Watched, deed: Deed) -> list[Due]:
    return [each for each in seen.due if each.watch.clause.deed is deed]


def _restarted(moving: Moving, due: Sequence[Due]) -> tuple[Restart, ...]:
    """Place the machines of lost hosts anew; this is no migration, so it needs no budget and no host to come from."""
    draft, found = moving.draft, []
    running = draft.running()
    for each in due:
        for who in draft.fleet.on(each.row) if each.who is None else (each.who,):
            vm = draft.fleet.ids[who]
            if running[each.row]:
                moving.refuse(f"restart {vm}", f"{draft.table.hosts[each.row]} is up and on")
                continue
            placed = draft.move(int(who), running)
            if placed.row == NOBODY:
                moving.refuse(f"restart {vm}", nowhere(placed))
                continue
            source = draft.table.hosts[each.row]
            found.append(
                Restart(vm=vm, source=source, target=placed.host, why=moving.because(each), points=placed.points)
            )
            moving.acted(each)
    draft.settle(0)
    draft.steps.clear()
    return tuple(found)


def _alerts(moving: Moving, due: Sequence[Due]) -> tuple[Alert, ...]:
    for each in due:
        moving.acted(each)
    return tuple(Alert(about=each.key[2], message=each.watch.clause.message, why=moving.because(each)) for each in due)


def _next(
    memory: Memory, seen: Sequence[Watched], policy: Prepared, moving: Moving, rested: Sequence[tuple[str, str]]
) -> Memory:
    now_s = moving.lookout.now.at_s
    cooldowns = {part.rule.name: part.rule.cooldown_s for part in policy.parts}
    rests = {pair: until_s for pair, until_s in memory.rests_until_s.items() if until_s > now_s}
    rests.update({(rule, host): now_s + cooldowns[rule] for rule, host in rested if cooldowns[rule]})
    since: dict[Key, float] = {}
    for each in seen:
        since |= each.since
    return Memory(
        since=since,
        underway=frozenset.union(moving.underway(), *(each.underway for each in seen)),
        rests_until_s=rests,
        moved=moving.budget.moved(),
    )

"""An instance that moves: what both of its hosts show → what to do next. Pure, as `diff`, which does the rest of life.

Nobody knows how far a move got, be it cut short by a kill or unanswered; so every step follows from what is seen.
Running at its new host it has arrived, and what is left behind goes. Living at the old one, it is moved (again), or
stays if the move was refused often enough. The traps: an unanswered call may still come true, so it stays only once
a call was answered; nothing is concluded from a lost host (None): it is waited for unless that keeps somebody; and
a guest that is moved alive stands paused at its new host until the old one has let go of it. So what is off or paused
there has never lived there, and its disks are old, while the old host has it and did not say "migrated". So it is with
one that was saved to be carried over: once the old host has it no more, it belongs to the new one.
"""

from dataclasses import dataclass

from app.domain.files import SAVED
from app.domain.instance import Instance
from app.domain.ports import DomainSeen
from app.domain.states import Seen, Wanted
from app.reconcile.actions import (
    Action,
    Before,
    DeleteDisks,
    Destroy,
    MakeDisks,
    Migrate,
    ReportMoved,
    ReportMoveFailed,
    StageImages,
    Start,
    Undefine,
    Wait,
)
from app.reconcile.diff import LIVE, ROOT, Observed
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory

UNCLEAR_S = 2.0
_NEVER_RAN = frozenset({"defined", "unknown", ""})  # hypervisors' words for a domain that is off and never was on
_NEVER_CAME = frozenset({"failed", "destroyed", "crashed"})  # and for one whose coming was cut short, or that ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """What the host that an instance comes from shows, looked at first, and then the one it goes to; None: lost.

    `given_up`: the lost one it comes from is to leave the cloud.
    """

    source: Observed | None
    target: Observed | None
    given_up: bool = False

    @property
    def known(self) -> bool:
        """Whether `domain` says something: nothing on one host means nothing while the other is lost."""
        return self.domain is not None or (self.source is not None and self.target is not None)

    @property
    def domain(self) -> DomainSeen | None:
        """The domain that counts: the one that runs, else what is left of it where it was, else where it goes."""
        found = [side for side in (self.source, self.target) if side is not None and side.domain is not None]
        counts = next((side for side in found if side.lives), found[0] if found else None)
        return None if counts is None else counts.domain


def move(instance: Instance, both: Both, memory: Memory, limits: Limits, now_s: float) -> list[Action]:
    """List what brings a move nearer to its end; empty: nothing can be done before a lost host is back."""
    source, target = both.source, both.target
    runs_there = target is not None and target.seen is Seen.RUNNING
    if source is not None and source.seen in LIVE:
        return _bring_over(instance, source, target, memory, limits)
    if source is not None and (source.stands_still or memory.move_under_way) and not runs_there:
        return _carry_over(instance, source, target, memory, limits)
    if source is None and (instance.wanted is not Wanted.RUNNING or both.given_up):
        return ([*_forget(target)] or [ReportMoved()]) if target is not None and runs_there else []
    if source is None or target is None:
        return []
    if target.seen in LIVE:
        return _came_in(instance, source, target)
    return _off(instance, source, target, memory, limits, now_s)


def _bring_over(
    instance: Instance, source: Observed, target: Observed | None, memory: Memory, limits: Limits
) -> list[Action]:
    """Move what lives here."""
    if instance.wanted is Wanted.TERMINATED and target is not None:
        return [Before(action=Destroy())]
    if target is not None and target.seen is Seen.RUNNING:
        return [Wait(seconds=UNCLEAR_S)]  # just being handed over
    if _given_up(instance, memory, limits) and not source.in_transit:
        return _stays(source, target, memory.move_error)
    made_ready = memory.move_under_way or _refused(instance, memory, limits)
    if made_ready or source.in_transit or target is None or target.in_transit:
        return [Migrate()]
    return [StageImages(), MakeDisks(), Migrate()]


def _carry_over(
    instance: Instance, source: Observed, target: Observed | None, memory: Memory, limits: Limits
) -> list[Action]:
    """It was saved here; it is carried over, or goes on here if that was refused often enough, or was tried already."""
    if memory.move_under_way:
        return [Migrate()]
    if instance.wanted is Wanted.TERMINATED:
        return _stays(source, target, "the instance is to be ended")
    if source.saved and not _given_up(instance, memory, limits):
        return [Migrate()]
    return [*_left(source, target)] or [Before(action=Start())]


def _refused(instance: Instance, memory: Memory, limits: Limits) -> bool:
    """Tell whether it was refused often enough; whoever wants it stopped waits for one refusal only."""
    return memory.move_failures >= (limits.move_attempts if instance.wanted is Wanted.RUNNING else 1)


def _given_up(instance: Instance, memory: Memory, limits: Limits) -> bool:
    """Tell whether it stays: refused often enough, and no call that may still come true is unanswered."""
    return _refused(instance, memory, limits) and memory.move_answered and not memory.move_under_way


def _came_in(instance: Instance, source: Observed, target: Observed) -> list[Action]:
    """It lives here no more, but there: it has arrived, or still has to be let run, or is ended by its host."""
    if target.in_transit:
        return [Wait(seconds=UNCLEAR_S)]
    let_go = _let_go(source)
    if target.seen is Seen.RUNNING or (let_go and instance.wanted is Wanted.TERMINATED):
        return _arrived(source, target)
    return [Start()] if let_go else _stays(source, target, "it does not run any more")


def _off(
    instance: Instance, source: Observed, target: Observed, memory: Memory, limits: Limits, now_s: float
) -> list[Action]:
    """It runs on neither host: find out where it ceased to."""
    cut = source.reason == "destroyed" and not target.saved
    if target.domain is not None and (cut or _let_go(source)):
        to_go_on = instance.wanted is Wanted.RUNNING or (instance.wanted is Wanted.STOPPED and target.saved)
        if target.domain.reason in _NEVER_RAN and to_go_on and not _refused(instance, memory, limits):
            return [Start()]  # a move of several steps was cut short before the last
        if not cut or target.domain.reason not in _NEVER_RAN | _NEVER_CAME:
            return _arrived(source, target)
    left_s = limits.power_off_confirm_s - memory.off_for(now_s)
    if source.blinks and source.seen is Seen.OFF and left_s > 0:
        return [Wait(seconds=left_s)]
    return _stays(source, target, "it does not run any more")


def _let_go(source: Observed) -> bool:
    """Tell whether the old host itself gave it away."""
    return source.domain is None or source.reason == "migrated"


def _arrived(source: Observed, target: Observed) -> list[Action]:
    """It is on its new host for good."""
    return [Before(action=action) for action in _clean(source, target)] or [*_forget(target)] or [ReportMoved()]


def _stays(source: Observed, target: Observed | None, reason: str) -> list[Action]:
    forgotten = [Before(action=action) for action in _forget(source)]
    return [*_left(source, target)] or [*forgotten] or [ReportMoveFailed(reason=reason)]


def _left(source: Observed, target: Observed | None) -> list[DeleteDisks | Undefine]:
    """Take off what was to become of it elsewhere."""
    return [] if target is None else _clean(target, source)


def _forget(side: Observed) -> list[DeleteDisks]:
    """Delete the memory that it does not need any more."""
    names = tuple(sorted(name for name in side.volumes or () if SAVED in name))
    return [DeleteDisks(names=names)] if names else []


def _clean(side: Observed, other: Observed) -> list[DeleteDisks | Undefine]:
    """Take it off a host; but disks that may be all there is of it are nobody's to delete. The definition goes last.

    Its end is asked for even where it is gone: what else hangs on it, such as the log of its console, goes with it.
    """
    actions: list[DeleteDisks | Undefine] = []
    if side.volumes and any(name.endswith(ROOT) for name in other.volumes or ()):
        actions.append(DeleteDisks(names=tuple(sorted(side.volumes))))
    return [*actions, Undefine()] if actions or side.domain is not None else []

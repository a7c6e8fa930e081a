"""An instance that moves: what both of its hosts show → what to do next. Pure, as `diff`, which does the rest of life.

Nobody knows how far a move got, be it cut short by a kill or unanswered; so every step follows from what is seen.
Running at its new host it has arrived, and what is left behind goes. Running at the old one, it is moved (again), or
stays if the move was refused often enough. The traps: an unanswered call may still come true, so it stays only once
a call was answered; nothing is concluded from a lost host (None): it is waited for unless that keeps somebody; and
on its way a guest is paused at both ends, which is neither running here nor there.
"""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """What the host that an instance comes from shows, looked at first, and then the one it goes to; None: lost.

    `given_up`: the lost one it comes from is to leave the cloud. `fenced`: the lost one it goes to is switched off.
    """

    source: Observed | None
    target: Observed | None
    given_up: bool = False
    fenced: bool = False

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
    if source is not None and source.in_transit:
        return _sent(instance, source, both)
    if source is not None and source.lives:
        return _bring_over(instance, source, target, memory, limits)
    if source is None and (instance.wanted is not Wanted.RUNNING or both.given_up):
        return [ReportMoved()] if target is not None and target.seen is Seen.RUNNING else []
    if source is None or target is None:
        return []
    if target.seen in LIVE:
        return _came_in(source, target)
    return _off(instance, source, target, limits.power_off_confirm_s - memory.off_for(now_s))


def _off(instance: Instance, source: Observed, target: Observed, left_s: float) -> list[Action]:
    """It runs on neither host: find out where it ceased to."""
    if target.domain is not None and target.domain.reason not in _NEVER_RAN:
        return _arrived(source, target)
    if instance.wanted is Wanted.RUNNING and _half_way(source, target):
        return [Start()]
    if source.blinks and source.seen is Seen.OFF and left_s > 0:
        return [Wait(seconds=left_s)]
    return _stays(source, target, "it does not run any more")


def _sent(instance: Instance, source: Observed, both: Both) -> list[Action]:
    """All of it was sent, and it stands still here. Whatever there is of it there has lived; else it goes on here."""
    target = both.target
    if target is None and not both.fenced:
        return []
    if target is not None and target.domain is not None:
        return _came_in(source, target)
    return [Before(action=Destroy() if instance.wanted is Wanted.TERMINATED else Start())]


def _bring_over(
    instance: Instance, source: Observed, target: Observed | None, memory: Memory, limits: Limits
) -> list[Action]:
    """Move what runs; whoever wants it stopped waits for that, or for the first refusal."""
    if target is not None and target.lives:
        return [Wait(seconds=UNCLEAR_S)]  # just being handed over
    if instance.wanted is Wanted.TERMINATED and target is not None:
        return [Before(action=Destroy())]
    most = limits.move_attempts if instance.wanted is Wanted.RUNNING else 1
    if memory.move_failures < most and target is not None and not target.in_transit:
        return [StageImages(), MakeDisks(), Migrate()]
    if memory.move_failures < most or not memory.move_answered:
        return [Migrate()]
    return _stays(source, target, memory.move_error)


def _half_way(source: Observed, target: Observed) -> bool:
    """Tell whether a move that takes several steps was cut short after its power was cut here, before it started there.

    A guest that switched itself off meanwhile is off for another reason.
    """
    return target.domain is not None and (source.domain is None or source.domain.reason == "destroyed")


def _came_in(source: Observed, target: Observed) -> list[Action]:
    """It has arrived, or its host ends it in a moment, since nobody sends it any more."""
    return [Wait(seconds=UNCLEAR_S)] if target.in_transit else _arrived(source, target)


def _arrived(source: Observed, target: Observed) -> list[Action]:
    """It is on its new host for good."""
    return [Before(action=action) for action in _clean(source, target)] or [ReportMoved()]


def _stays(source: Observed, target: Observed | None, reason: str) -> list[Action]:
    left = [] if target is None else _clean(target, source)
    return [*left] or [ReportMoveFailed(reason=reason)]


def _clean(side: Observed, other: Observed) -> list[DeleteDisks | Undefine]:
    """Take it off a host; but disks that may be all there is of it are nobody's to delete. The definition goes last.

    Its end is asked for even where it is gone: what else hangs on it, such as the log of its console, goes with it.
    """
    actions: list[DeleteDisks | Undefine] = []
    if side.volumes and any(name.endswith(ROOT) for name in other.volumes or ()):
        actions.append(DeleteDisks(names=tuple(sorted(side.volumes))))
    return [*actions, Undefine()] if actions or side.domain is not None else []

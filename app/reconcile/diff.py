"""Wanted × seen → what to do next. Pure: time and what the loop remembers come in as values.

The safety of the whole cloud stands here, and the laws in `tests/laws/test_reconcile_diff.py` hold it:
power is never cut while RUNNING is wanted (but for a reboot, and for its disk to be read), nothing starts unless
RUNNING is wanted, no disk goes unless TERMINATED is wanted. A host that did not answer never gets here.
"""

from dataclasses import dataclass

from app.domain.files import SAVED, TRIED
from app.domain.instance import Instance
from app.domain.ports import DomainSeen
from app.domain.states import Seen, Wanted
from app.domain.transit import in_transit
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
    StageImages,
    Start,
    Undefine,
    Wait,
)
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory

ROOT = ".root"
SHUT_DOWN = "shutdown"  # hypervisors' word for a guest that switched itself off
WAS_SAVED = frozenset({"saved", "unknown", ""})  # for one that was saved; libvirt forgets that when it restarts
LIVE = frozenset({Seen.RUNNING, Seen.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a host that answered shows of one instance; `volumes` (its own ones by name) None: not asked for.

    `forgets`: a rehearsal host, whose disks hold nothing. `blinks`: a rebooting domain shows as off (Xen).
    """

    domain: DomainSeen | None
    volumes: frozenset[str] | None = None
    forgets: bool = False
    blinks: bool = False

    @property
    def seen(self) -> Seen:
        return Seen.NOTHING if self.domain is None else self.domain.state

    @property
    def reason(self) -> str:
        """Why it is as it is, in the hypervisor's words."""
        return "" if self.domain is None else self.domain.reason

    @property
    def in_transit(self) -> bool:
        """Whether it stands still between two hosts: sent away from this one, or still coming in here."""
        return self.domain is not None and in_transit(self.domain.state, self.domain.reason)

    @property
    def stands_still(self) -> bool:
        """Whether it was saved there, and has not lived since; `saved`: and can go on from that."""
        saved = any(name.endswith((SAVED, TRIED)) for name in self.volumes or ())
        return saved and self.seen is Seen.OFF and self.reason in WAS_SAVED

    @property
    def saved(self) -> bool:
        return self.stands_still and not any(name.endswith(TRIED) for name in self.volumes or ())

    @property
    def lives(self) -> bool:
        """Whether it is on, and not only about to be."""
        return self.seen in LIVE and not self.in_transit


def needs_volumes(instance: Instance, domain: DomainSeen | None, *, forgets: bool) -> bool:
    """Tell whether the decision depends on the instance's volumes, so that they are listed only then."""
    if instance.wanted is Wanted.TERMINATED:
        return not instance.removed or domain is not None
    live = domain is not None and domain.state in LIVE
    return instance.wanted is Wanted.RUNNING and not live and instance.launched > 0 and not forgets


def diff(instance: Instance, observed: Observed, memory: Memory, limits: Limits, now_s: float) -> list[Action]:
    """List what brings the instance nearer to what is wanted; empty: it is settled."""
    if instance.wanted is Wanted.TERMINATED:
        return _end(instance, observed)
    if instance.to_be_off:
        return _rest(instance, observed, memory, limits, now_s)
    if observed.seen in LIVE:
        return _keep(instance, observed, memory, limits, now_s)
    return _bring_up(instance, observed, memory, limits, now_s)


def _end(instance: Instance, observed: Observed) -> list[Action]:
    """The definition goes last: as long as it is there, the sweep finds what else is left."""
    actions: list[Action] = []
    if observed.domain is not None and observed.domain.state is not Seen.OFF:
        actions.append(Destroy())
    if observed.volumes:
        actions.append(DeleteDisks(names=tuple(sorted(observed.volumes))))
    if observed.domain is not None:
        actions.append(Undefine())
    if actions or instance.removed:
        return actions
    if observed.volumes is None:
        return [Wait(seconds=0)]
    return [Mark(seen=Seen.NOTHING, removed=True)]


def _rest(instance: Instance, observed: Observed, memory: Memory, limits: Limits, now_s: float) -> list[Action]:
    back_soon = observed.blinks and observed.seen is Seen.OFF  # perhaps: it is called stopped once it is gone
    marks = [] if back_soon else _marks(instance, observed)
    match observed.seen:
        case Seen.NOTHING:
            return marks
        case Seen.OFF:
            return [*marks, Undefine()]
        case Seen.CRASHED | Seen.PAUSED:  # a crashed one that is off stays crashed however often it is destroyed
            return [*marks, Destroy(), Undefine()]
    if instance.forced or memory.shutdown_refused:
        return [*marks, Destroy()]
    if memory.shutdown_asked_s is None:
        return [*marks, AskShutdown(), Wait(seconds=limits.shutdown_grace_s)]
    left_s = memory.shutdown_asked_s + limits.shutdown_grace_s - now_s
    return [*marks, Wait(seconds=left_s) if left_s > 0 else Destroy()]


def _keep(instance: Instance, observed: Observed, memory: Memory, limits: Limits, now_s: float) -> list[Action]:
    """A domain that lives while it is wanted is adopted, whichever launch it came from."""
    marks, number = _marks(instance, observed), instance.reboots
    if number <= instance.rebooted:
        return marks
    if memory.reboot_done >= number or instance.launched < instance.launches:
        return [Mark(seen=observed.seen, launched=instance.launches, rebooted=number)]
    if memory.reboot_asked < number:
        return [*marks, AskReboot(number=number), Wait(seconds=limits.reboot_grace_s)]
    left_s = memory.reboot_asked_s + limits.reboot_grace_s - now_s
    if memory.reboot_refused or left_s <= 0:
        return [*marks, Reset(number=number)]
    return [*marks, Wait(seconds=left_s)]


def _bring_up(instance: Instance, observed: Observed, memory: Memory, limits: Limits, now_s: float) -> list[Action]:
    if instance.launched < instance.launches:
        return [*_marks(instance, observed), *_launch(instance, observed, limits)]
    left_s = limits.power_off_confirm_s - memory.off_for(now_s)
    if observed.blinks and left_s > 0:
        return [Wait(seconds=left_s)]
    marks = _marks(instance, observed)
    if observed.domain is None:
        return [*marks, *_launch(instance, observed, limits)]
    if instance.reboots > instance.rebooted:
        return [*marks, _given_up(instance, limits) or Start(reboot=instance.reboots)]
    if instance.seen is Seen.NOTHING and observed.seen is Seen.OFF:
        return _launch(
            instance, observed, limits
        )  # made anew after it was lost, not started yet: nobody switched it off
    return [*marks, _ended(instance, observed)]


def _ended(instance: Instance, observed: Observed) -> Action:
    """Tell what became of a guest that runs no more."""
    if observed.seen is Seen.CRASHED:
        return GiveUp(launch=instance.launches, reason="the guest crashed")
    by_guest = observed.domain is not None and observed.domain.reason == SHUT_DOWN
    return ReportPowerOff(launch=instance.launches, by_guest=by_guest)


def _launch(instance: Instance, observed: Observed, limits: Limits) -> list[Action]:
    """Try, or give up: only here, where a look has just shown that it does not run after all."""
    launch = instance.launches
    if _lost_disks(instance, observed):
        lost = "domain and disks" if observed.domain is None and instance.launched == launch else "disks"
        return [GiveUp(launch=launch, reason=f"the host lost the instance's {lost}")]
    given_up = _given_up(instance, limits)
    return [given_up] if given_up else [StageImages(), MakeDisks(), Define(launch=launch), Start()]


def _given_up(instance: Instance, limits: Limits) -> GiveUp | None:
    if instance.attempts < limits.attempts:
        return None
    tries = f"after {instance.attempts} attempts on {instance.host}"
    return GiveUp(launch=instance.launches, reason=f"the instance could not be started {tries}: {instance.last_error}")


def _lost_disks(instance: Instance, observed: Observed) -> bool:
    """An instance that ran before must find its disk again: a fresh one would hide that its data are gone."""
    fresh = instance.launched < max(1, instance.disks_from)
    if observed.forgets or fresh or observed.volumes is None:
        return False
    return instance.id + ROOT not in observed.volumes


def _marks(instance: Instance, observed: Observed) -> list[Action]:
    up = instance.wanted is Wanted.RUNNING and observed.seen in LIVE
    launched = instance.launches if up and instance.launched != instance.launches else None
    if instance.seen is observed.seen and launched is None and not instance.impaired_since_ms:
        return []
    return [Mark(seen=observed.seen, launched=launched)]

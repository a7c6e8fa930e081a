"""What each kind of job does to one target, and how it is known that it has been done.

A step asks a service for what is wanted, as anybody could; its end is what was seen. The trap: a step may be asked
whether it ended long after, by another server than began it, so it knows nothing but rows and the mark it left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.domain.account import Caller, Role
from app.domain.errors import Combination
from app.domain.instance import Instance
from app.domain.job import Job, JobKind, JobTarget
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, InstanceState, Power, PowerWanted, Wanted
from app.services import decisions, evacuation, hanging, hosts, instances, moves, power, tags
from app.services import mapping as mappings

INSTANCE, HOST = "instance", "host"
HANGING = "hanging"
"""The name by which the version of what hung on a target is expected."""
ENDED = (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED)
# Of what may have changed since somebody confirmed, this is alike: one that was coming up and is there now.
_ALIKE = {
    "pending": "running",
    "stopping": "stopped",
    "shutting-down": "terminated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """On whose behalf a step is taken, and what chooses hosts."""

    caller: Caller
    mapping: mappings.Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a target ended; `why` is empty where there is nothing to say."""

    good: bool
    why: str = ""
    stays: bool = False


DONE = Outcome(good=True)
Begin = Callable[[Unit, Doer, Job, JobTarget], str]
Ended = Callable[[Unit, JobTarget], Outcome | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`begin` returns the mark by which `ended` (None: not yet) knows the end; `instant`: done as soon as asked."""

    resource: str
    at_once: int
    begin: Begin
    ended: Ended = lambda unit, target: DONE
    role: Role = Role.OPERATOR
    instant: bool = False


def changed(unit: Unit, resource: str, target: str, expected: Mapping[str, str]) -> str:
    """Say what is not as it was confirmed; empty if all is."""
    plain = {name: was for name, was in expected.items() if name != HANGING}
    why = difference(plain, facts(unit, resource, target))
    return why or (hanging.changed(unit, resource, target, expected[HANGING]) if HANGING in expected else "")


def facts(unit: Unit, resource: str, target: str) -> dict[str, str]:
    """Say what a target is like, by the names that may be confirmed; nothing if it is no more."""
    if resource == HOST:
        host = unit.hosts.get(target)
        if host is None:
            return {}
        held = unit.counts().get(target, 0)
        return {"state": host.state, "wanted": host.wanted, "power": host.power, "instances": str(held)}
    instance = unit.instances.get(target)
    if instance is None or instance.hidden(unit.now_ms):
        return {}
    named = tags.by_resource(unit, [target]).get(target, {})
    return {"state": instance.state, "host": instance.host, "vmtype": instance.vmtype, "name": named.get("Name", "")}


def difference(expected: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say which fact is not as it was confirmed; empty if all are."""
    if not now:
        return "it is no more"
    for name, was in expected.items():
        if _ALIKE.get(now[name], now[name]) != _ALIKE.get(was, was):
            return f"its {name} is {now[name] or 'empty'} now, and was {was or 'empty'} when this was confirmed"
    return ""


# --- instances


def _terminate(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    instances.terminate(unit, doer.caller, [target.target])
    return ""


def _terminated(unit: Unit, target: JobTarget) -> Outcome | None:
    instance = unit.instances.get(target.target)
    return DONE if instance is None or instance.state is InstanceState.TERMINATED else None


def _stop(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    instances.stop(unit, doer.caller, [target.target])
    return ""


def _stopped(unit: Unit, target: JobTarget) -> Outcome | None:
    instance = unit.instances.get(target.target)
    if instance is None or instance.wanted is not Wanted.STOPPED:
        return _otherwise(instance)
    return DONE if instance.state is InstanceState.STOPPED else None


def _start(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    instances.start(unit, doer.caller, [target.target], doer.mapping)
    return ""


def _started(unit: Unit, target: JobTarget) -> Outcome | None:
    instance = unit.instances.get(target.target)
    if instance is None or instance.wanted is not Wanted.RUNNING:
        return _otherwise(instance)
    return DONE if instance.state is InstanceState.RUNNING else None


def _reboot(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    (change,) = instances.reboot(unit, doer.caller, [target.target])
    return str(change.instance.reboots)


def _rebooted(unit: Unit, target: JobTarget) -> Outcome | None:
    instance = unit.instances.get(target.target)
    if instance is None or instance.wanted is not Wanted.RUNNING:
        return _otherwise(instance)
    return DONE if instance.rebooted >= int(target.mark) else None


def _otherwise(instance: Instance | None) -> Outcome:
    if instance is None:
        return Outcome(good=False, why="it is no more")
    return Outcome(good=False, why=f"it is {instance.state}: {instance.state_reason or 'somebody asked otherwise'}")


# --- moves


def _move(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    instance = instances.get(unit, target.target)
    there = job.argument or evacuation.elsewhere(unit, instance, doer.mapping)
    if instance.host != there:
        _go(unit, doer, instance, there)
    return there


def _moved(unit: Unit, target: JobTarget) -> Outcome | None:
    instance = unit.instances.get(target.target)
    if instance is None or instance.wanted is not Wanted.RUNNING:
        return _otherwise(instance)
    if instance.moving_from:
        return None
    return DONE if instance.host == target.mark else _stayed(unit, instance)


def _leave(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    """Move an instance off the host that the target's mark names, unless rules were faster."""
    origin, instance = target.mark, unit.instances.get(target.target)
    if instance is None or instance.state in ENDED or origin not in instance.hosts or instance.moving_from == origin:
        return origin
    if instance.wanted is Wanted.STOPPED:
        return origin
    if hosts.get(unit, origin).wanted is HostWanted.ENABLED:
        raise Combination(f"{origin} takes instances again")
    _go(unit, doer, instance, evacuation.elsewhere(unit, instance, doer.mapping))
    return origin


def _left(unit: Unit, target: JobTarget) -> Outcome | None:
    instance = unit.instances.get(target.target)
    if instance is None or instance.state in ENDED:
        return DONE if instance is None or instance.removed else None
    if target.mark not in instance.hosts:
        return Outcome(good=True, why=f"it is on {instance.host}")
    if instance.moving_from:
        return None
    if instance.wanted is not Wanted.STOPPED:
        return _stayed(unit, instance)
    why = f"it is stopped, and its disk is on {target.mark}"
    return Outcome(good=True, stays=True, why=why) if instance.state is InstanceState.STOPPED else None


def _go(unit: Unit, doer: Doer, instance: Instance, there: str) -> None:
    why = f"asked by {doer.caller.user_name}"
    decisions.moved_by_hand(unit, moves.begin(unit, instance.id, there, why), why)


def _stayed(unit: Unit, instance: Instance) -> Outcome:
    reasons = [decision.reasons for decision in unit.decisions.of(instance.id)][-1:]
    return Outcome(good=False, why=" ".join(*reasons) or f"it is still on {instance.host}")


# --- hosts


def _drain(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    if target.resource == INSTANCE:
        return _leave(unit, doer, job, target)
    hosts.drain(unit, target.target)
    return ""


def _undrain(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    hosts.undrain(unit, target.target)
    return ""


def _sleep(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    power.sleep(unit, target.target, f"asked by {doer.caller.user_name}")
    return ""


def _asleep(unit: Unit, target: JobTarget) -> Outcome | None:
    host = unit.hosts.get(target.target)
    if host is None or host.power_wanted is PowerWanted.ON:
        return Outcome(good=False, why=(host and host.power_error) or "it stays on")
    return DONE if host.power is Power.ASLEEP else None


def _wake(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    power.wake(unit, target.target, f"asked by {doer.caller.user_name}")
    return ""


def _awake(unit: Unit, target: JobTarget) -> Outcome | None:
    host = unit.hosts.get(target.target)
    if host is None or host.power_wanted is PowerWanted.ASLEEP:
        return Outcome(good=False, why="somebody asked otherwise")
    return DONE if host.power is Power.ON and host.state is HostState.UP else None


def _remove(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> str:
    hosts.remove(unit, target.target)
    return ""


def _gone(unit: Unit, target: JobTarget) -> Outcome | None:
    host = unit.hosts.get(target.target)
    if host is None:
        return DONE
    return None if host.wanted is HostWanted.REMOVED else Outcome(good=False, why="it was taken back")


_INSTANCES = Step(resource=INSTANCE, at_once=20, begin=_terminate, ended=_terminated)
_HOSTS = Step(resource=HOST, at_once=5, begin=_wake, ended=_awake)
STEPS: dict[JobKind, Step] = {
    JobKind.TERMINATE: _INSTANCES,
    JobKind.STOP: replace(_INSTANCES, at_once=10, begin=_stop, ended=_stopped),
    JobKind.START: replace(_INSTANCES, at_once=10, begin=_start, ended=_started),
    JobKind.REBOOT: replace(_INSTANCES, at_once=10, begin=_reboot, ended=_rebooted),
    JobKind.MOVE: replace(_INSTANCES, at_once=2, begin=_move, ended=_moved),
    JobKind.DRAIN: Step(resource=HOST, at_once=2, begin=_drain, ended=_left, instant=True),
    JobKind.UNDRAIN: Step(resource=HOST, at_once=5, begin=_undrain, instant=True),
    JobKind.SLEEP: replace(_HOSTS, begin=_sleep, ended=_asleep),
    JobKind.WAKE: _HOSTS,
    JobKind.REMOVE: replace(_HOSTS, begin=_remove, ended=_gone, role=Role.ADMIN),
}

"""Jobs as operators ask for them: started, paused, cancelled, tried again; `job_turns.py` carries them out.

What needs no time, as draining a host, is done in the transaction that writes the job down. The trap: what was
confirmed counts, so targets are checked when they are named and again when their turn comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.api.jobs import JobTargetAsked
from app.domain import ids
from app.domain.account import Caller, Role
from app.domain.errors import CloudError, Invalid, Missing, OverLimit, Unknown, WrongState
from app.domain.job import Job, JobKind, JobTarget, JobWish, TargetState
from app.domain.ports import Entropy, Unit
from app.services import hosts, job_turns
from app.services.access import need_role
from app.services.job_steps import DONE, HANGING, HOST, INSTANCE, STEPS, Doer, Outcome, changed, facts

MOST_TARGETS = 10_000
MOST_AT_ONCE = 100
DROPPED_AT_ONCE = 20
MOST_NAMED = 20
_FIELDS = {
    INSTANCE: ("state", "host", "vmtype", "name", HANGING),
    HOST: ("state", "wanted", "power", "instances", HANGING),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A job as somebody asks for it, before it is checked."""

    kind: str
    targets: Sequence[JobTargetAsked]
    argument: str = ""
    at_once: int = 0
    command: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A target as it is expected to be, and in what it differs already."""

    expected: dict[str, str]
    changed: str


def start(unit: Unit, doer: Doer, asked: Asked, entropy: Entropy) -> Job:
    """Write down a job, and do at once what needs no time; Missing if none of the targets is there."""
    kind = _kind(asked.kind)
    step = STEPS[kind]
    need_role(doer.caller, step.role, f"{kind} {step.resource}")
    wanted = _checked(unit, kind, asked)
    job = Job(
        id=ids.mint("job", entropy(ids.ENTROPY_BYTES)),
        kind=kind,
        title=_title(kind, list(wanted), asked.argument),
        argument=asked.argument,
        account_id=doer.caller.account_id,
        user_id=doer.caller.user_id,
        who=doer.caller.user_name,
        role=doer.caller.role or Role.OPERATOR,
        source=asked.source,
        command=asked.command,
        at_once=asked.at_once or step.at_once,
        total=len(wanted),
        created_at_ms=unit.now_ms,
    )
    unit.jobs.add(job, event="job.started", text=f"{job.title}, asked by {job.who}")
    for position, (given, named) in enumerate(wanted.items()):
        target = JobTarget(
            job_id=job.id, target=given, position=position, resource=step.resource, expected=named.expected
        )
        unit.job_targets.add(target)
        if named.changed:
            job = job_turns.turn(unit, job, job_turns.over(unit, target, TargetState.CHANGED, named.changed))
        elif step.instant:
            job = _at_once(unit, doer, job, target)
    return job_turns.put(unit, job, "progressed")


def resource_of(kind: str) -> str:
    """Name what a kind of job is done to, instance or host; empty for a kind that there is not."""
    return STEPS[JobKind(kind)].resource if kind in list(JobKind) else ""


def targets_of(unit: Unit, job: Job) -> list[JobTarget]:
    """List the targets of a job in the order they were named."""
    return sorted(unit.job_targets.where(job_id=job.id), key=lambda row: row.position)


def cancel(unit: Unit, caller: Caller, job_id: str) -> Job:
    """Begin nothing more of a job; what is under way ends as it will. Cancelling twice does no harm."""
    job = _changeable(unit, caller, job_id)
    if job.wish is JobWish.CANCEL:
        return job
    job = replace(job, wish=JobWish.CANCEL)
    for target in unit.job_targets.where(job_id=job.id, state=TargetState.WAITING):
        job = job_turns.turn(unit, job, replace(target, state=TargetState.CANCELLED, ended_at_ms=unit.now_ms))
    return job_turns.put(unit, job, "cancelled", f"by {caller.user_name}")


def pause(unit: Unit, caller: Caller, job_id: str) -> Job:
    """Begin nothing more of a job until it is resumed."""
    job = _changeable(unit, caller, job_id)
    _check_wish(job)
    return job_turns.put(unit, replace(job, wish=JobWish.PAUSE), "paused", f"by {caller.user_name}")


def resume(unit: Unit, caller: Caller, job_id: str) -> Job:
    """Go on with a paused job."""
    job = _changeable(unit, caller, job_id)
    _check_wish(job)
    return job_turns.put(unit, replace(job, wish=JobWish.RUN), "resumed", f"by {caller.user_name}")


def retry(unit: Unit, caller: Caller, job_id: str) -> Job:
    """Try again what failed, and nothing else: what had changed must be confirmed anew."""
    job = job_turns.get(unit, job_id)
    need_role(caller, STEPS[job.kind].role, job.kind)
    failed = unit.job_targets.where(job_id=job.id, state=TargetState.FAILED)
    if not failed:
        raise WrongState("job", job.id, job.state, "and none of its targets failed")
    job = replace(job, wish=JobWish.RUN, ended_at_ms=0, told="")
    for target in failed:
        job = job_turns.turn(
            unit, job, replace(target, state=TargetState.WAITING, detail="", began_at_ms=0, ended_at_ms=0)
        )
    return job_turns.put(unit, job, "retried", f"by {caller.user_name}")


def drop_old(unit: Unit, kept_ms: int) -> int:
    """Remove some of the jobs that ended longer ago than that; return how many."""
    old = [job for job in unit.jobs.where() if job.ended_at_ms and unit.now_ms - job.ended_at_ms > kept_ms]
    for job in old[:DROPPED_AT_ONCE]:
        for target in unit.job_targets.where(job_id=job.id):
            unit.job_targets.remove(target)
        unit.jobs.remove(job)
    return len(old[:DROPPED_AT_ONCE])


# --- starting


def _at_once(unit: Unit, doer: Doer, job: Job, target: JobTarget) -> Job:
    """Do what needs no time; a host that is drained brings the instances on it in as targets."""
    try:
        STEPS[job.kind].begin(unit, doer, job, target)
    except CloudError as error:
        return job_turns.end(unit, job, target, Outcome(good=False, why=str(error)))
    job = job_turns.end(unit, job, target, DONE)
    return job_turns.with_carried(unit, job, target.target) if job.kind is JobKind.DRAIN else job


def _kind(given: str) -> JobKind:
    if given not in list(JobKind):
        raise Invalid("kind", given[:40], f"Choose one of {', '.join(JobKind)}.")
    return JobKind(given)


def _checked(unit: Unit, kind: JobKind, asked: Asked) -> dict[str, _Named]:
    """Return the targets by their ids, each once; Missing if none of them is there."""
    if not 1 <= len(asked.targets) <= MOST_TARGETS:
        raise OverLimit("targets per job (and at least 1)", len(asked.targets), MOST_TARGETS)
    if not 0 <= asked.at_once <= MOST_AT_ONCE:
        raise Invalid("at_once", asked.at_once, f"It is a number from 1 to {MOST_AT_ONCE}, or 0 for what is usual.")
    if asked.argument and kind is not JobKind.MOVE:
        raise Invalid("argument", asked.argument[:80], f"A job of kind {kind} takes none.")
    if asked.argument:
        hosts.get(unit, asked.argument)
    found, there = _named(unit, STEPS[kind].resource, asked.targets)
    if not there:
        raise Missing(STEPS[kind].resource, *list(found)[:MOST_NAMED])
    return found


def _named(unit: Unit, resource: str, targets: Sequence[JobTargetAsked]) -> tuple[dict[str, _Named], bool]:
    """Look at what was named as it is now; tell too whether any of it is there."""
    found, there = dict[str, _Named](), False
    for target in targets:
        for name in target.expected:
            if name not in _FIELDS[resource]:
                raise Unknown(f"field expected of {target.id[:80]}:", name[:40], " or ".join(_FIELDS[resource]))
        given = ids.parse(target.id, INSTANCE) if resource == INSTANCE else target.id
        now = facts(unit, resource, given)
        expected = dict(target.expected) or {"state": now.get("state", "")}
        found[given] = _Named(expected=expected, changed=changed(unit, resource, given, expected))
        there = there or bool(now)
    return found, there


def _title(kind: JobKind, given: list[str], argument: str) -> str:
    what = given[0] if len(given) == 1 else f"{len(given)} {STEPS[kind].resource}s"
    return f"{kind} {what}" + (f" to {argument}" if argument else "")


# --- checks


def _changeable(unit: Unit, caller: Caller, job_id: str) -> Job:
    job = job_turns.get(unit, job_id)
    need_role(caller, STEPS[job.kind].role, job.kind)
    if job.ended_at_ms:
        raise WrongState("job", job.id, job.state, "and has ended")
    return job


def _check_wish(job: Job) -> None:
    if job.wish is JobWish.CANCEL:
        raise WrongState("job", job.id, job.state, "and does not begin anything more")

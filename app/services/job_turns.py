"""How a job and its targets turn: what is due, taking a step, taking note of an end.

Each call is part of one transaction. A target's step and the note that it has begun are the same one, so that a kill
anywhere leaves nothing that would be done twice. The trap: the counts of a job are those of its targets, so `turn`
alone writes the state of a target, and whoever calls it ends with `put`.
"""

from dataclasses import dataclass, replace

from app.domain.errors import Forbidden, Missing
from app.domain.job import Job, JobKind, JobTarget, JobWish, TargetState
from app.domain.ports import Unit
from app.domain.states import HostWanted
from app.services import accounts, hosts
from app.services.job_steps import HOST, INSTANCE, STEPS, Doer, Outcome, changed
from app.services.mapping import Mapping

MOST_UNDER_WAY = 200
PATIENCE_MS = 15 * 60 * 1000
_COUNTED = {
    TargetState.UNDER_WAY: "under_way",
    TargetState.DONE: "done",
    TargetState.STAYS: "done",
    TargetState.FAILED: "failed",
    TargetState.CHANGED: "failed",
    TargetState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be done next: jobs of which targets have ended, and targets whose turn it is, by job."""

    settle: tuple[str, ...]
    begin: tuple[tuple[str, str], ...]


def get(unit: Unit, job_id: str) -> Job:
    """Return a job; Missing otherwise."""
    job = unit.jobs.get(job_id)
    if job is None:
        raise Missing("job", job_id)
    return job


def due(unit: Unit) -> Due:
    """Say what is to be done next, the oldest job first; reads only."""
    unfinished = sorted(unit.jobs.where(ended_at_ms=0), key=lambda job: (job.created_at_ms, job.id))
    free = MOST_UNDER_WAY - sum(job.under_way for job in unfinished)
    settling, begin = list[str](), list[tuple[str, str]]()
    for job in unfinished:
        if any(_outcome(unit, job, target) for target in _under_way(unit, job)):
            settling.append(job.id)
        slots = min(job.at_once - job.under_way, free, job.waiting) if job.wish is JobWish.RUN else 0
        if slots > 0:
            free -= slots
            turn = unit.job_targets.part(("position",), (), slots, job_id=job.id, state=TargetState.WAITING)
            begin += [(job.id, target.target) for target in turn]
    return Due(settle=tuple(settling), begin=tuple(begin))


def settle(unit: Unit, job_id: str) -> None:
    """Take note of the targets of a job that have ended."""
    job = get(unit, job_id)
    for target in _under_way(unit, job):
        outcome = _outcome(unit, job, target)
        if outcome:
            job = end(unit, job, target, outcome)
    put(unit, job, "progressed")


def begin(unit: Unit, job_id: str, target_id: str, mapping: Mapping) -> None:
    """Take the step of one target whose turn it is; raises what keeps it from being taken, and `refuse` notes that."""
    job, target = get(unit, job_id), unit.job_targets.get(job_id, target_id)
    if target is None or target.state is not TargetState.WAITING or job.wish is not JobWish.RUN:
        return
    caller = accounts.on_behalf(unit, job.user_id, job.role)
    if caller is None:
        raise Forbidden(job.title, f"{job.who} was disabled meanwhile")
    why = changed(unit, target.resource, target.target, target.expected) if target.expected else ""
    if why:
        job = turn(unit, job, over(unit, target, TargetState.CHANGED, why))
    else:
        mark = STEPS[job.kind].begin(unit, Doer(caller=caller, mapping=mapping), job, target)
        under_way = replace(target, state=TargetState.UNDER_WAY, mark=mark, began_at_ms=unit.now_ms)
        job = turn(unit, job, under_way)
    put(unit, job, "progressed")


def refuse(unit: Unit, job_id: str, target_id: str, why: str) -> None:
    """Take note that the step of a target was refused."""
    job, target = get(unit, job_id), unit.job_targets.get(job_id, target_id)
    if target is not None and target.state is TargetState.WAITING:
        put(unit, end(unit, job, target, Outcome(good=False, why=why)), "progressed")


def end(unit: Unit, job: Job, target: JobTarget, outcome: Outcome) -> Job:
    good = TargetState.STAYS if outcome.stays else TargetState.DONE
    state = good if outcome.good else TargetState.FAILED
    return turn(unit, job, over(unit, target, state, outcome.why))


def over(unit: Unit, target: JobTarget, state: TargetState, why: str) -> JobTarget:
    return replace(target, state=state, detail=why, ended_at_ms=unit.now_ms)


def turn(unit: Unit, job: Job, after: JobTarget) -> Job:
    """Write a target's new state and return the job with its counts put right, which `_put` writes."""
    before = unit.job_targets.get(after.job_id, after.target)
    assert before is not None
    unit.job_targets.put(after)
    counts = {name: getattr(job, name) for name in _COUNTED.values()}
    for state, step in ((before.state, -1), (after.state, 1)):
        if state in _COUNTED:
            counts[_COUNTED[state]] += step
    failed = after.state in (TargetState.FAILED, TargetState.CHANGED)
    stays = after.state is TargetState.STAYS and not job.failed
    told = f"{after.target} stays: {after.detail}" if stays else f"{after.target}: {after.detail}"
    return replace(job, **counts, told=told if failed or stays else job.told)


def put(unit: Unit, job: Job, event: str, how: str = "") -> Job:
    """Write a job, as ended if nothing of it is left."""
    if not (job.waiting or job.under_way) and job.kind is JobKind.DRAIN and job.wish is JobWish.RUN:
        for target in unit.job_targets.where(job_id=job.id, resource=HOST, state=TargetState.DONE):
            job = with_carried(unit, job, target.target)  # what was on its way there when it was drained
    if not (job.waiting or job.under_way or job.ended_at_ms):
        job, event = replace(job, ended_at_ms=unit.now_ms), "ended"
    text = f"{job.title}: {job.state}, {job.done} of {job.total} done" + (
        f", {job.failed} failed" if job.failed else ""
    )
    unit.jobs.put(job, event=f"job.{event}", text=f"{text} {how}".strip())
    return job


def with_carried(unit: Unit, job: Job, host: str) -> Job:
    row = unit.hosts.get(host)
    emptied = row is not None and row.wanted is not HostWanted.ENABLED
    for instance in hosts.carried(unit, host) if emptied else ():
        if unit.job_targets.get(job.id, instance.id) is None:
            target = JobTarget(
                job_id=job.id, target=instance.id, position=job.total, resource=INSTANCE, expected={}, mark=host
            )
            unit.job_targets.add(target)
            job = replace(job, total=job.total + 1)
    return job


def _under_way(unit: Unit, job: Job) -> list[JobTarget]:
    return unit.job_targets.where(job_id=job.id, state=TargetState.UNDER_WAY) if job.under_way else []


def _outcome(unit: Unit, job: Job, target: JobTarget) -> Outcome | None:
    outcome = STEPS[job.kind].ended(unit, target)
    if outcome is None and unit.now_ms - target.began_at_ms > PATIENCE_MS:
        why = f"not seen within {PATIENCE_MS // 60_000} minutes; it is still wanted, and the cloud goes on trying"
        return Outcome(good=False, why=why)
    return outcome

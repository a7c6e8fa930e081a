"""Jobs as the structs that REST answers and the stream sends."""

from collections.abc import Sequence

from app.api.jobs import JobTargetView, JobView
from app.domain.job import Job, JobTarget


def job_view(job: Job, targets: Sequence[JobTarget] = ()) -> JobView:
    return JobView(
        id=job.id,
        kind=job.kind,
        title=job.title,
        argument=job.argument,
        state=job.state,
        who=job.who,
        source=job.source,
        command=job.command,
        at_once=job.at_once,
        total=job.total,
        waiting=job.waiting,
        under_way=job.under_way,
        done=job.done,
        failed=job.failed,
        cancelled=job.cancelled,
        told=job.told,
        created_at_ms=job.created_at_ms,
        ended_at_ms=job.ended_at_ms,
        targets=[_target_view(target) for target in targets],
    )


def _target_view(target: JobTarget) -> JobTargetView:
    return JobTargetView(
        target=target.target,
        resource=target.resource,
        state=target.state,
        detail=target.detail,
        expected=target.expected,
        began_at_ms=target.began_at_ms,
        ended_at_ms=target.ended_at_ms,
    )

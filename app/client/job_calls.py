"""Requests about jobs, about undoing what was changed, and tags of instances."""

from dataclasses import replace

from app.api.jobs import JobView, StartJob, TagInstances, UndoneView
from app.api.resources import Collection, InstanceView
from app.client.calls import Call, at

START_S = 60.0


def all_jobs() -> Call[Collection[JobView]]:
    return Call(path="/jobs", answer=Collection[JobView])


def job(job_id: str) -> Call[JobView]:
    return Call(path=at("jobs", job_id), answer=JobView, timeout_s=START_S)


def start(body: StartJob, command: str = "") -> Call[JobView]:
    """Start a job; `command` is how the same is written in a shell, for the audit."""
    return Call(method="POST", path="/jobs", body=body, answer=JobView, timeout_s=START_S, command=command)


def cancel(job_id: str) -> Call[JobView]:
    return _told(job_id, "cancel")


def pause(job_id: str) -> Call[JobView]:
    return _told(job_id, "pause")


def resume(job_id: str) -> Call[JobView]:
    return replace(_told(job_id, "resume"), command=f"euca job resume {job_id}")


def retry(job_id: str) -> Call[JobView]:
    return _told(job_id, "retry")


def undo(number: int) -> Call[UndoneView]:
    return Call(method="POST", path=at("audit", str(number), "undo"), answer=UndoneView)


def tag(body: TagInstances, command: str = "") -> Call[Collection[InstanceView]]:
    return Call(method="PUT", path="/instances/tags", body=body, answer=Collection[InstanceView], command=command)


def _told(job_id: str, word: str) -> Call[JobView]:
    return Call(method="POST", path=at("jobs", job_id, word), answer=JobView)

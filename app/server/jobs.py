"""REST: jobs, which are everything that takes long, and undoing a change."""

from operator import attrgetter

from litestar import Controller, get, post

from app.api.jobs import JobView, StartJob, UndoneView
from app.api.resources import Collection
from app.domain.account import Role
from app.domain.job import Job
from app.domain.ports import Unit
from app.server.desk import At, named, needs
from app.server.listing import AskedFor, Listing, from_table
from app.server.pages import number
from app.services import job_turns, jobs, undoing
from app.services.inverses import Hand
from app.services.job_steps import Doer
from app.services.job_views import job_view

_OPERATOR = needs(Role.OPERATOR)
OPERATION = "StartJob"


class JobController(Controller):
    path = "/jobs"
    tags = ("jobs",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListJobs", summary="Jobs without their targets; ended ones for seven days")
    async def index(self, desk: At, asked: AskedFor) -> Collection[JobView]:
        return await _JOBS.answer(desk, asked)

    @get("/{job_id:str}", operation_id="GetJob", summary="One job with its targets and why they failed")
    async def show(self, desk: At, job_id: str) -> JobView:
        return await desk.read(lambda unit: _whole(unit, job_id))

    @post(operation_id="StartJob", summary="Do one thing to many", opt=_OPERATOR)
    async def start(self, desk: At, data: StartJob) -> JobView:
        asked = jobs.Asked(
            kind=data.kind,
            targets=data.targets,
            argument=data.argument,
            at_once=data.at_once,
            command=desk.command,
            source=desk.source,
        )

        def work(unit: Unit) -> JobView:
            doer = Doer(caller=desk.caller, mapping=desk.cloud.mapping)
            job = jobs.start(unit, doer, asked, desk.cloud.entropy)
            return _whole(unit, job.id)

        given = [target.id for target in data.targets]
        return await desk.change(_action(data.kind), named(given), work, about=given)

    @post(
        "/{job_id:str}/cancel",
        operation_id="CancelJob",
        summary="Begin nothing more of it",
        opt=_OPERATOR,
        status_code=200,
    )
    async def cancel(self, desk: At, job_id: str) -> JobView:
        return await desk.change("CancelJob", job_id, lambda unit: job_view(jobs.cancel(unit, desk.caller, job_id)))

    @post(
        "/{job_id:str}/pause",
        operation_id="PauseJob",
        summary="Begin nothing more for now",
        opt=_OPERATOR,
        status_code=200,
    )
    async def pause(self, desk: At, job_id: str) -> JobView:
        return await desk.change("PauseJob", job_id, lambda unit: job_view(jobs.pause(unit, desk.caller, job_id)))

    @post("/{job_id:str}/resume", operation_id="ResumeJob", summary="Go on with it", opt=_OPERATOR, status_code=200)
    async def resume(self, desk: At, job_id: str) -> JobView:
        return await desk.change("ResumeJob", job_id, lambda unit: job_view(jobs.resume(unit, desk.caller, job_id)))

    @post(
        "/{job_id:str}/retry", operation_id="RetryJob", summary="Try again what failed", opt=_OPERATOR, status_code=200
    )
    async def retry(self, desk: At, job_id: str) -> JobView:
        return await desk.change("RetryJob", job_id, lambda unit: job_view(jobs.retry(unit, desk.caller, job_id)))


class UndoController(Controller):
    tags = ("history",)
    opt = _OPERATOR

    @post(
        "/audit/{entry:str}/undo", operation_id="UndoChange", summary="Put back what a change changed", status_code=200
    )
    async def undo(self, desk: At, entry: str) -> UndoneView:
        undoes = number("entry", entry)

        def work(unit: Unit) -> UndoneView:
            undone = undoing.undo(unit, Hand(caller=desk.caller, entropy=desk.cloud.entropy), undoes)
            return UndoneView(
                number=undone.number, action=undone.action, about=list(undone.about), changed=list(undone.changed)
            )

        return await desk.change("UndoChange", entry, work)


_JOBS: Listing[Job, JobView] = Listing(
    view=JobView,
    key=attrgetter("id"),
    first=from_table(lambda unit: unit.jobs, lambda unit, desk, row: True),
    views=lambda unit, desk, rows: [job_view(row) for row in rows],
)


def _whole(unit: Unit, job_id: str) -> JobView:
    job = job_turns.get(unit, job_id)
    return job_view(job, jobs.targets_of(unit, job))


def _action(kind: str) -> str:
    """Name an action for the audit as those on one thing are: TerminateInstances, DrainHosts."""
    resource = jobs.resource_of(kind)
    return f"{kind.capitalize()}{resource.capitalize()}s" if resource else OPERATION

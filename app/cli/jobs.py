"""`euca job`: what takes long, done by the server to many things at once, a few at a time."""

import time
from datetime import UTC, datetime

import click

from app.api.jobs import JobTargetAsked, JobView, StartJob
from app.cli.output import printable, show, show_json, table
from app.cli.remote import Remote, remote
from app.client import job_calls as calls
from app.client.calls import Call
from app.domain.job import JobKind

_COLUMNS = ("id", "title", "who", "state", "done", "failed", "total", "at_once", "told")
_POLL_S = 0.5


@click.group(epilog="Example: euca job start drain node05 --wait")
def job() -> None:
    """Jobs: one thing done to many, by the server, a few at a time."""


@job.command("list", epilog="Example: euca job list --json")
@click.option("--all", "ended_too", is_flag=True, help="Show those that have ended, too.")
@remote
def list_jobs(cloud: Remote, ended_too: bool) -> None:
    """List jobs that have not ended yet, the newest first."""
    rows = [view for view in cloud.send(calls.all_jobs()).items if ended_too or not view.ended_at_ms]
    show(sorted(rows, key=lambda view: view.created_at_ms, reverse=True), _COLUMNS, as_json=cloud.json)


@job.command("show", epilog="Example: euca job show job-0a11beef")
@click.argument("job_id", metavar="JOB")
@remote
def show_job(cloud: Remote, job_id: str) -> None:
    """Show a job with its targets, and why those failed that did."""
    view = cloud.send(calls.job(job_id))
    if cloud.json:
        show_json(view)
        return
    _say(view)
    rows = [[row.target, row.state, _clock(row.ended_at_ms), printable(row.detail)] for row in view.targets]
    for line in table([["TARGET", "STATE", "ENDED", "WHY"], *rows]):
        click.echo(line)


@job.command("start", epilog="Example: euca job start terminate i-0a11beef i-0a11bee0 --at-once 5")
@click.argument("kind", type=click.Choice([kind.value for kind in JobKind]))
@click.argument("targets", nargs=-1, required=True)
@click.option("--to", default="", metavar="HOST", help="Where a move goes to (default: a host with room).")
@click.option("--at-once", default=0, help="How many targets may be under way at a time (default: usual for the kind).")
@click.option("--wait", is_flag=True, help="Wait for its end; exit 1 if a target failed.")
@remote
def start(cloud: Remote, kind: str, targets: tuple[str, ...], to: str, at_once: int, wait: bool) -> None:
    """Do one thing to instances or hosts: each must still be as it is now when its turn comes."""
    body = StartJob(
        kind=kind,
        targets=[JobTargetAsked(id=given) for given in targets],
        argument=to,
        at_once=at_once,
    )
    view = cloud.send(calls.start(body))
    if wait:
        view = _ended(cloud, view)
    show_json(view) if cloud.json else _say(view)
    if wait and view.state != "done":
        raise click.ClickException(f"{view.id} ended as {view.state}: {printable(view.told)}")


@job.command("cancel", epilog="Example: euca job cancel job-0a11beef")
@click.argument("job_id", metavar="JOB")
@remote
def cancel(cloud: Remote, job_id: str) -> None:
    """Begin nothing more of a job; what is under way ends."""
    _tell(cloud, calls.cancel(job_id))


@job.command("retry", epilog="Example: euca job retry job-0a11beef")
@click.argument("job_id", metavar="JOB")
@remote
def retry(cloud: Remote, job_id: str) -> None:
    """Try again what failed of a job, and nothing else."""
    _tell(cloud, calls.retry(job_id))


@job.command("pause", epilog="Example: euca job pause job-0a11beef")
@click.argument("job_id", metavar="JOB")
@remote
def pause(cloud: Remote, job_id: str) -> None:
    """Begin nothing more of a job for now."""
    _tell(cloud, calls.pause(job_id))


@job.command("resume", epilog="Example: euca job resume job-0a11beef")
@click.argument("job_id", metavar="JOB")
@remote
def resume(cloud: Remote, job_id: str) -> None:
    """Go on with a paused job."""
    _tell(cloud, calls.resume(job_id))


@click.command(epilog="Example: euca undo 17")
@click.argument("number", type=int)
@remote
def undo(cloud: Remote, number: int) -> None:
    """Undo a change by its number in the audit, if nothing of it was changed since."""
    undone = cloud.send(calls.undo(number))
    if cloud.json:
        show_json(undone)
    else:
        click.echo(f"{undone.action} was undone: {printable(', '.join(undone.changed))}")


def _tell(cloud: Remote, call: Call[JobView]) -> None:
    view = cloud.send(call)
    show_json(view) if cloud.json else _say(view)


def _say(view: JobView) -> None:
    failed = f", {view.failed} failed" if view.failed else ""
    click.echo(f"{view.id}  {printable(view.title)}  {view.state}: {view.done} of {view.total} done{failed}")
    if view.told:
        click.echo(printable(view.told))


def _ended(cloud: Remote, view: JobView) -> JobView:
    while not view.ended_at_ms:
        time.sleep(_POLL_S)
        view = cloud.send(calls.job(view.id))
    return view


def _clock(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%H:%M:%S}" if at_ms else "-"

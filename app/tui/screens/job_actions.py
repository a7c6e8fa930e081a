"""What can be done to jobs, for the list and for the page of one; and how any screen starts one.

What was confirmed goes along with each target, so that the server does nothing to one that is not like that any more.
"""

from collections.abc import Callable, Sequence

from app.api.jobs import JobTargetAsked, JobView, StartJob
from app.client import job_calls
from app.client.calls import Call
from app.tui import looks
from app.tui.actions import Action, named
from app.tui.screens.frame import ConsoleScreen
from app.tui.screens.letting_go import LettingGo
from app.tui.widgets.confirm import Confirm, Question


class JobStarting(LettingGo):
    """A place from which jobs are started."""

    def start_job(
        self, action: Action, kind: str, targets: Sequence[JobTargetAsked], said: str, *, argument: str = ""
    ) -> None:
        """Let the server do one thing to many, unless the connection has gone or that may not be done."""
        refusal = self.session.refusal(action)
        if refusal:
            self.say(refusal, bad=True)
            return
        command = action.as_command([target.id for target in targets])
        body = StartJob(kind=kind, targets=list(targets), argument=argument)
        self.change(job_calls.start(body, command), self._took, said)

    def _took(self, view: JobView) -> None:
        """Follow a job to its end; the stream, which may have been faster than the answer, tells how far it is."""
        self.session.doings.own_jobs.add(view.id)


class JobActions(ConsoleScreen):
    """Needs `jobs_meant`."""

    def jobs_meant(self) -> list[JobView]:
        """Return the jobs that an action is meant for."""
        return []

    def cancel_job(self) -> None:
        action, views = named("jobs.cancel"), [view for view in self.jobs_meant() if not view.ended_at_ms]
        if not views:
            self.say("cancel: no job that still runs", bad=True)
            return
        scene = self.session.scene()
        question = Question(
            action=action,
            ids=[view.id for view in views],
            facts=[scene.plain(f"{view.title}  {view.done} of {view.total} done") for view in views],
            warning="What is under way ends as it will; nothing that was done is taken back.",
            things="jobs",
        )
        self.app.push_screen(Confirm(question), lambda sure: self._tell(job_calls.cancel, views) if sure else None)

    def pause_job(self) -> None:
        views = [view for view in self.jobs_meant() if not view.ended_at_ms]
        paused = bool(views) and all(view.state == "paused" for view in views)
        self._tell(job_calls.resume if paused else job_calls.pause, views, "pause: no job that still runs")

    def retry_job(self) -> None:
        views = [view for view in self.jobs_meant() if view.failed]
        self._tell(job_calls.retry, views, "retry: no job of which anything failed")

    def _tell(self, call: Callable[[str], Call[JobView]], views: list[JobView], nothing: str = "") -> None:
        if not views:
            self.say(nothing, bad=True)
        for view in views:
            self.change(self.told(call(view.id), [view.id]), self._took_told, "")

    def _took_told(self, view: JobView) -> None:
        if not view.ended_at_ms:
            self.session.doings.own_jobs.add(view.id)
        self.say(f"{view.title}: {looks.of_job(view).word}")

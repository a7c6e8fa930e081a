"""Jobs, tags and undoing of the cloud in memory: a job is done as soon as it is asked for, unless a test holds it."""

from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from app.api import jobs as api
from app.api.problems import Problem
from app.api.resources import ActOnInstances
from tests.tui.views import NOW_MS

if TYPE_CHECKING:
    from tests.tui.fake_cloud import FakeCloud

_WANTED = {"drain": "draining", "undrain": "enabled", "remove": "removed"}


def a_job(number: int = 1, **changes: Any) -> api.JobView:
    view = api.JobView(
        id=f"job-{number:017x}",
        kind="terminate",
        title="terminate 14 instances",
        argument="",
        state="running",
        who="ana",
        source="127.0.0.1",
        command="euca job start terminate i-1 i-2",
        at_once=2,
        total=14,
        waiting=1,
        under_way=2,
        done=11,
        failed=0,
        cancelled=0,
        told="",
        created_at_ms=NOW_MS - 60_000 * number,
        ended_at_ms=0,
    )
    return msgspec.structs.replace(view, **changes)


class FakeJobs:
    """`held` leaves what is started running; `views` are all there are."""

    def __init__(self, cloud: "FakeCloud") -> None:
        self.held = False
        self.views: dict[str, api.JobView] = {}
        self._cloud = cloud
        self._undo: list[tuple[str, Any]] = []

    @property
    def undoable(self) -> bool:
        return bool(self._undo)

    def remember(self, kind: str, view: Any) -> None:
        """Keep what a thing was like, for undoing what changes it now."""
        self._undo = [(kind, view)]

    def answer(self, request: httpx.Request, path: str) -> tuple[int, Any]:
        _, kind, *rest = path.split("/")
        if kind == "audit":
            return self._undone(int(rest[0]))
        if kind == "instances":
            return 200, self._tag(msgspec.json.decode(request.content, type=api.TagInstances))
        if request.method == "POST" and not rest:
            return 201, self._start(msgspec.json.decode(request.content, type=api.StartJob))
        if not rest:
            return 200, self._cloud.page(list(self.views.values()))
        return 200, self._told(self.views[rest[0]], *rest[1:])

    def _start(self, body: api.StartJob) -> api.JobView:
        ids, cloud = [target.id for target in body.targets], self._cloud
        self._undo = []
        if not self.held:
            self._do(body.kind, ids)
        done = 0 if self.held else len(ids)
        what = ids[0] if len(ids) == 1 else f"{len(ids)} targets"
        view = a_job(
            len(self.views) + 1,
            kind=body.kind,
            title=f"{body.kind} {what}",
            state="running" if self.held else "done",
            command="",
            argument=body.argument,
            total=len(ids),
            waiting=0,
            under_way=len(ids) - done,
            done=done,
            created_at_ms=NOW_MS,
            ended_at_ms=0 if self.held else NOW_MS,
        )
        cloud.change("job", view)
        return view

    def _do(self, kind: str, ids: list[str]) -> None:
        cloud = self._cloud
        for given in ids:
            if kind in _WANTED:
                self._undo.append(("host", cloud.hosts[given]))
                cloud.change("host", msgspec.structs.replace(cloud.hosts[given], wanted=_WANTED[kind]))
        if kind in {"terminate", "stop", "start", "reboot"}:
            cloud.act(ActOnInstances(action=kind, ids=ids))

    def _told(self, view: api.JobView, word: str = "") -> api.JobView:
        if not word:
            rows = [
                api.JobTargetView(
                    target=f"i-{number:017x}",
                    resource="instance",
                    state=state,
                    detail=detail,
                    expected={"state": "running"},
                    began_at_ms=NOW_MS,
                    ended_at_ms=NOW_MS,
                )
                for number, (state, detail) in enumerate(
                    [("done", ""), ("failed", "its host [red]node07[/] is lost"), ("under way", "")], 1
                )
            ]
            return msgspec.structs.replace(view, targets=rows)
        state = {"cancel": "cancelling", "pause": "paused", "resume": "running", "retry": "running"}[word]
        after = msgspec.structs.replace(view, state=state, ended_at_ms=0)
        self._cloud.change("job", after)
        return after

    def _tag(self, body: api.TagInstances) -> Any:
        cloud, after = self._cloud, []
        self._undo = [("instance", cloud.instances[given]) for given in body.ids]
        for given in body.ids:
            view = cloud.instances[given]
            tags = {name: value for name, value in (view.tags | body.tags).items() if name not in body.remove}
            after.append(msgspec.structs.replace(view, tags=tags, name=tags.get("Name", "")))
            cloud.change("instance", after[-1])
        return cloud.page(after)

    def _undone(self, number: int) -> tuple[int, Any]:
        if not self._undo:
            problem = Problem(type="missing", title="Not Found", status=404, detail=f"The change '{number}' has gone")
            return 404, problem
        changed = []
        for kind, view in self._undo:
            self._cloud.change(kind, view)
            changed.append(f"{getattr(view, 'name', '') or view.id} is as before")
        self._undo = []
        return 200, api.UndoneView(number=number, action="", about=[], changed=changed)

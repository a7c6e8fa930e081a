"""REST: everything that can be asked of the cloud, asked of a past moment.

The same handlers answer, on the cloud as it was: the path behind the moment is asked anew within the application. The
trap: a request carries what was found out about it, so the inner one begins with what the network told, and no more.
"""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.params import Parameter
from litestar.types import ASGIApp, Receive, Scope, Send

from app.api.past import PastView
from app.domain.account import Role
from app.server.desk import THEN, At, needs

ROOT = "/api/v1"
_TOLD = (
    *("type", "asgi", "http_version", "method", "scheme", "query_string", "root_path", "headers", "client", "server"),
    *("app", "litestar_app", "request_id"),
)
Moment = Annotated[int, Parameter(description="The moment, in UTC milliseconds.")]
Path = Annotated[str, Parameter(description="What stands behind `/api/v1/` in the request about now.")]


class PastController(Controller):
    path = "/past"
    tags = ("history",)
    opt = needs(Role.VIEWER, now_only=True)

    @get(operation_id="GetPast", summary="From when on the cloud can be shown as it was")
    async def span(self, desk: At) -> PastView:
        """As far back as the journal is kept, at most since a backup was put back."""
        oldest_ms, newest_ms = await desk.cloud.replay.span()
        return PastView(oldest_ms=oldest_ms, newest_ms=newest_ms)

    @get(
        "/{at_ms:int}/{path:path}",
        operation_id="Replay",
        summary="The answer of another path as it was at a moment",
        opt=needs(Role.VIEWER, 403, 501, now_only=True),
    )
    async def replay(self, desk: At, request: Request[Any, Any, State], at_ms: Moment, path: Path) -> Response[Any]:
        """What `GET /api/v1/{path}` with the same parameters would have answered then; it is never changed any more."""
        then = await desk.now.replay.at(desk.now, at_ms)
        scope: Any = {name: request.scope[name] for name in _TOLD if name in request.scope}  # type: ignore[literal-required]
        headers = [each for each in scope["headers"] if each[0] != b"accept-encoding"]  # the outer answer is compressed
        scope |= {"path": ROOT + path, "raw_path": (ROOT + path).encode(), "headers": headers, "state": {}, THEN: then}
        return _Inner(scope)


class _Inner(Response[Any]):
    """The answer of the application to another request."""

    def __init__(self, scope: Any) -> None:
        super().__init__(None)
        self._scope = scope

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await self._scope["litestar_app"].asgi_handler(self._scope, receive, send)

        return answer

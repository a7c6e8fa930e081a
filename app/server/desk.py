"""What a REST handler works with: the cloud, the caller, and the one way to read and to change something.

Every change is audited, whether it succeeds or is refused: in the same transaction as the change, or in one of
its own when the change was rolled back.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers, State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import SkipValidation
from litestar.types import Scope

from app.api.console import TOKEN_PREFIX
from app.domain.account import Caller, Role
from app.domain.errors import CloudError, Forbidden, Invalid, Unauthenticated, Unsupported
from app.domain.journal import Said
from app.domain.ports import Unit
from app.server.cloud import Cloud
from app.server.promises import SHOWN_ONCE, Promise, promised
from app.services import accounts, hanging, tokens, undoing
from app.services.access import need_role

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
JSON = "application/json"
ROLE = "role"
"""Key of a route's `opt`: the role that its caller needs. A route without it can not be called."""
LETS_GO = "lets_go"
CONFIRMED = "If-Match"
SIGNED = "signed"
NOW_ONLY = "now_only"
"""Key of a route's `opt`: it can not be asked about the past."""
THEN = "then"
"""Key of a request's scope: the cloud as it was, if it is asked about the past."""
COMMAND = "Euca-Command"
LONGEST_AUDIT_TEXT = 500
MOST_NAMED = 20
LONGEST_COMMAND = 200


def needs(
    role: Role,
    *also: int,
    shown_once: bool = False,
    lets_go: str = "",
    signed: bool = False,
    now_only: bool = False,
) -> dict[str, object]:
    """Declare as a route's `opt` which role its caller needs, and problems that only it answers with, by status.

    `shown_once`: what it answers is a secret, which may be kept nowhere. `lets_go`: of what kind the thing is that it
    ends, by the words of `hanging`, so that it is refused if something else hangs on it than was confirmed. `signed`:
    its caller comes without a token and signs with an access key instead, which has no role. `now_only`: it has no
    past.
    """
    marks = {SHOWN_ONCE: shown_once, LETS_GO: lets_go, SIGNED: signed, NOW_ONLY: now_only}
    return {ROLE: role, "also": also, **marks}


class Desk:
    """One request's access to the cloud, as it is `now` or as it was at the moment that is asked about."""

    def __init__(self, cloud: Cloud, caller: Caller, source: str, command: str, now: Cloud | None = None) -> None:
        self.cloud, self.caller, self.source, self.command = cloud, caller, source, command
        self.now = now or cloud
        self.promise: Promise | None = None
        self.confirmed: tuple[str, str, str] | None = None
        """Kind and id of what this lets go, and the version of what hung on it when somebody confirmed that."""
        self.written_down = False
        self.undo = 0
        """The audit entry by which the newest change can be undone, 0: it can not be."""

    async def read(self, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` on a snapshot."""
        return await self.cloud.store.read(work)

    async def change(
        self, action: str, target: str, work: Callable[[Unit], Answer], *, about: Sequence[str] = ()
    ) -> Answer:
        """Run `work` in a transaction that is audited, as is its refusal; once, if the request promises that.

        What would undo it is kept, if it has an inverse. `about` names all that is changed where `target` does not.
        """
        promise, self.promise = self.promise, None

        def audited(unit: Unit) -> Answer:
            if promise and (kept := promise.kept(unit)) is not None:
                return cast("Answer", kept)
            if self.confirmed:
                hanging.check(unit, *self.confirmed)
            before = undoing.before(unit, action, about or (target,))
            answer = work(unit)
            number = self._write_down(unit, action, target, "ok", "")
            self.undo = number if undoing.keep(unit, number, before) else 0
            if promise:
                promise.keep(unit, answer)
            return answer

        try:
            return await self.cloud.store.write(audited)
        except CloudError as error:
            await self.refused(action, target, error)
            raise

    async def act(self, action: str, target: str, work: Awaitable[Answer]) -> Answer:
        """Await something that changes the cloud outside of its store, audited afterwards."""
        try:
            answer = await work
        except CloudError as error:
            await self.refused(action, target, error)
            raise
        await self.cloud.store.write(lambda unit: self._write_down(unit, action, target, "ok", ""))
        return answer

    async def still_let_in(self) -> bool:
        """Tell whether the caller's token works yet: whatever answers for long asks this now and then."""

        def work(unit: Unit) -> bool:
            token = unit.tokens.get(self.caller.token_id)
            return token is not None and tokens.state(unit, token) == "working"

        return await self.cloud.store.read(work)

    async def refused(self, action: str, target: str, error: CloudError) -> None:
        """Write down that something was not done; a failure to do so does not hide the error itself."""
        try:
            await self.now.store.write(lambda unit: self._write_down(unit, action, target, "refused", str(error)))
        except CloudError:
            log.exception("a refusal could not be audited", extra={"fields": {"action": action}})

    def _write_down(self, unit: Unit, action: str, target: str, outcome: str, detail: str) -> int:
        said = Said(
            who=f"{self.caller.account_id}/{self.caller.user_name}",
            source=self.source,
            action=action,
            target=target[:LONGEST_AUDIT_TEXT],
            outcome=outcome,
            detail=detail[:LONGEST_AUDIT_TEXT],
            command=self.command,
        )
        self.written_down = True
        return unit.audit(said)


At = NamedDependency[SkipValidation[Desk]]


def named(given: Sequence[str]) -> str:
    """Name many things in the audit: the first of them, and how many more."""
    more = len(given) - MOST_NAMED
    return ", ".join(given[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


async def authenticate(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:
    """Let nobody pass whose bearer token does not cover the role that the route declares (a Litestar guard)."""
    cloud: Cloud = connection.app.state.cloud
    signed = bool(handler.opt.get(SIGNED))
    caller = await (cloud.logins.signer(connection) if signed else _caller(cloud, _authorization(connection)))
    source, then = connection.client.host if connection.client else "", connection.scope.get(THEN, cloud)
    desk = Desk(cast("Cloud", then), caller, source, _command(connection.headers), cloud)
    connection.scope["desk"] = desk  # type: ignore[typeddict-unknown-key]
    action = _action(handler)
    needed = handler.opt.get(ROLE) if connection.scope.get("method") != "OPTIONS" else Role.VIEWER  # changes nothing
    _check_type(connection.headers.get("content-type", ""), handler)
    try:
        if not isinstance(needed, Role):
            raise Forbidden(action)
        if not signed:
            need_role(caller, needed, action)
        if then is not cloud and handler.opt.get(NOW_ONLY):
            raise Unsupported(f"{action} of a past moment", "it tells of now only")
    except Forbidden as error:
        if connection.scope.get("method", "GET") != "GET":
            await desk.refused(action, connection.url.path, error)
        raise
    desk.promise = await promised(connection, handler, caller.user_id)
    desk.confirmed = _confirmed(connection, handler)


def _confirmed(
    connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler
) -> tuple[str, str, str] | None:
    version, kind = connection.headers.get(CONFIRMED, "*").strip('" '), str(handler.opt.get(LETS_GO, ""))
    if not kind or version == "*":
        return None
    if not version:
        raise Invalid(CONFIRMED, version, "It is the version of what hangs on the thing, as /hanging told it.")
    (given,) = connection.path_params.values()
    return kind, str(given), version


def _action(handler: BaseRouteHandler) -> str:
    return str(getattr(handler, "operation_id", "") or handler.handler_name)


def _check_type(given: str, handler: BaseRouteHandler) -> None:
    """Refuse a body that is announced as something else than JSON where JSON is read."""
    kind = given.partition(";")[0].strip().lower()
    if kind not in ("", JSON) and handler.parsed_data_field is not None:
        detail = f"The body must be {JSON}; it was announced as {kind[:80]}."
        raise HTTPException(status_code=415, detail=detail)


async def refused_early(error: Exception, scope: Scope) -> None:
    """Write down what a handler refused before it came to its change (a Litestar hook)."""
    desk = scope.get("desk")
    if not (isinstance(desk, Desk) and isinstance(error, CloudError)):
        return
    handler = scope["route_handler"]
    if not desk.written_down and handler.opt.get(ROLE) is not Role.VIEWER:
        await desk.refused(_action(handler), scope["path"], error)


def desk_of(request: Request[Any, Any, State]) -> Desk:
    """Provide the desk that `authenticate` set up."""
    desk: Desk = request.scope["desk"]  # type: ignore[typeddict-item]
    return desk


def _authorization(connection: ASGIConnection[Any, Any, Any, State]) -> str:
    """Return the header; browsers can not set it for a WebSocket, so there the token may be a subprotocol."""
    given: list[str] = connection.scope.get("subprotocols", [])  # type: ignore[assignment]
    token = next((word.removeprefix(TOKEN_PREFIX) for word in given if word.startswith(TOKEN_PREFIX)), "")
    return connection.headers.get("authorization", "") or (f"Bearer {token}" if token else "")


async def _caller(cloud: Cloud, authorization: str) -> Caller:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("This needs the header Authorization: Bearer TOKEN; euca credentials shows yours.")
    caller, row = await cloud.store.read(lambda unit: accounts.prove(unit, token.strip()))
    if cloud.clock.now_ms() - row.seen_at_ms >= tokens.SEEN_EVERY_MS:
        with suppress(CloudError):  # it may well be read with, where nothing can be written
            await cloud.store.write(lambda unit: tokens.seen(unit, row.id))
    return caller


def _command(headers: Headers) -> str:
    """Return as what the sender says that it runs, else its program: data of a stranger's, made fit to be shown."""
    given = headers.get(COMMAND, "") or headers.get("user-agent", "")
    text = given.encode("latin-1", "replace").decode("utf-8", "replace")[:LONGEST_COMMAND]
    return "".join(char if char.isprintable() else "?" for char in text)

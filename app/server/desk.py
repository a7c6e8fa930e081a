"""What a REST handler works with: the cloud, the caller, and the one way to read and to change something.

Every change is audited, whether it succeeds or is refused: in the same transaction as the change, or in one of
its own when the change was rolled back.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import SkipValidation

from app.api.console import TOKEN_PREFIX
from app.domain.account import Caller, Role
from app.domain.errors import CloudError, Forbidden, Unauthenticated
from app.domain.ports import Unit
from app.server.cloud import Cloud
from app.services import accounts
from app.services.access import need_role

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
ROLE = "role"
"""Key of a route's `opt`: the role that its caller needs. A route without it can not be called."""
LONGEST_AUDIT_TEXT = 500


def needs(role: Role) -> dict[str, Role]:
    """Declare as a route's `opt` which role its caller needs."""
    return {ROLE: role}


class Desk:
    """One request's access to the cloud."""

    def __init__(self, cloud: Cloud, caller: Caller, source: str) -> None:
        self.cloud, self.caller, self.source = cloud, caller, source

    async def read(self, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` on a snapshot."""
        return await self.cloud.store.read(work)

    async def change(self, action: str, target: str, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` in a transaction that is audited, as is its refusal."""

        def audited(unit: Unit) -> Answer:
            answer = work(unit)
            self._write_down(unit, action, target, "ok", "")
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

    async def refused(self, action: str, target: str, error: CloudError) -> None:
        """Write down that something was not done; a failure to do so does not hide the error itself."""
        try:
            await self.cloud.store.write(lambda unit: self._write_down(unit, action, target, "refused", str(error)))
        except CloudError:
            log.exception("a refusal could not be audited", extra={"fields": {"action": action}})

    def _write_down(self, unit: Unit, action: str, target: str, outcome: str, detail: str) -> None:
        unit.audit(
            who=f"{self.caller.account_id}/{self.caller.user_name}",
            source=self.source,
            action=action,
            target=target[:LONGEST_AUDIT_TEXT],
            outcome=outcome,
            detail=detail[:LONGEST_AUDIT_TEXT],
        )


At = NamedDependency[SkipValidation[Desk]]


async def authenticate(connection: ASGIConnection[Any, Any, Any, State], handler: BaseRouteHandler) -> None:
    """Let nobody pass whose bearer token does not cover the role that the route declares (a Litestar guard)."""
    cloud: Cloud = connection.app.state.cloud
    caller = await _caller(cloud, _authorization(connection))
    desk = Desk(cloud, caller, connection.client.host if connection.client else "")
    connection.scope["desk"] = desk  # type: ignore[typeddict-unknown-key]
    action = str(getattr(handler, "operation_id", "") or handler.handler_name)
    needed = handler.opt.get(ROLE)
    try:
        if not isinstance(needed, Role):
            raise Forbidden(action)
        need_role(caller, needed, action)
    except Forbidden as error:
        if connection.scope.get("method", "GET") != "GET":
            await desk.refused(action, connection.url.path, error)
        raise


def desk_of(request: Request[Any, Any, State]) -> Desk:
    """Provide the desk that `authenticate` set up."""
    desk: Desk = request.scope["desk"]  # type: ignore[typeddict-item]
    return desk


async def still_welcome(connection: ASGIConnection[Any, Any, Any, State]) -> None:
    """Raise Unauthenticated once the token that a long connection began with does not work any more."""
    await _caller(connection.app.state.cloud, _authorization(connection))


def _authorization(connection: ASGIConnection[Any, Any, Any, State]) -> str:
    """Return the header; browsers can not set it for a WebSocket, so there the token may be a subprotocol."""
    given: list[str] = connection.scope.get("subprotocols", [])  # type: ignore[assignment]
    token = next((word.removeprefix(TOKEN_PREFIX) for word in given if word.startswith(TOKEN_PREFIX)), "")
    return connection.headers.get("authorization", "") or (f"Bearer {token}" if token else "")


async def _caller(cloud: Cloud, authorization: str) -> Caller:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("This needs the header Authorization: Bearer TOKEN; euca credentials shows yours.")
    caller = await cloud.store.read(lambda unit: accounts.by_token(unit, token.strip()))
    if caller is None:
        raise Unauthenticated("The token is not known, or it, its user or its account was disabled.")
    return caller

"""Which problems an operation may answer with, and what each means to who gets it.

The trap: what is listed is a promise that fuzzing holds the server to, so nothing stands here that covers everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from app.api.problems import MEDIA_TYPE
from app.domain.account import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the route knows: the role that it needs, problems of its own, whether it lets something go."""

    role: Role = Role.VIEWER
    also: tuple[int, ...] = ()
    lets_go: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    meaning: str
    type: str
    detail: str
    header: str = ""
    field: str = ""


_KINDS: Mapping[int, _Kind] = {
    400: _Kind(
        "BadRequest",
        "Something in the request can not be understood; `errors` names each field and what could stand there.",
        "invalid",
        "Value (0) for parameter count is invalid. It is at least 1.",
        field="count",
    ),
    401: _Kind(
        "Unauthorized",
        "The token is missing, unknown, expired or revoked, or its user or account is disabled.",
        "unauthenticated",
        "The token is not known.",
        header="WWW-Authenticate",
    ),
    403: _Kind(
        "Forbidden",
        "The token's role does not cover this, or nobody may do it; `detail` says which role it needs.",
        "forbidden",
        "DrainHost was refused: it needs the role operator, this token has the role viewer",
    ),
    404: _Kind(
        "NotFound", "Something that the request names does not exist.", "missing", "The host 'x' does not exist"
    ),
    409: _Kind(
        "Conflict",
        "The thing is in a state that does not allow this, exists already, is in use, or there is no room for it.",
        "conflict",
        "The account 'physics' already exists",
    ),
    413: _Kind("ContentTooLarge", "The body is larger than 1 MiB.", "", "The body is larger than 1048576 bytes."),
    415: _Kind(
        "UnsupportedMediaType",
        "The body is of another type than the operation takes.",
        "",
        "The body must be application/json; it was announced as text/plain.",
    ),
    422: _Kind(
        "UnprocessableContent",
        "The request is understood and can not be done: a limit would be passed, or rules are not sound.",
        "over-limit",
        "You asked for 2000 and the limit of instances per request is 1000",
    ),
    429: _Kind(
        "TooManyRequests",
        "That was asked too often from there. Try again after `Retry-After` seconds.",
        "too-often",
        "Request limit exceeded: an account may send 1 requests per second",
        header="Retry-After",
    ),
    501: _Kind(
        "NotImplemented",
        "The hypervisor of the host can not do this.",
        "unsupported",
        "Console output is not supported: the hypervisor of host node03 keeps none",
    ),
    502: _Kind("BadGateway", "Something behind the server refused for good.", "broken", "node03: no such domain"),
    503: _Kind(
        "ServiceUnavailable",
        "The server can not do it now: its disk is full, a host is lost. Try again after `Retry-After` seconds.",
        "unavailable",
        "store: the disk is full",
        header="Retry-After",
    ),
    504: _Kind(
        "GatewayTimeout",
        "Something behind the server did not answer in time. Try again after `Retry-After` seconds.",
        "timed-out",
        "node03: reading the console did not answer within 10 s",
        header="Retry-After",
    ),
}
_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "WWW-Authenticate": {"description": "How to prove who you are.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
}
DONE: Mapping[int, str] = {
    200: "Done; what it is now.",
    201: "Made; what it is now.",
    202: "Taken on; it will be done.",
    204: "Done; there is nothing to show.",
}


def statuses(method: str, operation: Mapping[str, Any], facts: Facts) -> list[int]:
    """List the statuses of problems that an operation may answer."""
    found = {401, 503, *facts.also}
    parameters = operation.get("parameters", ())
    if parameters or "requestBody" in operation:
        found.add(400)
    if any(each["in"] == "path" for each in parameters):
        found.add(404)
    if facts.role is not Role.VIEWER:
        found |= {403}
    if method != "get":
        found |= {404, 409, 422}
    if "requestBody" in operation:
        found |= {413, 415}
    return sorted(found)


def reference(status: int) -> dict[str, str]:
    """Point to the description of a problem."""
    return {"$ref": f"#/components/responses/{_KINDS[status].name}"}


def components(header: Mapping[str, Any]) -> dict[str, Any]:
    """Describe every problem; `header` is on every answer."""
    return {kind.name: _described(status, kind, header) for status, kind in _KINDS.items()}


def _described(status: int, kind: _Kind, header: Mapping[str, Any]) -> dict[str, Any]:
    own = {kind.header: _HEADERS[kind.header]} if kind.header else {}
    value: dict[str, Any] = {
        "type": f"urn:eucalyptus:problem:{kind.type}" if kind.type else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": kind.detail,
        "request_id": "82a915bc3a541b65999a55ce",
    }
    if kind.field:
        value["errors"] = [{"field": kind.field, "why": "It is at least 1."}]
    content = {
        MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {"problem": {"value": value}}}
    }
    return {"description": kind.meaning, "headers": {**header, **own}, "content": content}

"""Errors as problem documents (RFC 9457): the one table from kinds of errors to HTTP statuses of REST.

The trap: what nobody expected must not leak into an answer; it is logged under the request's id, which the
document names.
"""

import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from app.api.problems import MEDIA_TYPE, FieldError, Problem
from app.domain import errors

log = logging.getLogger(__name__)

STATUSES: dict[type[errors.CloudError], int] = {
    errors.Invalid: 400,
    errors.Malformed: 400,
    errors.Absent: 400,
    errors.Unsound: 422,
    errors.Unknown: 400,
    errors.Combination: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Missing: 404,
    errors.Conflict: 409,
    errors.InUse: 409,
    errors.WrongState: 409,
    errors.Mismatch: 409,
    errors.Protected: 409,
    errors.NoCapacity: 409,
    errors.Exhausted: 409,
    errors.IllegalTransition: 409,
    errors.DryRun: 412,
    errors.OverLimit: 422,
    errors.TooOften: 429,
    errors.Unsupported: 501,
    errors.Broken: 502,
    errors.Unavailable: 503,
    errors.TimedOut: 504,
}
RETRY_AFTER_S = 2
_DETAILS = {
    "Not Found": "There is nothing at this path; /api/schema lists what there is.",
    "Request Entity Too Large": "The body is larger than this takes.",
    "Method Not Allowed": "This path does not answer that method; /api/schema lists what it does.",
}
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def of_cloud_error(error: errors.CloudError, request_id: str = "") -> Problem:
    """Form the document of a domain error; the closest class in the table decides."""
    kind = next((kind for kind in type(error).__mro__ if kind in STATUSES), None)
    status = STATUSES[kind] if kind else 500
    name = _WORD.sub("-", (kind or type(error)).__name__).lower()
    return Problem(
        type=f"urn:eucalyptus:problem:{name}",
        title=_title(status),
        status=status,
        detail=str(error),
        errors=_fields(error),
        request_id=request_id,
    )


def of_http_error(error: HTTPException, request_id: str = "") -> Problem:
    """Form the document of what Litestar refused before a handler ran."""
    extra: list[Any] = error.extra if isinstance(error.extra, list) else []
    return Problem(
        type="about:blank",
        title=_title(error.status_code),
        status=error.status_code,
        detail=_detail(error, extra),
        errors=[_unfit(str(row.get("key", "")), str(row.get("message", ""))) for row in extra],
        request_id=request_id,
    )


def _detail(error: HTTPException, extra: Sequence[Any]) -> str:
    """Say in one sentence what was wrong; the framework says no more of a parameter than that there is something."""
    if error.status_code >= 500:
        return "The server failed."
    if extra and error.detail.startswith("Validation failed"):
        wrong = _unfit(str(extra[0].get("key", "")), str(extra[0].get("message", "")))
        return f"The request does not fit: {wrong.field}: {wrong.why}"
    return _DETAILS.get(error.detail, error.detail)


def _unfit(key: str, why: str) -> FieldError:
    """Say what is wrong with one field; the framework calls the body `data`."""
    if key != "data":
        return FieldError(field=key, why=why)
    return FieldError(field="body", why="It is required." if why == "'data'" else why)


def cloud_error_response(request: Request[Any, Any, Any], error: errors.CloudError) -> Response[bytes]:
    """Answer a domain error."""
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.Unauthenticated) else {}
    if isinstance(error, errors.Unavailable | errors.TooOften):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return _response(of_cloud_error(error, request_id_of(request)), headers)


def http_error_response(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer a refusal of Litestar's own: unknown path, wrong method, body that does not fit."""
    return _response(of_http_error(error, request_id_of(request)), error.headers or {})


def unexpected_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a failure that nobody expected, after logging it."""
    request_id = request_id_of(request)
    log.error("request failed", exc_info=error, extra={"fields": {"request": request_id, "path": request.url.path}})
    problem = Problem(
        type="about:blank",
        title=_title(500),
        status=500,
        detail="The server failed; its log knows more under the request's id.",
        request_id=request_id,
    )
    return _response(problem, {})


def request_id_of(request: Request[Any, Any, Any]) -> str:
    """Return the id that `server/front.py` gave this request."""
    return str(request.scope.get("request_id", ""))


def _response(problem: Problem, headers: dict[str, str]) -> Response[bytes]:
    body = msgspec.json.encode(problem)
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def _fields(error: errors.CloudError) -> list[FieldError]:
    match error:
        case errors.Invalid(parameter=parameter, why=why):
            return [FieldError(field=parameter, why=why)]
        case errors.Absent(parameter=parameter):
            return [FieldError(field=parameter, why="It is required.")]
        case errors.Unsound(faults=faults):
            return [FieldError(field=place, why=why) for place, why in faults]
        case errors.NoCapacity(reasons=reasons):
            return [FieldError(field="host", why=reason) for reason in reasons]
        case _:
            return []


def _title(status: int) -> str:
    return HTTPStatus(status).phrase

"""Sends calls to a cloud and gives typed answers or `ClientError`: one request builder, two transports.

The console uses `Cloud` (asyncio), commands use `SyncCloud`. Every exchange has a deadline. A proxy from the
environment is ignored for loopback addresses, since no proxy can reach them.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlsplit

import httpx
import msgspec

from app.api.problems import Problem
from app.api.resources import Collection
from app.client.calls import Call
from app.client.errors import Garbled, Refused, Unauthorized, Unreachable

Answer = TypeVar("Answer")
Item = TypeVar("Item")
ROOT = "/api/v1"
UNDO = "X-Undo"
CONNECT_S = 3.0
OPEN_S = 6.0
LONGEST_COMMAND = 200
_TLS = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS; its address may begin with http://",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted here",
}
"""What OpenSSL calls it, in words."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Cloud:
    """A cloud over asyncio; use as `async with`."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        command: str = "",
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; `command` is what the audit is told that was run, for calls that say nothing of their own.

        `auth` proves who we are instead of the token.
        """
        self.url, self.token = url.rstrip("/"), token
        self._http = httpx.AsyncClient(transport=transport, auth=auth, **_settings(url, token, command))

    async def send(self, call: Call[Answer]) -> Answer:
        """Do the call within its deadline; raises Refused, Unauthorized, Unreachable or Garbled."""
        return (await self.change(call))[0]

    async def change(self, call: Call[Answer]) -> tuple[Answer, int]:
        """Do the call as `send` does; return the number by which it can be undone, too, 0 if it can not."""
        try:
            async with asyncio.timeout(call.timeout_s):
                answer = await self._http.request(call.method, ROOT + call.path, **_arguments(call))
        except TimeoutError:
            raise Unreachable(f"no answer within {call.timeout_s:g} s") from None
        except httpx.HTTPError as error:
            raise Unreachable(_reason(error)) from error
        number = answer.headers.get(UNDO, "")
        return _decoded(call, answer), int(number) if number.isascii() and number.isdigit() else 0

    async def every(self, call: Call[Collection[Item]]) -> AsyncIterator[Item]:
        """Yield the things of a collection, page by page, as they are when their page is asked for."""
        after: str | None = ""
        while after is not None:
            page = await self.send(_after(call, after))
            for item in page.items:
                yield item
            after = page.next

    async def healthy(self, timeout_s: float = 1.0) -> bool:
        """Tell by /healthz whether anything answers there; never raises."""
        try:
            async with asyncio.timeout(timeout_s):
                return (await self._http.get("/healthz")).status_code < 500
        except (TimeoutError, httpx.HTTPError):
            return False

    @asynccontextmanager
    async def listen(self, cursor: str, topics: str = "") -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the live stream from `cursor`, of all kinds or of `topics` (commas between).

        Silence is the caller's to judge, so reading has no deadline.
        """
        headers = {"Accept": "text/event-stream", "Last-Event-ID": cursor}
        request = self._http.build_request(
            "GET",
            f"{ROOT}/stream",
            params={"after": cursor, "topics": topics} if topics else {"after": cursor},
            headers=headers,
            timeout=httpx.Timeout(CONNECT_S, read=None),
        )
        try:
            async with asyncio.timeout(OPEN_S):
                answer = await self._http.send(request, stream=True)
            try:
                if answer.status_code != 200:
                    await answer.aread()
                    raise _refusal(answer)
                yield answer.aiter_bytes()
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise Unreachable(_reason(error)) from error

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class SyncCloud:
    """A cloud for commands; use as `with`."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        command: str = "",
        auth: httpx.Auth | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare as `Cloud` does."""
        self.url = url.rstrip("/")
        self._http = httpx.Client(transport=transport, auth=auth, **_settings(url, token, command))

    def send(self, call: Call[Answer]) -> Answer:
        """Do the call; raises Refused, Unauthorized, Unreachable or Garbled."""
        try:
            answer = self._http.request(call.method, ROOT + call.path, timeout=_patience(call), **_arguments(call))
        except httpx.HTTPError as error:
            raise Unreachable(_reason(error)) from error
        return _decoded(call, answer)

    def every(self, call: Call[Collection[Item]]) -> Iterator[Item]:
        """Yield the things of a collection, page by page, as they are when their page is asked for."""
        after: str | None = ""
        while after is not None:
            page = self.send(_after(call, after))
            yield from page.items
            after = page.next

    def save(self, call: Call[None], target: Path) -> int:
        """Write the streamed answer to `target` (whole or not at all, mode 0600) and return its size in bytes."""
        try:
            with self._http.stream(
                call.method, ROOT + call.path, timeout=_patience(call), **_arguments(call)
            ) as answer:
                if answer.status_code >= 300:
                    answer.read()
                    raise _refusal(answer)
                return _write_aside(answer, target)
        except httpx.HTTPError as error:
            raise Unreachable(_reason(error)) from error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _after(call: Call[Answer], after: str) -> Call[Answer]:
    return replace(call, query={**call.query, "after": after}) if after else call


def _write_aside(answer: httpx.Response, target: Path) -> int:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            for chunk in answer.iter_bytes():
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        size = aside.stat().st_size
        aside.replace(target)
        return size
    finally:
        aside.unlink(missing_ok=True)


def _settings(url: str, token: str, command: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "eucalyptus-client"}
    here = urlsplit(url).hostname in LOOPBACK
    if here:
        headers["Accept-Encoding"] = "identity"  # compressing would take longer than carrying it
    return {
        "base_url": url.rstrip("/"),
        "headers": headers | telling(command),
        "timeout": httpx.Timeout(30.0, connect=CONNECT_S),
        "trust_env": not here,
        "follow_redirects": False,
    }


def _patience(call: Call[Answer]) -> httpx.Timeout:
    return httpx.Timeout(call.timeout_s, connect=CONNECT_S)


def _arguments(call: Call[Answer]) -> dict[str, Any]:
    return {"params": dict(call.query), "headers": call.headers() | telling(call.command), "content": call.payload()}


def telling(command: str) -> dict[str, Any]:
    """Form the header that names a command; what a header can not carry is left out of it."""
    text = "".join(char if char.isprintable() else " " for char in command)[:LONGEST_COMMAND]
    return {"Euca-Command": text.encode("utf-8", "replace")} if text.strip() else {}


def _decoded(call: Call[Answer], answer: httpx.Response) -> Answer:
    if answer.status_code >= 300:
        raise _refusal(answer)
    if call.answer is None:
        return cast("Answer", None)
    try:
        return cast("Answer", msgspec.json.decode(answer.content, type=call.answer))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Garbled(str(error)) from error


def _refusal(answer: httpx.Response) -> Refused | Unreachable | Garbled:
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if answer.status_code == 401:
            return Unauthorized(_bare_problem(answer, "The token was not accepted"))
        if answer.status_code in {502, 503, 504}:
            return Unreachable(f"HTTP status {answer.status_code}")
        return Garbled(f"HTTP status {answer.status_code}")
    return Unauthorized(problem) if answer.status_code == 401 else Refused(problem)


def _bare_problem(answer: httpx.Response, detail: str) -> Problem:
    return Problem(type="about:blank", title=answer.reason_phrase, status=answer.status_code, detail=detail)


def _reason(error: httpx.HTTPError) -> str:
    """Say it in one line; httpx's timeouts have an empty text."""
    match error:
        case httpx.ConnectTimeout():
            return f"no connection within {CONNECT_S:g} s"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError() if tls := next((said for name, said in _TLS.items() if name in str(error)), ""):
            return tls
        case httpx.ConnectError():
            return "nobody listens there" if "refused" in str(error) or "attempts failed" in str(error) else str(error)
        case _:
            return str(error) or type(error).__name__

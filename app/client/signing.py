"""Requests signed with an access key, as EC2's clients sign (version 4): how somebody without a token gets one.

Only requests without a query string are signed here; a client of EC2 needs more and has its own library for it.
"""

import hashlib
import hmac
from collections.abc import Callable, Generator
from datetime import UTC, datetime

import httpx

_ALGORITHM = "AWS4-HMAC-SHA256"
_SCOPE = ("eucalyptus", "euca", "aws4_request")


def _now() -> datetime:
    return datetime.now(UTC)


class SignedByKey(httpx.Auth):
    """Signs each request with one access key, for 15 minutes from `now`."""

    requires_request_body = True

    def __init__(self, access_key_id: str, secret_key: str, *, now: Callable[[], datetime] = _now) -> None:
        self._access_key_id, self._secret_key, self._now = access_key_id, secret_key, now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        stamp = self._now().strftime("%Y%m%dT%H%M%SZ")
        signed = {"host": request.headers["Host"], "x-amz-date": stamp}
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        names, body = ";".join(signed), hashlib.sha256(request.content).hexdigest()
        canonical = f"{request.method}\n{request.url.raw_path.decode()}\n\n{lines}\n{names}\n{body}"
        scope = (stamp[:8], *_SCOPE)
        text = f"{_ALGORITHM}\n{stamp}\n{'/'.join(scope)}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(scope), text.encode(), "sha256").hex()
        credential = f"{self._access_key_id}/{'/'.join(scope)}"
        request.headers["X-Amz-Date"] = stamp
        request.headers["Authorization"] = (
            f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        yield request

    def _key(self, scope: tuple[str, ...]) -> bytes:
        key = f"AWS4{self._secret_key}".encode()
        for word in scope:
            key = hmac.digest(key, word.encode(), "sha256")
        return key

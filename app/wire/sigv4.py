"""Signature version 4, in the Authorization header or presigned in the query string.

Region and service words of the scope may be anything: boto 2 guesses `0/127` from an address, euca2ools writes
`undefined-123`; the key is derived from what they say. Clients differ in how they spell path and query in the
canonical request, so a signature may fit any spelling of what was sent. The trap is `+`: only spellings that
keep the meaning the parameters are read with may be tried.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from posixpath import normpath
from urllib.parse import quote

from app.domain.errors import Unauthenticated
from app.wire.signed import WINDOW_MS, SignedRequest, check_time, mismatch, quoted, wire_bytes

_ALGORITHM = "AWS4-HMAC-SHA256"
_FIELDS = frozenset({"Credential", "SignedHeaders", "Signature"})
_SCOPE = re.compile(r"(?P<key>.+)/(?P<day>[0-9]{8})/(?P<region>[^/]{1,64})/(?P<service>[^/]{1,64})/aws4_request")
_STAMP = "%Y%m%dT%H%M%SZ"
_FORM_OF_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_LONGEST_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimV4:
    access_key_id: str
    scope: tuple[str, str, str]
    signed_headers: tuple[str, ...]
    signature: str = field(repr=False)
    at: datetime
    stamp: str
    lasting_ms: int
    request: SignedRequest = field(repr=False)

    def check(self, secret: str, now_ms: int) -> None:
        """Raise Unauthenticated unless the secret made this signature, in its time."""
        key = _signing_key(secret, self.scope)
        given = wire_bytes(self.signature)
        made = (_hmac(key, self._string_to_sign(text)).hex().encode() for text in self._canonical_requests())
        if not any(hmac.compare_digest(signature, given) for signature in made):
            raise mismatch()
        check_time(self.at, now_ms, lasting_ms=self.lasting_ms)

    def _string_to_sign(self, canonical: str) -> str:
        scope = "/".join([*self.scope, "aws4_request"])
        return f"{_ALGORITHM}\n{self.stamp}\n{scope}\n{hashlib.sha256(wire_bytes(canonical)).hexdigest()}"

    def _canonical_requests(self) -> Iterator[str]:
        request = self.request
        body = hashlib.sha256(request.body).hexdigest()
        names = ";".join(self.signed_headers)
        for host in request.hosts():
            headers = "".join(f"{name}:{_value(request, name, host)}\n" for name in self.signed_headers)
            for path in _paths(request.path):
                for query in _queries(request):
                    yield f"{request.method}\n{path}\n{query}\n{headers}\n{names}\n{body}"


def read_header(request: SignedRequest, header: str) -> ClaimV4:
    """Find the claim in an Authorization header that begins with AWS4."""
    algorithm, _, rest = header.partition(" ")
    parts = [part.partition("=") for part in rest.split(",")]
    fields = {name.strip(): value.strip() for name, _, value in parts}
    if algorithm != _ALGORITHM:
        raise Unauthenticated(f"The algorithm must be {_ALGORITHM}.")
    if fields.keys() != _FIELDS or len(parts) != 3 or not all(fields.values()):
        raise Unauthenticated("The Authorization header needs Credential, SignedHeaders and Signature.")
    _check_body(request)
    return _claim(request, fields, _header_stamp(request), WINDOW_MS)


def read_query(request: SignedRequest) -> ClaimV4:
    """Find the claim in the query string of a presigned request."""
    words = {name: request.query_value(f"X-Amz-{name}") for name in ("Credential", "SignedHeaders", "Signature")}
    fields = {name: value for name, value in words.items() if value}
    if request.query_value("X-Amz-Algorithm") != _ALGORITHM:
        raise Unauthenticated(f"The algorithm must be {_ALGORITHM}.")
    if len(fields) != 3:
        raise Unauthenticated("A presigned request needs X-Amz-Credential, X-Amz-SignedHeaders and X-Amz-Signature.")
    expires = request.query_value("X-Amz-Expires") or ""
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 0 < int(expires) <= _LONGEST_S:
        raise Unauthenticated(f"X-Amz-Expires must be a number of seconds from 1 to {_LONGEST_S}.")
    _check_body(request)
    return _claim(request, fields, request.query_value("X-Amz-Date") or "", int(expires) * 1000)


def _claim(request: SignedRequest, fields: dict[str, str], stamp: str, lasting_ms: int) -> ClaimV4:
    at = _moment(stamp)
    scope = _SCOPE.fullmatch(fields["Credential"])
    if scope is None:
        raise Unauthenticated(
            "The Credential must read KEY/YYYYMMDD/REGION/SERVICE/aws4_request; a word has at most 64 characters."
        )
    if scope["day"] != stamp[:8]:
        raise Unauthenticated("The day in the Credential is not the day of the request.")
    signed = tuple(fields["SignedHeaders"].lower().split(";"))
    if "host" not in signed:
        raise Unauthenticated("The header host must be signed.")
    if not request.by_header.keys() >= {*signed} - {"host"}:
        raise Unauthenticated("The request lacks a header that is named as signed.")
    return ClaimV4(
        access_key_id=scope["key"],
        scope=(scope["day"], scope["region"], scope["service"]),
        signed_headers=signed,
        signature=fields["Signature"],
        at=at,
        stamp=stamp,
        lasting_ms=lasting_ms,
        request=request,
    )


def _check_body(request: SignedRequest) -> None:
    """Refuse a body that is not what its hash says; for Query requests the body must be signed."""
    for claimed in request.values_of("x-amz-content-sha256"):
        if not hmac.compare_digest(wire_bytes(claimed), hashlib.sha256(request.body).hexdigest().encode()):
            raise Unauthenticated("The body does not fit x-amz-content-sha256.")


def _header_stamp(request: SignedRequest) -> str:
    stamps, dates = request.values_of("x-amz-date"), request.values_of("date")
    if stamps:
        return stamps[0]
    try:
        when = parsedate_to_datetime(dates[0]) if dates else None
    except ValueError:
        when = None
    if when is None:
        raise Unauthenticated("The request needs a header X-Amz-Date such as 20260102T030405Z.")
    return f"{when.astimezone(UTC) if when.tzinfo else when:{_STAMP}}"


def _moment(stamp: str) -> datetime:
    try:
        if not _FORM_OF_STAMP.fullmatch(stamp):
            raise ValueError(stamp)
        return datetime.fromisoformat(stamp)  # strptime takes as long as the whole signature
    except ValueError:
        raise Unauthenticated("X-Amz-Date must read like 20260102T030405Z.") from None


def _paths(path: str) -> Iterator[str]:
    """Yield the spellings of a path: as sent, tidied up, and tidied up and encoded again as botocore does.

    Most clients sign what they send, so the others are worked out only when that does not fit.
    """
    raw = path or "/"
    yield raw
    tidy = "/" + normpath(raw).lstrip("/")
    if raw.endswith("/") and len(tidy) > 1:
        tidy += "/"
    yield from (spelled for spelled in (tidy, quote(tidy, safe="/~")) if spelled != raw)


def _queries(request: SignedRequest) -> Iterator[str]:
    """Yield the spellings of the query: its own words in order, and its meaning encoded anew."""
    raw = [tuple(pair.partition("=")[::2]) for pair in request.query.split("&") if pair]
    sent = "&".join(f"{n}={v}" for n, v in sorted(raw) if n != "X-Amz-Signature")
    yield sent
    pairs = sorted((quoted(n), quoted(v)) for n, v in request.query_pairs() if n != "X-Amz-Signature")
    encoded = "&".join(f"{n}={v}" for n, v in pairs)
    if encoded != sent:
        yield encoded


def _value(request: SignedRequest, name: str, host: str) -> str:
    if name == "host":
        return host
    return ",".join(" ".join(value.split()) for value in request.values_of(name))


@lru_cache(1024)  # a key is good for a day; making it takes four of a request's five HMACs. Strangers fill it, too
def _signing_key(secret: str, scope: tuple[str, str, str]) -> bytes:
    key = f"AWS4{secret}".encode()
    for word in (*scope, "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, wire_bytes(text), "sha256")

"""A request as its signature sees it: nothing normalised, nothing decoded but the parameters.

The trap is proxies and frameworks that tidy up paths, header values and query strings: what they change no longer
fits the signature, so the HTTP edge must hand over what came on the wire.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from urllib.parse import quote, unquote_plus

import msgspec

from app.domain.errors import Unauthenticated
from app.wire.scalars import timestamp

WINDOW_MS = 15 * 60 * 1000
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """`path` and `query` are raw; header names are lower-case; `params` are query and form, decoded."""

    method: str
    scheme: str
    host: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    params: Sequence[tuple[str, str]]

    @cached_property
    def by_header(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name, []).append(value)
        return found

    def values_of(self, header: str) -> list[str]:
        return self.by_header.get(header, [])

    def param(self, name: str) -> str | None:
        """Return a parameter's value; Unauthenticated if it was sent twice: nobody knows which counts."""
        return _sole(name, [value for given, value in self.params if given == name])

    def query_value(self, name: str) -> str | None:
        """Return a value of the query string alone."""
        return _sole(name, [value for given, value in self.query_pairs() if given == name])

    def query_pairs(self) -> list[tuple[str, str]]:
        pairs = (pair.partition("=") for pair in self.query.split("&") if pair)
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]

    def hosts(self) -> Iterator[str]:
        """Yield the spellings of the host that clients sign: as sent, lower-case, without and with its port."""
        yield self.host
        folded = self.host.lower()
        name, colon, port = folded.rpartition(":")
        if not colon or not port.isdigit():
            name, port = folded, ""
        others = (folded, name, f"{name}:{port or _DEFAULT_PORTS.get(self.scheme, '80')}")
        yield from (spelled for spelled in dict.fromkeys(others) if spelled != self.host)


def quoted(text: str) -> str:
    """Percent-encode everything but RFC 3986's unreserved characters."""
    return quote(text, safe="-_.~", errors="surrogatepass")


def check_time(at: datetime, now_ms: int, *, lasting_ms: int = WINDOW_MS) -> None:
    """Raise Unauthenticated unless now is at most 15 minutes before `at` and `lasting_ms` after it."""
    age_ms = now_ms - _ms(at)
    if age_ms > lasting_ms:
        raise Unauthenticated(f"The request was signed for {at:%Y-%m-%dT%H:%M:%SZ} and has expired; check the clock.")
    if age_ms < -WINDOW_MS:
        raise Unauthenticated(f"The request was signed for {at:%Y-%m-%dT%H:%M:%SZ}, in the future; check the clock.")


def check_expiry(at: datetime, now_ms: int) -> None:
    """Raise Unauthenticated once `at` is over, however far ahead it was set."""
    if now_ms > _ms(at):
        raise Unauthenticated(f"The request was valid until {at:%Y-%m-%dT%H:%M:%SZ} and has expired; check the clock.")


def moment(text: str, parameter: str) -> datetime:
    """Read ISO 8601 in any of its forms; a time without zone is UTC."""
    try:
        return timestamp(text)
    except ValueError:
        raise Unauthenticated(f"{parameter} is not a time such as 2026-01-02T03:04:05Z.") from None


def mismatch() -> Unauthenticated:
    return Unauthenticated(
        "AWS was not able to validate the provided access credentials: check the access key id and its secret."
    )


def wire_bytes(text: str) -> bytes:
    """Encode for hashing; never fails, whatever half characters a client sent."""
    return text.encode("utf-8", "surrogatepass")


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _sole(name: str, values: list[str]) -> str | None:
    if len(values) > 1:
        raise Unauthenticated(f"{name} was sent more than once.")
    return values[0] if values else None

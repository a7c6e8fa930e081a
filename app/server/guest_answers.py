"""The metadata service: what a guest asks at 169.254.169.254, in EC2's first version and its second one with tokens.

Tokens are signed and not stored, and hold for one instance; a new server asks for new ones, as EC2's clients expect
at any time. A gateway elsewhere answers, too, so nothing of the store is known here. The trap: a proxy inside a guest
could be talked into asking for a token, so a request that went through one (`X-Forwarded-For`) is refused, and the
answer travels no further than the owner allows (one hop, unless told).
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Mapping

from app.domain.gateway import GuestFacts
from app.domain.network import GuestAnswer, GuestRequest
from app.domain.ports import Clock, Entropy

TOKEN, TTL = "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"
LONGEST_TTL_S = 6 * 60 * 60
_EXPIRY = struct.Struct("!Q")
VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "latest",
)  # fmt: skip
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}|1\.0|latest")


class Answers:
    """Answers guests from what there is to tell them; made once for a running program."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._key = entropy(32)

    def answer(self, asked: GuestRequest, told: GuestFacts | None) -> GuestAnswer:
        """Answer one request of the instance that the fabric recognised; None: there is no such instance."""
        if told is None:
            return GuestAnswer(status=404)
        if not told.enabled:
            return GuestAnswer(status=403)
        path = asked.path.partition("?")[0].strip("/")
        if asked.method == "PUT" and path.partition("/")[2] == "api/token":
            return self._token(asked, told.hops)
        if asked.method not in {"GET", "HEAD"}:
            return GuestAnswer(status=405, headers={"Allow": "GET, HEAD"})
        if not self._is_proven(asked, told):
            return GuestAnswer(status=401)
        body = page(told.pages, path)
        return GuestAnswer(status=404) if body is None else GuestAnswer(status=200, body=body)

    def _is_proven(self, asked: GuestRequest, told: GuestFacts) -> bool:
        """Tell whether a request has the token that it needs; one that comes without need must be right, too."""
        if TOKEN in asked.headers:
            return self._holds(asked.headers[TOKEN], asked.instance_id)
        return not told.tokens_required

    def _token(self, asked: GuestRequest, hops: int) -> GuestAnswer:
        if "x-forwarded-for" in asked.headers:
            return GuestAnswer(status=403, hops=hops)
        ttl = asked.headers.get(TTL, "")
        if not (ttl.isascii() and ttl.isdigit() and len(ttl) < 6 and 1 <= int(ttl) <= LONGEST_TTL_S):
            return GuestAnswer(status=400, hops=hops)
        expiry = _EXPIRY.pack(int(self._clock.monotonic_s()) + int(ttl))
        token = base64.urlsafe_b64encode(expiry + self._signature(expiry, asked.instance_id))
        return GuestAnswer(status=200, body=token, headers={"X-aws-ec2-metadata-token-ttl-seconds": ttl}, hops=hops)

    def _holds(self, token: str, instance_id: str) -> bool:
        try:
            raw = base64.urlsafe_b64decode(token.encode())
        except (ValueError, binascii.Error):
            return False
        expiry, signature = raw[: _EXPIRY.size], raw[_EXPIRY.size :]
        right = hmac.compare_digest(signature, self._signature(expiry, instance_id))
        return right and bool(_EXPIRY.unpack(expiry)[0] > self._clock.monotonic_s())

    def _signature(self, expiry: bytes, instance_id: str) -> bytes:
        return hmac.digest(self._key, expiry + instance_id.encode(), hashlib.sha256)


def page(pages: Mapping[str, bytes], path: str) -> bytes | None:
    """Return what stands at a path, a listing for a directory; None: nothing does."""
    names = [name for name in path.split("/") if name]
    if not names:
        return "\n".join(VERSIONS).encode()
    return pages.get("/".join(names[1:])) if _VERSION.fullmatch(names[0]) else None

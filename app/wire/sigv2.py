"""Signature version 2: HMAC over verb, host, path and the sorted parameters.

boto 2.0 and older, euca2ools 1 and 2, and libcloud sign so. They differ in small things (port in the host or not,
a space as `%20` or `+`), so a signature may fit any of the spellings. Each spelling writes the same parameters, so none
of them lets a changed request through.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

from app.domain.errors import Unauthenticated
from app.wire.signed import SignedRequest, check_expiry, check_time, mismatch, moment, quoted, wire_bytes

_METHODS = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimV2:
    access_key_id: str
    method: str
    signature: str = field(repr=False)
    expires: bool
    at: datetime
    request: SignedRequest = field(repr=False)

    def check(self, secret: str, now_ms: int) -> None:
        """Raise Unauthenticated unless the secret made this signature, in its time."""
        key, digest, given = secret.encode(), _METHODS[self.method], wire_bytes(self.signature)
        made = (b64encode(hmac.new(key, wire_bytes(text), digest).digest()) for text in _spellings(self.request))
        if not any(hmac.compare_digest(signature, given) for signature in made):
            raise mismatch()
        (check_expiry if self.expires else check_time)(self.at, now_ms)


def read(request: SignedRequest) -> ClaimV2:
    """Find the claim in the parameters; Unauthenticated if a part of it is missing."""
    access_key_id, method = request.param("AWSAccessKeyId"), request.param("SignatureMethod")
    timestamp, expires = request.param("Timestamp"), request.param("Expires")
    if not access_key_id:
        raise Unauthenticated("The signature names no AWSAccessKeyId.")
    if method not in _METHODS:
        raise Unauthenticated("SignatureMethod must be HmacSHA256 or HmacSHA1.")
    if (timestamp is None) == (expires is None):
        raise Unauthenticated("A signed request needs either Timestamp or Expires.")
    return ClaimV2(
        access_key_id=access_key_id,
        method=method,
        # Base64 has no spaces: one can only be a plus sign that the client did not encode.
        signature=(request.param("Signature") or "").strip().replace(" ", "+"),
        expires=timestamp is None,
        at=moment(timestamp, "Timestamp") if timestamp is not None else moment(expires or "", "Expires"),
        request=request,
    )


def _spellings(request: SignedRequest) -> Iterator[str]:
    """Yield the strings that clients may have signed for this request."""
    pairs = [pair for pair in request.params if pair[0] != "Signature"]
    written = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in sorted(pairs))
    spaces = dict.fromkeys([written, written.replace("%20", "+")])
    for host, parameters in product(request.hosts(), spaces):
        yield f"{request.method}\n{host}\n{request.path or '/'}\n{parameters}"

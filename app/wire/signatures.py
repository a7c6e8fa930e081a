"""Who sent a Query request: reading its signature, and checking it once the secret is known.

Two phases, since the secret comes from the store: `read` finds the claim (an access key id), `Claim.check` proves it.
Versions 4 (header and presigned) and 2 are understood; version 1 is unsafe and refused, as is everything else. Nothing
here tells the secret or the signature that was expected.
"""

from typing import Protocol

from app.domain.errors import Unauthenticated
from app.wire import sigv2, sigv4
from app.wire.signed import SignedRequest, mismatch

__all__ = ["Claim", "SignedRequest", "mismatch", "read"]


class Claim(Protocol):
    """What a request says of its sender, not believed yet."""

    @property
    def access_key_id(self) -> str: ...

    def check(self, secret: str, now_ms: int) -> None:
        """Raise Unauthenticated unless the secret made this signature over this request, in its time."""
        ...


def read(request: SignedRequest) -> Claim:
    """Find the claim of a request; Unauthenticated if it has none that can be checked.

    A header counts only if it begins with AWS4: boto 1.9 sends `Authorization: AWS …` beside a signed query.
    """
    headers = [value for value in request.values_of("authorization") if value.startswith("AWS4")]
    if len(headers) > 1:
        raise Unauthenticated("The request carries more than one Authorization header.")
    if headers:
        return sigv4.read_header(request, headers[0])
    if request.query_value("X-Amz-Algorithm") is not None:
        return sigv4.read_query(request)
    version = request.param("SignatureVersion")
    if request.param("Signature") is None:
        raise Unauthenticated("The request is not signed: sign it with version 4 or 2.")
    if version != "2":
        raise Unauthenticated("Only signature versions 4 and 2 are accepted.")
    return sigv2.read(request)

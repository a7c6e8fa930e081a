"""Who signs a request to REST with an access key, to be given a token. Everything else there needs a token.

Signatures are checked as those of EC2 are, by the same code. The trap: this is where a stranger may guess, so tries are
counted by address, the right ones too, before anything is looked at; only the header counts, since an address with a
signature in it would end up in logs and histories.
"""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection

from app.domain.account import Caller
from app.domain.errors import Unauthenticated
from app.domain.ports import Clock
from app.server.callers import Callers
from app.server.pace import Pace
from app.server.query_edge import signed_request
from app.wire import signatures

PER_S = 1
MOST_ADDRESSES = 1024
_HOW = "This needs the header Authorization: AWS4-HMAC-SHA256 ..., made with an access key; euca token get does that."


class Logins:
    """Knows the callers behind signatures, for a while and by address no more often than `PER_S`."""

    def __init__(self, callers: Callers, clock: Clock) -> None:
        self.callers, self._clock = callers, clock
        self._pace = Pace(PER_S, clock, most=MOST_ADDRESSES)

    async def signer(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
        """Return who signed; Unauthenticated if that is nobody, TooOften for who tries too often."""
        self._pace.take(connection.client.host if connection.client else "")
        if not connection.headers.get("authorization", "").startswith("AWS4"):
            raise Unauthenticated(_HOW)
        body = await connection.body() if isinstance(connection, Request) else b""
        claim = signatures.read(signed_request(connection.scope, body))
        return self.callers.prove(claim, self._clock.now_ms())

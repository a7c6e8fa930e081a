"""What a server and a gateway say to each other, packed, over WebSockets; and the token that lets a gateway in.

The server says `Order` or `Errand`, the gateway `Report`. The first order on a line is the whole of what is wanted, a
later one what is new since one that was carried out. To join, a gateway says `Knock` and hears `Welcome` or `Refusal`.
The trap: a token travels by way of people, so it says itself for which cluster it is, and by which certificate the
server is to be known.
"""

import re
from dataclasses import dataclass

import msgspec

from app.domain.errors import Broken, CloudError, Malformed, Unavailable
from app.domain.gateway import Visit
from app.domain.gateway_change import Change

JOIN, WORK = "/join", "/"
MOST_SAID = 256 * 1024
MOST_TOLD = 256 * 1024 * 1024
MOST_DRIFT = 100
_TOKEN = re.compile(r"eucagw\.([0-9a-f]{64})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9][A-Za-z0-9._-]{0,62})")


class Order(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """What is new since the order `after`, 0: since nothing, so it is the whole; `number` comes with the report."""

    number: int
    change: Change
    after: int = 0


class Errand(msgspec.Struct, frozen=True, kw_only=True, tag="errand"):
    """The whole of what one host is to have."""

    number: int
    visit: Visit


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order: what had been broken meanwhile, or why it could not be done (`lasting`: ever).

    `key`: the public one by which other gateways know this one, if it is joined with any by encrypted ways.
    """

    number: int
    repaired: tuple[str, ...] = ()
    port: str = ""
    why: str = ""
    lasting: bool = False
    key: str = ""

    def error(self) -> CloudError | None:
        """Return what is to be raised, if anything."""
        if not self.why:
            return None
        return Broken(self.port, self.why) if self.lasting else Unavailable(self.port, self.why)


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    cluster: str
    token: str
    request: bytes


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag="welcome"):
    certificate: bytes
    authority: bytes


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    why: str


encode = msgspec.msgpack.encode
told_of = msgspec.msgpack.Decoder(Order | Errand).decode
report_of = msgspec.msgpack.Decoder(Report).decode
knock_of = msgspec.msgpack.Decoder(Knock).decode
answer_of = msgspec.msgpack.Decoder(Welcome | Refusal).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A token in its parts."""

    fingerprint: str
    secret: str
    cluster: str

    @classmethod
    def parse(cls, text: str) -> "Invitation":
        found = _TOKEN.fullmatch(text.strip())
        if found is None:
            raise Malformed("token of a gateway", "…", "euca cluster gateway CLUSTER gives one")
        return cls(fingerprint=found[1], secret=found[2], cluster=found[3])

    def __str__(self) -> str:
        return f"eucagw.{self.fingerprint}.{self.secret}.{self.cluster}"

"""One thing for one client token: the same request again gives what the first one made.

A token is kept as long as the thing: `tags.forget` drops both. It counts in its account and for its operation only,
as in EC2. Transactions are one after another, so requests at once need no care of their own. RunInstances keeps its
token with the reservation, where answers show it: nothing more is written for a launch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from app.domain.account import Caller
from app.domain.client_token import ClientToken
from app.domain.errors import Invalid, Mismatch
from app.domain.ports import Table, Unit

LONGEST_TOKEN = 64


class Made(Protocol):
    @property
    def id(self) -> str: ...


Thing = TypeVar("Thing", bound=Made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a client asked to be done once; an empty token asks for nothing."""

    operation: str
    token: str
    sha256: str
    longest: int = LONGEST_TOKEN


def once(unit: Unit, caller: Caller, asked: Promise, things: Table[Thing], make: Callable[[], Thing]) -> Thing:
    """Make a thing, or return the one that its token stands for; Mismatch if the token came with another request.

    `things` is the table in which `make` keeps what it returns.
    """
    if not asked.token:
        return make()
    check(asked.token, asked.longest)
    earlier = unit.client_tokens.get(caller.account_id, asked.operation, asked.token)
    if earlier is not None:
        thing = things.get(earlier.made)
        if thing is not None:
            if earlier.sha256 != asked.sha256:
                raise Mismatch(asked.token)
            return thing
        unit.client_tokens.remove(earlier)
    thing = make()
    unit.client_tokens.add(
        ClientToken(
            account_id=caller.account_id,
            operation=asked.operation,
            token=asked.token,
            sha256=asked.sha256,
            made=thing.id,
            created_at_ms=unit.now_ms,
        )
    )
    return thing


def check(token: str, longest: int = LONGEST_TOKEN) -> None:
    """Refuse a client token that EC2 would refuse."""
    if len(token) > longest or not token.isascii() or not token.isprintable():
        raise Invalid("ClientToken", token, f"It has at most {longest} printable ASCII characters.")


def forget(unit: Unit, made: str) -> None:
    """Drop the token of a thing that goes."""
    for token in unit.client_tokens.where(made=made):
        unit.client_tokens.remove(token)

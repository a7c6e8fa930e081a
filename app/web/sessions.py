"""Who is logged in at the web console. A browser holds a random name in its cookie; the token stays here, in memory.

The trap: names are kept as digests, so that neither a log nor a dump of this table lets anybody in.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

LASTS_S = 8 * 3600.0
MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login; `token` is what its consoles speak to the cloud with."""

    token: str = field(repr=False)
    user: str
    ends_s: float


class Sessions:
    """`now_s` is a clock that never goes back."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._open: dict[bytes, Session] = {}

    def begin(self, token: str, user: str) -> str:
        """Remember a login and return its name for the cookie; the oldest goes if there are too many."""
        self._forget_old()
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        name = secrets.token_urlsafe(32)
        self._open[_digest(name)] = Session(token=token, user=user, ends_s=self._now_s() + LASTS_S)
        return name

    def of(self, name: str) -> Session | None:
        """Return the session of a cookie, None if there is none any more."""
        self._forget_old()
        return self._open.get(_digest(name))

    def end(self, name: str) -> None:
        self._open.pop(_digest(name), None)

    def _forget_old(self) -> None:
        now_s = self._now_s()
        self._open = {key: one for key, one in self._open.items() if one.ends_s > now_s}


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()

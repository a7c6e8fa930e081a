"""What hangs on things that are about to go, for whoever confirms it, and whether it is still so when they go.

`ties.py` says what that is for each kind. A version is a digest of the ties alone: what a thing is like otherwise is
confirmed by its fields. The trap: it is looked at again in the transaction that lets the thing go, in no other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

from app.domain import ids
from app.domain.errors import Conflict, Missing, Unknown
from app.domain.ports import Unit
from app.services.ties import LOOKS, Found, Tie

KINDS = tuple(LOOKS)
VERSION_DIGITS = 16
BY_NAME = ("type", "host", "cluster")
BY_OTHER_IDS = ("user", "account")
MOST_SAID = 5


def of(unit: Unit, kind: str, given: Sequence[str]) -> Mapping[str, Found]:
    """Look up what hangs on things of a kind, in the order asked; those that are no more are left out.

    Unknown for a kind that there is not, Missing if none of the things is there.
    """
    if kind not in LOOKS:
        raise Unknown("kind", kind[:40], ", ".join(KINDS))
    named = [_canonical(kind, one) for one in given]
    found = LOOKS[kind](unit, tuple(named))
    if not found:
        raise Missing(kind, *(one[:80] for one in given[:MOST_SAID]))
    return {one: found[one] for one in named if one in found}


def version(found: Found) -> str:
    """Name a list of ties, so that another list has another name."""
    ties = sorted((tie.kind, tie.id, tie.fate) for tie in found.ties)
    return sha256(repr(ties).encode()).hexdigest()[:VERSION_DIGITS]


def changed(unit: Unit, kind: str, given: str, confirmed: str) -> str:
    """Say what hangs on a thing if that is not what was confirmed; empty if it is, and if the thing is no more."""
    named = _canonical(kind, given)
    found = LOOKS[kind](unit, (named,)).get(named)
    if found is None or version(found) == confirmed:
        return ""
    return f"what hangs on it has changed since this was confirmed; now it is {said(found.ties)}"


def check(unit: Unit, kind: str, given: str, confirmed: str) -> None:
    """Refuse what was confirmed while something else hung on the thing."""
    why = changed(unit, kind, given, confirmed)
    if why:
        raise Conflict(kind, given, f"was left as it is: {why}")


def said(ties: Sequence[Tie]) -> str:
    """Say ties in a line."""
    more = len(ties) - MOST_SAID
    named = [f"{tie.kind} {tie.id} ({tie.fate})" for tie in ties[:MOST_SAID]]
    return ", ".join(named + [f"{more} more"] * (more > 0)) or "nothing"


def sums(found: Mapping[str, Found]) -> list[str]:
    """Sum up the ties of many things: how many of each kind meet which fate."""
    counts = Counter((tie.kind, tie.fate) for one in found.values() for tie in one.ties)
    return [f"{count} x {kind}: {fate}" for (kind, fate), count in counts.items()]


def _canonical(kind: str, given: str) -> str:
    return given if kind in (*BY_NAME, *BY_OTHER_IDS) else ids.canonical(given)

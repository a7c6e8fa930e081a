"""Whether what was rehearsed is still what would happen: asked in the transaction that applies the rules.

Only news that make it another list count: another policy, hosts that come, go or are described anew, and what happens
to instances that the list names or on hosts that it names. The trap: readings of sensors change always and are no news;
the round that follows looks at them anew, as at all else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from app.domain.errors import Conflict
from app.domain.journal import Entry
from app.domain.ports import Unit
from app.rules.plan import Move, Plan, Restart
from app.services.remapping import is_news

VALID_S = 60.0
MOST_ENTRIES = 5000
_TOLD = 3
_MOVING = frozenset({"host", "moving_from", "wanted", "removed", "vmtype", "launches", "launched"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What was shown, made when the journal stood at `cursor`; `digest` tells which rules it was made of."""

    digest: str
    cursor: int
    at_s: float
    instances: frozenset[str]
    hosts: frozenset[str]


def digest(text: str, policy: str) -> str:
    """Return what tells one text and policy from another."""
    return sha256(f"{policy}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def named_in(plan: Plan) -> tuple[frozenset[str], frozenset[str]]:
    """Return the instances and the hosts that a plan names."""
    steps: tuple[Move | Restart, ...] = (*plan.moves, *plan.restarts)
    hosts = {host for each in steps for host in (each.source, each.target)} | {each.host for each in plan.powers}
    return frozenset(each.vm for each in steps), frozenset(hosts)


def check(unit: Unit, found: Rehearsed, given: str, wanted: str, now_s: float) -> None:
    """Conflict unless rules of the digest `wanted`, applied now, do what was shown under the name `given`."""
    if found.digest != wanted:
        raise Conflict("rehearsal", given, "is one of other rules: rehearse these")
    age_s = now_s - found.at_s
    if age_s > VALID_S:
        raise Conflict("rehearsal", given, f"is {age_s:.0f} s old and counts for {VALID_S:.0f} s: rehearse again")
    entries = unit.entries(found.cursor, MOST_ENTRIES)
    if len(entries) == MOST_ENTRIES:
        raise Conflict("rehearsal", given, f"is followed by {MOST_ENTRIES} changes or more: rehearse again")
    news = list(dict.fromkeys(_said(entry) for entry in _news(unit, found, entries)))
    if news:
        more = f" and {len(news) - _TOLD} more" if len(news) > _TOLD else ""
        raise Conflict("rehearsal", given, f"was overtaken by {'; '.join(news[:_TOLD])}{more}: rehearse again")


def _news(unit: Unit, found: Rehearsed, entries: list[Entry]) -> Iterator[Entry]:
    moved = {entry.resource_id for entry in entries if _moves(entry)}
    there = {row.id for row in unit.instances.where(id=tuple(moved)) if found.hosts.intersection(row.hosts)}
    for entry in entries:
        named = entry.resource_id.partition("/")[0] in found.instances
        described = named and entry.kind == "tag"
        if is_news(entry) or described or (_moves(entry) and (named or entry.resource_id in there)):
            yield entry


def _moves(entry: Entry) -> bool:
    """Tell whether an instance comes, goes, or holds another room."""
    return entry.kind == "instance" and (not entry.data or bool(_MOVING & entry.data.keys()))


def _said(entry: Entry) -> str:
    what = entry.text or entry.event
    return what if entry.resource_id in what else f"{entry.resource_id} {what}"

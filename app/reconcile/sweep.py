"""Compare a whole host at once: one listing of its domains against its rows. Pure but for the two questions.

This is what finds everything that the journal and the events did not tell, at little cost: only instances that
differ are looked at one by one. Domains that the store does not know are never touched: they may be all
that is left of a cloud whose database was lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import DomainSeen, Unit
from app.reconcile.diff import Observed, diff
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """`differ`: instances to look at; `strangers`: domains of ours that belong to no row of this host.

    `back`: rows that are as they were before the host was lost, and only still marked as impaired.

    `late`: those of instances that ended elsewhere, defined here by a call that was answered by nobody. `gone_on`: of
    instances that started elsewhere while this host was fenced.
    """

    differ: tuple[str, ...]
    back: tuple[Instance, ...]
    late: tuple[str, ...]
    gone_on: tuple[str, ...]
    strangers: tuple[str, ...]
    bare: bool


def rows_for(unit: Unit, host: str, domains: Iterable[DomainSeen]) -> dict[str, Instance]:
    """Read the instances of a host, also those that come from there, and those that its domains name."""
    rows = {row.id: row for row in present(unit, host)}
    others = sorted({domain.instance_id for domain in domains} - rows.keys())
    if others:
        rows |= {row.id: row for row in unit.instances.where(id=others)}
    return rows


def present(unit: Unit, host: str) -> list[Instance]:
    """List the instances that may be on a host: its own ones, and those that move away from it."""
    return [*unit.instances.where(host=host, removed=False), *unit.instances.where(moving_from=host, removed=False)]


def compare(host: Host, domains: Iterable[DomainSeen], rows: Mapping[str, Instance], limits: Limits) -> Swept:
    """Sort a host's domains and rows; a fresh memory makes it look once too often rather than too seldom."""
    seen = {domain.instance_id: domain for domain in domains}
    mine = {name: row for name, row in rows.items() if host.name in row.hosts}
    differ, back = [], []
    for name, row in mine.items():
        observed = Observed(domain=seen.get(name), forgets=host.rehearsal)
        unmarked = replace(row, impaired_since_ms=0) if row.impaired_since_ms else row
        if row.moving_from or diff(unmarked, observed, Memory(), limits, 0.0):
            differ.append(name)
        elif row.impaired_since_ms:
            back.append(row)
    late = sorted(name for name, row in rows.items() if name in seen and name not in mine and row.removed)
    gone_on = sorted((seen.keys() & rows.keys()) - mine.keys() - set(late)) if host.fenced else []
    return Swept(
        differ=tuple(differ),
        back=tuple(back),
        late=tuple(late),
        gone_on=tuple(gone_on),
        strangers=tuple(sorted(seen.keys() - mine.keys() - {*late, *gone_on})),
        bare=not seen and all(row.removed for row in mine.values()),
    )

"""Machines that share no host with others of their placement group, in a plan: no step of it may bring them together.

The trap: one at rest, or on its way, is none of the machines that the plan moves, and keeps its hosts all the same.
"""

from collections.abc import Iterator, Sequence

from app.rules.company import Member
from app.rules.fleet import Fleet
from app.rules.table import HostTable


class Apart:
    """Looks at the fleet as the plan has it so far."""

    def __init__(self, members: Sequence[Member], table: HostTable, fleet: Fleet) -> None:
        self._table, self._fleet = table, fleet
        self._numbers = {name: number for number, name in enumerate(fleet.ids)}
        self._of = {member.id: member for member in members}
        self._groups: dict[str, list[Member]] = {}
        for member in members:
            self._groups.setdefault(member.group, []).append(member)

    def closed(self, who: int) -> list[int]:
        """Name the rows of hosts that a machine may not come to."""
        mine = self._of.get(self._fleet.ids[who])
        if mine is None:
            return []
        others = [other for other in self._groups[mine.group] if other.part != mine.part]
        rows = {row for other in others for row in self._rows(other)}
        return [int(near) for row in rows for near in self._table.rack(row)] if mine.by_rack else list(rows)

    def _rows(self, member: Member) -> Iterator[int]:
        number = self._numbers.get(member.id)
        if number is not None and len(member.hosts) == 1:
            yield int(self._fleet.rows[number])
        else:
            yield from (self._table.rows[host] for host in member.hosts if host in self._table.rows)

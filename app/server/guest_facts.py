"""What the guests behind one gateway are told, formed anew only for those of whom something has changed.

Forming it takes a millisecond for each, and a gateway is told the whole at every change. The trap: an address that was
taken away names nobody in the journal, so what an instance's public address is now is compared with what was told.
"""

from collections.abc import Mapping, Sequence

from app.domain.gateway import GuestFacts
from app.domain.ports import Unit
from app.server.metadata import facts_of
from app.services import public_addresses

_ENTRIES = 1000
_OF_ONE, _OF_MANY = frozenset({"instance", "tag"}), frozenset({"image"})


class KnownFacts:
    """Remembers what was formed by the journal's entry `cursor`."""

    def __init__(self) -> None:
        self._cursor = 0
        self._facts: dict[str, GuestFacts] = {}
        self._public: dict[str, str] = {}

    def read(self, unit: Unit, instance_ids: Sequence[str]) -> Mapping[str, GuestFacts]:
        """Tell what these instances are told; what was known of others is forgotten."""
        public = {row.instance_id: row.ip for row in public_addresses.of_instances(unit, instance_ids).values()}
        stale = self._stale(unit)
        known = {
            each: self._facts[each]
            for each in instance_ids
            if each in self._facts and each not in stale and self._public.get(each) == public.get(each)
        }
        lacking = [each for each in instance_ids if each not in known]
        self._facts = known | (facts_of(unit, lacking) if lacking else {})
        self._cursor, self._public = unit.cursor(), public
        return self._facts

    def _stale(self, unit: Unit) -> set[str]:
        """Name the instances that may be told something else since the last time; all if that can't be known."""
        entries = unit.entries(self._cursor, _ENTRIES)
        if len(entries) == _ENTRIES or unit.oldest_cursor() > self._cursor + 1:
            return set(self._facts)
        if any(entry.kind in _OF_MANY for entry in entries):
            return set(self._facts)
        return {entry.resource_id for entry in entries if entry.kind in _OF_ONE}

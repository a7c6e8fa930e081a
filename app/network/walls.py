"""The packet filter of one cloud on this machine: brought from what it holds to what it is to hold.

Blocking, like the bridges. What it holds is remembered. The trap: that anybody has changed packet rules is told, but
not whose; so our table is read then, and made anew, at once and without a gap, unless it is known to be as it was.
Established connections are the kernel's own and go on.
"""

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from app.domain.errors import Broken, Unavailable
from app.domain.firewall import Firewall
from app.domain.network import Network
from app.network import connections, nft
from app.network.packet_filter import Contents, Known, contents, difference, whole
from app.network.sight import Step

log = logging.getLogger(__name__)
Blocks = Mapping[str, str]
_BLOCK = re.compile(r"^\t(\w+ \w+) \{\n(.*?)^\t\}", re.MULTILINE | re.DOTALL)


class Walls:
    """Our own table; `owner` tells clouds of one machine apart."""

    def __init__(self, owner: str) -> None:
        self._table = "euca_" + re.sub(r"[^a-z0-9]", "_", owner.lower())
        self._holds: Contents | None = None
        self._stood: Blocks | None = None
        self._known = Known()
        self._generation = 0
        self.quiet = True
        """Whether nothing was new at the last `apply`."""

    def apply(self, networks: Sequence[Network], firewall: Firewall, lent: Collection[str]) -> list[str]:
        """Make the table be as wanted and say what somebody else had changed; `lent` are an operator's bridges."""
        wanted = contents(networks, firewall, lent, self._known)
        said = self._mend()
        if self._holds is None:
            self._generation = nft.generation()
            document = whole(self._table, wanted)
        else:
            document = difference(self._table, self._holds, wanted)
        self.quiet = not document
        if document:
            before = self._holds
            self._run(document, wanted)
            self._stood = None
            if before is not None:
                self._part(before, wanted)
        return said

    def begin(self, networks: Sequence[Network], firewall: Firewall, lent: Collection[str]) -> list[str]:
        """Make the table anew, which an earlier server may have left, and say what that changes."""
        found = self._blocks()
        self.apply(networks, firewall, lent)
        return self._told(found, self._blocks() if found else {})

    def steps(self) -> Iterator[Step]:
        """Plan to remove the table, if it is there; a server that may not look at packet rules has made none."""
        there = False
        with suppress(Broken, Unavailable):
            there = self.stands()
        if there:
            yield Step(text=f"remove table ip {self._table}", do=self.remove)

    def stands(self) -> bool:
        """Tell whether the table is there."""
        return f"table ip {self._table}\n" in nft.run("list tables ip")

    def remove(self) -> None:
        """Remove the table, if it is there."""
        nft.run(f"table ip {self._table} {{}}\ndelete table ip {self._table}")
        self._holds = None

    def changes(self, networks: Sequence[Network], firewall: Firewall, lent: Collection[str]) -> list[str]:
        """Tell what `apply` would change, by making the table where nobody is: in a network namespace of its own."""
        wanted = whole(self._table, contents(networks, firewall, lent))
        return self._told(self._blocks(), nft.elsewhere(lambda: self._made_of(wanted)))

    def _told(self, found: Blocks, right: Blocks) -> list[str]:
        if not found:
            return [f"make table ip {self._table}"]
        return [f"table ip {self._table}: {_verb(name, found, right)} {name}" for name in _differing(found, right)]

    def _made_of(self, document: str) -> Blocks:
        nft.run(document)
        return self._blocks()

    def _mend(self) -> list[str]:
        """Make the table what it was, if somebody has changed it."""
        held, now = self._holds, nft.generation()
        if held is None or now == self._generation:
            return []
        self._generation = now
        found = self._blocks()
        if found == self._stood:
            return []
        self._run(whole(self._table, held), held)
        self._stood = right = self._blocks()
        if not found:
            return [f"table ip {self._table} was gone"]
        return [f"{name} of table ip {self._table} was changed" for name in _differing(found, right)]

    def _part(self, before: Contents, wanted: Contents) -> None:
        """End what goes to or comes from those who had addresses; where that can not be, the rest works."""
        gone = before.homes - wanted.homes
        try:
            if gone or before.public != wanted.public:
                connections.part(before.public, wanted.public, {address for _, address in gone})
        except Unavailable as error:
            log.warning("open connections stay with a former address", extra={"fields": {"error": str(error)}})

    def _run(self, document: str, wanted: Contents) -> None:
        self._holds = None
        nft.run(document)
        self._generation += 1
        self._holds = wanted

    def _blocks(self) -> Blocks:
        """Read the table as its sets, maps and chains by name; none if it is not there."""
        if not self.stands():
            return {}
        text = nft.run(f"list table ip {self._table}")
        return {**dict(_BLOCK.findall(text)), "declaration": " ".join(_BLOCK.sub("", text).split())}


def _differing(found: Blocks, right: Blocks) -> list[str]:
    return sorted(name for name in found.keys() | right.keys() if found.get(name) != right.get(name))


def _verb(name: str, found: Blocks, right: Blocks) -> str:
    return "remove" if name not in right else "change" if name in found else "add"

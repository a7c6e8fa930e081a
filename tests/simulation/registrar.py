"""A second opinion on addresses and leases: who may hold which, from the journal alone, and what the network shows.

The trap is what may be late: a row changes, then a pass reads it, then the network follows. So a pass is judged by the
rows at the moment it is asked for, a start by the network as it is then, and the network itself once all is settled.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from app.domain.network import Member, Network
from tests.simulation.ground import Ground
from tests.simulation.machine import Domain

READING_S = 1.0
"""A pass may know rows as they were so long ago, a start the network."""


class Registrar:
    """Follows who holds an address; calls `violate` with a sentence. An empty `subnet`: there is nothing to hold."""

    def __init__(self, subnet: str, now: Callable[[], float], violate: Callable[[str], None]) -> None:
        self.subnet = subnet
        self._now, self._violate = now, violate
        self._addresses = {str(address) for address in list(IPv4Network(subnet))[2:-1]} if subnet else set()
        self.ground: Ground
        self.strict = True
        self.holders: dict[str, Mapping[str, Any]] = {}
        self._held_by: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self._awake: dict[str, str] = {}

    # --- the journal ---

    def added(self, name: str, columns: Mapping[str, Any]) -> None:
        """An instance begins, and its address is its own."""
        if not self.subnet:
            return
        address = columns["private_ip"]
        if address not in self._addresses:
            self._violate(f"{name} has the address {address!r}, which is none to give of {self.subnet}")
        if address in self._held_by:
            self._violate(f"{name} has {address}, which {self._held_by[address]} still holds")
        self.holders[name], self._held_by[address], self._since[name] = columns, name, self._now()

    def removed(self, name: str) -> None:
        columns = self.holders.pop(name, None)
        if columns is not None:
            del self._held_by[columns["private_ip"]]
            self._until[name] = self._now()

    # --- what the server does ---

    def asked(self, networks: Sequence[Network]) -> None:
        """Judge a pass at the moment the server asks for it."""
        members = [member for network in networks for member in network.members]
        self._unique(members)
        before = self._now() - READING_S
        for member in members:
            columns = self.holders.get(member.instance_id)
            if columns is None and self._until.get(member.instance_id, float("-inf")) < before:
                self._violate(f"{member.instance_id} is to have {member.address} although it is gone")
            if columns is not None and (member.mac, member.address) != (columns["mac"], columns["private_ip"]):
                self._violate(f"{member.instance_id} is to have {member}, which is not its own")
        left_out = self.holders.keys() - {member.instance_id for member in members}
        for name in sorted(left_out):
            if self._since[name] < before:
                self._violate(f"{name} is left out of its network")

    def starts(self, name: str) -> None:
        """Judge the start of a guest: its network is there, unless it fell apart in this moment."""
        columns = self.holders.get(name)
        if columns is None or self.ground.disturbed_s > self._now() - READING_S:
            return
        if (columns["mac"], columns["private_ip"]) not in leases(self.ground):
            self._violate(f"{name} is started and has no lease of {columns['private_ip']}")

    # --- what the network does ---

    def knitted(self) -> None:
        """Judge the network after a step."""
        self._unique(self.ground.leased())

    def turned(self, domain: Domain) -> None:
        """No two guests with one address run at the same time."""
        name = domain.spec.instance_id
        address = domain.spec.recovery.get("private_ip", "")
        if not address:
            return
        if not domain.on:
            if self._awake.get(address) == name:
                del self._awake[address]
            return
        other = self._awake.setdefault(address, name)
        if other != name and self.strict:
            self._violate(f"{name} and {other} run with {address}")
        self._awake[address] = name

    def _unique(self, members: Sequence[Member]) -> None:
        for what in (Counter(member.mac for member in members), Counter(member.address for member in members)):
            for one, times in what.items():
                if times > 1:
                    self._violate(f"there are {times} leases of {one}")

    # --- once all is settled ---

    def unsettled(self) -> str:
        """Say where the network is not what the rows want; empty: it is."""
        wanted = {(columns["mac"], columns["private_ip"]) for columns in self.holders.values()}
        there = leases(self.ground)
        if wanted != there:
            return f"leases: {sorted(wanted - there)} are missing, {sorted(there - wanted)} too many"
        if len(self.ground.bridges) != bool(wanted):
            return f"there are {len(self.ground.bridges)} bridges for {len(wanted)} leases"
        loose = [mac for mac, bridge in self.ground.cards.items() if self.subnet and not bridge]
        return f"the card {loose[0]} hangs on no bridge" if loose else ""


def leases(ground: Ground) -> set[tuple[str, str]]:
    return {(member.mac, member.address) for member in ground.leased()}

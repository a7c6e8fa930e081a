"""The rules of groups as chains of the packet filter.

There may be tens of thousands of rules, of which one changes at a time, and that one is to be in effect at once; so a
group whose rules are the very object that they were is not written again. The trap: equal rules in another object are
written again, so whoever hands rules on should keep those that are unchanged.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.firewall import Passage
from app.domain.group import ALL_PROTOCOLS, ANY, EVERYWHERE, Permission

Rules = Sequence[Passage]
Chains = dict[str, tuple[str, ...]]
_ID = re.compile(r"[a-z]+-[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class _Written:
    rules: Rules
    chains: Chains
    peers: frozenset[str]


class GroupChains:
    """Remembers what was written for the groups of the last time."""

    def __init__(self) -> None:
        self._known: dict[str, _Written] = {}

    def of(self, rules: Mapping[str, Rules]) -> Chains:
        """Write the two chains of each group, by their names."""
        self._known = {group: self._written(group, each) for group, each in rules.items()}
        found: Chains = {}
        for written in self._known.values():
            found.update(written.chains)
        return found

    def peers(self) -> set[str]:
        """Name the groups that rules of these speak of."""
        return set().union(*(written.peers for written in self._known.values()))

    def _written(self, group: str, rules: Rules) -> "_Written":
        known = self._known.get(group)
        if known and known.rules is rules:
            return known
        peers = frozenset(passage.permission.group_id for passage in rules) - {""}
        return _Written(rules, dict(_chains_of(group, rules)), peers)


def name_of(group: str) -> str:
    """Return how the kernel is told of a group; nothing that could be read as anything else gets there."""
    if not _ID.fullmatch(group):
        raise ValueError(f"{group!r} is no id of a group")
    return group.replace("-", "_")


def _chains_of(group: str, rules: Sequence[Passage]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for egress, way, verdict in ((True, "out", "goto arriving"), (False, "in", "accept")):
        told = (_match(passage) for passage in rules if passage.egress is egress)
        yield f"{name_of(group)}_{way}", tuple(f"{match} {verdict}".lstrip() for match in told if match is not None)


def _match(passage: Passage) -> str | None:
    """Write what a rule speaks of; None if no IPv4 packet can be meant."""
    permission, card, side = passage.permission, *(("oifname", "daddr") if passage.egress else ("iifname", "saddr"))
    if permission.ipv6_range or permission.protocol == "icmpv6":
        return None
    peer = f"ip {side} {permission.peer}" if permission.peer != EVERYWHERE else ""
    if permission.group_id:
        peer = f"{card} . ip {side} @{name_of(permission.group_id)}"
    return f"{peer} {_traffic(permission)}".strip()


def _traffic(permission: Permission) -> str:
    protocol, first, last = permission.protocol, permission.from_port, permission.to_port
    if protocol == ALL_PROTOCOLS:
        return ""
    if protocol in ("tcp", "udp") and (first, last) != (0, 65535):
        return f"{protocol} dport {first}-{last}" if first != last else f"{protocol} dport {first}"
    if protocol == "icmp" and first != ANY:
        return f"icmp type {first}" + (f" icmp code {last}" if last != ANY else "")
    return f"meta l4proto {protocol}"

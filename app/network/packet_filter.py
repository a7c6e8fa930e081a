"""What the kernel's packet filter is to hold: a table of ours, made from networks and the rules of groups.

A pure translation. The frame of the table never changes; groups are chains of it and their members elements of sets, so
that a new member is one element and a changed rule one chain. The traps: a rule that lets a packet out must hand it
to `arriving`, where every way ends in a verdict, else it would come back to the next rule; and an address is looked up
together with the bridge that it is on, since two networks may have the same addresses. On a bridge that is only lent
others live, too: there only what bears an address of ours is ours to judge. Members behind other gateways are on the
card of the way there: both gateways judge a packet, and from one only what its own members send is heard.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from app.domain.firewall import Firewall
from app.domain.joined import Joined
from app.domain.names import DNS_PORT
from app.domain.network import METADATA_ADDRESS, Member, Network
from app.network.group_chains import GroupChains, name_of

_PLACE = "type ifname . ipv4_addr"
_FRAME = f"""
 set bridges {{ type ifname; }}
 set lent {{ type ifname; }}
 set known {{ type ifname . ether_addr . ipv4_addr; }}
 set subnets {{ type ipv4_addr; flags interval; }}
 set hidden {{ type ipv4_addr; flags interval; }}
 set open_ports {{ type ipv4_addr . inet_service; }}
 set name_servers {{ type ipv4_addr; }}
 set joined {{ type ifname; }}
 set far {{ type ifname . ipv4_addr; }}
 map out {{ {_PLACE} : verdict; }}
 map in {{ {_PLACE} : verdict; }}
 map public_in {{ type ipv4_addr : ipv4_addr; }}
 map public_out {{ type ipv4_addr : ipv4_addr; }}
 chain guarded {{
  udp sport 68 udp dport 67 ip saddr 0.0.0.0 return
  drop
 }}
 chain arriving {{
  oifname . ip daddr vmap @in
  oifname @bridges drop
  oifname @lent ip daddr @subnets drop
  oifname @joined drop
  accept
 }}
 chain leaving {{
  ct state invalid drop
  iifname . ip saddr vmap @out
  drop
 }}
 chain asking {{
  ct state established,related accept
  udp dport 67 accept
  ip daddr {METADATA_ADDRESS} tcp dport 80 accept
  icmp type echo-request accept
  ip daddr . tcp dport @open_ports accept
  ip daddr @name_servers meta l4proto {{ tcp, udp }} th dport {DNS_PORT} accept
  drop
 }}
 chain sources {{
  type filter hook prerouting priority raw; policy accept;
  iifname . ether saddr . ip saddr @known accept
  iifname . ip saddr @far accept
  iifname @joined drop
  iifname @bridges jump guarded
  iifname @lent ip saddr @subnets jump guarded
 }}
 chain forward {{
  type filter hook forward priority filter; policy accept;
  ct state established,related accept
  iifname @joined oifname @joined drop
  iifname @joined ip daddr @subnets goto leaving
  iifname @joined drop
  iifname @bridges goto leaving
  iifname @lent ip saddr @subnets goto leaving
  oifname @joined drop
  ip daddr @hidden ct status & dnat == 0 drop
  goto arriving
 }}
 chain input {{
  type filter hook input priority filter; policy accept;
  iifname @bridges jump asking
  iifname @lent ip saddr @subnets jump asking
  iifname @joined drop
 }}
 chain output {{
  type filter hook output priority filter; policy accept;
  oifname @bridges icmp type redirect drop
 }}
 chain prerouting {{
  type nat hook prerouting priority dstnat; policy accept;
  dnat to ip daddr map @public_in
 }}
 chain of_this_machine {{
  type nat hook output priority -100; policy accept;
  dnat to ip daddr map @public_in
 }}
 chain postrouting {{
  type nat hook postrouting priority srcnat; policy accept;
  ct status dnat ip saddr @subnets snat to ip saddr map @public_out
  ip saddr @subnets ip daddr @subnets ct status dnat masquerade
  ip saddr @subnets ip daddr @subnets return
  snat to ip saddr map @public_out
  ip saddr @subnets masquerade
 }}
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands within the frame: elements by set or map, the sets of groups, rules by chain.

    `public` are the private addresses of public ones, `homes` all private ones with the MAC address of who has it.
    """

    elements: Mapping[str, frozenset[str]]
    groups: frozenset[str]
    chains: Mapping[str, tuple[str, ...]]
    public: Mapping[str, str]
    homes: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _People:
    """What stands there for who is on the networks, whatever the rules are; `groups` are those that somebody is in."""

    groups: Sequence[str]
    elements: Mapping[str, frozenset[str]]
    ways: Mapping[str, tuple[str, ...]]
    public: Mapping[str, str]
    homes: frozenset[tuple[str, str]]
    subnets: frozenset[str]


class Known:
    """Remembers what was translated the last time, since of thousands of members and rules a few change."""

    def __init__(self) -> None:
        self.chains = GroupChains()
        self._of: tuple[Sequence[Network], Collection[str], Sequence[Joined]] = ((), (), ())
        self._people = _people((), (), ())

    def people(self, networks: Sequence[Network], lent: Collection[str], joined: Sequence[Joined]) -> _People:
        if self._of != (asked := (tuple(networks), frozenset(lent), tuple(joined))):
            self._of, self._people = asked, _people(*asked)
        return self._people


def contents(
    networks: Sequence[Network], firewall: Firewall, lent: Collection[str] = (), known: Known | None = None
) -> Contents:
    """Translate what is wanted; `lent` are those bridges that an operator made."""
    known = known or Known()
    people = known.people(networks, lent, firewall.joined)
    chains = known.chains.of({group: firewall.rules.get(group, ()) for group in people.groups})
    groups = frozenset(map(name_of, known.chains.peers().union(people.groups)))
    return Contents(
        elements={**dict.fromkeys(groups, frozenset()), **_opened(people, firewall), **people.elements},
        groups=groups,
        chains={**chains, **people.ways},
        public=people.public,
        homes=people.homes,
    )


def whole(table: str, wanted: Contents) -> str:
    """Write the document that makes the table anew, at once, whatever it was."""
    filling = difference(table, _EMPTY, wanted)
    return f"table ip {table} {{}}\ndelete table ip {table}\ntable ip {table} {{{_FRAME}}}\n{filling}"


def difference(table: str, before: Contents, after: Contents) -> str:
    """Write the document that turns one table into another; empty if there is nothing to do."""
    return "".join(f"{line}\n" for line in _difference(f"ip {table}", before, after))


def _difference(table: str, before: Contents, after: Contents) -> Iterator[str]:
    gone_chains, gone_groups = before.chains.keys() - after.chains.keys(), before.groups - after.groups
    changed = [name for name, rules in after.chains.items() if before.chains.get(name) != rules]
    for group in sorted(after.groups - before.groups):
        yield f"add set {table} {group} {{ {_PLACE}; }}"
    for name in changed:
        yield f"add chain {table} {name}"
    for name in sorted({*gone_chains, *(name for name in changed if name in before.chains)}):
        yield f"flush chain {table} {name}"
    for name in changed:
        yield from (f"add rule {table} {name} {rule}" for rule in after.chains[name])
    yield from _moved(table, "delete", before.elements, after.elements, gone_groups)
    yield from _moved(table, "add", after.elements, before.elements)
    yield from (f"delete chain {table} {name}" for name in sorted(gone_chains))
    yield from (f"delete set {table} {group}" for group in sorted(gone_groups))


def _moved(
    table: str,
    verb: str,
    here: Mapping[str, frozenset[str]],
    there: Mapping[str, frozenset[str]],
    but: Iterable[str] = (),
) -> Iterator[str]:
    for name in here.keys() - set(but):
        if here[name] is not (other := there.get(name, frozenset())) and (only := here[name] - other):
            yield f"{verb} element {table} {name} {{ {', '.join(sorted(only))} }}"


def _opened(people: _People, firewall: Firewall) -> dict[str, frozenset[str]]:
    return {
        "hidden": people.subnets if firewall.hidden else frozenset(),
        "open_ports": frozenset(f"{address} . {port}" for address, port in firewall.open_ports),
    }


def _people(networks: Sequence[Network], lent: Collection[str], joined: Sequence[Joined]) -> _People:
    members = [(network.bridge, member) for network in networks for member in network.members]
    members += [(way.card, member) for way in joined for member in way.members]
    groups = sorted(set(chain.from_iterable(member.groups for _, member in members)))
    ways = {member.groups for _, member in members}
    return _People(
        groups=groups,
        elements=_elements(networks, members, joined, lent) | _membership(groups, members),
        ways=dict(chain.from_iterable(map(_way, ways))),
        public={member.public: member.address for _, member in members if member.public},
        homes=frozenset((member.mac, member.address) for _, member in members),
        subnets=frozenset(str(network.interface.network) for network in networks),
    )


def _elements(
    networks: Sequence[Network], members: Sequence[tuple[str, Member]], ways: Sequence[Joined], lent: Collection[str]
) -> dict[str, frozenset[str]]:
    places = [(_quoted(bridge), member) for bridge, member in members]
    joined = frozenset(_quoted(way.card) for way in ways)
    public = [member for _, member in members if member.public]
    return {
        "bridges": frozenset(_quoted(network.bridge) for network in networks if network.bridge not in lent),
        "lent": frozenset(_quoted(network.bridge) for network in networks if network.bridge in lent),
        "subnets": frozenset(str(network.interface.network) for network in networks).union(
            *(way.ranges for way in ways)
        ),
        "joined": joined,
        "far": frozenset(f"{card} . {member.address}" for card, member in places if card in joined),
        "name_servers": frozenset(str(network.interface.ip) for network in networks if network.domain),
        "known": frozenset(
            f"{bridge} . {member.mac} . {member.address}" for bridge, member in places if bridge not in joined
        ),
        "out": frozenset(f"{bridge} . {one.address} : goto {_way_name(one.groups)}_out" for bridge, one in places),
        "in": frozenset(f"{bridge} . {one.address} : goto {_way_name(one.groups)}_in" for bridge, one in places),
        "public_in": frozenset(f"{member.public} : {member.address}" for member in public),
        "public_out": frozenset(f"{member.address} : {member.public}" for member in public),
    }


def _membership(groups: Iterable[str], members: Sequence[tuple[str, Member]]) -> dict[str, frozenset[str]]:
    places: dict[str, set[str]] = {name_of(group): set() for group in groups}
    for bridge, member in members:
        for group in member.groups:
            places[name_of(group)].add(f"{_quoted(bridge)} . {member.address}")
    return {name: frozenset(found) for name, found in places.items()}


def _way(groups: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the two chains that members of exactly these groups share."""
    for way in ("out", "in"):
        jumps = (f"jump {name_of(group)}_{way}" for group in groups)
        yield f"{_way_name(groups)}_{way}", (*jumps, "drop")


@lru_cache(maxsize=4096)  # it is asked for once for each member, of whom many have the same
def _way_name(groups: tuple[str, ...]) -> str:
    return "way_" + hashlib.sha256(" ".join(sorted(groups)).encode()).hexdigest()[:16]


def _quoted(card: str) -> str:
    return f'"{card}"'


_EMPTY = Contents({}, frozenset(), {}, {}, frozenset())

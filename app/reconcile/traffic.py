"""Who is on the network of real hosts and who may reach whom, as the store wants it.

Only what the journal tells to have changed since the last look is read: there may be thousands of members and of rules,
and a change of one is to be in effect at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain.firewall import SHUT, Firewall, Passage
from app.domain.joined import Joined
from app.domain.journal import Entry
from app.domain.network import SEALED_MTU, TUNNEL_MTU, Member, Network, NetworkPlan
from app.domain.ports import Unit
from app.reconcile.far_hosts import shells
from app.reconcile.members import member_of

Placed = tuple[tuple[str, Member], ...]
_ENTRIES = 1000
_WHO, _RULE = frozenset({"host", "instance"}), "security group rule"
Serves = Callable[[str], bool]
"""Tell whether a cluster's networks are made by a certain gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What is wanted by the journal's entry `cursor`; 0: nothing is known.

    `placed` are members with the clusters that they are in; `tunnelled`: some host is another machine.
    """

    cursor: int = 0
    placed: Placed = ()
    firewall: Firewall = SHUT
    tunnelled: bool = False


UNKNOWN = Traffic()


def everywhere(cluster: str) -> bool:
    """Leave no cluster out."""
    return True


def wanted(unit: Unit, known: Traffic = UNKNOWN, serves: Serves = everywhere, meets: Serves | None = None) -> Traffic:
    """List who holds an address on a real host of these clusters, and what the rules of their groups let pass.

    With `meets` those of these clusters are listed, which are more than those that are served.
    """
    news = _news(unit, known)
    if news is None:
        known, news = UNKNOWN, ()
    kinds = {entry.kind for entry in news}
    told = known if known.cursor and kinds.isdisjoint(_WHO) else _present(unit, serves, meets or serves)
    placed = told.placed if told is known and "address" not in kinds else _with_public(unit, told.placed)
    groups = {group for _, member in placed for group in member.groups}
    rules = _rules(unit, groups, known, _changed(unit, news))
    return replace(told, cursor=unit.cursor(), placed=placed, firewall=Firewall(rules=rules))


def formed(plan: NetworkPlan, told: Traffic, serves: Serves = everywhere) -> list[Network]:
    """Form the networks of these clusters; clusters without a plan of their own share one."""
    people: dict[str, list[Member]] = {}
    for cluster, member in (one for one in told.placed if serves(one[0])):
        people.setdefault(cluster if cluster in plan.of_clusters else "", []).append(member)
    plans = ((plan.of(cluster), members) for cluster, members in people.items())
    return [
        narrow(network) if told.tunnelled and one.ours else network
        for one, members in plans
        if one.leases
        for network in one.networks(members)
    ]


def judged(plan: NetworkPlan, told: Traffic, joined: tuple[Joined, ...] = ()) -> Firewall:
    """Form what may pass, with what a plan hides and what it opens."""
    return replace(told.firewall, hidden=plan.hidden, open_ports=plan.open_ports, joined=joined)


def narrow(network: Network) -> Network:
    """Leave room in the network's frames for the head of a tunnel, if it goes by tunnels."""
    room = 0 if network.trunk else SEALED_MTU if network.sealed else TUNNEL_MTU
    return replace(network, mtu=network.mtu or room)


def _news(unit: Unit, known: Traffic) -> Sequence[Entry] | None:
    """Return what has happened since the last look; None if that can not be told."""
    if not known.cursor or unit.oldest_cursor() > known.cursor + 1:
        return None
    entries = unit.entries(known.cursor, _ENTRIES)
    return entries if len(entries) < _ENTRIES else None


def _present(unit: Unit, serves: Serves, meets: Serves) -> Traffic:
    """Find who is there."""
    real = [host.name for host in unit.hosts.where() if not host.rehearsal and meets(host.cluster)]
    rows = [row for row in (unit.instances.where(host=real, removed=False) if real else ()) if row.address]
    return Traffic(placed=tuple((row.cluster, member_of(row)) for row in rows), tunnelled=bool(shells(unit, serves)))


def _with_public(unit: Unit, placed: Placed) -> Placed:
    """Give members the public addresses that they have now."""
    found = unit.addresses.where(instance_id=[member.instance_id for _, member in placed])
    public = {row.instance_id: row.ip for row in found}
    return tuple(
        (
            cluster,
            member if (now := public.get(member.instance_id, "")) == member.public else replace(member, public=now),
        )
        for cluster, member in placed
    )


def _rules(unit: Unit, groups: set[str], known: Traffic, changed: set[str]) -> dict[str, tuple[Passage, ...]]:
    """Read the rules of these groups, of those that are known only the changed ones'; others stay the same objects."""
    unchanged = known.firewall.rules.keys() - changed
    rules: dict[str, list[Passage]] = {group: [] for group in sorted(groups - unchanged)}
    for rule in unit.group_rules.where(group_id=tuple(rules)):
        rules[rule.group_id].append(Passage(egress=rule.egress, permission=rule.permission))
    kept = {group: known.firewall.rules[group] for group in groups & unchanged}
    return kept | {group: tuple(passages) for group, passages in rules.items()}


def _changed(unit: Unit, news: Sequence[Entry]) -> set[str]:
    """Name the groups whose rules may have changed."""
    told = [entry for entry in news if entry.kind == _RULE]
    rows = unit.group_rules.where(id=[entry.resource_id for entry in told])
    return {row.group_id for row in rows} | {str(entry.data.get("group_id")) for entry in told}

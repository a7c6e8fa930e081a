"""Rules of security groups: what may come in and go out, added, found and taken away.

A rule names one peer; what somebody asks for with several peers is several rules, all or none. Peers are of the group's
own account: whether another account has a group of some name is nobody's to learn. The trap: nothing is revoked that
was not there, and nothing is added twice, so a request that repeats itself is refused.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from app.domain import group as domain
from app.domain import ids
from app.domain.account import Caller
from app.domain.commands import AskedRule
from app.domain.errors import Absent, Combination, Conflict, Invalid, Missing, OverLimit
from app.domain.group import ANY, GroupRule, Permission, SecurityGroup
from app.domain.ports import Entropy, Unit
from app.services import groups, modes
from app.services.access import owns

MOST_RULES = 60
"""A direction and IP version, as Amazon counts: a rule with a group counts in both versions."""
_DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
# What 1.6.1 opens to a group that is named without a protocol.
_EVERYTHING_OF_161 = (("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", ANY, ANY))


def authorize(
    unit: Unit, caller: Caller, group: SecurityGroup, egress: bool, asked: Sequence[AskedRule], entropy: Entropy
) -> list[GroupRule]:
    """Add rules to a group of the caller; Conflict names the first one that it has already, Unsupported the mode."""
    modes.check(unit, "A rule of a security group")
    wished = _wished(unit, caller, group, asked)
    _check_room(wished, _known(unit, group, egress))
    return [groups.add_rule(unit, group, egress, wish, entropy, text) for wish, text in wished.items()]


def revoke(
    unit: Unit, caller: Caller, group: SecurityGroup, egress: bool, asked: Sequence[AskedRule]
) -> list[GroupRule]:
    """Take away the rules that say exactly this; Missing names the first one that is not there."""
    doomed = _there(unit, group, egress, _wished(unit, caller, group, asked))
    groups.remove_rules(unit, doomed)
    return doomed


def revoke_by_id(unit: Unit, group: SecurityGroup, egress: bool, rule_ids: Sequence[str]) -> list[GroupRule]:
    """Take away rules of a group by their ids."""
    doomed = _of_group(unit, group, rule_ids, egress)
    groups.remove_rules(unit, doomed)
    return doomed


def describe(unit: Unit, caller: Caller, group: SecurityGroup, egress: bool, asked: Sequence[AskedRule]) -> None:
    """Give the rules that say exactly this the descriptions they come with; none takes the description away."""
    wished = _wished(unit, caller, group, asked)
    for rule in _there(unit, group, egress, wished):
        unit.group_rules.put(replace(rule, description=wished[rule.permission]))


def describe_by_id(unit: Unit, group: SecurityGroup, egress: bool, texts: Sequence[tuple[str, str]]) -> None:
    """Give rules of a group new descriptions, by their ids."""
    rules = _of_group(unit, group, [rule_id for rule_id, _ in texts], egress)
    for rule, (_, text) in zip(rules, texts, strict=True):
        unit.group_rules.put(replace(rule, description=_described(text)))


def modify(unit: Unit, caller: Caller, group: SecurityGroup, changes: Sequence[tuple[str, AskedRule]]) -> None:
    """Make rules say something else under their ids; the kind of their peer stays as it is."""
    modes.check(unit, "A rule of a security group")
    rules = _of_group(unit, group, [rule_id for rule_id, _ in changes])
    changed = [
        _changed(rule, _permission(unit, caller, group, asked), _described(asked.description))
        for rule, (_, asked) in zip(rules, changes, strict=True)
    ]
    for egress in (False, True):
        left = [wish for wish, rule in _known(unit, group, egress).items() if rule not in rules]
        _check_room(_without_repetition((rule.permission, "") for rule in changed if rule.egress is egress), left)
    # Rules may take each other's place, so all go before the first comes.
    for rule in rules:
        unit.group_rules.remove(rule)
    for rule in changed:
        unit.group_rules.add(rule)


def find(unit: Unit, caller: Caller, rule_ids: Iterable[str]) -> list[GroupRule]:
    """Look rules up by id; Missing names the first one that is not there for the caller."""
    found = []
    for rule_id in rule_ids:
        rule = unit.group_rules.get(ids.parse(rule_id, "security group rule"))
        if rule is None or not owns(caller, rule):
            raise Missing("security group rule", rule_id)
        found.append(rule)
    return found


def _of_group(unit: Unit, group: SecurityGroup, rule_ids: Sequence[str], egress: bool | None = None) -> list[GroupRule]:
    """Look up rules of one group, of one direction where it is said, in the order they are asked for."""
    known = {rule.id: rule for rule in unit.group_rules.where(group_id=group.id) if egress in (None, rule.egress)}
    found: list[GroupRule] = []
    for rule_id in rule_ids:
        rule = known.pop(ids.parse(rule_id, "security group rule"), None)
        if rule is None and ids.canonical(rule_id) in [one.id for one in found]:
            raise Combination(f"The rule {rule_id} was named more than once")
        if rule is None:
            raise Missing("security group rule", rule_id)
        found.append(rule)
    return found


def _known(unit: Unit, group: SecurityGroup, egress: bool) -> dict[Permission, GroupRule]:
    return {rule.permission: rule for rule in unit.group_rules.where(group_id=group.id, egress=egress)}


def _there(unit: Unit, group: SecurityGroup, egress: bool, wished: Iterable[Permission]) -> list[GroupRule]:
    known = _known(unit, group, egress)
    for wish in wished:
        if wish not in known:
            raise Missing("permission", str(wish))
    return [known[wish] for wish in wished]


def _check_room(wished: Collection[Permission], there: Collection[Permission]) -> None:
    """Refuse what is there already, and more rules than a group may have."""
    for wish in wished:
        if wish in there:
            raise Conflict("security group rule", str(wish))
    of_other_version = [[bool(one.ipv6_range), bool(one.ipv4_range)] for one in (*there, *wished)]
    most = max(len(of_other_version) - sum(others) for others in zip(*of_other_version, strict=True))
    if most > MOST_RULES:
        raise OverLimit("rules per security group", most, MOST_RULES)


def _changed(rule: GroupRule, wish: Permission, description: str) -> GroupRule:
    old = rule.permission
    if (bool(old.group_id), bool(old.ipv6_range)) != (bool(wish.group_id), bool(wish.ipv6_range)):
        raise Combination(f"The peer of {rule.id} can not become one of another kind: revoke it and authorize another")
    return replace(
        rule,
        protocol=wish.protocol,
        from_port=wish.from_port,
        to_port=wish.to_port,
        peer=wish.peer,
        description=description,
    )


def _wished(unit: Unit, caller: Caller, group: SecurityGroup, asked: Sequence[AskedRule]) -> dict[Permission, str]:
    """Form permissions with their descriptions, in the order they come."""
    if not asked:
        raise Absent("IpPermissions")
    whole = [one for rule in asked for one in _of_each_protocol(rule)]
    return _without_repetition((_permission(unit, caller, group, one), _described(one.description)) for one in whole)


def _of_each_protocol(asked: AskedRule) -> list[AskedRule]:
    if asked.protocol or asked.cidr or asked.cidr_ipv6:
        return [asked]
    return [
        replace(asked, protocol=protocol, from_port=first, to_port=last) for protocol, first, last in _EVERYTHING_OF_161
    ]


def _without_repetition(wishes: Iterable[tuple[Permission, str]]) -> dict[Permission, str]:
    found: dict[Permission, str] = {}
    for wish, text in wishes:
        if wish in found:
            raise Invalid("IpPermissions", wish, "The same permission must not appear multiple times.")
        found[wish] = text
    return found


def _permission(unit: Unit, caller: Caller, group: SecurityGroup, asked: AskedRule) -> Permission:
    if not asked.protocol:
        raise Absent("IpProtocol")
    return domain.permission(asked.protocol, asked.from_port, asked.to_port, _peer(unit, caller, group, asked))


def _peer(unit: Unit, caller: Caller, group: SecurityGroup, asked: AskedRule) -> str:
    peers = [bool(asked.cidr), bool(asked.cidr_ipv6), bool(asked.group_id or asked.group_name)]
    if sum(peers) != 1:
        raise Combination("A rule has exactly one peer: an IPv4 range, an IPv6 range or a security group")
    if asked.cidr:
        return domain.ipv4_range(asked.cidr)
    return domain.ipv6_range(asked.cidr_ipv6) if asked.cidr_ipv6 else _peer_group(unit, caller, group, asked)


def _peer_group(unit: Unit, caller: Caller, group: SecurityGroup, asked: AskedRule) -> str:
    """Find the group of the same account that is meant; id and name must agree where both are said."""
    if asked.group_id:
        found = groups.find(unit, caller, (asked.group_id,), ())
    else:
        found = unit.groups.where(account_id=group.account_id, name=asked.group_name)
    for peer in found:
        same_account = peer.account_id == group.account_id and asked.owner_id in ("", peer.account_id)
        if same_account and asked.group_name in ("", peer.name):
            return peer.id
    raise Missing("security group", asked.group_id or asked.group_name)


def _described(text: str) -> str:
    if not _DESCRIPTION.fullmatch(text):
        why = "It has at most 255 characters of a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        raise Invalid("Description", text, why)
    return text

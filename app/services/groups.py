"""Security groups; every account has `default` as soon as it is looked for.

As in Amazon's networks a new group lets everything out and nothing in; `default` also lets in what comes from itself.
"""

from collections.abc import Iterable, Sequence

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Absent, Combination, Conflict, InUse, Invalid, Missing, OverLimit
from app.domain.group import ALL_PROTOCOLS, ANY, EVERYWHERE, GroupRule, Permission, SecurityGroup
from app.domain.ports import Entropy, Unit
from app.domain.states import Wanted
from app.services import tags
from app.services.access import owns

DEFAULT = "default"
LONGEST = 255
MOST_GROUPS = 2500


def ensure_default(unit: Unit, account_id: str, entropy: Entropy) -> SecurityGroup:
    """Return the account's default group, made on first use."""
    found = unit.groups.where(account_id=account_id, name=DEFAULT)
    if found:
        return found[0]
    made = _add(unit, account_id, DEFAULT, "default group", entropy)
    add_rule(unit, made, False, _everything(made.id), entropy)
    return made


def create(unit: Unit, caller: Caller, name: str, description: str, entropy: Entropy) -> SecurityGroup:
    """Make a group that lets nothing in; Conflict if the account has one of that name."""
    for parameter, text in (("GroupName", name), ("GroupDescription", description)):
        if not text or len(text) > LONGEST:
            raise Invalid(parameter, text, f"It has 1 to {LONGEST} characters.")
    if name.startswith(f"{ids.PREFIXES['security group']}-"):
        raise Invalid("GroupName", name, "A name that begins like an id can not be told from one.")
    if name == DEFAULT:
        raise Conflict("reserved security group", DEFAULT, "can not be made: every account has it")
    if unit.groups.where(account_id=caller.account_id, name=name):
        raise Conflict("security group", name)
    count = unit.groups.count(account_id=caller.account_id) + 1
    if count > MOST_GROUPS:
        raise OverLimit("security groups", count, MOST_GROUPS)
    return _add(unit, caller.account_id, name, description, entropy)


def delete(unit: Unit, caller: Caller, group_id: str, name: str) -> SecurityGroup:
    """Delete a group that no instance uses and no rule of another group names; `default` stays."""
    group = one(unit, caller, group_id, name)
    if group.name == DEFAULT:
        raise Conflict("default security group", group.id, "can not be deleted by a user")
    for instance in unit.instances.where(account_id=group.account_id):
        if group.id in instance.group_ids and not (instance.wanted is Wanted.TERMINATED and instance.removed):
            raise InUse("security group", group.name, instance.id)
    for rule in unit.group_rules.where(peer=group.id):
        if rule.group_id != group.id:
            raise InUse("security group", group.name, f"a rule of {rule.group_id}")
    remove_rules(unit, unit.group_rules.where(group_id=group.id))
    tags.forget(unit, group.id)
    unit.groups.remove(group)
    return group


def one(unit: Unit, caller: Caller, group_id: str, name: str) -> SecurityGroup:
    """Look one group up by id or by name."""
    if group_id and name:
        raise Combination("Name the group by exactly one of GroupId and GroupName")
    if not (group_id or name):
        raise Absent("GroupId or GroupName")
    return find(unit, caller, (group_id,) if group_id else (), (name,) if name else ())[0]


def find(unit: Unit, caller: Caller, group_ids: Sequence[str], names: Sequence[str]) -> list[SecurityGroup]:
    """Look groups up by id and name, in that order; Missing names the first one that is not there."""
    found = []
    for group_id in group_ids:
        group = unit.groups.get(ids.parse(group_id, "security group"))
        if group is None or not owns(caller, group):
            raise Missing("security group", group_id)
        found.append(group)
    for name in names:
        of_name = unit.groups.where(account_id=caller.account_id, name=name)
        if not of_name:
            raise Missing("security group", name)
        found.append(of_name[0])
    return list(dict.fromkeys(found))


def _add(unit: Unit, account_id: str, name: str, description: str, entropy: Entropy) -> SecurityGroup:
    group = SecurityGroup(
        id=ids.mint("security group", entropy(ids.ENTROPY_BYTES)),
        account_id=account_id,
        name=name,
        description=description,
        created_at_ms=unit.now_ms,
    )
    unit.groups.add(group)
    begin(unit, group, entropy)
    return group


def begin(unit: Unit, group: SecurityGroup, entropy: Entropy) -> None:
    """Give a group the one rule that each begins with."""
    add_rule(unit, group, True, _everything(EVERYWHERE), entropy)


def add_rule(
    unit: Unit, group: SecurityGroup, egress: bool, wish: Permission, entropy: Entropy, description: str = ""
) -> GroupRule:
    """Write one rule down; Conflict if the group has it."""
    rule = GroupRule(
        id=ids.mint("security group rule", entropy(ids.ENTROPY_BYTES)),
        group_id=group.id,
        account_id=group.account_id,
        egress=egress,
        protocol=wish.protocol,
        from_port=wish.from_port,
        to_port=wish.to_port,
        peer=wish.peer,
        description=description,
    )
    unit.group_rules.add(rule)
    return rule


def remove_rules(unit: Unit, rules: Iterable[GroupRule]) -> None:
    """Delete rules with their tags."""
    for rule in rules:
        tags.forget(unit, rule.id)
        unit.group_rules.remove(rule)


def _everything(peer: str) -> Permission:
    return Permission(protocol=ALL_PROTOCOLS, from_port=ANY, to_port=ANY, peer=peer)

"""What can be undone: by the audit's word for an action, what it changes and how that is put back.

A line in `LOOKS` is all that a new one needs. The trap: names hold the id of their thing before the first blank, and
what comes behind may hold anything, for tags are named by users.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.api.resources import SetHost, SetType
from app.domain import ids
from app.domain.account import Caller, Role
from app.domain.commands import AskedRule
from app.domain.host import Host
from app.domain.ports import Entropy, Unit
from app.domain.states import HostWanted, PowerWanted
from app.services import (
    accounts,
    attachments,
    group_rules,
    groups,
    hosts,
    instance_attributes,
    instances,
    power,
    public_addresses,
    quotas,
    rulesets,
    tags,
    types,
)
from app.services.protection import NO_STOP, NO_TERMINATION

Values = dict[str, str]
QUOTA = " quota of "


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who puts things back, and where new ids come from."""

    caller: Caller
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`seen` reads what an action changes by name, `restore` puts one name back (None: it was not there)."""

    seen: Callable[[Unit, Sequence[str]], Values]
    restore: Callable[[Unit, Hand, str, str | None], None]
    role: Role = Role.OPERATOR


def _wanted(unit: Unit, about: Sequence[str]) -> Values:
    return {f"{host.name} wanted": host.wanted for host in _hosts(unit, about)}


def _restore_wanted(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    host = name.removesuffix(" wanted")
    {HostWanted.ENABLED: hosts.undrain, HostWanted.DRAINING: hosts.drain, HostWanted.REMOVED: hosts.remove}[
        HostWanted(value)  # type: ignore[arg-type]
    ](unit, host)


def _power(unit: Unit, about: Sequence[str]) -> Values:
    return {f"{host.name} power wanted": host.power_wanted for host in _hosts(unit, about)}


def _restore_power(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    change = power.sleep if value == PowerWanted.ASLEEP else power.wake
    change(unit, name.removesuffix(" power wanted"), f"undone by {hand.caller.user_name}")


def _traits(unit: Unit, about: Sequence[str]) -> Values:
    return {
        f"{host.name} {trait}": value
        for host in _hosts(unit, about)
        for trait, value in (
            ("rack", host.rack),
            ("tags", " ".join(host.tags)),
            ("cpu_ratio", str(host.cpu_ratio)),
            ("mips", str(host.mips)),
        )
    }


def _restore_trait(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    host, _, trait = name.rpartition(" ")
    said = value or ""
    asked = {
        "rack": lambda: SetHost(rack=said),
        "tags": lambda: SetHost(tags=said.split()),
        "cpu_ratio": lambda: SetHost(cpu_ratio=float(said)),
        "mips": lambda: SetHost(mips=float(said)),
    }[trait]()
    hosts.change(unit, host, asked)


def _active(unit: Unit, about: Sequence[str]) -> Values:
    return {"active rules": rulesets.active_id(unit)}


def _restore_active(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    rulesets.activate(unit, value or rulesets.DEFAULT, f"undone by {hand.caller.user_name}")


def _tags(unit: Unit, about: Sequence[str]) -> Values:
    found = tags.by_resource(unit, map(ids.canonical, about))
    return {f"{given} {name}": value for given, named in found.items() for name, value in named.items()}


def _restore_tag(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    given, _, tag = name.partition(" ")
    if value is None:
        tags.remove_from(unit, hand.caller, [given], [(tag, None)])
    else:
        tags.set_on(unit, hand.caller, [given], {tag: value})


def _types(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.vmtypes.where(name=tuple(about))
    return {row.name: row.alias_of or f"{row.cores} {row.memory_mib} {row.disk_gb}" for row in rows}


def _restore_type(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    if value is None:
        types.remove(unit, name)
    elif " " in value:
        cores, memory_mib, disk_gb = map(int, value.split())
        types.set_type(unit, name, SetType(cores=cores, memory_mib=memory_mib, disk_gb=disk_gb))
    else:
        types.set_type(unit, name, SetType(alias_of=value))


def _attachments(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.volumes.where(id=[ids.canonical(given) for given in about])
    return {
        f"{row.id} attachment": f"{row.instance_id} {row.device}" for row in rows if row.instance_id and not row.detach
    }


def _restore_attachment(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    volume = name.removesuffix(" attachment")
    if value is None:
        attachments.detach(unit, hand.caller, attachments.Detachment(volume_id=volume))
    else:
        instance, _, device = value.partition(" ")
        attachments.attach(unit, hand.caller, volume, instance, device)


def _associations(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.addresses.where(id=[ids.canonical(given) for given in about])
    return {f"{row.id} instance": row.instance_id for row in rows}


def _restore_association(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    address = public_addresses.find(unit, hand.caller, allocation_id=name.removesuffix(" instance"))
    if value:
        public_addresses.associate(unit, address, instances.get(unit, value), hand.entropy, may_move=False)
    else:
        public_addresses.disassociate(unit, address)


def _protection(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.instances.where(id=[ids.canonical(given) for given in about])
    return {
        f"{row.id} {attribute}": "on" if on else "off"
        for row in rows
        for attribute, on in ((NO_TERMINATION, row.disable_api_termination), (NO_STOP, row.disable_api_stop))
    }


def _restore_protection(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    given, _, attribute = name.partition(" ")
    instance_attributes.modify(unit, hand.caller, given, attribute, value == "on")


def _group_rules(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.group_rules.where(group_id=[ids.canonical(given) for given in about])
    return {
        f"{row.group_id} {'out' if row.egress else 'in'} {row.protocol} {row.from_port} {row.to_port} {row.peer}": (
            f"{_THERE} # {row.description}" if row.description else _THERE
        )
        for row in rows
    }


def _restore_group_rule(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    given, way, protocol, first, last, peer = name.split()
    kind = "group_id" if "/" not in peer else "cidr_ipv6" if ":" in peer else "cidr"
    asked = AskedRule(
        protocol=protocol,
        from_port=int(first),
        to_port=int(last),
        description=(value or "").removeprefix(_THERE).removeprefix(" # "),
        **{kind: peer},
    )
    group, egress = groups.one(unit, hand.caller, given, ""), way == "out"
    if value is None:
        group_rules.revoke(unit, hand.caller, group, egress, [asked])
    else:
        group_rules.authorize(unit, hand.caller, group, egress, [asked], hand.entropy)


def _quotas(unit: Unit, about: Sequence[str]) -> Values:
    rows = unit.quotas.where(account_id=[accounts.find_account(unit, given).id for given in about])
    return {f"{row.account_id}{QUOTA}{row.resource}": str(row.most) for row in rows}


def _restore_quota(unit: Unit, hand: Hand, name: str, value: str | None) -> None:
    given, _, resource = name.partition(QUOTA)
    most = None if value is None else int(value)
    quotas.change(unit, accounts.find_account(unit, given), quotas.named(resource), most)


_THERE = "there"
_GROUP_RULES = Look(seen=_group_rules, restore=_restore_group_rule)
_WANTED = Look(seen=_wanted, restore=_restore_wanted)
_POWER = Look(seen=_power, restore=_restore_power)
_TYPES = Look(seen=_types, restore=_restore_type, role=Role.ADMIN)
_ATTACHMENTS = Look(seen=_attachments, restore=_restore_attachment)
_RULES = Look(seen=_active, restore=_restore_active)
LOOKS: Mapping[str, Look] = {
    "DrainHost": _WANTED,
    "UndrainHost": _WANTED,
    "DrainHosts": _WANTED,
    "UndrainHosts": _WANTED,
    "RemoveHost": replace(_WANTED, role=Role.ADMIN),
    "SleepHost": _POWER,
    "WakeHost": _POWER,
    "SetHost": Look(seen=_traits, restore=_restore_trait, role=Role.ADMIN),
    "ApplyRuleset": _RULES,
    "RollBackRules": _RULES,
    "TagInstances": Look(seen=_tags, restore=_restore_tag),
    "ProtectInstances": Look(seen=_protection, restore=_restore_protection),
    "AttachVolume": _ATTACHMENTS,
    "DetachVolume": _ATTACHMENTS,
    "DisassociateAddress": Look(seen=_associations, restore=_restore_association),
    "SetQuota": Look(seen=_quotas, restore=_restore_quota, role=Role.ADMIN),
    "AddGroupRule": _GROUP_RULES,
    "RemoveGroupRule": _GROUP_RULES,
    "SetType": _TYPES,
    "RemoveType": _TYPES,
}


def _hosts(unit: Unit, about: Sequence[str]) -> list[Host]:
    return unit.hosts.where(name=tuple(about))

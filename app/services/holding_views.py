"""Rows of what accounts hold as the structs that REST answers and the stream sends; `holdings.py` has the kinds."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from app.api.accounts import AccountView
from app.api.holdings import (
    AddressView,
    GroupRuleView,
    GroupView,
    KeyPairView,
    NetworkView,
    PlacementGroupView,
    SnapshotView,
    TemplateView,
    VolumeView,
)
from app.api.resources import TypeView
from app.domain.account import Account
from app.domain.address import Address
from app.domain.group import ALL_PROTOCOLS, ANY, WITH_TYPES, GroupRule, SecurityGroup
from app.domain.group_network import GroupNetwork
from app.domain.keypair import KeyPair
from app.domain.launch_template import LaunchTemplate
from app.domain.network import BRIDGES, Subnet
from app.domain.placement_group import PlacementGroup
from app.domain.ports import Unit
from app.domain.states import AttachmentState
from app.domain.vmtype import VmType
from app.domain.volume import Snapshot, Volume
from app.services import group_networks, placement_groups, tags, views


class _Owned:
    """What the views of many rows need besides them, read once: names of accounts, and tags."""

    def __init__(self, unit: Unit, rows: Sequence[Any]) -> None:
        self._accounts = {row.id: row.name for row in unit.accounts.where(id=tuple({row.account_id for row in rows}))}
        self._tags = tags.by_resource(unit, [row.id for row in rows])

    def of(self, row: Any) -> dict[str, Any]:
        """Return what the views of all kinds that an account holds have alike."""
        return {
            "id": row.id,
            "account_id": row.account_id,
            "account": self._accounts.get(row.account_id, ""),
            "created_at_ms": row.created_at_ms,
            "tags": self._tags.get(row.id, {}),
        }

    def tagged_name(self, row: Any) -> str:
        return self._tags.get(row.id, {}).get("Name", "")


def volume_views(unit: Unit, rows: Sequence[Volume]) -> list[VolumeView]:
    known = _Owned(unit, rows)
    return [
        VolumeView(
            **known.of(row),
            name=known.tagged_name(row),
            cluster=row.cluster,
            state=row.state,
            size_gib=row.size_gib,
            kind=row.kind,
            instance_id=row.instance_id,
            device=row.device,
            attachment="" if row.attachment is AttachmentState.DETACHED else row.attachment,
            delete_on_termination=row.delete_on_termination,
            snapshot_id=row.snapshot_id,
            rehearsed=row.rehearsed,
            error=row.failed or row.modify_error or row.last_error,
        )
        for row in rows
    ]


def snapshot_views(unit: Unit, rows: Sequence[Snapshot]) -> list[SnapshotView]:
    known = _Owned(unit, rows)
    return [
        SnapshotView(
            **known.of(row),
            name=known.tagged_name(row),
            state=row.state,
            size_gib=row.size_gib,
            percent=row.percent,
            volume_id=row.volume_id,
            source_id=row.source_id,
            description=row.description,
            public=row.public,
            granted_to=list(row.users),
            rehearsed=row.rehearsed,
            completed_at_ms=row.completed_at_ms,
            error=row.failed or row.last_error,
        )
        for row in rows
    ]


def group_views(unit: Unit, rows: Sequence[SecurityGroup]) -> list[GroupView]:
    known = _Owned(unit, rows)
    written = sorted(unit.group_rules.where(group_id=tuple(row.id for row in rows)), key=_order)
    rules = {group_id: list(found) for group_id, found in groupby(written, lambda rule: rule.group_id)}
    return [
        GroupView(
            **known.of(row),
            name=row.name,
            description=row.description,
            allows=[said(rule) for rule in rules.get(row.id, [])],
            rules=[_rule(rule) for rule in rules.get(row.id, [])],
        )
        for row in rows
    ]


def rule_views(rows: Sequence[GroupRule]) -> list[GroupRuleView]:
    return [_rule(rule) for rule in sorted(rows, key=_order)]


def _order(rule: GroupRule) -> tuple[object, ...]:
    return (rule.group_id, rule.egress, rule.protocol, rule.from_port, rule.to_port, rule.peer)


def _rule(rule: GroupRule) -> GroupRuleView:
    return GroupRuleView(
        id=rule.id,
        egress=rule.egress,
        protocol=rule.protocol,
        from_port=rule.from_port,
        to_port=rule.to_port,
        peer=rule.peer,
        description=rule.description,
    )


def said(rule: GroupRule) -> str:
    """Say a rule in words: `in tcp 22 from 10.0.0.0/8`, `out all to 0.0.0.0/0`."""
    way, preposition = ("out", "to") if rule.egress else ("in", "from")
    what = "all" if rule.protocol == ALL_PROTOCOLS else rule.protocol
    if rule.permission.has_ports and rule.from_port != ANY:
        alone = rule.to_port == (ANY if rule.protocol in WITH_TYPES else rule.from_port)
        what += f" {rule.from_port}" + ("" if alone else f"-{rule.to_port}")
    return f"{way} {what} {preposition} {rule.peer}"


def address_views(unit: Unit, rows: Sequence[Address]) -> list[AddressView]:
    known = _Owned(unit, rows)
    return [
        AddressView(
            **known.of(row),
            ip=row.ip,
            automatic=row.automatic,
            pool=row.pool,
            domain=row.domain,
            instance_id=row.instance_id,
            association_id=row.association_id,
        )
        for row in rows
    ]


def network_views(unit: Unit, rows: Sequence[GroupNetwork]) -> list[NetworkView]:
    accounts = {row.id: row.name for row in unit.accounts.where(id=tuple({row.account_id for row in rows}))}
    groups = {row.id: row.name for row in unit.groups.where(id=tuple({row.group_id for row in rows}))}
    subnets = [Subnet.parse(row.subnet) for row in rows]
    return [
        NetworkView(
            id=row.id,
            vlan=row.vlan,
            account_id=row.account_id,
            account=accounts.get(row.account_id, ""),
            group_id=row.group_id,
            group=groups.get(row.group_id, ""),
            subnet=row.subnet,
            gateway=subnet.gateway.partition("/")[0],
            bridge=f"{BRIDGES}{row.vlan}",
            taken=group_networks.held(unit, row),
            size=subnet.size,
            created_at_ms=row.created_at_ms,
        )
        for row, subnet in zip(rows, subnets, strict=True)
    ]


def keypair_views(unit: Unit, rows: Sequence[KeyPair]) -> list[KeyPairView]:
    known = _Owned(unit, rows)
    return [KeyPairView(**known.of(row), name=row.name, kind=row.kind, fingerprint=row.fingerprint) for row in rows]


def placement_group_views(unit: Unit, rows: Sequence[PlacementGroup]) -> list[PlacementGroupView]:
    known = _Owned(unit, rows)
    return [
        PlacementGroupView(
            **known.of(row),
            name=row.name,
            strategy=row.strategy,
            partitions=row.partitions,
            spread_level=row.spread_level,
            instances=len(placement_groups.members(unit, row)),
        )
        for row in rows
    ]


def template_views(unit: Unit, rows: Sequence[LaunchTemplate]) -> list[TemplateView]:
    known = _Owned(unit, rows)
    return [
        TemplateView(
            **known.of(row),
            name=row.name,
            default_version=row.default_version,
            latest_version=row.latest_version,
            created_by=row.created_by,
        )
        for row in rows
    ]


def type_views(unit: Unit, rows: Sequence[VmType]) -> list[TypeView]:
    found = {view.name: view for view in views.type_views(unit)}
    return [found[row.name] for row in rows]


def account_views(unit: Unit, rows: Sequence[Account]) -> list[AccountView]:
    return [views.account_view(row, len(unit.users.where(account_id=row.id))) for row in rows]

"""Kinds of things that have a row and a view: volumes, snapshots, groups, addresses, keys … and who has them.

One declaration a kind serves REST's collections and the live stream. The trap: a view also shows rows of other kinds
(its tags, the rules of a group), so what an entry of the journal is about is asked of `about`, not of the entry.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from app.api.accounts import AccountView, UserView
from app.api.holdings import (
    AddressView,
    GroupView,
    KeyPairView,
    NetworkView,
    PlacementGroupView,
    SnapshotView,
    TemplateView,
    VolumeView,
)
from app.api.resources import TypeView
from app.domain import ids
from app.domain.account import Account, User
from app.domain.address import Address
from app.domain.group import SecurityGroup
from app.domain.group_network import GroupNetwork
from app.domain.journal import Entry
from app.domain.keypair import KeyPair
from app.domain.launch_template import LaunchTemplate
from app.domain.placement_group import PlacementGroup
from app.domain.ports import Unit
from app.domain.records import Records
from app.domain.vmtype import VmType
from app.domain.volume import Snapshot, Volume
from app.services import holding_views, views

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Row]):
    """`name` is the stream's word, `word` the journal's; `shown`: not kept for the record only.

    Rows stand in the order of their `key` column unless `order` gives another, and `views` keeps it.
    """

    name: str
    word: str
    view: type[msgspec.Struct]
    table: Callable[[Unit], Records[Row]]
    views: Callable[[Unit, Sequence[Row]], list[Any]]
    key: str = "id"
    order: Callable[[Row], str] | None = None
    shown: Callable[[Row], bool] = lambda row: True

    def rows(self, unit: Unit, **where: object) -> list[Row]:
        """List the rows that are there."""
        return [row for row in self.table(unit).where(**where) if self.shown(row)]


def about(unit: Unit, entry: Entry) -> Iterator[tuple[str, str]]:
    """Tell which things look different after an entry: the name of their kind, and their id."""
    match entry.kind:
        case "tag":
            word = ids.resource_of(entry.resource_id) or ""
            yield from _named("address" if word == "allocation" else word, entry.resource_id)
        case "security group rule":
            row = unit.group_rules.get(entry.resource_id)
            yield from _named("security group", _owner(entry, "group_id", row))
        case "access key":
            yield from _named("user", _owner(entry, "user_id", unit.access_keys.get(entry.resource_id)))
        case "user":  # accounts count theirs
            yield from _named("user", entry.resource_id)
            yield from _named("account", _owner(entry, "account_id", unit.users.get(entry.resource_id)))
        case "quota":
            yield from _named("account", entry.resource_id)
        case "type":  # an alias shows what stands behind it
            yield from _named("type", entry.resource_id)
            yield from ((TYPES.name, row.name) for row in unit.vmtypes.where(alias_of=entry.resource_id))
        case kind:
            yield from _named(kind, entry.resource_id)


def _named(word: str, given: str) -> Iterator[tuple[str, str]]:
    if word in _NAMES and given:
        yield _NAMES[word], given


def _owner(entry: Entry, column: str, row: object) -> str:
    """Name what a part belongs to; one that was removed is told by its last entry only."""
    return str(entry.data.get(column) or getattr(row, column, ""))


VOLUMES: Kind[Volume] = Kind(
    name="volume",
    word="volume",
    view=VolumeView,
    table=lambda unit: unit.volumes,
    views=holding_views.volume_views,
    shown=lambda row: not row.gone,
)
SNAPSHOTS: Kind[Snapshot] = Kind(
    name="snapshot",
    word="snapshot",
    view=SnapshotView,
    table=lambda unit: unit.snapshots,
    views=holding_views.snapshot_views,
    shown=lambda row: not row.gone,
)
GROUPS: Kind[SecurityGroup] = Kind(
    name="group", word="security group", view=GroupView, table=lambda unit: unit.groups, views=holding_views.group_views
)
ADDRESSES: Kind[Address] = Kind(
    name="address",
    word="address",
    view=AddressView,
    table=lambda unit: unit.addresses,
    views=holding_views.address_views,
)
NETWORKS: Kind[GroupNetwork] = Kind(
    name="network",
    word="network",
    view=NetworkView,
    table=lambda unit: unit.group_networks,
    views=holding_views.network_views,
)
KEY_PAIRS: Kind[KeyPair] = Kind(
    name="key-pair",
    word="key pair",
    view=KeyPairView,
    table=lambda unit: unit.keypairs,
    views=holding_views.keypair_views,
)
PLACEMENT_GROUPS: Kind[PlacementGroup] = Kind(
    name="placement-group",
    word="placement group",
    view=PlacementGroupView,
    table=lambda unit: unit.placement_groups,
    views=holding_views.placement_group_views,
)
TEMPLATES: Kind[LaunchTemplate] = Kind(
    name="launch-template",
    word="launch template",
    view=TemplateView,
    table=lambda unit: unit.launch_templates,
    views=holding_views.template_views,
)
TYPES: Kind[VmType] = Kind(
    name="type",
    word="type",
    view=TypeView,
    table=lambda unit: unit.vmtypes,
    views=holding_views.type_views,
    key="name",
    order=lambda row: f"{bool(row.alias_of):d}{row.ordinal:08}{row.name}",
)
USERS: Kind[User] = Kind(
    name="user",
    word="user",
    view=UserView,
    table=lambda unit: unit.users,
    views=views.user_views,
    order=lambda row: f"{row.account_id}/{row.name}",
)
ACCOUNTS: Kind[Account] = Kind(
    name="account",
    word="account",
    view=AccountView,
    table=lambda unit: unit.accounts,
    views=holding_views.account_views,
    order=lambda row: row.name,
)
KINDS: tuple[Kind[Any], ...] = (
    VOLUMES,
    SNAPSHOTS,
    GROUPS,
    ADDRESSES,
    NETWORKS,
    KEY_PAIRS,
    PLACEMENT_GROUPS,
    TEMPLATES,
    TYPES,
    USERS,
    ACCOUNTS,
)
_NAMES: Mapping[str, str] = {kind.word: kind.name for kind in KINDS}

"""What hangs on each kind of thing, and what becomes of that when the thing goes: looked up for many at once.

A fate is one of few sentences, so that many ties can be summed up; what differs from one to the next is its detail.
The trap: whoever confirms is shown ties and no more, so a service that lets something else go needs a line here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from app.api.hanging import Tied
from app.domain.address import Address
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.records import Records
from app.domain.states import InstanceState
from app.services.protection import NO_STOP, NO_TERMINATION

Row = TypeVar("Row")
LIVE = tuple(state for state in InstanceState if state is not InstanceState.TERMINATED)
RUNS_ON, STAYS, STOPS_WORKING, REFUSED = "runs on", "stays", "stops working", "must go first, else it is refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One thing that hangs on another: its kind, its id, its fate, and what tells it from others of its kind."""

    kind: Tied
    id: str
    fate: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one thing; `notes` are worth knowing and hang on nothing."""

    ties: tuple[Tie, ...] = ()
    notes: tuple[str, ...] = ()
    in_use: bool = False


Look = Callable[[Unit, tuple[str, ...]], Mapping[str, Found]]


def _by(rows: Iterable[Row], owner: Callable[[Row], str]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[owner(row)].append(row)
    return found


def _live(unit: Unit, **where: object) -> list[Instance]:
    return unit.instances.where(state=LIVE, **where)


def _instance_ties(rows: Iterable[Instance], fate: str) -> tuple[Tie, ...]:
    return tuple(Tie(kind="instance", id=row.id, fate=fate, detail=row.state) for row in rows)


def _instances(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    volumes = _by((row for row in unit.volumes.where(instance_id=ids) if not row.gone), lambda row: row.instance_id)
    addresses = _by(unit.addresses.where(instance_id=ids), lambda row: row.instance_id)
    found = {}
    for row in unit.instances.where(id=ids):
        hanging = [
            Tie(
                kind="volume",
                id=volume.id,
                fate="is deleted with it" if volume.delete_on_termination else STAYS,
                detail=f"{volume.size_gib} GiB",
            )
            for volume in volumes.get(row.id, ())
        ]
        hanging += [_given(address) for address in addresses.get(row.id, ())]
        running = row.state is InstanceState.RUNNING
        notes = [f"has run for {max(0, unit.now_ms - row.launched_at_ms) // 1000} s"] if running else []
        notes += [f"is protected: {NO_TERMINATION}"] * row.disable_api_termination
        notes += [f"is protected: {NO_STOP}"] * row.disable_api_stop
        found[row.id] = Found(ties=tuple(hanging), notes=tuple(notes), in_use=running)
    return found


def _given(address: Address) -> Tie:
    fate = "goes back to the pool" if address.automatic else "is taken off, its account keeps it"
    return Tie(kind="address", id=address.ip, fate=fate)


def _volumes(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    snapshots = _by((row for row in unit.snapshots.where(volume_id=ids) if not row.gone), lambda row: row.volume_id)
    found = {}
    for row in unit.volumes.where(id=ids):
        held = [Tie(kind="instance", id=row.instance_id, fate=REFUSED, detail=row.device)] if row.instance_id else []
        held += [
            Tie(kind="snapshot", id=one.id, fate=STAYS, detail=f"{one.size_gib} GiB")
            for one in snapshots.get(row.id, ())
        ]
        found[row.id] = Found(ties=tuple(held), in_use=bool(row.instance_id))
    return found


def _snapshots(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    made = _by((row for row in unit.volumes.where(snapshot_id=ids) if not row.gone), lambda row: row.snapshot_id)
    return _each(
        unit.snapshots,
        ids,
        lambda row: [
            Tie(kind="volume", id=one.id, fate=STAYS, detail=f"{one.size_gib} GiB") for one in made.get(row.id, ())
        ],
    )


def _images(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    running = _by(_live(unit, image_id=ids), lambda row: row.image_id)
    parts = _by(unit.images.where(kernel_id=ids), lambda row: row.kernel_id)
    for given, rows in _by(unit.images.where(ramdisk_id=ids), lambda row: row.ramdisk_id).items():
        parts[given] += rows

    def ties(row: Any) -> list[Tie]:
        named = [Tie(kind="image", id=one.id, fate="can not be launched any more") for one in parts.get(row.id, ())]
        granted = [Tie(kind="account", id=one, fate="can not launch from it any more") for one in row.granted_to]
        return [*_instance_ties(running.get(row.id, ()), RUNS_ON), *named, *granted]

    return _each(unit.images, ids, ties)


def _groups(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    rows = unit.groups.where(id=ids)
    members = defaultdict(list)
    for instance in _live(unit, account_id=tuple({row.account_id for row in rows})):
        for given in instance.group_ids:
            members[given].append(instance)
    referring = _by(unit.group_rules.where(peer=ids), lambda rule: rule.peer)

    def ties(row: Any) -> list[Tie]:
        others = sorted({rule.group_id for rule in referring.get(row.id, ())} - {row.id})
        refers = [Tie(kind="group", id=given, fate=REFUSED, detail="its rules name it") for given in others]
        return [*_instance_ties(members.get(row.id, ()), REFUSED), *refers]

    return _each(unit.groups, ids, ties)


def _addresses(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    fate = "is no longer reached by it"
    return _each(
        unit.addresses,
        ids,
        lambda row: [Tie(kind="instance", id=row.instance_id, fate=fate)] if row.instance_id else [],
    )


def _key_pairs(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    rows = unit.keypairs.where(id=ids)
    with_key = _by(
        _live(unit, account_id=tuple({row.account_id for row in rows}), key_name=tuple({row.name for row in rows})),
        lambda one: f"{one.account_id}/{one.key_name}",
    )
    keeps = "keeps what it was given"
    return _each(
        unit.keypairs,
        ids,
        lambda row: _instance_ties(with_key.get(f"{row.account_id}/{row.name}", ()), keeps),
    )


def _placement_groups(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    rows = unit.placement_groups.where(id=ids)
    names = tuple({row.name for row in rows})
    members = _by(_live(unit, placement_group=names), lambda one: f"{one.account_id}/{one.placement_group}")
    return _each(
        unit.placement_groups,
        ids,
        lambda row: _instance_ties(members.get(f"{row.account_id}/{row.name}", ()), REFUSED),
    )


def _templates(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    versions = _by(unit.launch_template_versions.where(template_id=ids), lambda row: row.template_id)
    return _each(
        unit.launch_templates,
        ids,
        lambda row: [
            Tie(kind="version", id=str(one.number), fate="is deleted with it", detail=one.description)
            for one in versions.get(row.id, ())
        ],
    )


def _types(unit: Unit, names: tuple[str, ...]) -> dict[str, Found]:
    sized = _by(_live(unit, vmtype=names), lambda row: row.vmtype)
    aliases = _by(unit.vmtypes.where(alias_of=names), lambda row: row.alias_of)
    return {
        row.name: _found(
            [
                *(Tie(kind="type", id=one.name, fate=REFUSED, detail="stands for it") for one in aliases[row.name]),
                *_instance_ties(sized[row.name], "keeps its size"),
            ]
        )
        for row in unit.vmtypes.where(name=names)
    }


def _users(unit: Unit, ids: tuple[str, ...]) -> dict[str, Found]:
    keys = _by(unit.access_keys.where(user_id=ids, enabled=True), lambda row: row.user_id)
    tokens = _by(
        (row for row in unit.tokens.where(user_id=ids) if row.works(unit.now_ms)),
        lambda row: row.user_id,
    )
    return _each(
        unit.users,
        ids,
        lambda row: [
            *(Tie(kind="access key", id=one.id, fate=STOPS_WORKING) for one in keys.get(row.id, ())),
            *(Tie(kind="token", id=one.id, fate=STOPS_WORKING, detail=one.role) for one in tokens.get(row.id, ())),
        ],
    )


def _accounts(unit: Unit, given: tuple[str, ...]) -> dict[str, Found]:
    rows = {row.id: row for row in unit.accounts.where(id=given)} | {
        row.name: row for row in unit.accounts.where(name=given)
    }
    ids = tuple({row.id for row in rows.values()})
    users = _by(unit.users.where(account_id=ids, enabled=True), lambda row: row.account_id)
    running = _by(_live(unit, account_id=ids), lambda row: row.account_id)
    return {
        name: _found(
            [
                *(Tie(kind="user", id=one.name, fate=STOPS_WORKING) for one in users.get(row.id, ())),
                *_instance_ties(running.get(row.id, ()), RUNS_ON),
            ]
        )
        for name, row in rows.items()
    }


def _hosts(unit: Unit, names: tuple[str, ...]) -> dict[str, Found]:
    held = _by(_live(unit, host=names), lambda row: row.host)
    for given, rows in _by(_live(unit, moving_from=names), lambda row: row.moving_from).items():
        held[given] += rows
    fate = "must end or move away first"
    return {row.name: _found(_instance_ties(held[row.name], fate)) for row in unit.hosts.where(name=names)}


def _clusters(unit: Unit, names: tuple[str, ...]) -> dict[str, Found]:
    hosts = _by(unit.hosts.where(cluster=names), lambda row: row.cluster)
    return {
        row.name: _found([Tie(kind="host", id=one.name, fate=REFUSED) for one in hosts[row.name]])
        for row in unit.clusters.where(name=names)
    }


def _each(table: Records[Any], ids: tuple[str, ...], ties: Callable[[Any], Sequence[Tie]]) -> dict[str, Found]:
    return {row.id: _found(ties(row)) for row in table.where(id=ids)}


def _found(ties: Sequence[Tie]) -> Found:
    return Found(ties=tuple(ties), in_use=any(tie.kind in ("instance", "host") for tie in ties))


LOOKS: Mapping[str, Look] = {
    "instance": _instances,
    "volume": _volumes,
    "snapshot": _snapshots,
    "image": _images,
    "group": _groups,
    "address": _addresses,
    "key-pair": _key_pairs,
    "placement-group": _placement_groups,
    "launch-template": _templates,
    "type": _types,
    "user": _users,
    "account": _accounts,
    "host": _hosts,
    "cluster": _clusters,
}

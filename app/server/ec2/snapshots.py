"""Operations on snapshots."""

import msgspec

from app.domain.errors import Absent, Combination, Invalid, Unsupported
from app.domain.volume import Snapshot
from app.server.ec2 import filters, pages
from app.server.ec2.operation import Answer, Ask, Filter, Operation, TagSpecification, refuse_many, specified_tags
from app.server.ec2.volume_items import SNAPSHOT, ShownSnapshot, snapshot_item
from app.services import attachments, instances, snapshots, volumes
from app.services.snapshots import Label

PERMISSION, PRODUCT_CODES = "createVolumePermission", "productCodes"
_ALL = "all"


class CreateSnapshotIn(msgspec.Struct):
    volume_id: str
    description: str = ""
    tag_specifications: list[TagSpecification] = []


class InstanceSpecificationIn(msgspec.Struct):
    instance_id: str = ""
    exclude_data_volume_ids: list[str] = []


class CreateSnapshotsIn(msgspec.Struct):
    instance_specification: InstanceSpecificationIn
    description: str = ""
    tag_specifications: list[TagSpecification] = []


class CopySnapshotIn(msgspec.Struct):
    source_region: str
    source_snapshot_id: str
    description: str = ""
    destination_region: str = ""
    tag_specifications: list[TagSpecification] = []


class SnapshotIdIn(msgspec.Struct):
    snapshot_id: str


class DescribeSnapshotsIn(msgspec.Struct):
    snapshot_ids: list[str] = []
    owner_ids: list[str] = []
    restorable_by_user_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class AttributeIn(SnapshotIdIn):
    attribute: str = ""


class PermissionIn(msgspec.Struct):
    user_id: str = ""
    group: str = ""


class PermissionsIn(msgspec.Struct):
    add: list[PermissionIn] = []
    remove: list[PermissionIn] = []


class ModifySnapshotAttributeIn(AttributeIn):
    create_volume_permission: PermissionsIn | None = None
    operation_type: str = ""
    user_ids: list[str] = []
    group_names: list[str] = []


def create_snapshot(ask: Ask[CreateSnapshotIn]) -> Answer:
    source = volumes.find(ask.unit, ask.caller, (ask.request.volume_id,))
    taken = snapshots.take(ask.unit, ask.caller, source, _label(ask), ask.site.entropy)
    return snapshot_item(_shown(ask, taken)[0])


def create_snapshots(ask: Ask[CreateSnapshotsIn]) -> Answer:
    named = ask.request.instance_specification
    if not named.instance_id:
        raise Absent("InstanceSpecification.InstanceId")
    instance = instances.find(ask.unit, ask.caller, (named.instance_id,))[0]
    hung = attachments.by_instance(ask.unit, (instance.id,)).get(instance.id, [])
    left_out = set(named.exclude_data_volume_ids)
    if strange := left_out - {volume.id for volume in hung}:
        raise Invalid("ExcludeDataVolumeId", ", ".join(sorted(strange)), f"It is no volume of {instance.id}.")
    sources = [volume for volume in hung if volume.id not in left_out]
    if not sources:
        raise Invalid("InstanceId", instance.id, "No volume of it is left to be copied.")
    taken = snapshots.take(ask.unit, ask.caller, sources, _label(ask), ask.site.entropy)
    return {"Snapshots": [_info(shown) for shown in _shown(ask, taken)]}


def copy_snapshot(ask: Ask[CopySnapshotIn]) -> Answer:
    for region in filter(None, (ask.request.source_region, ask.request.destination_region)):
        if region != ask.site.region:
            raise Invalid("SourceRegion", region, f"There is only {ask.site.region}.")
    made = snapshots.copy(ask.unit, ask.caller, ask.request.source_snapshot_id, _label(ask), ask.site.entropy)
    return {"SnapshotId": made.id, "Tags": snapshot_item(_shown(ask, [made])[0])["Tags"]}


def delete_snapshot(ask: Ask[SnapshotIdIn]) -> Answer:
    snapshots.delete(ask.unit, ask.caller, ask.request.snapshot_id)
    return {"Return": True}


def describe_snapshots(ask: Ask[DescribeSnapshotsIn]) -> Answer:
    asked, known = ask.request, ask.site.filters(ask.operation)
    found = [snapshot for snapshot in _named(ask) if _asked_for(ask, snapshot)]
    chosen = filters.select(_shown(ask, found), asked.filters, SNAPSHOT, known, tags=lambda one: one.tags)
    cut, token = pages.page(chosen, _order, asked.max_results, asked.next_token)
    return {"Snapshots": [snapshot_item(one) for one in cut], "NextToken": token}


def describe_snapshot_attribute(ask: Ask[AttributeIn]) -> Answer:
    snapshot = snapshots.own(ask.unit, ask.caller, ask.request.snapshot_id)
    if _attribute(ask.request.attribute) == PRODUCT_CODES:
        return {"SnapshotId": snapshot.id, "ProductCodes": []}
    allowed: list[Answer] = [{"UserId": user} for user in snapshot.users]
    everybody: list[Answer] = [{"Group": _ALL}] if snapshot.public else []
    return {"SnapshotId": snapshot.id, "CreateVolumePermissions": [*everybody, *allowed]}


def modify_snapshot_attribute(ask: Ask[ModifySnapshotAttributeIn]) -> Answer:
    asked = ask.request
    if asked.attribute and _attribute(asked.attribute) != PERMISSION:
        raise Unsupported(f"Attribute {asked.attribute}", "only createVolumePermission can be modified")
    add, remove = _permissions(asked)
    if not add and not remove:
        raise Absent("CreateVolumePermission")
    snapshots.share(ask.unit, ask.caller, asked.snapshot_id, add, remove)
    return {"Return": True}


def reset_snapshot_attribute(ask: Ask[AttributeIn]) -> Answer:
    if _attribute(ask.request.attribute) != PERMISSION:
        raise Unsupported(f"Attribute {ask.request.attribute}", "only createVolumePermission can be reset")
    snapshots.unshare(ask.unit, ask.caller, ask.request.snapshot_id)
    return {"Return": True}


def _label(ask: Ask[CreateSnapshotIn] | Ask[CreateSnapshotsIn] | Ask[CopySnapshotIn]) -> Label:
    return Label(description=ask.request.description, tags=specified_tags(ask.request.tag_specifications, "snapshot"))


def _named(ask: Ask[DescribeSnapshotsIn]) -> list[Snapshot]:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.snapshot_ids, asked.max_results)
    if asked.snapshot_ids:
        refuse_many("SnapshotId", asked.snapshot_ids)
        return snapshots.find(ask.unit, ask.caller, asked.snapshot_ids)
    return snapshots.visible(ask.unit, ask.caller)


def _asked_for(ask: Ask[DescribeSnapshotsIn], snapshot: Snapshot) -> bool:
    """Tell whether owner and who may restore are among those named, where any are."""
    owners = {ask.caller.account_id if owner == "self" else owner for owner in ask.request.owner_ids}
    if owners and snapshot.account_id not in owners:
        return False
    restorers = ask.request.restorable_by_user_ids
    return not restorers or any(
        snapshots.restorable_by(snapshot, account_id, caller=ask.caller) for account_id in restorers
    )


def _order(shown: ShownSnapshot) -> pages.Key:
    return (shown.snapshot.created_at_ms, shown.snapshot.id)


def _shown(ask: Ask[msgspec.Struct], rows: list[Snapshot]) -> list[ShownSnapshot]:
    named = snapshots.tags_of(ask.unit, ask.caller, rows)
    return [ShownSnapshot(snapshot=row, tags=named.get(row.id, {})) for row in rows]


def _info(shown: ShownSnapshot) -> Answer:
    """Form a snapshot as CreateSnapshots shows it, which knows fewer members."""
    item = snapshot_item(shown)
    same = ("SnapshotId", "VolumeId", "State", "StartTime", "Progress", "OwnerId", "Description", "VolumeSize")
    return {name: item[name] for name in (*same, "Encrypted", "Tags")}


def _attribute(name: str) -> str:
    if not name:
        raise Absent("Attribute")
    if name not in (PERMISSION, PRODUCT_CODES):
        raise Invalid("Attribute", name, f"Choose {PERMISSION} or {PRODUCT_CODES}.")
    return name


def _permissions(asked: ModifySnapshotAttributeIn) -> tuple[list[str | None], list[str | None]]:
    """Collect who is let in and who is not any more, in today's form or in that of old; None: everybody."""
    for group in asked.group_names:
        _check_group(group)
    named: list[str | None] = [*asked.user_ids, *(None for _ in asked.group_names)]
    given = asked.create_volume_permission or PermissionsIn()
    add, remove = [_who(one) for one in given.add], [_who(one) for one in given.remove]
    if named and asked.operation_type not in ("add", "remove"):
        raise Invalid("OperationType", asked.operation_type, "Choose add or remove.")
    if named and (add or remove):
        raise Combination("CreateVolumePermission can not be used together with UserId or UserGroup")
    if named:
        return (named, []) if asked.operation_type == "add" else ([], named)
    return add, remove


def _who(one: PermissionIn) -> str | None:
    if bool(one.user_id) == bool(one.group):
        raise Combination("Each item of CreateVolumePermission names a UserId or a Group")
    if one.group:
        _check_group(one.group)
    return one.user_id or None


def _check_group(group: str) -> None:
    if group != _ALL:
        raise Invalid("Group", group, "The only group is all.")


OPERATIONS = (
    Operation(name="CreateSnapshot", request=CreateSnapshotIn, handle=create_snapshot, writes=True),
    Operation(name="CreateSnapshots", request=CreateSnapshotsIn, handle=create_snapshots, writes=True),
    Operation(name="CopySnapshot", request=CopySnapshotIn, handle=copy_snapshot, writes=True),
    Operation(name="DeleteSnapshot", request=SnapshotIdIn, handle=delete_snapshot, writes=True),
    Operation(name="DescribeSnapshots", request=DescribeSnapshotsIn, handle=describe_snapshots),
    Operation(name="DescribeSnapshotAttribute", request=AttributeIn, handle=describe_snapshot_attribute),
    Operation(
        name="ModifySnapshotAttribute",
        request=ModifySnapshotAttributeIn,
        handle=modify_snapshot_attribute,
        writes=True,
    ),
    Operation(name="ResetSnapshotAttribute", request=AttributeIn, handle=reset_snapshot_attribute, writes=True),
)

"""Operations on volumes and their attachments."""

import msgspec

from app.domain.commands import CreateVolume
from app.domain.errors import Absent, Combination, Invalid, Missing
from app.domain.volume import DEFAULT_KIND, Volume
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.columns import VOLUME_COLUMNS
from app.server.ec2.operation import Answer, Ask, Filter, Operation, TagSpecification, refuse_many, specified_tags
from app.server.ec2.volume_asks import check_performance, given_size
from app.server.ec2.volume_items import (
    MODIFICATION,
    VOLUME,
    VOLUME_STATUS,
    ShownVolume,
    attachment_item,
    modification_item,
    status_item,
    volume_item,
)
from app.services import attachments, tags, volumes


class CreateVolumeIn(msgspec.Struct):
    availability_zone: str = ""
    availability_zone_id: str = ""
    size: int | None = None
    snapshot_id: str = ""
    volume_type: str = ""
    iops: int | None = None
    throughput: int | None = None
    tag_specifications: list[TagSpecification] = []
    client_token: str = ""


class VolumeIdIn(msgspec.Struct):
    volume_id: str


class DescribeVolumesIn(msgspec.Struct):
    volume_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class AttributeIn(VolumeIdIn):
    attribute: str = ""


class TruthIn(msgspec.Struct):
    value: bool = False


class ModifyVolumeAttributeIn(VolumeIdIn):
    auto_enable_io: TruthIn | None = None


class ModifyVolumeIn(VolumeIdIn):
    size: int | None = None
    volume_type: str = ""
    iops: int | None = None
    throughput: int | None = None


class AttachVolumeIn(VolumeIdIn):
    instance_id: str
    device: str


class DetachVolumeIn(VolumeIdIn):
    instance_id: str = ""
    device: str = ""
    force: bool = False


def create_volume(ask: Ask[CreateVolumeIn]) -> Answer:
    asked = ask.request
    if asked.availability_zone and asked.availability_zone_id:
        raise Combination("AvailabilityZone and AvailabilityZoneId can not be used together")
    cluster = asked.availability_zone or asked.availability_zone_id
    if not cluster:
        raise Absent("AvailabilityZone")
    check_performance(asked.volume_type or DEFAULT_KIND, asked.iops, asked.throughput)
    command = CreateVolume(
        cluster=cluster,
        size_gib=given_size(asked.size),
        snapshot_id=asked.snapshot_id,
        kind=asked.volume_type,
        tags=specified_tags(asked.tag_specifications, "volume"),
    )
    volume = ask.once(ask.unit.volumes, lambda: volumes.create(ask.unit, ask.caller, command, ask.site.entropy))
    return volume_item(_shown(ask, [volume])[0])


def delete_volume(ask: Ask[VolumeIdIn]) -> Answer:
    volumes.delete(ask.unit, ask.caller, ask.request.volume_id)
    return {"Return": True}


def describe_volumes(ask: Ask[DescribeVolumesIn]) -> Answer:
    asked, known = ask.request, ask.site.filters(ask.operation)
    shown = filters.select(_shown(ask, _named(ask)), asked.filters, VOLUME, known, tags=lambda one: one.tags)
    cut, token = pages.page(shown, lambda one: _order(one.volume), asked.max_results, asked.next_token)
    return {"Volumes": [volume_item(one) for one in cut], "NextToken": token}


def describe_volume_status(ask: Ask[DescribeVolumesIn]) -> Answer:
    asked = ask.request
    found = filters.select(_named(ask), asked.filters, VOLUME_STATUS, ask.site.filters(ask.operation))
    cut, token = pages.page(found, _order, asked.max_results, asked.next_token)
    return {"VolumeStatuses": [status_item(volume) for volume in cut], "NextToken": token}


def describe_volume_attribute(ask: Ask[AttributeIn]) -> Answer:
    volume = volumes.find(ask.unit, ask.caller, (ask.request.volume_id,))[0]
    match ask.request.attribute:
        case "autoEnableIO":
            return {"VolumeId": volume.id, "AutoEnableIO": {"Value": volume.auto_enable_io}}
        case "productCodes":
            return {"VolumeId": volume.id, "ProductCodes": []}
        case "":
            raise Absent("Attribute")
        case other:
            raise Invalid("Attribute", other, "Choose autoEnableIO or productCodes.")


def modify_volume_attribute(ask: Ask[ModifyVolumeAttributeIn]) -> Answer:
    if ask.request.auto_enable_io is None:
        raise Absent("AutoEnableIO.Value")
    volumes.set_auto_enable_io(ask.unit, ask.caller, ask.request.volume_id, on=ask.request.auto_enable_io.value)
    return {"Return": True}


def enable_volume_io(ask: Ask[VolumeIdIn]) -> Answer:
    """Nothing ever takes a volume's I/O away here, so it is enabled already."""
    volumes.find(ask.unit, ask.caller, (ask.request.volume_id,))
    return {"Return": True}


def modify_volume(ask: Ask[ModifyVolumeIn]) -> Answer:
    asked = ask.request
    if asked.size is None and not (asked.volume_type or asked.iops or asked.throughput):
        raise Absent("Size")
    volume = volumes.find(ask.unit, ask.caller, (asked.volume_id,))[0]
    check_performance(asked.volume_type or volume.kind, asked.iops, asked.throughput)
    changed = volumes.modify(ask.unit, ask.caller, volume.id, given_size(asked.size), asked.volume_type)
    return {"VolumeModification": modification_item(changed)}


def describe_volumes_modifications(ask: Ask[DescribeVolumesIn]) -> Answer:
    asked, known = ask.request, ask.site.filters(ask.operation)
    named = _named(ask)
    modified = [volume for volume in named if volume.modified_at_ms]
    if asked.volume_ids and len(modified) < len(named):
        raise Missing("volume modification", *(volume.id for volume in named if not volume.modified_at_ms))
    found = filters.select(modified, asked.filters, MODIFICATION, known)
    cut, token = pages.page(found, _order, asked.max_results, asked.next_token, (1, 500))
    return {"VolumesModifications": [modification_item(volume) for volume in cut], "NextToken": token}


def attach_volume(ask: Ask[AttachVolumeIn]) -> Answer:
    asked = ask.request
    return attachment_item(attachments.attach(ask.unit, ask.caller, asked.volume_id, asked.instance_id, asked.device))


def detach_volume(ask: Ask[DetachVolumeIn]) -> Answer:
    asked = ask.request
    detachment = attachments.Detachment(
        volume_id=asked.volume_id, instance_id=asked.instance_id, device=asked.device, force=asked.force
    )
    return attachment_item(attachments.detach(ask.unit, ask.caller, detachment))


def _named(ask: Ask[DescribeVolumesIn]) -> list[Volume]:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.volume_ids, asked.max_results)
    if asked.volume_ids:
        refuse_many("VolumeId", asked.volume_ids)
        return volumes.find(ask.unit, ask.caller, asked.volume_ids)
    return volumes.visible(ask.unit, narrowing.where(ask.unit, ask.caller, asked.filters, VOLUME_COLUMNS))


def _order(volume: Volume) -> pages.Key:
    return (volume.created_at_ms, volume.id)


def _shown(ask: Ask[CreateVolumeIn] | Ask[DescribeVolumesIn], rows: list[Volume]) -> list[ShownVolume]:
    named = tags.by_resource(ask.unit, [volume.id for volume in rows])
    return [ShownVolume(volume=volume, tags=named.get(volume.id, {})) for volume in rows]


OPERATIONS = (
    Operation(name="CreateVolume", request=CreateVolumeIn, handle=create_volume, writes=True),
    Operation(name="DeleteVolume", request=VolumeIdIn, handle=delete_volume, writes=True),
    Operation(name="DescribeVolumes", request=DescribeVolumesIn, handle=describe_volumes),
    Operation(name="DescribeVolumeStatus", request=DescribeVolumesIn, handle=describe_volume_status),
    Operation(name="DescribeVolumeAttribute", request=AttributeIn, handle=describe_volume_attribute),
    Operation(
        name="ModifyVolumeAttribute", request=ModifyVolumeAttributeIn, handle=modify_volume_attribute, writes=True
    ),
    Operation(name="EnableVolumeIO", request=VolumeIdIn, handle=enable_volume_io, writes=True),
    Operation(name="ModifyVolume", request=ModifyVolumeIn, handle=modify_volume, writes=True),
    Operation(name="DescribeVolumesModifications", request=DescribeVolumesIn, handle=describe_volumes_modifications),
    Operation(name="AttachVolume", request=AttachVolumeIn, handle=attach_volume, writes=True),
    Operation(name="DetachVolume", request=DetachVolumeIn, handle=detach_volume, writes=True),
)

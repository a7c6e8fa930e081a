"""Operations on launch templates.

Their data is read and answered whole, by the model's own members, so nothing here knows what a launch can be told.
"""

from base64 import b64encode
from typing import Any

import msgspec

from app.domain.errors import Absent, CloudError, Combination, Missing
from app.domain.instance import Instance
from app.domain.launch_template import LaunchTemplate, LaunchTemplateVersion
from app.domain.ports import Unit
from app.server.ec2 import filters, pages
from app.server.ec2.filters import Facts
from app.server.ec2.operation import (
    Answer,
    Ask,
    Filter,
    Operation,
    TagSpecification,
    refuse_many,
    specified_tags,
    tag_pairs,
)
from app.services import instances, launch_templates, tags
from app.services.launch_templates import LONGEST_TOKEN, Draft
from app.wire.laying import laid_over
from app.wire.markup import timestamp

PAGE = (1, 200)


class CreateLaunchTemplateIn(msgspec.Struct):
    launch_template_name: str
    launch_template_data: dict[str, Any]
    version_description: str = ""
    client_token: str = ""
    tag_specifications: list[TagSpecification] = []


class TemplateIn(msgspec.Struct):
    launch_template_id: str = ""
    launch_template_name: str = ""


class CreateLaunchTemplateVersionIn(TemplateIn):
    launch_template_data: dict[str, Any] = {}
    source_version: str = ""
    version_description: str = ""
    client_token: str = ""


class DescribeLaunchTemplatesIn(msgspec.Struct):
    launch_template_ids: list[str] = []
    launch_template_names: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeLaunchTemplateVersionsIn(TemplateIn):
    versions: list[str] = []
    min_version: str = ""
    max_version: str = ""
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class ModifyLaunchTemplateIn(TemplateIn):
    default_version: str = ""
    client_token: str = ""


class DeleteLaunchTemplateVersionsIn(TemplateIn, kw_only=True):
    versions: list[str]


class GetLaunchTemplateDataIn(msgspec.Struct):
    instance_id: str


class Shown(msgspec.Struct, frozen=True):
    """A version beside its template."""

    template: LaunchTemplate
    version: LaunchTemplateVersion
    data: dict[str, Any]

    @property
    def is_default(self) -> bool:
        return self.version.number == self.template.default_version


def create_launch_template(ask: Ask[CreateLaunchTemplateIn]) -> Answer:
    asked = ask.request
    draft = Draft(parameters=asked.launch_template_data, description=asked.version_description)

    def make() -> LaunchTemplate:
        made = launch_templates.create(ask.unit, ask.caller, asked.launch_template_name, draft, ask.site.entropy)
        tags.set_on(ask.unit, ask.caller, (made.id,), specified_tags(asked.tag_specifications, "launch-template"))
        return made

    return {"LaunchTemplate": _tagged(ask.unit, ask.once(ask.unit.launch_templates, make, LONGEST_TOKEN))}


def create_launch_template_version(ask: Ask[CreateLaunchTemplateVersionIn]) -> Answer:
    asked, template = ask.request, _named(ask)
    data = asked.launch_template_data
    if asked.source_version:
        source = launch_templates.version(ask.unit, template, asked.source_version)
        data = laid_over(data, launch_templates.parameters(source))
    draft = Draft(parameters=data, description=asked.version_description)

    def make() -> LaunchTemplateVersion:
        return launch_templates.create_version(ask.unit, ask.caller, template, draft)

    return {
        "LaunchTemplateVersion": _version(
            _shown(template, ask.once(ask.unit.launch_template_versions, make, LONGEST_TOKEN))
        )
    }


def describe_launch_templates(ask: Ask[DescribeLaunchTemplatesIn]) -> Answer:
    asked = ask.request
    refuse_many("LaunchTemplateId", [*asked.launch_template_ids, *asked.launch_template_names])
    found = launch_templates.find(ask.unit, ask.caller, asked.launch_template_ids, asked.launch_template_names)
    named = tags.by_resource(ask.unit, [template.id for template in found])
    known = ask.site.filters(ask.operation)
    chosen = filters.select(found, asked.filters, _TEMPLATE, known, tags=lambda template: named.get(template.id, {}))
    cut, token = pages.page(chosen, lambda template: (template.id,), asked.max_results, asked.next_token, PAGE)
    return {
        "LaunchTemplates": [_template(template, named.get(template.id, {})) for template in cut],
        "NextToken": token,
    }


def describe_launch_template_versions(ask: Ask[DescribeLaunchTemplateVersionsIn]) -> Answer:
    asked = ask.request
    shown = _asked_versions(ask)
    chosen = filters.select(shown, asked.filters, _VERSION, ask.site.filters(ask.operation))
    cut, token = pages.page(chosen, _order, asked.max_results, asked.next_token, PAGE)
    return {"LaunchTemplateVersions": [_version(one) for one in cut], "NextToken": token}


def modify_launch_template(ask: Ask[ModifyLaunchTemplateIn]) -> Answer:
    template, version = _named(ask), ask.request.default_version
    if version:
        template = ask.once(
            ask.unit.launch_templates, lambda: launch_templates.set_default(ask.unit, template, version), LONGEST_TOKEN
        )
    return {"LaunchTemplate": _tagged(ask.unit, template)}


def delete_launch_template(ask: Ask[TemplateIn]) -> Answer:
    template = _named(ask)
    last = _tagged(ask.unit, template)
    launch_templates.delete(ask.unit, template)
    return {"LaunchTemplate": last}


def delete_launch_template_versions(ask: Ask[DeleteLaunchTemplateVersionsIn]) -> Answer:
    refuse_many("LaunchTemplateVersion", ask.request.versions)
    template = _named(ask)
    gone: list[Answer] = []
    kept: list[Answer] = []
    for number in map(launch_templates.number, ask.request.versions):
        item: Answer = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": number}
        try:
            template = launch_templates.delete_version(ask.unit, template, number)
        except (Missing, Combination) as error:
            kept.append(item | {"ResponseError": _refusal(error)})
        else:
            gone.append(item)
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": gone,
        "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
    }


def get_launch_template_data(ask: Ask[GetLaunchTemplateDataIn]) -> Answer:
    (instance,) = instances.find(ask.unit, ask.caller, (ask.request.instance_id,))
    named = tags.by_resource(ask.unit, (instance.id,)).get(instance.id, {})
    return {"LaunchTemplateData": _data_of(instance, {name: named[name] for name in tags.own(named)})}


def _named(ask: Ask[Any]) -> LaunchTemplate:
    return launch_templates.named(
        ask.unit, ask.caller, ask.request.launch_template_id, ask.request.launch_template_name
    )


def _asked_versions(ask: Ask[DescribeLaunchTemplateVersionsIn]) -> list[Shown]:
    """Look up the versions of one template, or the latest and default ones of all."""
    asked, unit = ask.request, ask.unit
    refuse_many("LaunchTemplateVersion", asked.versions)
    if asked.versions and (asked.min_version or asked.max_version):
        raise Combination("Versions can not be combined with MinVersion and MaxVersion")
    if asked.launch_template_id or asked.launch_template_name:
        return _of_one(ask, _named(ask))
    if not asked.versions or not {launch_templates.DEFAULT, launch_templates.LATEST}.issuperset(asked.versions):
        raise Absent("LaunchTemplateId")
    return [
        one
        for template in launch_templates.find(unit, ask.caller, (), ())
        for one in _each_once(template, [launch_templates.version(unit, template, word) for word in asked.versions])
    ]


def _of_one(ask: Ask[DescribeLaunchTemplateVersionsIn], template: LaunchTemplate) -> list[Shown]:
    asked, unit = ask.request, ask.unit
    if asked.versions:
        return _each_once(template, [launch_templates.version(unit, template, word) for word in asked.versions])
    least = launch_templates.number(asked.min_version) if asked.min_version else 1
    most = launch_templates.number(asked.max_version) if asked.max_version else template.versions_made
    return _each_once(template, [v for v in launch_templates.versions(unit, template) if least <= v.number <= most])


def _each_once(template: LaunchTemplate, versions: list[LaunchTemplateVersion]) -> list[Shown]:
    return [_shown(template, version) for version in dict.fromkeys(versions)]


def _shown(template: LaunchTemplate, version: LaunchTemplateVersion) -> Shown:
    return Shown(template, version, launch_templates.parameters(version))


def _order(shown: Shown) -> pages.Key:
    return (shown.template.id, -shown.version.number)


def _refusal(error: CloudError) -> Answer:
    code = "launchTemplateVersionDoesNotExist" if isinstance(error, Missing) else "unexpectedError"
    return {"Code": code, "Message": str(error)}


def _tagged(unit: Unit, template: LaunchTemplate) -> Answer:
    return _template(template, tags.by_resource(unit, (template.id,)).get(template.id, {}))


def _template(template: LaunchTemplate, named: dict[str, str]) -> Answer:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.created_at_ms,
        "CreatedBy": template.created_by,
        "DefaultVersionNumber": template.default_version,
        "LatestVersionNumber": template.latest_version,
        "Tags": tag_pairs(named),
    }


def _version(shown: Shown) -> Answer:
    return {
        "LaunchTemplateId": shown.template.id,
        "LaunchTemplateName": shown.template.name,
        "VersionNumber": shown.version.number,
        "VersionDescription": shown.version.description or None,
        "CreateTime": shown.version.created_at_ms,
        "CreatedBy": shown.version.created_by,
        "DefaultVersion": shown.is_default,
        "LaunchTemplateData": shown.data,
    }


def _data_of(instance: Instance, named: dict[str, str]) -> Answer:
    """Form what would launch an instance like one that there is."""
    return {
        "ImageId": instance.image_id,
        "InstanceType": instance.vmtype,
        "KernelId": instance.kernel_id or None,
        "RamDiskId": instance.ramdisk_id or None,
        "KeyName": instance.key_name or None,
        "SecurityGroupIds": list(instance.group_ids),
        "Placement": {
            "AvailabilityZone": instance.cluster,
            "GroupName": instance.placement_group or None,
            "PartitionNumber": instance.partition_number or None,
            "Tenancy": "default",
        },
        "Monitoring": {"Enabled": instance.monitoring},
        "InstanceInitiatedShutdownBehavior": instance.shutdown_behavior,
        "UserData": b64encode(instance.user_data).decode() or None,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tag_pairs(named)}] if named else [],
    }


def _said(shown: Shown, *names: str) -> list[str]:
    """Return what the data says under nested names, as filters compare it."""
    value: Any = shown.data
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return [] if value is None else [str(value).lower() if isinstance(value, bool) else str(value)]


_TEMPLATE: Facts[LaunchTemplate] = {
    "create-time": lambda template: [timestamp(template.created_at_ms)],
    "launch-template-name": lambda template: [template.name],
}
_VERSION: Facts[Shown] = {
    "create-time": lambda shown: [timestamp(shown.version.created_at_ms)],
    "ebs-optimized": lambda shown: _said(shown, "EbsOptimized"),
    "http-endpoint": lambda shown: _said(shown, "MetadataOptions", "HttpEndpoint"),
    "http-protocol-ipv4": lambda shown: _said(shown, "MetadataOptions", "HttpProtocolIpv4"),
    "http-tokens": lambda shown: _said(shown, "MetadataOptions", "HttpTokens"),
    "iam-instance-profile": lambda shown: _said(shown, "IamInstanceProfile", "Arn"),
    "image-id": lambda shown: _said(shown, "ImageId"),
    "instance-type": lambda shown: _said(shown, "InstanceType"),
    "is-default-version": lambda shown: ["true" if shown.is_default else "false"],
    "kernel-id": lambda shown: _said(shown, "KernelId"),
    "ram-disk-id": lambda shown: _said(shown, "RamDiskId"),
}

OPERATIONS = (
    Operation(name="CreateLaunchTemplate", request=CreateLaunchTemplateIn, handle=create_launch_template, writes=True),
    Operation(
        name="CreateLaunchTemplateVersion",
        request=CreateLaunchTemplateVersionIn,
        handle=create_launch_template_version,
        writes=True,
    ),
    Operation(name="DescribeLaunchTemplates", request=DescribeLaunchTemplatesIn, handle=describe_launch_templates),
    Operation(
        name="DescribeLaunchTemplateVersions",
        request=DescribeLaunchTemplateVersionsIn,
        handle=describe_launch_template_versions,
    ),
    Operation(name="ModifyLaunchTemplate", request=ModifyLaunchTemplateIn, handle=modify_launch_template, writes=True),
    Operation(name="DeleteLaunchTemplate", request=TemplateIn, handle=delete_launch_template, writes=True),
    Operation(
        name="DeleteLaunchTemplateVersions",
        request=DeleteLaunchTemplateVersionsIn,
        handle=delete_launch_template_versions,
        writes=True,
    ),
    Operation(name="GetLaunchTemplateData", request=GetLaunchTemplateDataIn, handle=get_launch_template_data),
)

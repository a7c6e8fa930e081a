"""Options of instances: monitoring, metadata service, maintenance, names, placement, credits, and reports of owners."""

from typing import Any

import msgspec

from app.domain.commands import MetadataOptions
from app.domain.errors import Combination, Invalid, Unsupported
from app.domain.instance import Instance
from app.server.ec2 import filters, pages
from app.server.ec2.instance_items import MAINTENANCE, metadata_item
from app.server.ec2.operation import Answer, Ask, Filter, Operation, refuse_many
from app.services import instance_options, instances, placement_groups

SWITCH = {"enabled": True, "disabled": False}
TOKENS = {"required": True, "optional": False}
LONGEST_DESCRIPTION = 1000


class MonitorIn(msgspec.Struct):
    instance_ids: list[str]


class MetadataOptionsIn(msgspec.Struct):
    """As RunInstances has it, and ModifyInstanceMetadataOptions beside the id."""

    http_tokens: str | None = None
    http_put_response_hop_limit: int | None = None
    http_endpoint: str | None = None
    instance_metadata_tags: str | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was given, by column."""
        given = {
            "metadata_tokens_required": _word("HttpTokens", self.http_tokens, TOKENS),
            "metadata_hops": self.http_put_response_hop_limit,
            "metadata_enabled": _word("HttpEndpoint", self.http_endpoint, SWITCH),
            "metadata_tags": _word("InstanceMetadataTags", self.instance_metadata_tags, SWITCH),
        }
        return {column: value for column, value in given.items() if value is not None}

    def options(self) -> MetadataOptions:
        return MetadataOptions(**self.changes())


class ModifyInstanceMetadataOptionsIn(MetadataOptionsIn, kw_only=True):
    instance_id: str


class InstanceIn(msgspec.Struct):
    instance_id: str


class ModifyInstancePlacementIn(InstanceIn):
    group_name: str | None = None
    group_id: str = ""
    partition_number: int = 0
    tenancy: str | None = None
    affinity: str | None = None


class DescribeInstanceCreditSpecificationsIn(msgspec.Struct):
    instance_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class ReportInstanceStatusIn(msgspec.Struct):
    instances: list[str]
    status: str
    reason_codes: list[str]
    description: str = ""


_CREDIT: filters.Facts[Instance] = {"instance-id": lambda instance: [instance.id]}
_REASONS = (
    "instance-stuck-in-state",
    "unresponsive",
    "not-accepting-credentials",
    "password-not-available",
    "performance-network",
    "performance-instance-store",
    "performance-ebs-volume",
    "performance-other",
    "other",
)
_STATUSES = ("ok", "impaired")


def monitor_instances(ask: Ask[MonitorIn]) -> Answer:
    return _monitor(ask, on=True)


def unmonitor_instances(ask: Ask[MonitorIn]) -> Answer:
    return _monitor(ask, on=False)


def modify_instance_metadata_options(ask: Ask[ModifyInstanceMetadataOptionsIn]) -> Answer:
    asked = ask.request
    instance = instance_options.set_metadata(ask.unit, ask.caller, asked.instance_id, asked.changes())
    return {"InstanceId": instance.id, "InstanceMetadataOptions": metadata_item(instance)}


def modify_instance_maintenance_options(ask: Ask[InstanceIn]) -> Answer:
    """Take the defaults; what else could be asked is refused with its parameter."""
    (instance,) = instances.find(ask.unit, ask.caller, (ask.request.instance_id,))
    return {"InstanceId": instance.id, **MAINTENANCE}


def modify_private_dns_name_options(ask: Ask[InstanceIn]) -> Answer:
    """Take names after the address, which is how they are; what else could be asked is refused with its parameter."""
    instances.find(ask.unit, ask.caller, (ask.request.instance_id,))
    return {"Return": True}


def modify_instance_placement(ask: Ask[ModifyInstancePlacementIn]) -> Answer:
    asked = ask.request
    instances.find(ask.unit, ask.caller, (asked.instance_id,))
    for name, given in (("Tenancy", asked.tenancy), ("Affinity", asked.affinity)):
        if given not in (None, "default"):
            raise Unsupported(f"{name} {given}", "there are no dedicated hosts here")
    if asked.group_name is not None or asked.group_id:
        name, number = asked.group_name or "", asked.partition_number
        group = placement_groups.asked(ask.unit, ask.caller, name, asked.group_id, number)
        instance_options.set_placement_group(ask.unit, ask.caller, asked.instance_id, group, number)
    elif asked.tenancy is None and asked.affinity is None:
        raise Combination("At least one of GroupName, Tenancy and Affinity must be given")
    return {"Return": True}


def describe_instance_credit_specifications(ask: Ask[DescribeInstanceCreditSpecificationsIn]) -> Answer:
    """Tell what EC2 tells of instances without credits: `standard` for those named, and none has `unlimited`."""
    asked = ask.request
    pages.refuse_ids_with_pages(asked.instance_ids, asked.max_results)
    refuse_many("InstanceId", asked.instance_ids)
    named = instances.find(ask.unit, ask.caller, asked.instance_ids)
    chosen = filters.select(named, asked.filters, _CREDIT, ask.site.filters(ask.operation))
    cut, token = pages.page(chosen, lambda row: (row.id,), asked.max_results, asked.next_token)
    said = [{"InstanceId": row.id, "CpuCredits": "standard"} for row in cut]
    return {"InstanceCreditSpecifications": said, "NextToken": token}


def report_instance_status(ask: Ask[ReportInstanceStatusIn]) -> Answer:
    asked = ask.request
    refuse_many("InstanceId", asked.instances)
    if len(asked.description) > LONGEST_DESCRIPTION:
        raise Invalid("Description", asked.description, f"It has at most {LONGEST_DESCRIPTION} characters.")
    _one_of("Status", asked.status, _STATUSES)
    for code in asked.reason_codes:
        _one_of("ReasonCode", code, _REASONS)
    said = f"{asked.status} ({', '.join(asked.reason_codes)})"
    words = f"{said}: {asked.description}" if asked.description else said
    instance_options.report(ask.unit, ask.caller, asked.instances, words)
    return {"Return": True}


def _monitor(ask: Ask[MonitorIn], *, on: bool) -> Answer:
    refuse_many("InstanceId", ask.request.instance_ids)
    rows = instance_options.monitor(ask.unit, ask.caller, ask.request.instance_ids, on=on)
    state = "enabled" if on else "disabled"
    return {"InstanceMonitorings": [{"InstanceId": row.id, "Monitoring": {"State": state}} for row in rows]}


def _word(parameter: str, given: str | None, words: dict[str, bool]) -> bool | None:
    if given is None:
        return None
    _one_of(parameter, given, tuple(words))
    return words[given]


def _one_of(parameter: str, given: str, words: tuple[str, ...]) -> None:
    if given not in words:
        raise Invalid(parameter, given, f"It is one of {', '.join(words)}.")


OPERATIONS = (
    Operation(name="MonitorInstances", request=MonitorIn, handle=monitor_instances, writes=True),
    Operation(name="UnmonitorInstances", request=MonitorIn, handle=unmonitor_instances, writes=True),
    Operation(
        name="ModifyInstanceMetadataOptions",
        request=ModifyInstanceMetadataOptionsIn,
        handle=modify_instance_metadata_options,
        writes=True,
    ),
    Operation(name="ModifyInstanceMaintenanceOptions", request=InstanceIn, handle=modify_instance_maintenance_options),
    Operation(name="ModifyPrivateDnsNameOptions", request=InstanceIn, handle=modify_private_dns_name_options),
    Operation(
        name="ModifyInstancePlacement",
        request=ModifyInstancePlacementIn,
        handle=modify_instance_placement,
        writes=True,
    ),
    Operation(
        name="DescribeInstanceCreditSpecifications",
        request=DescribeInstanceCreditSpecificationsIn,
        handle=describe_instance_credit_specifications,
    ),
    Operation(name="ReportInstanceStatus", request=ReportInstanceStatusIn, handle=report_instance_status, writes=True),
)

"""Operations on instances."""

import base64
from typing import Literal

import msgspec

from app.domain.commands import Guards, RunInstances
from app.domain.errors import Absent, Missing, Unavailable, Unsupported
from app.domain.instance import Instance
from app.domain.ports import NotSupported
from app.domain.states import InstanceState
from app.server.ec2 import block_devices, filters, narrowing, pages
from app.server.ec2.columns import INSTANCE_COLUMNS, STATUS_COLUMNS
from app.server.ec2.facts import INSTANCE, STATUS
from app.server.ec2.instance_items import reservation, reservation_set, state_item
from app.server.ec2.instance_options import MetadataOptionsIn
from app.server.ec2.launching import NetworkInterfaceIn, PlacementIn, network_of
from app.server.ec2.operation import Answer, Ask, Filter, Operation, Site, TagSpecification, refuse_many
from app.server.ec2.scene import Shown
from app.services import instances, launch_templates

_ORDER: pages.Order = {"created_at_ms": int, "reservation_id": str, "launch_index": int}


class MonitoringIn(msgspec.Struct):
    enabled: bool = False


class LaunchTemplateIn(msgspec.Struct):
    launch_template_id: str = ""
    launch_template_name: str = ""
    version: str = launch_templates.DEFAULT


class CreditIn(msgspec.Struct):
    cpu_credits: str = "standard"


class RunInstancesIn(msgspec.Struct):
    min_count: int
    max_count: int
    image_id: str = ""
    launch_template: LaunchTemplateIn | None = None
    instance_type: str = "m1.small"
    key_name: str = ""
    security_groups: list[str] = []
    security_group_ids: list[str] = []
    user_data: bytes = b""
    kernel_id: str = ""
    ramdisk_id: str = ""
    placement: PlacementIn = msgspec.field(default_factory=PlacementIn)
    monitoring: MonitoringIn = msgspec.field(default_factory=MonitoringIn)
    client_token: str = ""
    instance_initiated_shutdown_behavior: str = "stop"
    disable_api_termination: bool = False
    disable_api_stop: bool = False
    metadata_options: MetadataOptionsIn = msgspec.field(default_factory=MetadataOptionsIn)
    credit_specification: CreditIn = msgspec.field(default_factory=CreditIn)
    tag_specifications: list[TagSpecification] = []
    subnet_id: str = ""
    network_interfaces: list[NetworkInterfaceIn] = []
    addressing_type: Literal["", "public", "private"] = ""
    block_device_mappings: list[block_devices.BlockDeviceIn] = []


class DescribeInstancesIn(msgspec.Struct):
    instance_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeInstanceStatusIn(DescribeInstancesIn):
    include_all_instances: bool = False


class InstanceIdsIn(msgspec.Struct):
    instance_ids: list[str]


class StopInstancesIn(InstanceIdsIn):
    force: bool = False
    skip_os_shutdown: bool = False


class GetConsoleOutputIn(msgspec.Struct):
    instance_id: str
    latest: bool = False


def run_instances(ask: Ask[RunInstancesIn]) -> Answer:
    asked, marks = _with_template(ask)
    if not asked.image_id:
        raise Absent("ImageId")
    if asked.credit_specification.cpu_credits != "standard":
        raise Unsupported(f"CpuCredits {asked.credit_specification.cpu_credits}", "no type here has CPU credits")
    network = network_of(ask.unit, asked)
    named, volumes_named = block_devices.launch_tags(asked.tag_specifications)
    command = RunInstances(
        image_id=asked.image_id,
        min_count=asked.min_count,
        max_count=asked.max_count,
        vmtype=asked.instance_type,
        cluster=network.cluster,
        placement_group=asked.placement.group_name,
        placement_group_id=asked.placement.group_id,
        partition_number=asked.placement.partition_number,
        key_name=asked.key_name,
        addressing=network.addressing,
        interface_description=network.description,
        group_ids=network.group_ids,
        group_names=tuple(asked.security_groups),
        user_data=asked.user_data,
        kernel_id=asked.kernel_id,
        ramdisk_id=asked.ramdisk_id,
        shutdown_behavior=asked.instance_initiated_shutdown_behavior,
        monitoring=asked.monitoring.enabled,
        guards=Guards(disable_api_termination=asked.disable_api_termination, disable_api_stop=asked.disable_api_stop),
        metadata=asked.metadata_options.options(),
        tags=named,
        marks=marks,
        disks=block_devices.disks(asked.block_device_mappings),
        volume_tags=volumes_named,
        client_token=asked.client_token,
        request_sha256=ask.sha256,
    )
    _, started = instances.run(ask.unit, ask.caller, command, ask.site.entropy, ask.site.mapping)
    return reservation(Shown.of(ask.unit, started))


def _with_template(ask: Ask[RunInstancesIn]) -> tuple[RunInstancesIn, dict[str, str]]:
    """Return what is asked by the request and its launch template together, and the tags that tell of it."""
    named = ask.request.launch_template
    if named is None:
        return ask.request, {}
    template = launch_templates.named(ask.unit, ask.caller, named.launch_template_id, named.launch_template_name)
    version = launch_templates.version(ask.unit, template, named.version)
    return ask.over(launch_templates.launch_parameters(version)), launch_templates.marks(version)


def describe_instances(ask: Ask[DescribeInstancesIn]) -> Answer:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.instance_ids, asked.max_results)
    shown, token = _select(ask, narrowing.where(ask.unit, ask.caller, asked.filters, INSTANCE_COLUMNS))
    return {"Reservations": reservation_set(shown), "NextToken": token}


def describe_instance_status(ask: Ask[DescribeInstanceStatusIn]) -> Answer:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.instance_ids, asked.max_results)
    where = narrowing.where(ask.unit, ask.caller, asked.filters, STATUS_COLUMNS)
    if not asked.include_all_instances:
        where["state"] = InstanceState.RUNNING
    shown, token = _select(ask, where)
    return {"InstanceStatuses": [_status(one) for one in shown], "NextToken": token}


def terminate_instances(ask: Ask[InstanceIdsIn]) -> Answer:
    return {"TerminatingInstances": _act(ask, "terminate")}


def stop_instances(ask: Ask[StopInstancesIn]) -> Answer:
    asked = ask.request
    refuse_many("InstanceId", asked.instance_ids)
    force = asked.force or asked.skip_os_shutdown
    return {"StoppingInstances": _told(instances.stop(ask.unit, ask.caller, asked.instance_ids, force=force))}


def start_instances(ask: Ask[InstanceIdsIn]) -> Answer:
    return {"StartingInstances": _act(ask, "start")}


def reboot_instances(ask: Ask[InstanceIdsIn]) -> Answer:
    _act(ask, "reboot")
    return {"Return": True}


def get_console_output(ask: Ask[GetConsoleOutputIn]) -> Answer:
    instance = instances.find(ask.unit, ask.caller, (ask.request.instance_id,))[0]
    return {"InstanceId": instance.id, "Timestamp": ask.unit.now_ms, "Output": instance.moving_from or instance.host}


async def read_console(answer: Answer, site: Site) -> Answer:
    """Fetch what the guest wrote; empty while there is no domain or its host keeps no console."""
    instance_id, host = str(answer["InstanceId"]), str(answer["Output"])
    try:
        output = await site.hypervisors.host(host).console(instance_id)
    except Missing:
        output = b""
    except Unavailable as error:  # its text names the host
        raise Unavailable("console", "the instance's host does not answer at the moment; try again later") from error
    if isinstance(output, NotSupported):
        raise Unavailable("console", "the instance's hypervisor keeps no console output")
    return answer | {"Output": base64.b64encode(output).decode()}


def _select(ask: Ask[DescribeInstancesIn], where: dict[str, object]) -> tuple[list[Shown], str | None]:
    """List what the caller may see and asked for, oldest first."""
    asked, known = ask.request, ask.site.filters(ask.operation)
    facts = STATUS if ask.operation == "DescribeInstanceStatus" else INSTANCE

    def keep(rows: list[Instance]) -> list[Shown]:
        there = [row for row in rows if not row.hidden(ask.unit.now_ms)]
        return filters.select(Shown.of(ask.unit, there), asked.filters, facts, known, tags=lambda one: one.tags)

    if asked.instance_ids:
        refuse_many("InstanceId", asked.instance_ids)
        named = instances.find(ask.unit, ask.caller, asked.instance_ids)
        where["id"] = [instance.id for instance in named]
    return pages.read(ask.unit.instances, _ORDER, keep, asked, where, lambda one: one.instance)


def _status(shown: Shown) -> Answer:
    """Tell of host and domain only: nobody looks into the guest, so one that never boots passes, too."""
    instance = shown.instance
    running = instance.state is InstanceState.RUNNING
    word = ("impaired" if shown.impaired else "ok") if running else "not-applicable"
    summary = {"Status": word, "Details": [_reachability(shown)] if running else []}
    return {
        "InstanceId": instance.id,
        "AvailabilityZone": instance.cluster,
        "Events": [],
        "InstanceState": state_item(instance.state),
        "InstanceStatus": summary,
        "SystemStatus": summary,
    }


def _reachability(shown: Shown) -> Answer:
    if not shown.impaired:
        return {"Name": "reachability", "Status": "passed"}
    lost_since_ms = shown.host.state_since_ms if shown.host else shown.instance.seen_at_ms
    since_ms = shown.instance.impaired_since_ms or lost_since_ms
    return {"Name": "reachability", "Status": "failed", "ImpairedSince": since_ms}


def _act(ask: Ask[InstanceIdsIn], action: str) -> list[Answer]:
    refuse_many("InstanceId", ask.request.instance_ids)
    return _told(instances.act(ask.unit, ask.caller, action, ask.request.instance_ids, ask.site.mapping))


def _told(changes: list[instances.Change]) -> list[Answer]:
    return [
        {
            "InstanceId": change.instance.id,
            "CurrentState": state_item(change.instance.state),
            "PreviousState": state_item(change.before),
        }
        for change in changes
    ]


OPERATIONS = (
    Operation(name="RunInstances", request=RunInstancesIn, handle=run_instances, writes=True),
    Operation(name="DescribeInstances", request=DescribeInstancesIn, handle=describe_instances, ids="instance_ids"),
    Operation(
        name="DescribeInstanceStatus",
        request=DescribeInstanceStatusIn,
        handle=describe_instance_status,
        ids="instance_ids",
    ),
    Operation(name="TerminateInstances", request=InstanceIdsIn, handle=terminate_instances, writes=True),
    Operation(name="StopInstances", request=StopInstancesIn, handle=stop_instances, writes=True),
    Operation(name="StartInstances", request=InstanceIdsIn, handle=start_instances, writes=True),
    Operation(name="RebootInstances", request=InstanceIdsIn, handle=reboot_instances, writes=True),
    Operation(name="GetConsoleOutput", request=GetConsoleOutputIn, handle=get_console_output, finish=read_console),
)

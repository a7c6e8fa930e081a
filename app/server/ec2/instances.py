"""Operations on instances."""

import base64

import msgspec

from app.domain.commands import RunInstances
from app.domain.errors import Absent, Invalid, Missing, Unavailable
from app.domain.instance import Instance
from app.domain.ports import NotSupported
from app.domain.states import InstanceState
from app.server.ec2 import filters, pages
from app.server.ec2.facts import INSTANCE, STATUS
from app.server.ec2.operation import Answer, Ask, Filter, Operation, Site, TagSpecification, refuse_many, specified_tags
from app.server.ec2.scene import Shown, reservation, reservation_set, state_item
from app.services import instances, launch_templates


class PlacementIn(msgspec.Struct):
    availability_zone: str = ""
    tenancy: str = "default"
    group_name: str = ""
    group_id: str = ""
    partition_number: int = 0


class MonitoringIn(msgspec.Struct):
    enabled: bool = False


class LaunchTemplateIn(msgspec.Struct):
    launch_template_id: str = ""
    launch_template_name: str = ""
    version: str = launch_templates.DEFAULT


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
    tag_specifications: list[TagSpecification] = []


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


class GetConsoleOutputIn(msgspec.Struct):
    instance_id: str
    latest: bool = False


def run_instances(ask: Ask[RunInstancesIn]) -> Answer:
    asked = _with_template(ask)
    if not asked.image_id:
        raise Absent("ImageId")
    if asked.placement.tenancy != "default":
        raise Invalid("Placement", asked.placement.tenancy, "Only zones and groups can be chosen.")
    command = RunInstances(
        image_id=asked.image_id,
        min_count=asked.min_count,
        max_count=asked.max_count,
        vmtype=asked.instance_type,
        cluster=asked.placement.availability_zone,
        placement_group=asked.placement.group_name,
        placement_group_id=asked.placement.group_id,
        partition_number=asked.placement.partition_number,
        key_name=asked.key_name,
        group_ids=tuple(asked.security_group_ids),
        group_names=tuple(asked.security_groups),
        user_data=asked.user_data,
        kernel_id=asked.kernel_id,
        ramdisk_id=asked.ramdisk_id,
        shutdown_behavior=asked.instance_initiated_shutdown_behavior,
        monitoring=asked.monitoring.enabled,
        tags=specified_tags(asked.tag_specifications, "instance"),
        client_token=asked.client_token,
        request_sha256=ask.sha256,
    )
    _, started = instances.run(ask.unit, ask.caller, command, ask.site.entropy, ask.site.mapping)
    return reservation(Shown.of(ask.unit, started))


def _with_template(ask: Ask[RunInstancesIn]) -> RunInstancesIn:
    """Return what is asked by the request and its launch template together."""
    named = ask.request.launch_template
    if named is None:
        return ask.request
    template = launch_templates.named(ask.unit, ask.caller, named.launch_template_id, named.launch_template_name)
    return ask.over(launch_templates.launch_parameters(launch_templates.version(ask.unit, template, named.version)))


def describe_instances(ask: Ask[DescribeInstancesIn]) -> Answer:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.instance_ids, asked.max_results)
    shown, token = _select(ask, _named(ask))
    return {"Reservations": reservation_set(shown), "NextToken": token}


def describe_instance_status(ask: Ask[DescribeInstanceStatusIn]) -> Answer:
    asked = ask.request
    pages.refuse_ids_with_pages(asked.instance_ids, asked.max_results)
    named = _named(ask)
    if not asked.include_all_instances:
        named = [instance for instance in named if instance.state is InstanceState.RUNNING]
    shown, token = _select(ask, named)
    return {"InstanceStatuses": [_status(one) for one in shown], "NextToken": token}


def terminate_instances(ask: Ask[InstanceIdsIn]) -> Answer:
    return {"TerminatingInstances": _act(ask, "terminate")}


def stop_instances(ask: Ask[StopInstancesIn]) -> Answer:
    return {"StoppingInstances": _act(ask, "stop")}


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


def _named(ask: Ask[DescribeInstancesIn]) -> list[Instance]:
    if ask.request.instance_ids:
        refuse_many("InstanceId", ask.request.instance_ids)
        return instances.find(ask.unit, ask.caller, ask.request.instance_ids)
    return instances.visible(ask.unit, ask.caller)


def _select(ask: Ask[DescribeInstancesIn], named: list[Instance]) -> tuple[list[Shown], str | None]:
    known = ask.site.filters(ask.operation)
    facts = STATUS if ask.operation == "DescribeInstanceStatus" else INSTANCE
    shown = filters.select(Shown.of(ask.unit, named), ask.request.filters, facts, known, tags=lambda one: one.tags)
    return pages.page(shown, _order, ask.request.max_results, ask.request.next_token)


def _order(shown: Shown) -> pages.Key:
    instance = shown.instance
    return (instance.created_at_ms, instance.reservation_id, instance.launch_index)


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
    changes = instances.act(ask.unit, ask.caller, action, ask.request.instance_ids, ask.site.mapping)
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
    Operation(name="DescribeInstances", request=DescribeInstancesIn, handle=describe_instances),
    Operation(name="DescribeInstanceStatus", request=DescribeInstanceStatusIn, handle=describe_instance_status),
    Operation(name="TerminateInstances", request=InstanceIdsIn, handle=terminate_instances, writes=True),
    Operation(name="StopInstances", request=StopInstancesIn, handle=stop_instances, writes=True),
    Operation(name="StartInstances", request=InstanceIdsIn, handle=start_instances, writes=True),
    Operation(name="RebootInstances", request=InstanceIdsIn, handle=reboot_instances, writes=True),
    Operation(name="GetConsoleOutput", request=GetConsoleOutputIn, handle=get_console_output, finish=read_console),
)

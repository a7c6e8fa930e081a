"""Attributes and options of instances, and the lists of what nobody here has."""

from typing import Any

from tests.deadline import eventually
from tests.server.areas import Probe
from tests.server.raw_ec2 import RawEc2

ATTRIBUTES = (
    "instanceType", "kernel", "ramdisk", "userData", "disableApiTermination", "instanceInitiatedShutdownBehavior",
    "rootDeviceName", "blockDeviceMapping", "productCodes", "sourceDestCheck", "groupSet", "ebsOptimized",
    "sriovNetSupport",
)  # fmt: skip
OF_TODAY = ("enaSupport", "enclaveOptions", "disableApiStop")
LISTS = (
    "describe_reserved_instances", "describe_reserved_instances_offerings", "describe_reserved_instances_listings",
    "describe_reserved_instances_modifications", "describe_bundle_tasks", "describe_spot_instance_requests",
    "describe_spot_price_history",
)  # fmt: skip
INSTANCE = {"InstanceId": "{instance}"}
INSTANCES = {"InstanceId.1": "{instance}"}
PROBES: list[Probe] = [
    *(("DescribeInstanceAttribute", {**INSTANCE, "Attribute": name}) for name in ("userData", "groupSet")),
    ("ModifyInstanceAttribute", {**INSTANCE, "DisableApiTermination.Value": "true"}),
    ("ModifyInstanceAttribute", {**INSTANCE, "GroupId.1": "{group}"}),
    ("ModifyInstanceAttribute", {**INSTANCE, "Kernel.Value": "{image}"}),
    ("ResetInstanceAttribute", {**INSTANCE, "Attribute": "sourceDestCheck"}),
    ("MonitorInstances", INSTANCES),
    ("UnmonitorInstances", INSTANCES),
    ("ModifyInstanceMetadataOptions", {**INSTANCE, "HttpTokens": "required"}),
    ("ModifyInstanceMaintenanceOptions", {**INSTANCE, "AutoRecovery": "default"}),
    ("ModifyPrivateDnsNameOptions", {**INSTANCE, "PrivateDnsHostnameType": "ip-name"}),
    ("ModifyInstancePlacement", {**INSTANCE, "GroupName": "x"}),
    ("ModifyInstancePlacement", {**INSTANCE, "Tenancy": "default"}),
    ("DescribeInstanceCreditSpecifications", INSTANCES),
    ("ReportInstanceStatus", {**INSTANCES, "Status": "ok", "ReasonCode.1": "other"}),
    ("GetPasswordData", INSTANCE),
]
NOBODYS: dict[str, str] = {}
NOTHING_TO_NAME = {
    "DescribeAggregateIdFormat",
    "DescribeBundleTasks",
    "DescribeHosts",
    "DescribeIdFormat",
    "DescribeInstanceTypeOfferings",
    "DescribeReservedInstances",
    "DescribeReservedInstancesListings",
    "DescribeReservedInstancesModifications",
    "DescribeReservedInstancesOfferings",
    "DescribeSpotInstanceRequests",
    "DescribeSpotPriceHistory",
    "DisableSerialConsoleAccess",
    "GetSerialConsoleAccessStatus",
}


def walk(ec2: Any, *, today: bool) -> None:
    image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]
    run = ec2.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1, UserData="hello")
    instance_id = run["Instances"][0]["InstanceId"]
    _reach(ec2, instance_id, "running")
    ec2.report_instance_status(Instances=[instance_id], Status="ok", ReasonCodes=["other"])
    ec2.monitor_instances(InstanceIds=[instance_id])
    ec2.unmonitor_instances(InstanceIds=[instance_id])
    ec2.get_password_data(InstanceId=instance_id)
    for attribute in (*ATTRIBUTES, *(OF_TODAY if today else ())):
        ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=attribute)
    ec2.modify_instance_attribute(InstanceId=instance_id, SourceDestCheck={"Value": False})
    ec2.reset_instance_attribute(InstanceId=instance_id, Attribute="sourceDestCheck")
    for name in LISTS:
        getattr(ec2, name)()
    if today:
        _today(ec2, instance_id)
    ec2.terminate_instances(InstanceIds=[instance_id])


def _today(ec2: Any, instance_id: str) -> None:
    named = {"InstanceId": instance_id}
    ec2.modify_instance_metadata_options(**named, HttpTokens="required")
    ec2.modify_instance_maintenance_options(**named, AutoRecovery="default")
    ec2.modify_private_dns_name_options(**named, PrivateDnsHostnameType="ip-name")
    ec2.modify_instance_placement(**named, Tenancy="default")
    ec2.describe_instance_credit_specifications(InstanceIds=[instance_id])
    ec2.describe_instance_type_offerings(MaxResults=5)
    ec2.disable_serial_console_access()
    ec2.get_serial_console_access_status()
    ec2.describe_id_format()
    ec2.describe_aggregate_id_format()
    ec2.describe_hosts()


def _reach(ec2: Any, instance_id: str, state: str) -> None:
    def there() -> bool:
        shown = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        return bool(shown["State"]["Name"] == state)

    eventually(there)


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    return {}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    pass

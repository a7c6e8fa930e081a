"""Attributes and options of instances as clients change them: every spelling, every refusal, and what comes of it."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
STOPPED_ONLY = [
    {"InstanceType.Value": "c1.medium"},
    {"Kernel.Value": "{kernel}"},
    {"UserData.Value": "aGk="},
    {"Attribute": "instanceType", "Value": "c1.medium"},
]
HARDWARE = [{"EbsOptimized.Value": "true"}, {"EnaSupport.Value": "true"}, {"SriovNetSupport.Value": "simple"},
            {"EnclaveOptions.Enabled": "true"}]  # fmt: skip
UNCHANGEABLE = ["rootDeviceName", "productCodes", "blockDeviceMapping", "colour"]


@pytest.fixture(scope="module")
def image(raw: RawEc2) -> Reply:
    return raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine")


def started(raw: RawEc2, image: Reply, **more: str) -> str:
    run = raw.ask("RunInstances", ImageId=image.text("imageId"), MinCount="1", MaxCount="1", **more)
    assert run.status == 200, run.message
    return reach(raw, run.text("instanceId"), "running")


def reach(raw: RawEc2, mine: str, state: str) -> str:
    def there() -> bool:
        found = raw.ask("DescribeInstances", InstanceId_1=mine).tree.find(".//{*}instanceState/{*}name")
        return found is not None and found.text == state

    eventually(there)
    return mine


@pytest.fixture(scope="module")
def running(raw: RawEc2, image: Reply) -> Iterator[str]:
    mine = started(raw, image)
    yield mine
    raw.ask("TerminateInstances", InstanceId_1=mine)


@pytest.fixture(scope="module")
def stopped(raw: RawEc2, image: Reply) -> Iterator[str]:
    mine = started(raw, image)
    raw.ask("StopInstances", InstanceId_1=mine)
    yield reach(raw, mine, "stopped")
    raw.ask("TerminateInstances", InstanceId_1=mine)


def modify(raw: RawEc2, mine: str, change: dict[str, str]) -> Reply:
    named = {"Action": "ModifyInstanceAttribute", "Version": "2016-11-15", "InstanceId": mine}
    return raw.pairs((named | change).items())


def shown(raw: RawEc2, mine: str, attribute: str) -> str:
    return raw.ask("DescribeInstanceAttribute", InstanceId=mine, Attribute=attribute).text("value")


@pytest.mark.parametrize("change", STOPPED_ONLY)
def test_what_a_domain_is_made_of_changes_while_it_is_stopped_only(
    raw: RawEc2, image: Reply, running: str, change: dict[str, str]
) -> None:
    filled = {name: value.format(kernel=image.text("kernelId")) for name, value in change.items()}
    before = raw.ask("DescribeInstances", InstanceId_1=running)
    assert modify(raw, running, filled).code == "IncorrectInstanceState"
    assert raw.ask("DescribeInstances", InstanceId_1=running).same_as(before)


@pytest.mark.parametrize(
    "change", [{"InstanceType.Value": "m1.large"}, {"Attribute": "instanceType", "Value": "m1.xlarge"},
               {"Attribute": "instanceType", "InstanceType.Value": "c1.medium"}]
)  # fmt: skip
def test_a_type_changes_in_every_spelling(raw: RawEc2, stopped: str, change: dict[str, str]) -> None:
    wanted = next(value for name, value in change.items() if name != "Attribute")
    assert modify(raw, stopped, change).status == 200
    assert shown(raw, stopped, "instanceType") == wanted
    assert raw.ask("DescribeInstances", InstanceId_1=stopped).text("instanceType") == wanted


def test_a_larger_type_takes_its_room_when_it_starts(raw: RawEc2, image: Reply) -> None:
    mine = started(raw, image)
    raw.ask("StopInstances", InstanceId_1=mine)
    reach(raw, mine, "stopped")
    assert modify(raw, mine, {"InstanceType.Value": "c1.xlarge"}).status == 200
    assert raw.ask("StartInstances", InstanceId_1=mine).status == 200
    reach(raw, mine, "running")
    assert raw.ask("DescribeInstances", InstanceId_1=mine).text("coreCount") == "4"
    raw.ask("TerminateInstances", InstanceId_1=mine)


def test_a_type_that_is_none_is_refused(raw: RawEc2, stopped: str) -> None:
    refused = modify(raw, stopped, {"InstanceType.Value": "m1.smal"})
    assert (refused.code, "m1.small" in refused.message) == ("InvalidInstanceAttributeValue", True)


@pytest.mark.parametrize("version", ["2009-11-30", "2011-01-01", "2014-10-01"])
def test_clients_of_old_change_attributes_in_their_words(raw: RawEc2, stopped: str, version: str) -> None:
    for attribute, parameter, value in (
        ("userData", "UserData.Value", "b2xk"),
        ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior.Value", "terminate"),
        ("disableApiTermination", "DisableApiTermination.Value", "true"),
    ):
        was = shown(raw, stopped, attribute)
        for spelling in ({"Attribute": attribute, "Value": value}, {parameter: value}):
            assert modify(raw, stopped, spelling | {"Version": version}).status == 200
            told = raw.ask("DescribeInstanceAttribute", version, InstanceId=stopped, Attribute=attribute)
            assert told.text("value") == value
            assert modify(raw, stopped, {"Attribute": attribute, "Value": was}).status == 200


def test_user_data_is_kept_byte_by_byte_and_can_be_emptied(raw: RawEc2, stopped: str) -> None:
    for data in (bytes(range(256)), b""):
        text = base64.b64encode(data).decode()
        assert modify(raw, stopped, {"Attribute": "userData", "Value": text}).status == 200
        assert shown(raw, stopped, "userData") == text
    large = base64.b64encode(bytes(16 * 1024 + 1)).decode()
    refused = modify(raw, stopped, {"UserData.Value": large})
    assert (refused.code, len(refused.message) < 300) == ("InvalidParameterValue", True)
    secret = modify(raw, stopped, {"Attribute": "userData", "Value": "no base64!"})
    assert (secret.code, "no base64" in secret.message) == ("InvalidParameterValue", False)


def test_a_kernel_is_changed_and_reset_to_the_image_s(raw: RawEc2, image: Reply, stopped: str) -> None:
    kernel, ramdisk = image.text("kernelId"), image.text("ramdiskId")
    assert shown(raw, stopped, "kernel") == kernel
    assert modify(raw, stopped, {"Kernel.Value": ramdisk}).code == "InvalidParameterValue"
    assert modify(raw, stopped, {"Kernel.Value": "aki-0badc0de"}).code == "InvalidAMIID.NotFound"
    assert modify(raw, stopped, {"Ramdisk.Value": ramdisk.replace("eri-", "ari-")}).status == 200
    assert raw.ask("ResetInstanceAttribute", InstanceId=stopped, Attribute="ramdisk").status == 200
    assert shown(raw, stopped, "ramdisk") == ramdisk
    refused = raw.ask("ResetInstanceAttribute", InstanceId=stopped, Attribute="userData")
    assert refused.code == "InvalidParameterValue"


def test_a_switch_is_shown_and_found_by_its_filter(raw: RawEc2, running: str) -> None:
    assert modify(raw, running, {"SourceDestCheck.Value": "false"}).status == 200
    assert shown(raw, running, "sourceDestCheck") == "false"
    found = raw.ask("DescribeInstances", Filter_1_Name="source-dest-check", Filter_1_Value_1="false")
    assert found.texts("instanceId") == [running]
    assert {*found.texts("sourceDestCheck")} == {"false"}
    card = raw.ask("DescribeNetworkInterfaces", Filter_1_Name="source-dest-check", Filter_1_Value_1="false")
    assert (card.texts("instanceId"), card.text("sourceDestCheck")) == ([running], "false")
    assert raw.ask("ResetInstanceAttribute", InstanceId=running, Attribute="sourceDestCheck").status == 200
    assert shown(raw, running, "sourceDestCheck") == "true"


def test_groups_are_replaced_by_id(raw: RawEc2, running: str) -> None:
    group = raw.ask("CreateSecurityGroup", GroupName="attribute", GroupDescription="x").text("groupId")
    before = raw.ask("DescribeInstanceAttribute", InstanceId=running, Attribute="groupSet").text("groupId")
    assert modify(raw, running, {"GroupId.1": group, "GroupId.2": before}).status == 200
    now = raw.ask("DescribeInstanceAttribute", InstanceId=running, Attribute="groupSet")
    assert now.texts("groupId") == [group, before]
    assert raw.ask("DeleteSecurityGroup", GroupId=group).code in ("InvalidGroup.InUse", "DependencyViolation")
    assert modify(raw, running, {"GroupId.1": "sg-0badc0de"}).code == "InvalidGroup.NotFound"
    assert modify(raw, running, {"GroupId.1": before}).status == 200
    raw.ask("DeleteSecurityGroup", GroupId=group)


@pytest.mark.parametrize("change", HARDWARE)
def test_hardware_that_no_host_has_is_refused_and_its_absence_taken(
    raw: RawEc2, running: str, change: dict[str, str]
) -> None:
    assert modify(raw, running, change).code == "UnsupportedOperation"
    off = {name: value.replace("true", "false") for name, value in change.items() if value == "true"}
    assert not off or modify(raw, running, off).status == 200


@pytest.mark.parametrize("attribute", UNCHANGEABLE)
def test_what_can_not_be_changed_is_refused(raw: RawEc2, running: str, attribute: str) -> None:
    assert modify(raw, running, {"Attribute": attribute, "Value": "x"}).code == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({}, "InvalidParameterCombination", "No attributes specified."),
        ({"Attribute": "kernel"}, "InvalidParameterCombination", "No attributes specified."),
        ({"Value": "x"}, "MissingParameter", "The request must contain the parameter Attribute"),
        (
            {"DisableApiStop.Value": "true", "SourceDestCheck.Value": "true"},
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified: disableApiStop, sourceDestCheck",
        ),
        (
            {"Attribute": "userData", "SourceDestCheck.Value": "true"},
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified: userData, sourceDestCheck",
        ),
        ({"DisableApiStop.Value": "maybe"}, "InvalidParameterValue", ""),
        (
            {"Attribute": "disableApiStop", "Value": "true", "DisableApiStop.Value": "false"},
            "InvalidParameterCombination",
            "Two values were given for disableApiStop",
        ),
        ({"Attribute": "disableApiStop", "Value": "maybe"}, "InvalidParameterValue", ""),
        ({"InstanceInitiatedShutdownBehavior.Value": "explode"}, "InvalidParameterValue", ""),
        ({"DisableApiTermination.Value": "true", "DryRun": "true"}, "DryRunOperation", ""),
    ],
)
def test_a_request_that_names_not_one_attribute_is_refused(
    raw: RawEc2, running: str, change: dict[str, str], code: str, message: str
) -> None:
    refused = modify(raw, running, change)
    assert (refused.code, refused.message) == (code, message or refused.message)
    assert shown(raw, running, "disableApiTermination") == "false"


def test_an_unknown_attribute_is_no_attribute(raw: RawEc2, running: str) -> None:
    asked = raw.ask("DescribeInstanceAttribute", InstanceId=running, Attribute="colour")
    assert asked.code == "InvalidParameterValue"


def test_an_ended_instance_changes_no_more(raw: RawEc2, image: Reply) -> None:
    mine = started(raw, image)
    raw.ask("TerminateInstances", InstanceId_1=mine)
    assert modify(raw, mine, {"SourceDestCheck.Value": "false"}).code == "IncorrectInstanceState"
    assert raw.ask("MonitorInstances", InstanceId_1=mine).code == "IncorrectInstanceState"


def test_a_protected_instance_is_terminated_by_nobody_and_neither_are_those_beside_it(
    raw: RawEc2, admin: dict[str, str], image: Reply, running: str
) -> None:
    mine = started(raw, image, DisableApiTermination="true")
    refused = raw.ask("TerminateInstances", InstanceId_1=running, InstanceId_2=mine)
    assert (refused.status, refused.code) == (400, "OperationNotPermitted")
    assert refused.message == (
        f"The instance '{mine}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try "
        "again."
    )
    token = {"Authorization": f"Bearer {admin['EUCA_TOKEN']}"}
    asked = {"action": "terminate", "ids": [mine]}
    operators = httpx.post(f"{admin['EUCA_URL']}/api/v1/instances/actions", json=asked, headers=token)
    assert (operators.status_code, operators.json()["detail"]) == (409, refused.message)
    assert {reach(raw, one, "running") for one in (mine, running)} == {mine, running}
    assert modify(raw, mine, {"Attribute": "disableApiTermination", "Value": "false"}).status == 200
    assert raw.ask("TerminateInstances", InstanceId_1=mine).status == 200


def test_who_may_not_stop_an_instance_may_not_terminate_it_either(raw: RawEc2, image: Reply) -> None:
    mine = started(raw, image, DisableApiStop="true")
    for action in ("StopInstances", "TerminateInstances"):
        refused = raw.ask(action, InstanceId_1=mine)
        assert (refused.code, "disableApiStop" in refused.message) == ("OperationNotPermitted", True)
    assert raw.ask("RebootInstances", InstanceId_1=mine).status == 200
    assert modify(raw, mine, {"DisableApiStop.Value": "false"}).status == 200
    assert raw.ask("StopInstances", InstanceId_1=mine).status == 200
    assert raw.ask("TerminateInstances", InstanceId_1=mine).status == 200


@pytest.mark.parametrize("how", ["Force", "SkipOsShutdown"])
def test_a_stop_may_ask_no_guest(raw: RawEc2, image: Reply, how: str) -> None:
    mine = started(raw, image)
    assert raw.ask("StopInstances", InstanceId_1=mine, **{how: "true"}).status == 200
    reach(raw, mine, "stopped")
    raw.ask("TerminateInstances", InstanceId_1=mine)


def test_monitoring_is_remembered(ec2: Any, running: str) -> None:
    told = ec2.monitor_instances(InstanceIds=[running])["InstanceMonitorings"]
    assert told == [{"InstanceId": running, "Monitoring": {"State": "enabled"}}]
    named = [{"Name": "monitoring-state", "Values": ["enabled"]}, {"Name": "instance-id", "Values": [running]}]
    assert len(ec2.describe_instances(Filters=named)["Reservations"]) == 1
    ec2.unmonitor_instances(InstanceIds=[running])
    assert ec2.describe_instances(Filters=named)["Reservations"] == []


def test_metadata_options_of_a_launch_are_kept_shown_and_changed(ec2: Any, raw: RawEc2, image: Reply) -> None:
    mine = started(
        raw, image, MetadataOptions_HttpTokens="required", MetadataOptions_HttpPutResponseHopLimit="2",
        MetadataOptions_InstanceMetadataTags="enabled", MetadataOptions_HttpEndpoint="enabled",
    )  # fmt: skip
    options = {
        "State": "applied", "HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled",
        "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "enabled",
    }  # fmt: skip
    told = ec2.describe_instances(InstanceIds=[mine])["Reservations"][0]["Instances"][0]["MetadataOptions"]
    assert told == options
    changed = ec2.modify_instance_metadata_options(InstanceId=mine, HttpEndpoint="disabled")
    assert changed == changed | {"InstanceId": mine, "InstanceMetadataOptions": options | {"HttpEndpoint": "disabled"}}
    for name, value in (("http-endpoint", "disabled"), ("http-tokens", "req*"), ("http-put-response-hop-limit", "2")):
        found = raw.ask("DescribeInstances", Filter_1_Name=f"metadata-options.{name}", Filter_1_Value_1=value)
        assert mine in found.texts("instanceId")
    raw.ask("TerminateInstances", InstanceId_1=mine)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "InvalidParameterCombination"),
        ({"HttpTokens": "perhaps"}, "InvalidParameterValue"),
        ({"HttpPutResponseHopLimit": "65"}, "InvalidParameterValue"),
        ({"HttpPutResponseHopLimit": "0"}, "InvalidParameterValue"),
        ({"HttpProtocolIpv6": "enabled"}, "UnsupportedOperation"),
    ],
)
def test_metadata_options_that_nobody_can_have_are_refused(
    raw: RawEc2, running: str, options: dict[str, str], code: str
) -> None:
    assert raw.ask("ModifyInstanceMetadataOptions", InstanceId=running, **options).code == code


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"MetadataOptions_HttpTokens": "perhaps"}, "InvalidParameterValue"),
        ({"MetadataOptions_HttpPutResponseHopLimit": "65"}, "InvalidParameterValue"),
        ({"CreditSpecification_CpuCredits": "unlimited"}, "UnsupportedOperation"),
        ({"MaintenanceOptions_AutoRecovery": "disabled"}, "UnsupportedOperation"),
        ({"PrivateDnsNameOptions_HostnameType": "resource-name"}, "UnsupportedOperation"),
        ({"Placement_Tenancy": "dedicated"}, "InvalidParameterValue"),
        ({"Placement_AvailabilityZone": "a", "Placement_AvailabilityZoneId": "a"}, "InvalidParameterCombination"),
        ({"CpuOptions_CoreCount": "1"}, "UnsupportedOperation"),
        ({"InstanceMarketOptions_MarketType": "spot"}, "UnsupportedOperation"),
        ({"IamInstanceProfile_Name": "x"}, "UnsupportedOperation"),
        ({"EbsOptimized": "true"}, "UnsupportedOperation"),
        ({"HibernationOptions_Configured": "true"}, "UnsupportedOperation"),
        ({"MaxCount": "0"}, "InvalidParameterValue"),
        ({"MaxCount": "1001"}, "InstanceLimitExceeded"),
    ],
)
def test_a_launch_that_can_not_be_as_asked_is_refused(
    raw: RawEc2, image: Reply, asked: dict[str, str], code: str
) -> None:
    launch = {"ImageId": image.text("imageId"), "MinCount": "1", "MaxCount": "1", "DryRun": "true"}
    assert raw.ask("RunInstances", **(launch | asked)).code == code


def test_what_amazon_s_console_sends_beside_a_launch_changes_nothing(raw: RawEc2, image: Reply) -> None:
    told = raw.ask(
        "RunInstances", ImageId=image.text("imageId"), MinCount="1", MaxCount="1", DryRun="true",
        CreditSpecification_CpuCredits="standard", PrivateDnsNameOptions_HostnameType="ip-name",
        PrivateDnsNameOptions_EnableResourceNameDnsARecord="false", MaintenanceOptions_AutoRecovery="default",
        CapacityReservationSpecification_CapacityReservationPreference="open", EbsOptimized="false",
        Placement_AvailabilityZoneId="cluster1", Placement_Tenancy="default",
    )  # fmt: skip
    assert told.code == "DryRunOperation"


def test_a_stopped_instance_joins_a_placement_group_and_leaves_it(raw: RawEc2, running: str, stopped: str) -> None:
    def place(mine: str, **asked: str) -> Reply:
        return raw.ask("ModifyInstancePlacement", InstanceId=mine, **asked)

    assert place(stopped, Tenancy="default").status == 200
    made = raw.ask("CreatePlacementGroup", GroupName="joined", Strategy="partition", PartitionCount="2")
    assert place(stopped, GroupName="nobodys").code == "InvalidPlacementGroup.Unknown"
    assert place(stopped, GroupName="joined", PartitionNumber="3").code == "InvalidParameterValue"
    assert place(stopped, GroupId=made.text("groupId"), PartitionNumber="2").status == 200
    shown = raw.ask("DescribeInstances", InstanceId_1=stopped)
    assert (shown.text("partitionNumber"), shown.texts("groupName").count("joined")) == ("2", 1)
    assert raw.ask("DeletePlacementGroup", GroupName="joined").code == "InvalidPlacementGroup.InUse"
    assert place(stopped, GroupName="").status == 200
    assert raw.ask("DeletePlacementGroup", GroupName="joined").status == 200
    assert place(stopped).code == "InvalidParameterCombination"
    assert place(stopped, Tenancy="dedicated").code == "UnsupportedOperation"
    assert place(stopped, Affinity="host").code == "UnsupportedOperation"
    assert place(stopped, HostId="h-0badc0de").code == "UnsupportedOperation"
    assert place(running, GroupName="").code == "IncorrectInstanceState"


def test_a_report_of_an_owner_is_told_to_the_operators(raw: RawEc2, running: str, stopped: str) -> None:
    def report(mine: str, **more: str) -> Reply:
        asked = {"Status": "impaired", "ReasonCode_1": "unresponsive", "Description": "it <hangs>"} | more
        return raw.ask("ReportInstanceStatus", InstanceId_1=mine, **asked)

    assert report(running).status == 200
    assert report(stopped).code == "IncorrectInstanceState"
    assert report(running, Status="sad").code == "InvalidParameterValue"
    assert report(running, ReasonCode_1="moon").code == "InvalidParameterValue"


def test_credits_and_passwords_are_those_of_plain_linux(ec2: Any, running: str) -> None:
    told = ec2.describe_instance_credit_specifications(InstanceIds=[running])["InstanceCreditSpecifications"]
    assert told == [{"InstanceId": running, "CpuCredits": "standard"}]
    assert ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"] == []
    assert ec2.get_password_data(InstanceId=running)["PasswordData"] == ""

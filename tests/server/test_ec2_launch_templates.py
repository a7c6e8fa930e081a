"""Launch templates as clients meet them: kept as asked, numbered, and laid under what a launch asks itself."""

import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
NAME = {"LaunchTemplateName": "web"}


@pytest.fixture
def template(ec2: Any, image_id: str) -> Iterator[dict[str, Any]]:
    data = {
        "ImageId": image_id,
        "InstanceType": "c1.medium",
        "UserData": b64encode(b"from the template").decode(),
        "InstanceInitiatedShutdownBehavior": "terminate",
        "Placement": {"AvailabilityZone": "cluster2"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "of-template"}]}],
    }
    made = ec2.create_launch_template(**NAME, VersionDescription="first", LaunchTemplateData=data)["LaunchTemplate"]
    yield made
    for left in ec2.describe_launch_templates()["LaunchTemplates"]:
        ec2.delete_launch_template(LaunchTemplateId=left["LaunchTemplateId"])


@pytest.fixture
def launched(ec2: Any) -> Iterator[list[str]]:
    ids: list[str] = []
    yield ids
    if ids:
        ec2.terminate_instances(InstanceIds=ids)


def run(ec2: Any, launched: list[str], **params: Any) -> dict[str, Any]:
    (instance,) = ec2.run_instances(MinCount=1, MaxCount=1, **params)["Instances"]
    launched.append(instance["InstanceId"])
    found: dict[str, Any] = instance
    return found


def own_tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"] if not tag["Key"].startswith("aws:")}


def numbers(found: dict[str, Any]) -> list[int]:
    return [version["VersionNumber"] for version in found["LaunchTemplateVersions"]]


def test_a_launch_takes_what_it_does_not_say_from_the_template(
    ec2: Any, template: dict[str, Any], launched: list[str], image_id: str
) -> None:
    one = run(ec2, launched, LaunchTemplate=NAME)
    assert (one["ImageId"], one["InstanceType"]) == (image_id, "c1.medium")
    assert (one["Placement"]["AvailabilityZone"], own_tags(one)) == ("cluster2", {"Name": "of-template"})
    data = ec2.get_launch_template_data(InstanceId=one["InstanceId"])["LaunchTemplateData"]
    assert data["UserData"] == b64encode(b"from the template").decode()
    assert data["InstanceInitiatedShutdownBehavior"] == "terminate"


def test_what_a_launch_says_counts(ec2: Any, template: dict[str, Any], launched: list[str]) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "own"}]}]
    spec = {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "$Latest"}
    own = {"InstanceType": "m1.small", "Placement": {"AvailabilityZone": "cluster1"}, "TagSpecifications": tags}
    one = run(ec2, launched, LaunchTemplate=spec, **own)
    assert (one["InstanceType"], one["Placement"]["AvailabilityZone"]) == ("m1.small", "cluster1")
    assert own_tags(one) == {"Name": "own"}


def test_a_group_by_name_hides_the_templates_group_by_id(
    ec2: Any, template: dict[str, Any], launched: list[str]
) -> None:
    group = ec2.create_security_group(GroupName="of-template", Description="x")["GroupId"]
    ec2.create_launch_template_version(**NAME, SourceVersion="1", LaunchTemplateData={"SecurityGroupIds": [group]})
    spec = {**NAME, "Version": "2"}
    assert [g["GroupId"] for g in run(ec2, launched, LaunchTemplate=spec)["SecurityGroups"]] == [group]
    own = run(ec2, launched, LaunchTemplate=spec, SecurityGroups=["default"])
    assert [g["GroupName"] for g in own["SecurityGroups"]] == ["default"]


def test_data_made_from_an_instance_launches_another_like_it(
    ec2: Any, template: dict[str, Any], launched: list[str]
) -> None:
    first = run(ec2, launched, LaunchTemplate=NAME)
    data = ec2.get_launch_template_data(InstanceId=first["InstanceId"])["LaunchTemplateData"]
    ec2.create_launch_template(LaunchTemplateName="again", LaunchTemplateData=data)
    second = run(ec2, launched, LaunchTemplate={"LaunchTemplateName": "again"})
    for alike in ("ImageId", "InstanceType", "SecurityGroups", "KernelId"):
        assert first.get(alike) == second.get(alike)
    assert own_tags(first) == own_tags(second)


def test_an_instance_tells_which_version_it_was_launched_from(
    ec2: Any, template: dict[str, Any], launched: list[str]
) -> None:
    one = run(ec2, launched, LaunchTemplate=NAME)["InstanceId"]
    asked = [{"Name": "tag:aws:ec2launchtemplate:id", "Values": [template["LaunchTemplateId"]]}]
    (found,) = ec2.describe_instances(Filters=asked)["Reservations"]
    assert found["Instances"][0]["InstanceId"] == one
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.delete_tags(Resources=[one], Tags=[{"Key": "aws:ec2launchtemplate:id"}])
    ec2.delete_tags(Resources=[one])
    left = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [one]}])["Tags"]
    assert [(tag["Key"], tag["Value"]) for tag in left] == [
        ("aws:ec2launchtemplate:id", template["LaunchTemplateId"]),
        ("aws:ec2launchtemplate:version", "1"),
    ]


def test_versions_inherit_and_are_numbered(ec2: Any, template: dict[str, Any]) -> None:
    more = {"InstanceType": "m1.large", "Monitoring": {"Enabled": True}}
    second = ec2.create_launch_template_version(**NAME, SourceVersion="$Default", LaunchTemplateData=more)
    data = second["LaunchTemplateVersion"]["LaunchTemplateData"]
    assert (data["InstanceType"], data["Monitoring"], data["Placement"]) == (
        "m1.large", {"Enabled": True}, {"AvailabilityZone": "cluster2"},
    )  # fmt: skip
    third = ec2.create_launch_template_version(**NAME, LaunchTemplateData={"KeyName": "x"})["LaunchTemplateVersion"]
    assert (third["VersionNumber"], third["LaunchTemplateData"]) == (3, {"KeyName": "x"})
    assert numbers(ec2.describe_launch_template_versions(**NAME)) == [3, 2, 1]
    assert numbers(ec2.describe_launch_template_versions(**NAME, Versions=["$Default", "$Latest", "2"])) == [3, 2, 1]
    assert numbers(ec2.describe_launch_template_versions(**NAME, MinVersion="2")) == [3, 2]
    assert numbers(ec2.describe_launch_template_versions(**NAME, MaxVersion="2")) == [2, 1]
    assert numbers(ec2.describe_launch_template_versions(Versions=["$Latest", "$Default"])) == [3, 1]
    changed = ec2.modify_launch_template(**NAME, DefaultVersion="2")["LaunchTemplate"]
    assert (changed["DefaultVersionNumber"], changed["LatestVersionNumber"]) == (2, 3)
    gone = ec2.delete_launch_template_versions(**NAME, Versions=["1", "2", "3", "7"])
    assert [one["VersionNumber"] for one in gone["SuccessfullyDeletedLaunchTemplateVersions"]] == [1, 3]
    kept = gone["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [(one["VersionNumber"], one["ResponseError"]["Code"]) for one in kept] == [
        (2, "unexpectedError"),
        (7, "launchTemplateVersionDoesNotExist"),
    ]
    (left,) = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"]
    assert left["LatestVersionNumber"] == 2
    again = ec2.create_launch_template_version(**NAME, LaunchTemplateData={"KeyName": "x"})["LaunchTemplateVersion"]
    assert again["VersionNumber"] == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("instance-type", "c1.*"), ("is-default-version", "true"), ("image-id", "emi-*"), ("create-time", "20*"),
        ("ebs-optimized", "false"), ("kernel-id", "eki-1"), ("ram-disk-id", "eri-1"), ("iam-instance-profile", "arn:*"),
        ("http-endpoint", "enabled"), ("http-tokens", "required"), ("http-protocol-ipv4", "enabled"),
    ],
)  # fmt: skip
def test_filters_of_versions_find_what_is_shown(ec2: Any, template: dict[str, Any], name: str, value: str) -> None:
    more = {
        "EbsOptimized": False, "KernelId": "eki-1", "RamDiskId": "eri-1", "IamInstanceProfile": {"Arn": "arn:x"},
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required"},
    }  # fmt: skip
    ec2.create_launch_template_version(**NAME, SourceVersion="1", LaunchTemplateData=more)

    def found(wanted: str) -> list[int]:
        return numbers(ec2.describe_launch_template_versions(**NAME, Filters=[{"Name": name, "Values": [wanted]}]))

    assert found("nothing") == []
    assert bool(found(value)) is (name != "http-protocol-ipv4")


@pytest.mark.parametrize(("name", "value"), [("launch-template-name", "we?"), ("create-time", "2*"), ("tag:a", "b")])
def test_filters_of_templates_find_what_is_shown(ec2: Any, template: dict[str, Any], name: str, value: str) -> None:
    ec2.create_tags(Resources=[template["LaunchTemplateId"]], Tags=[{"Key": "a", "Value": "b"}])
    for wanted, count in ((value, 1), ("nothing", 0)):
        shown = ec2.describe_launch_templates(Filters=[{"Name": name, "Values": [wanted]}])["LaunchTemplates"]
        assert len(shown) == count


DATA = {"LaunchTemplateData.KeyName": "x"}


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("CreateLaunchTemplate", {**NAME, **DATA}, "InvalidLaunchTemplateName.AlreadyExistsException"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "a b", **DATA}, "InvalidLaunchTemplateName.MalformedException"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "new"}, "MissingParameter"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "new", "LaunchTemplateData.Keyname": "x"}, "UnknownParameter"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "new", "LaunchTemplateData.EbsOptimized": "x"},
         "InvalidParameterValue"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "new", "LaunchTemplateData": "x"}, "InvalidParameterValue"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "new", "DryRun": "true", **DATA}, "DryRunOperation"),
        ("CreateLaunchTemplateVersion", {**NAME}, "MissingParameter"),
        ("CreateLaunchTemplateVersion", {**NAME, "SourceVersion": "9", **DATA},
         "InvalidLaunchTemplateId.VersionNotFound"),
        ("CreateLaunchTemplateVersion", {**DATA}, "InvalidParameterCombination"),
        ("DescribeLaunchTemplates", {"LaunchTemplateName.1": "nobody"}, "InvalidLaunchTemplateName.NotFoundException"),
        ("DescribeLaunchTemplates", {"LaunchTemplateId.1": "lt-0badc0de"}, "InvalidLaunchTemplateId.NotFound"),
        ("DescribeLaunchTemplates", {"LaunchTemplateId.1": "i-0badc0de"}, "InvalidLaunchTemplateId.Malformed"),
        ("DescribeLaunchTemplates", {"MaxResults": "201"}, "InvalidParameterValue"),
        ("DescribeLaunchTemplateVersions", {}, "MissingParameter"),
        ("DescribeLaunchTemplateVersions", {"LaunchTemplateVersion.1": "1"}, "MissingParameter"),
        ("DescribeLaunchTemplateVersions", {**NAME, "MinVersion": "x"}, "InvalidParameterValue"),
        ("ModifyLaunchTemplate", {**NAME, "SetDefaultVersion": "5"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ("RunInstances", {"MinCount": "1", "MaxCount": "1", "LaunchTemplate.LaunchTemplateName": "nobody"},
         "InvalidLaunchTemplateName.NotFoundException"),
        ("RunInstances", {"MinCount": "1", "MaxCount": "1"}, "MissingParameter"),
    ],
)  # fmt: skip
def test_what_can_not_be_has_its_code(
    raw: RawEc2, template: dict[str, Any], action: str, params: dict[str, str], code: str
) -> None:
    reply = raw.pairs([("Action", action), ("Version", "2016-11-15"), *params.items()])
    assert reply.code == code
    assert raw.ask("DescribeLaunchTemplates").texts("launchTemplateName") == ["web"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}}, "UnsupportedOperation"),
        ({"InstanceMarketOptions": {"MarketType": "spot"}}, "UnsupportedOperation"),
        ({"UserData": "not base64"}, "InvalidParameterValue"),
        ({"KeyName": "nobodys"}, "InvalidKeyPair.NotFound"),
    ],
)
def test_what_this_cloud_can_not_do_is_refused_at_use(
    ec2: Any, template: dict[str, Any], data: dict[str, Any], code: str
) -> None:
    ec2.create_launch_template_version(**NAME, SourceVersion="1", LaunchTemplateData=data)
    with pytest.raises(ClientError) as refused:
        ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={**NAME, "Version": "2"})
    assert refused.value.response["Error"]["Code"] == code
    assert "not base64" not in str(refused.value)


def test_a_client_token_makes_one_template_of_eight(ec2: Any, admin: dict[str, str]) -> None:
    def make(_: int) -> str:
        asked = {"LaunchTemplateName": "once", "LaunchTemplateData": {"KeyName": "x"}, "ClientToken": "t" * 128}
        return str(ec2_client(admin).create_launch_template(**asked)["LaunchTemplate"]["LaunchTemplateId"])

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(make, range(8)))) == 1
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        ec2.create_launch_template(
            LaunchTemplateName="other", LaunchTemplateData={"KeyName": "x"}, ClientToken="t" * 128
        )
    again = {"LaunchTemplateName": "once", "LaunchTemplateData": {"KeyName": "y"}, "ClientToken": "v"}
    made = [ec2.create_launch_template_version(**again)["LaunchTemplateVersion"]["VersionNumber"] for _ in range(2)]
    assert made == [2, 2]
    ec2.delete_launch_template(LaunchTemplateName="once")


def test_user_data_of_a_template_is_in_no_journal(cloud: ServedCloud, ec2: Any, template: dict[str, Any]) -> None:
    hidden = b64encode(b"from the template").decode()
    with closing(sqlite3.connect(f"file:{cloud.state / 'cloud.sqlite3'}?mode=ro", uri=True)) as connection:
        written = connection.execute("SELECT data FROM journal UNION ALL SELECT detail FROM audit").fetchall()
    assert any(template["LaunchTemplateId"] in data for (data,) in written)
    assert not any(hidden in data for (data,) in written)
    assert hidden not in cloud.log()
    shown = ec2.describe_launch_template_versions(**NAME)["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert shown["UserData"] == hidden

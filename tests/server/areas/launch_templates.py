"""Launch templates in the tests that go over every operation."""

from typing import Any

from tests.deadline import eventually
from tests.server.areas import Probe
from tests.server.raw_ec2 import RawEc2

NOBODYS = {"template": "lt-0badc0de0badc0de0", "template_name": "nobodys-template"}
_BY_BOTH = ("DeleteLaunchTemplate", "ModifyLaunchTemplate", "DescribeLaunchTemplateVersions")
_RUN = {"MinCount": "1", "MaxCount": "1", "DryRun": "true"}
_DATA = {"LaunchTemplateData.InstanceType": "m1.large"}
PROBES: list[Probe] = [
    ("CreateLaunchTemplate", {"LaunchTemplateName": "{template_name}", "DryRun": "true", **_DATA}),
    ("CreateLaunchTemplateVersion", {"LaunchTemplateName": "{template_name}", **_DATA}),
    ("CreateLaunchTemplateVersion", {"LaunchTemplateId": "{template}", **_DATA}),
    *((name, {"LaunchTemplateId": "{template}"}) for name in _BY_BOTH),
    *((name, {"LaunchTemplateName": "{template_name}"}) for name in _BY_BOTH),
    ("DeleteLaunchTemplateVersions", {"LaunchTemplateId": "{template}", "LaunchTemplateVersion.1": "1"}),
    ("DescribeLaunchTemplates", {"LaunchTemplateId.1": "{template}"}),
    ("DescribeLaunchTemplates", {"LaunchTemplateName.1": "{template_name}"}),
    ("DescribeLaunchTemplates", {"Filter.1.Name": "launch-template-name", "Filter.1.Value.1": "{template_name}"}),
    ("GetLaunchTemplateData", {"InstanceId": "{instance}"}),
    ("RunInstances", {**_RUN, "LaunchTemplate.LaunchTemplateId": "{template}"}),
    ("RunInstances", {**_RUN, "LaunchTemplate.LaunchTemplateName": "{template_name}"}),
    ("CreateTags", {"ResourceId.1": "{template}", "Tag.1.Key": "a", "Tag.1.Value": "b"}),
]
NOTHING_TO_NAME: set[str] = set()


def full(shape: Any) -> Any:
    """Make a value with all members that a shape has."""
    match shape.type_name:
        case "structure":
            return {name: full(member) for name, member in shape.members.items()}
        case "list":
            return [full(shape.member)]
        case "boolean":
            return True
        case "integer" | "long" | "float" | "double":
            return 1
        case "timestamp":
            return "2026-01-02T03:04:05Z"
    return shape.enum[0] if shape.enum else "text"


def walk(ec2: Any, *, today: bool) -> None:
    if not today:
        return
    tagged = {"TagSpecifications": [{"ResourceType": "launch-template", "Tags": [{"Key": "Name", "Value": "walk"}]}]}
    named = {"LaunchTemplateName": "walk"}
    data = full(ec2.meta.service_model.shape_for("RequestLaunchTemplateData"))
    ec2.create_launch_template(**named, VersionDescription="first", LaunchTemplateData=data, **tagged)
    ec2.create_launch_template(LaunchTemplateName="walk-on", LaunchTemplateData={"KeyName": "x"})
    for _ in range(2):
        ec2.create_launch_template_version(**named, SourceVersion="1", VersionDescription="x", LaunchTemplateData=data)
    ec2.describe_launch_templates(MaxResults=1)
    ec2.describe_launch_templates()
    ec2.describe_launch_template_versions(**named, MaxResults=1)
    ec2.modify_launch_template(**named, DefaultVersion="2")
    ec2.delete_launch_template_versions(**named, Versions=["1", "2", "9"])
    instance_like(ec2)
    for name in ("walk", "walk-on"):
        ec2.delete_launch_template(LaunchTemplateName=name)


def instance_like(ec2: Any) -> None:
    """Ask for the data of an instance of which there is much to say."""
    images = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
    ec2.create_placement_group(GroupName="walk-data", Strategy="partition")
    ec2.create_key_pair(KeyName="walk-data", KeyType="ed25519")
    run = ec2.run_instances(
        ImageId=images[0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        UserData="hello",
        KeyName="walk-data",
        Placement={"GroupName": "walk-data"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    instance_id = run["Instances"][0]["InstanceId"]
    ec2.get_launch_template_data(InstanceId=instance_id)
    ec2.terminate_instances(InstanceIds=[instance_id])
    ec2.delete_key_pair(KeyName="walk-data")

    def ended() -> bool:
        (made,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        return bool(made["Instances"][0]["State"]["Name"] == "terminated")

    eventually(ended)
    ec2.delete_placement_group(GroupName="walk-data")


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    name = "victims-template"
    made = raw.ask("CreateLaunchTemplate", LaunchTemplateName=name, LaunchTemplateData_KeyName="secret")
    return {"template": made.text("launchTemplateId"), "template_name": name}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    raw.ask("DeleteLaunchTemplate", LaunchTemplateName=mine["template_name"])

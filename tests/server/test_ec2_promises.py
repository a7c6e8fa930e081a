"""What every operation promises: DryRun does nothing, a client token one thing, tags have limits, pages are the whole.

The walk over all operations is driven once more, and each operation's first request is sent in other ways beside it.
The model says which operations promise what, so that a new one is held to it from the start.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from app.server.query import requests_of
from app.wire.amendments import Amendments
from app.wire.models import Models
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.server.raw_ec2 import RawEc2, Reply
from tests.server.test_model_walk import drive

pytestmark = pytest.mark.server
MODEL, OFFERED, AMENDMENTS = Models().newest("ec2"), sorted(requests_of("ec2")), Amendments.load()
Body = Mapping[str, str]
_ID = re.compile(r"\b(?:i|vol|snap|emi|ami|lt)-[0-9a-f]{17}\b")
_ANY_ID = re.compile(r"\b[a-z]+-[0-9a-f]{17}\b")
# A change that makes it another request.
OTHER = {
    "CopyImage": {"Name": "other"},
    "CreateLaunchTemplate": {"LaunchTemplateName": "other"},
    "CreateLaunchTemplateVersion": {"VersionDescription": "other"},
    "CreateVolume": {"Size": "2"},
    "ModifyLaunchTemplate": {"SetDefaultVersion": "1"},
    "RunInstances": {"InstanceType": "m1.large"},
}
BAD_TAGS: dict[str, tuple[Body, str]] = {
    "too many": ({f"{n}": "x" for n in range(51)}, "TagLimitExceeded"),
    "reserved": ({"aws:x": "x"}, "InvalidParameterValue"),
    "long key": ({"x" * 129: "x"}, "InvalidParameterValue"),
    "long value": ({"x": "x" * 257}, "InvalidParameterValue"),
    "empty key": ({"": "x"}, "InvalidParameterValue"),
}
# What the things that an operation makes are called, by the last word of its name.
KINDS = {
    "Address": "elastic-ip", "Egress": "security-group-rule", "Group": "security-group", "Image": "image",
    "Ingress": "security-group-rule", "Instances": "instance", "Pair": "key-pair", "Snapshot": "snapshot",
    "Snapshots": "snapshot", "Template": "launch-template", "Volume": "volume",
}  # fmt: skip
KIND_OF = {"CreatePlacementGroup": "placement-group"}
# What a list must be told so that it says anything.
NEEDED: dict[str, Body] = {
    "DescribeLaunchTemplateVersions": {"LaunchTemplateName": "many"},
    "DescribeStaleSecurityGroups": {"VpcId": "{vpc}"},
    "GetSecurityGroupsForVpc": {"VpcId": "{vpc}"},
}


def kind_of(name: str) -> str:
    return KIND_OF.get(name) or KINDS[re.findall("[A-Z][a-z]+", name)[-1]]


def promising(member: str) -> list[str]:
    return [name for name in OFFERED if member in MODEL.inputs(name)]


class Beside:
    """Sends what a client sends in other ways, before and after it; what was said, by operation."""

    def __init__(self, raw: RawEc2) -> None:
        self._raw, self._token_of = raw, dict[str, Body]()
        self.dry: dict[str, Reply] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, tuple[set[str], Reply, Reply]] = {}
        self.kinds: dict[str, set[str]] = {}

    def before(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        name, body = model.name, params["body"]
        if "DryRun" in MODEL.inputs(name) and name not in self.dry:
            self.dry[name] = self._send(body, {"DryRun": "true"})
        if "TagSpecifications" in MODEL.inputs(name) and name not in self.tags:
            self.tags[name] = self._bad_tags(name, body)
        if name in OTHER and name not in self._token_of:
            body["ClientToken"] = f"sweep-{name}"
            self._token_of[name] = dict(body)

    def after(self, model: Any, http_response: Any, **_: Any) -> None:
        if model.name in self._token_of and model.name not in self.tokens:
            body = self._token_of[model.name]
            made = set(_ID.findall(http_response.text))
            self.tokens[model.name] = made, self._send(body), self._send(body, OTHER[model.name])
        if "TagSpecifications" in MODEL.inputs(model.name) and model.name not in self.kinds:
            self.kinds[model.name] = {self._kind(named) for named in set(_ANY_ID.findall(http_response.text))}

    def _kind(self, thing_id: str) -> str:
        """Tag a thing, and tell what it is to DescribeTags."""
        self._raw.ask("CreateTags", ResourceId_1=thing_id, Tag_1_Key="sweep", Tag_1_Value="x")
        told = self._raw.ask("DescribeTags", Filter_1_Name="resource-id", Filter_1_Value_1=thing_id)
        return told.text("resourceType")

    def _bad_tags(self, name: str, body: Body) -> dict[str, str]:
        plain = {name: value for name, value in body.items() if not name.startswith("TagSpecification")}
        kind = kind_of(name)
        codes = {"other kind": self._send(plain, {**tagged("vpn-gateway", {"x": "x"}), "DryRun": "true"}).code}
        for flaw, (tags, _) in BAD_TAGS.items():
            codes[flaw] = self._send(plain, {**tagged(kind, tags), "DryRun": "true"}).code
        twice = {**tagged(kind, {"a": "x", "b": "x"}), "TagSpecification.1.Tag.2.Key": "a", "DryRun": "true"}
        return codes | {"twice": self._send(plain, twice).code, "no flaw": self._send(plain, _fine(kind)).code}

    def _send(self, body: Body, more: Body | None = None) -> Reply:
        return self._raw.pairs({**body, **(more or {})}.items())


def tagged(kind: str, tags: Body) -> Body:
    named = {"TagSpecification.1.ResourceType": kind}
    for number, (key, value) in enumerate(tags.items(), 1):
        named |= {f"TagSpecification.1.Tag.{number}.Key": key, f"TagSpecification.1.Tag.{number}.Value": value}
    return named


def _fine(kind: str) -> Body:
    return {**tagged(kind, {f"{n}": "x" * 256 for n in range(50)}), "DryRun": "true"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with ServedCloud(tmp_path_factory.mktemp("promises") / "state") as cloud:
        yield cloud.credentials()


@pytest.fixture(scope="module")
def own(served: dict[str, str]) -> Iterator[RawEc2]:
    with closing(RawEc2(served)) as raw:
        yield raw


@pytest.fixture(scope="module")
def beside(served: dict[str, str], own: RawEc2) -> Beside:
    watched, client = Beside(own), ec2_client(served)
    client.meta.events.register("before-call.ec2.*", watched.before)
    client.meta.events.register("after-call.ec2.*", watched.after)
    drive(client, today=True)
    return watched


def test_a_dry_run_is_told_that_it_would_succeed(beside: Beside) -> None:
    """That it changes nothing is shown by the same request, which succeeds right after it."""
    assert beside.dry.keys() == {*promising("DryRun")}
    assert {name: (said.status, said.code) for name, said in beside.dry.items() if said.code != "DryRunOperation"} == {}
    assert {said.status for said in beside.dry.values()} == {412}


def test_tags_for_what_is_made_have_their_limits(beside: Beside) -> None:
    expected = {flaw: code for flaw, (_, code) in BAD_TAGS.items()}
    expected |= dict.fromkeys(("other kind", "twice"), "InvalidParameterValue") | {"no flaw": "DryRunOperation"}
    assert beside.tags.keys() == {*promising("TagSpecifications")}
    assert {name: codes for name, codes in beside.tags.items() if codes != expected} == {}


def test_whatever_is_made_with_tags_is_a_kind_that_describe_tags_tells(beside: Beside) -> None:
    assert beside.kinds.keys() == {*promising("TagSpecifications")}
    assert {name: kinds for name, kinds in beside.kinds.items() if kind_of(name) not in kinds} == {}


def test_a_client_token_makes_one_thing(beside: Beside) -> None:
    assert beside.tokens.keys() == OTHER.keys() == {*promising("ClientToken")}
    for name, (made, again, other) in beside.tokens.items():
        assert made, name
        assert (again.status, set(_ID.findall(again.body.decode()))) == (200, made), name
        assert other.code == "IdempotentParameterMismatch", name


@pytest.fixture(scope="module")
def many(served: dict[str, str], beside: Beside) -> dict[str, str]:
    """Make more of each kind than a page of the least size shows."""
    ec2 = ec2_client(served)
    image = next(each for each in ec2.describe_images()["Images"] if each["ImageType"] == "machine")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "many"}]}]
    run = ec2.run_instances(ImageId=image["ImageId"], MinCount=7, MaxCount=7, TagSpecifications=tags)
    ids = [one["InstanceId"] for one in run["Instances"]]
    ec2.create_launch_template(LaunchTemplateName="many", LaunchTemplateData={"KeyName": "x"})
    for number in range(7):
        ec2.create_security_group(GroupName=f"many-{number}", Description="x")
        ec2.create_launch_template_version(LaunchTemplateName="many", LaunchTemplateData={"KeyName": "x"})
        ec2.create_launch_template(LaunchTemplateName=f"many-{number}", LaunchTemplateData={"KeyName": "x"})
        volume = ec2.create_volume(AvailabilityZone="cluster1", Size=1)["VolumeId"]
        eventually(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available")  # noqa: B023
        ec2.register_image(Name=f"many-{number}", ImageLocation=image["ImageLocation"])
        ec2.create_snapshot(VolumeId=volume)
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    eventually(lambda: len(ec2.describe_instance_status(Filters=running)["InstanceStatuses"]) >= len(ids))
    return {"vpc": ec2.describe_vpcs()["Vpcs"][0]["VpcId"]}


# Lists of more than a page here; the others have few things or none, and are asked in pages all the same.
LONG = {
    "DescribeImages", "DescribeInstanceStatus", "DescribeInstances", "DescribeLaunchTemplateVersions",
    "DescribeLaunchTemplates", "DescribeNetworkInterfaces", "DescribeSecurityGroupRules", "DescribeSecurityGroups",
    "DescribeSnapshots", "DescribeTags", "DescribeVolumeStatus", "DescribeVolumes", "GetSecurityGroupsForVpc",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in promising("MaxResults") if name in promising("NextToken")])
def test_pages_put_together_are_the_whole(own: RawEc2, many: dict[str, str], name: str) -> None:
    needed = {parameter: value.format(**many) for parameter, value in NEEDED.get(name, {}).items()}
    asked = {"Action": name, "Version": MODEL.date, **needed}
    whole = own.pairs(asked.items())
    least = (AMENDMENTS.of(name).page or (5,))[0]
    pages, token = list[Reply](), ""
    while token or not pages:
        paged = asked | {"MaxResults": str(least)} | ({"NextToken": token} if token else {})
        pages.append(own.pairs(paged.items()))
        assert pages[-1].code == ""
        token = pages[-1].text("nextToken")
    assert [text for page in pages for text in leaves(page)] == leaves(whole)
    assert len(pages) > 1 or name not in LONG
    assert own.pairs([*asked.items(), ("MaxResults", str(least)), ("NextToken", "made up")]).code in (
        "InvalidNextToken", "InvalidPaginationToken",
    )  # fmt: skip


def leaves(page: Reply) -> list[str]:
    """Return all texts of an answer but those of its own: request id and token.

    Of a reservation only its instances: each page on which it has some names it.
    """
    if page.text("reservationId"):
        return page.texts("instanceId")
    own_words = {"requestId", "nextToken"}
    return [e.text for e in page.tree.iter() if e.text and not len(e) and e.tag.rpartition("}")[2] not in own_words]

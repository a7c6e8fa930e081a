"""Requests that nobody would write: right by the model and then damaged, all signed, over every operation.

Whatever is asked, the answer is XML with a request id (`RawEc2` checks), never a 500; what is refused changes nothing.
"""

import base64
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from msgspec.structs import fields as fields_of

from app.domain.vpc import DEFAULT_VPC_ID
from app.server.query import OPERATIONS
from app.wire.models import Model, Models, Ref
from tests.served import ServedCloud
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
Pairs = list[tuple[str, str]]
REQUESTS, SEEDS = 250, 6
MODELS = Models()
UNKNOWN = ["Frobnicate", "describeInstances", "RunInstances ", "", "\0", "CreateVpc"]
TEXTS = [
    *("", "a", " ", "*", "?", "\\", "-1", "0", "1", "5", "1000", "2147483648", "9" * 25, "true", "1e3", "NaN", "é😀"),
    *("\0", "\r\n", "\ufffe", "<x/>", "]]>", "&amp;", "../../etc/passwd", "'; DROP TABLE instances; --", "%s{0}"),
    *("x" * 300, "i-", "i-12345678", "I-1234567890ABCDEF0", "emi-12345678", "ami-zzzzzzzz", "sg-1", "default", "aws:x"),
    *("self", "all", "library/" + "0" * 64 + "/x", "library/../x", "bucket/x.manifest.xml", "AQ==", "====", "ppk"),
    *("WzFd", "W10=", "WzEsImEiXQ==", "2026-01-01T00:00:00Z", "terminate"),
]
VERSIONS = ["2016-11-15", "2016-11-15", "2016-11-15", "2014-09-01", "2015-10-01", "2099-12-31"]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawEc2]:
    """A cloud of its own, where a launch that gets through hurts no other test."""
    with ServedCloud(tmp_path_factory.mktemp("fuzzed") / "state", rehearse="1x1") as served:
        with closing(RawEc2(served.credentials())) as signed:
            yield signed
        assert "Traceback" not in served.log()


class Forge:
    """Makes requests from the shapes of the model; `known` are values that mean something to this cloud."""

    def __init__(self, seed: int, known: dict[str, list[str]]) -> None:
        self.dice = random.Random(seed)
        self.known = known

    def request(self) -> Pairs:
        dice = self.dice
        operation = dice.choice([*(op.name for op in OPERATIONS if op.service == "ec2")] * 6 + UNKNOWN)
        model = MODELS.newest("ec2")
        pairs: Pairs = []
        for name, ref in model.inputs(operation).items() if operation in model.operations else ():
            if dice.random() < self._appetite(operation, name):
                pairs += self._value(model, ref, model.asked_as(name, ref), 0)
        pairs = [("Action", operation), ("Version", dice.choice(VERSIONS)), *pairs]
        for _ in range(dice.choice([0, 0, 0, 1, 3])):
            pairs = dice.choice(DAMAGES)(dice, pairs)
        return pairs

    def _appetite(self, operation: str, name: str) -> float:
        """Take what the operation needs nearly always, what it understands now and then, the rest hardly ever."""
        offered = next((op.request for op in OPERATIONS if op.name == operation), None)
        fields = {field.name.replace("_", ""): field.required for field in fields_of(offered)} if offered else {}
        needed = fields.get(name.lower())
        return 0.01 if needed is None else 0.97 if needed else 0.15

    def _value(self, model: Model, ref: Ref, name: str, depth: int) -> Pairs:
        shape, dice = model.shape(ref), self.dice
        if shape.type == "structure" and depth < 4:
            chosen = [(member, inner) for member, inner in shape.members.items() if dice.random() < 0.5]
            return [
                pair
                for member, inner in chosen
                for pair in self._value(model, inner, f"{name}.{model.asked_as(member, inner)}", depth + 1)
            ]
        if shape.type == "list" and shape.member:
            indexes = dice.choice([[1], [1, 2], [0], [3, 7], [2, 1]])
            return [pair for i in indexes for pair in self._value(model, shape.member, f"{name}.{i}", depth + 1)]
        return [(name, self._leaf(shape.type, name))]

    def _leaf(self, kind: str, name: str) -> str:
        dice = self.dice
        if dice.random() < 0.08:
            return dice.choice(TEXTS)
        match kind:
            case "integer" | "long":
                return str(dice.choice([1, 1, 1, 5]) if "Count" in name else dice.choice([5, 1000]))
            case "boolean":
                return dice.choice(["true", "false"])
            case "blob":
                return base64.b64encode(dice.randbytes(dice.randrange(40))).decode()
            case _:
                word = next(word for word in reversed(name.split(".")) if not word.isdigit())
                return dice.choice(self.known.get(word) or TEXTS)


def _drop(dice: random.Random, pairs: Pairs) -> Pairs:
    gone = dice.randrange(len(pairs))
    return pairs[:gone] + pairs[gone + 1 :] or [("Action", "")]


def _twice(dice: random.Random, pairs: Pairs) -> Pairs:
    return [*pairs, dice.choice(pairs)]


def _other_value(dice: random.Random, pairs: Pairs) -> Pairs:
    at = dice.randrange(len(pairs))
    return [(name, dice.choice(TEXTS) if i == at else value) for i, (name, value) in enumerate(pairs)]


def _other_name(dice: random.Random, pairs: Pairs) -> Pairs:
    at = dice.randrange(len(pairs))
    change = dice.choice([".1", ".x", ".", ".0.", "s", ".1.1.1", ".member.1", "." * 40, "\0", "é"])
    return [(name + change if i == at else name, value) for i, (name, value) in enumerate(pairs)]


def _intruder(dice: random.Random, pairs: Pairs) -> Pairs:
    return [*pairs, (dice.choice(TEXTS), dice.choice(TEXTS))]


DAMAGES: list[Callable[[random.Random, Pairs], Pairs]] = [_drop, _twice, _other_value, _other_name, _intruder]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_is_asked_the_answer_is_ec2_s_and_a_refusal_changes_nothing(fuzzed: RawEc2, seed: int) -> None:
    forge, before = Forge(seed, words_of(fuzzed, seed)), state_of(fuzzed)
    statuses: Counter[int] = Counter()
    refused: list[Pairs] = []
    for _ in range(REQUESTS):
        pairs = forge.request()
        reply = fuzzed.pairs(pairs)
        statuses[reply.status] += 1
        assert reply.status in (200, 400, 401, 403, 412, 503), (pairs, reply.body)
        if reply.status != 200:
            refused.append(pairs)
        if len(refused) == 10:
            assert state_of(fuzzed) == before, refused
            refused = []
        if reply.status == 200 and not any(value.startswith(("Describe", "Get")) for _, value in pairs):
            refused, before = [], state_of(fuzzed)
    assert statuses[200] > REQUESTS / 10, statuses
    assert statuses[400] > REQUESTS / 5, statuses


def words_of(raw: RawEc2, seed: int) -> dict[str, list[str]]:
    """Collect values that mean something to this cloud, by the parameter's name; make sure that there are some."""
    for old in raw.ask("DescribeInstances").texts("instanceId"):
        raw.ask("TerminateInstances", InstanceId_1=old)
    images, groups = raw.ask("DescribeImages"), raw.ask("DescribeSecurityGroups")
    raw.ask("CreateKeyPair", KeyName="fuzz", KeyType="ed25519")
    kernel = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="kernel")
    location = kernel.text("imageLocation").replace("vmlinuz", "disk")
    machine = raw.ask("RegisterImage", Name=f"fuzz {seed}", ImageLocation=location).text("imageId")
    run = raw.ask("RunInstances", ImageId=machine, MinCount="1", MaxCount="1")
    ids = [machine, run.text("instanceId"), *groups.texts("groupId")]
    return {
        "ImageId": [machine], "InstanceId": run.texts("instanceId"), "ResourceId": ids, "KeyName": ["fuzz", "new"],
        "SecurityGroup": ["default"], "SecurityGroupId": groups.texts("groupId"), "GroupId": groups.texts("groupId"),
        "GroupName": ["default", "new"], "InstanceType": ["m1.small", "c1.medium"], "ImageLocation":
        images.texts("imageLocation"), "Owner": ["self", *groups.texts("ownerId")], "AvailabilityZone": ["cluster1"],
        "ZoneName": ["cluster1", "verbose"], "RegionName": ["eucalyptus"], "UserData": ["aGVsbG8="],
        "ResourceType": ["instance", "image", "key-pair", "security-group", "security-group-rule"],
        "Value": [*ids, "*", "a*"],
        "Name": ["image-id", "instance-id", "resource-id", "group-name", "tag-key", "new"], "Tenancy": ["default"],
        "InstanceInitiatedShutdownBehavior": ["stop"], "KeyType": ["ed25519"], "KeyFormat": ["pem"],
        "AttributeName": ["max-instances"], "Architecture": ["x86_64"], "RootDeviceName": ["/dev/sda1"],
        "KernelId": [i for i in images.texts("imageId") if i.startswith("eki")], "Description": ["new"],
        "SecurityGroupRuleId": raw.ask("DescribeSecurityGroupRules").texts("securityGroupRuleId"),
        "IpProtocol": ["tcp", "-1"], "CidrIp": ["10.0.0.0/8", "192.0.2.1/24"], "VpcId": [DEFAULT_VPC_ID],
        "CidrIpv4": ["10.0.0.0/8"], "CidrIpv6": ["2001:db8::/32"], "SourceSecurityGroupName": ["default"],
        "RamdiskId": [i for i in images.texts("imageId") if i.startswith("eri")], "GroupDescription": ["new"],
    }  # fmt: skip


def state_of(raw: RawEc2) -> dict[str, list[str]]:
    """Describe what requests can change; the loop's progress with instances counts for nothing."""
    instances = raw.ask("DescribeInstances")
    wanted = {"pending": "up", "stopping": "stopped", "shutting-down": "terminated", "running": "up"}
    states = [state.findtext("{*}name") or "" for state in instances.tree.iterfind(".//{*}instanceState")]
    tags = raw.ask("DescribeTags")
    return {
        "instances": instances.texts("instanceId"),
        "wanted": [wanted.get(state, state) for state in states],
        "images": raw.ask("DescribeImages").texts("imageId"),
        "keys": raw.ask("DescribeKeyPairs").texts("keyName"),
        "groups": raw.ask("DescribeSecurityGroups").texts("groupId"),
        "rules": [rule.text or "" for rule in raw.ask("DescribeSecurityGroupRules").tree.iterfind(".//{*}item/*")],
        "tags": tags.texts("resourceId") + tags.texts("key") + tags.texts("value"),
    }

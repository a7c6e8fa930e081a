"""Requests that nobody would write, all signed, over every operation: `make fuzz` sends 20,000 of them.

Whatever is asked, the answer is XML with a request id (`RawEc2` checks), never a 500; what is refused, and what only
reads, changes nothing; what says that it did something did it.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.domain.vpc import DEFAULT_VPC_ID
from tests.served import ServedCloud
from tests.server.forge import READING, Forge, Pairs
from tests.server.raw_ec2 import RawEc2
from tests.server.state_file import StateFile

pytestmark = pytest.mark.server
REQUESTS, AT_ONCE = int(os.environ.get("FUZZ_REQUESTS", "2000")), 500
# What these ask for may be so already, which Amazon answers with success.
MAY_BE_SO = (
    *(
        "CreateTags",
        "DeleteTags",
        "DeleteKeyPair",
        "DeleteLaunchTemplateVersions",
        "ConfirmProductInstance",
        "Modify",
        "Reset",
        "Enable",
        "Disable",
    ),
    *("Start", "Stop", "Terminate", "Monitor", "Unmonitor", "Update", "Revoke", "Report"),
    *("AssociateAddress", "DisassociateAddress"),
)


class Fuzzed:
    """A cloud of its own, where a launch that gets through hurts no other test."""

    def __init__(self, raw: RawEc2, file: StateFile) -> None:
        self.raw, self.file = raw, file


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    state = tmp_path_factory.mktemp("fuzzed") / "state"
    with ServedCloud(state, rehearse="1x1") as served:
        with closing(RawEc2(served.credentials())) as raw, StateFile(state) as file:
            yield Fuzzed(raw, file)
        assert "Traceback" not in served.log()


@pytest.mark.parametrize("seed", range(-(-REQUESTS // AT_ONCE)))
def test_whatever_is_asked_the_answer_is_ec2_s_and_a_refusal_changes_nothing(fuzzed: Fuzzed, seed: int) -> None:
    forge, statuses = Forge(seed, words_of(fuzzed, seed)), Counter[int]()
    for _ in range(AT_ONCE):
        pairs, before = forge.request(), fuzzed.file.mark()
        reply = fuzzed.raw.pairs(pairs)
        statuses[reply.status] += 1
        assert reply.status in (200, 400, 401, 403, 412, 503), (pairs, reply.body)
        changes = fuzzed.file.changes(before)
        if reply.status != 200 or operation_of(pairs).startswith(READING):
            assert changes == [], (pairs, reply.body)
        elif not operation_of(pairs).startswith(MAY_BE_SO) and not any(name == "ClientToken" for name, _ in pairs):
            assert changes, (pairs, reply.body)
    assert statuses[200] > AT_ONCE / 20, statuses
    assert statuses[400] > AT_ONCE / 5, statuses


def operation_of(pairs: Pairs) -> str:
    """Name what was asked for; a damaged request may say so twice."""
    return next((value for name, value in pairs if name in ("Action", "Operation") and value), "")


def words_of(fuzzed: Fuzzed, seed: int) -> dict[str, list[str]]:
    """Collect values that mean something to this cloud, by the parameter's name; make sure that there are some."""
    raw = fuzzed.raw
    for old in raw.ask("DescribeInstances").texts("instanceId"):
        raw.ask("TerminateInstances", InstanceId_1=old)
    raw.ask("CreateKeyPair", KeyName="fuzz", KeyType="ed25519")
    images, groups = raw.ask("DescribeImages"), raw.ask("DescribeSecurityGroups")
    kernel = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="kernel")
    location = kernel.text("imageLocation").replace("vmlinuz", "disk")
    machine = raw.ask("RegisterImage", Name=f"fuzz {seed}", ImageLocation=location).text("imageId")
    run = raw.ask("RunInstances", ImageId=machine, MinCount="1", MaxCount="1")
    found = fuzzed.file.words()
    ids = [machine, run.text("instanceId"), *(one for ids in found.values() for one in ids[-2:])]
    return found | {
        "ImageId": [machine], "InstanceId": run.texts("instanceId"), "ResourceId": ids, "KeyName": ["fuzz", "new"],
        "SecurityGroup": ["default"], "SecurityGroupId": groups.texts("groupId")[:9],
        "GroupId": groups.texts("groupId")[:9],
        "GroupName": ["default", "new"], "InstanceType": ["m1.small", "c1.medium"], "ImageLocation":
        images.texts("imageLocation"), "Owner": ["self", *groups.texts("ownerId")], "AvailabilityZone": ["cluster1"],
        "ZoneName": ["cluster1", "verbose"], "RegionName": ["eucalyptus"], "UserData": ["aGVsbG8="],
        "Value": [*ids, "*", "a*"], "Tenancy": ["default"],
        "InstanceInitiatedShutdownBehavior": ["stop"], "KeyType": ["ed25519"], "KeyFormat": ["pem"],
        "AttributeName": ["max-instances"], "Architecture": ["x86_64"], "RootDeviceName": ["/dev/sda1"],
        "KernelId": [i for i in images.texts("imageId") if i.startswith("eki")], "Description": ["new"],
        "SecurityGroupRuleId": raw.ask("DescribeSecurityGroupRules").texts("securityGroupRuleId"),
        "CidrIp": ["10.0.0.0/8", "192.0.2.1/24"], "VpcId": [DEFAULT_VPC_ID],
        "CidrIpv4": ["10.0.0.0/8"], "CidrIpv6": ["2001:db8::/32"], "SourceSecurityGroupName": ["default"],
        "RamdiskId": [i for i in images.texts("imageId") if i.startswith("eri")], "GroupDescription": ["new"],
        "PublicIp": raw.ask("AllocateAddress").texts("publicIp"), "AddressingType": ["public", "private"],
        "AllocationId": raw.ask("DescribeAddresses").texts("allocationId")[:9], "Domain": ["vpc", "standard"],
        "AssociationId": raw.ask("DescribeAddresses").texts("associationId")[:9],
        "SubnetId": raw.ask("DescribeSubnets").texts("subnetId"), "DeviceIndex": ["0"],
        "NetworkInterfaceId": raw.ask("DescribeNetworkInterfaces").texts("networkInterfaceId")[:9],
        "IpProtocol": ["tcp", "-1", "icmp"], "Name": ["new", "web"], "Device": ["/dev/sdf"], "Size": ["1", "2"],
    }  # fmt: skip

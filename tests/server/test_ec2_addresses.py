"""Public addresses over HTTP: Amazon's answers, codes and filters, by today's names and by those of 2009."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.served import ServedCloud
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
UNKNOWN = "eipalloc-0badc0de0badc0de0"


@pytest.fixture(scope="module")
def instance(raw: RawEc2) -> Iterator[str]:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    made = raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1").text("instanceId")
    yield made
    raw.ask("TerminateInstances", InstanceId_1=made)


@pytest.fixture
def address(raw: RawEc2) -> Iterator[Reply]:
    made = raw.ask(
        "AllocateAddress", TagSpecification_1_ResourceType="elastic-ip", TagSpecification_1_Tag_1_Key="Name",
        TagSpecification_1_Tag_1_Value="tried",
    )  # fmt: skip
    assert made.status == 200, made.message
    yield made
    raw.ask("ReleaseAddress", AllocationId=made.text("allocationId"))


def refusal(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.code


def test_an_address_is_told_with_its_pool_which_says_that_it_is_a_rehearsal(raw: RawEc2, address: Reply) -> None:
    assert address.text("publicIp").startswith("198.51.100.")
    assert (address.text("domain"), address.text("publicIpv4Pool")) == ("vpc", "rehearsal")
    shown = raw.ask("DescribeAddresses", PublicIp_1=address.text("publicIp"))
    assert (shown.text("allocationId"), shown.text("value")) == (address.text("allocationId"), "tried")
    assert shown.texts("instanceId") == []


def test_today_s_client_goes_by_allocation_and_association(raw: RawEc2, address: Reply, instance: str) -> None:
    allocation, ip = address.text("allocationId"), address.text("publicIp")
    on = raw.ask("AssociateAddress", AllocationId=allocation, InstanceId=instance).text("associationId")
    assert raw.ask("AssociateAddress", AllocationId=allocation, InstanceId=instance).text("associationId") == on
    shown = raw.ask("DescribeAddresses", AllocationId_1=allocation)
    assert (shown.text("instanceId"), shown.text("associationId")) == (instance, on)
    for name, value in (
        ("association-id", on), ("allocation-id", allocation), ("public-ip", ip), ("instance-id", instance),
        ("network-interface-id", f"eni-{instance[2:]}"), ("tag:Name", "tried"), ("domain", "vpc"),
        ("private-ip-address", shown.text("privateIpAddress")), ("network-border-group", "eucalyptus"),
        ("network-interface-owner-id", shown.text("networkInterfaceOwnerId")),
    ):  # fmt: skip
        found = raw.ask("DescribeAddresses", Filter_1_Name=name, Filter_1_Value_1=value[:-1] + "?")
        assert allocation in found.texts("allocationId"), name
        assert raw.ask("DescribeAddresses", Filter_1_Name=name, Filter_1_Value_1="x").texts("publicIp") == []
    there = raw.ask("DescribeInstances", InstanceId_1=instance)
    assert (there.text("ipAddress"), there.text("dnsName")) == (ip, ip)
    assert raw.ask("DisassociateAddress", AssociationId=on).text("return") == "true"
    assert refusal(raw.ask("DisassociateAddress", AssociationId=on)) == (400, "InvalidAssociationID.NotFound")
    assert raw.ask("DescribeInstances", InstanceId_1=instance).texts("ipAddress") == []


def test_a_client_of_2009_goes_by_the_address_itself(raw: RawEc2, instance: str) -> None:
    def ask(action: str, **params: str) -> Reply:
        return raw.ask(action, version="2014-09-01", **params)

    ip = ask("AllocateAddress", Domain="standard").text("publicIp")
    assert ask("AssociateAddress", PublicIp=ip, InstanceId=instance).status == 200
    shown = ask("DescribeAddresses", PublicIp_1=ip)
    assert (shown.text("domain"), shown.text("instanceId")) == ("standard", instance)
    assert ask("DisassociateAddress", PublicIp=ip).text("return") == "true"
    assert ask("DisassociateAddress", PublicIp=ip).text("return") == "true"
    assert ask("ReleaseAddress", PublicIp=ip).text("return") == "true"
    assert refusal(ask("ReleaseAddress", PublicIp=ip)) == (400, "InvalidAddress.NotFound")


def test_a_release_takes_the_address_off_its_instance(raw: RawEc2, instance: str) -> None:
    ip = raw.ask("AllocateAddress").text("publicIp")
    raw.ask("AssociateAddress", PublicIp=ip, NetworkInterfaceId=f"eni-{instance[2:]}")
    found = raw.ask("DescribeInstances", Filter_1_Name="ip-address", Filter_1_Value_1=ip)
    assert found.texts("instanceId")[0] == instance
    raw.ask("ReleaseAddress", PublicIp=ip)
    assert raw.ask("DescribeInstances", InstanceId_1=instance).texts("ipAddress") == []


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("AllocateAddress", {"Domain": "moon"}, "InvalidParameterValue"),
        ("AllocateAddress", {"Address": "203.0.113.1"}, "InvalidAddress.NotFound"),
        ("AllocateAddress", {"Address": "203.0.113"}, "InvalidAddress.Malformed"),
        ("AllocateAddress", {"PublicIpv4Pool": "mine"}, "InvalidParameterValue"),
        ("AllocateAddress", {"NetworkBorderGroup": "moon"}, "InvalidParameterValue"),
        ("AllocateAddress", {"CustomerOwnedIpv4Pool": "mine"}, "UnsupportedOperation"),
        ("AllocateAddress", {"DryRun": "true"}, "DryRunOperation"),
        ("DescribeAddresses", {"AllocationId_1": UNKNOWN}, "InvalidAllocationID.NotFound"),
        ("DescribeAddresses", {"PublicIp_1": "203.0.113.1"}, "InvalidAddress.NotFound"),
        ("DescribeAddresses", {"PublicIp_1": "moon"}, "InvalidAddress.Malformed"),
        ("ReleaseAddress", {}, "MissingParameter"),
        ("ReleaseAddress", {"AllocationId": UNKNOWN}, "InvalidAllocationID.NotFound"),
        ("ReleaseAddress", {"AllocationId": UNKNOWN, "PublicIp": "203.0.113.1"}, "InvalidParameterCombination"),
        ("AssociateAddress", {"InstanceId": "{instance}"}, "MissingParameter"),
        ("AssociateAddress", {"PublicIp": "{ip}"}, "MissingParameter"),
        ("AssociateAddress", {"PublicIp": "{ip}", "InstanceId": "i-0badc0de"}, "InvalidInstanceID.NotFound"),
        ("AssociateAddress", {"PublicIp": "{ip}", "NetworkInterfaceId": "1"}, "InvalidNetworkInterfaceId.Malformed"),
        (
            "AssociateAddress",
            {"PublicIp": "{ip}", "NetworkInterfaceId": "eni-0badc0de"},
            "InvalidNetworkInterfaceID.NotFound",
        ),
        (
            "AssociateAddress",
            {"PublicIp": "{ip}", "InstanceId": "{instance}", "PrivateIpAddress": "10.0.0.1"},
            "InvalidParameterValue",
        ),
        ("DisassociateAddress", {}, "MissingParameter"),
        ("DisassociateAddress", {"AssociationId": "eipassoc-0badc0de"}, "InvalidAssociationID.NotFound"),
        ("DescribeAddressesAttribute", {}, "UnsupportedOperation"),
        ("ModifyAddressAttribute", {"AllocationId": UNKNOWN}, "UnsupportedOperation"),
    ],
)  # fmt: skip
def test_what_can_not_be_done_has_amazon_s_code(
    raw: RawEc2, address: Reply, instance: str, action: str, params: dict[str, str], code: str
) -> None:
    before = raw.ask("DescribeAddresses")
    filled = {name: value.format(ip=address.text("publicIp"), instance=instance) for name, value in params.items()}
    refused = raw.ask(action, **filled)
    assert refused.code == code, refused.message
    assert raw.ask("DescribeAddresses").same_as(before)


def test_an_address_that_is_elsewhere_stays_if_the_client_forbids_to_move_it(raw: RawEc2, instance: str) -> None:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    other = raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1").text("instanceId")
    ip = raw.ask("AllocateAddress").text("publicIp")
    raw.ask("AssociateAddress", PublicIp=ip, InstanceId=instance)
    stays = raw.ask("AssociateAddress", PublicIp=ip, InstanceId=other, AllowReassociation="false")
    assert refusal(stays) == (400, "Resource.AlreadyAssociated")
    assert raw.ask("AssociateAddress", PublicIp=ip, InstanceId=other).status == 200
    raw.ask("TerminateInstances", InstanceId_1=other)
    assert raw.ask("DescribeAddresses", PublicIp_1=ip).texts("instanceId") == []
    raw.ask("ReleaseAddress", PublicIp=ip)


def test_a_user_has_five_addresses_and_puts_none_on_what_is_not_theirs(
    raw_stranger: RawEc2, raw: RawEc2, instance: str, address: Reply
) -> None:
    given = [raw_stranger.ask("AllocateAddress").text("publicIp") for _ in range(5)]
    assert refusal(raw_stranger.ask("AllocateAddress")) == (400, "AddressLimitExceeded")
    on_theirs = raw_stranger.ask("AssociateAddress", PublicIp=given[0], InstanceId=instance)
    assert refusal(on_theirs) == (400, "InvalidInstanceID.NotFound")
    assert raw_stranger.ask("DescribeAddresses").texts("publicIp") == given
    assert {address.text("publicIp"), *given} <= set(raw.ask("DescribeAddresses").texts("publicIp"))
    for ip in given:
        raw_stranger.ask("ReleaseAddress", PublicIp=ip)


def test_tags_come_and_go_and_leave_with_the_address(raw: RawEc2) -> None:
    made = raw.ask("AllocateAddress").text("allocationId")
    assert raw.ask("CreateTags", ResourceId_1=made, Tag_1_Key="a", Tag_1_Value="b").status == 200
    told = raw.ask("DescribeTags", Filter_1_Name="resource-type", Filter_1_Value_1="elastic-ip")
    assert (made in told.texts("resourceId"), told.text("resourceType")) == (True, "elastic-ip")
    raw.ask("ReleaseAddress", AllocationId=made)
    assert raw.ask("DescribeTags", Filter_1_Name="resource-id", Filter_1_Value_1=made).texts("key") == []


def test_boto_2_handles_addresses_in_either_way(cloud: ServedCloud, admin: dict[str, str]) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.server.boto2_addresses", cloud.url]
    done = subprocess.run(command, env={**os.environ, **admin}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_settings_give_the_pool_and_say_who_gets_of_it_unasked(tmp_path: Path) -> None:
    config = tmp_path / "eucalyptus.conf"
    config.write_text('REHEARSE="1x1"\nPUBLIC_IPS="203.0.113.8/30 203.0.113.20"\nADDRESSING="head"\n')
    with ServedCloud(tmp_path / "state", config=config) as served, closing(RawEc2(served.credentials())) as raw:
        image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
        run = raw.ask("RunInstances", ImageId=image, MinCount="2", MaxCount="2")
        assert [run.text("amiLaunchIndex"), run.texts("ipAddress")] == ["0", ["203.0.113.9"]]
        given = [raw.ask("AllocateAddress") for _ in range(3)]
        assert [one.text("publicIp") for one in given] == ["203.0.113.10", "203.0.113.20", ""]
        assert given[0].text("publicIpv4Pool") == "eucalyptus"
        assert refusal(given[2]) == (400, "InsufficientAddressCapacity")
        full = raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1")
        assert refusal(full) == (400, "InsufficientAddressCapacity")
        private = raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1", AddressingType="private")
        assert private.status == 200

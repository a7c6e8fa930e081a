"""Private addresses as a client sees them, kept over stop and start, given back at the end."""

from typing import Any

import pytest

from tests.deadline import eventually

pytestmark = pytest.mark.server


def described(ec2: Any, **asked: Any) -> list[dict[str, Any]]:
    found = ec2.describe_instances(**asked)["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def test_an_instance_shows_one_private_address_from_launch_to_end(ec2: Any) -> None:
    image = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
    ran = ec2.run_instances(ImageId=image["ImageId"], MinCount=2, MaxCount=2)["Instances"]
    ids, addresses = [one["InstanceId"] for one in ran], [one["PrivateIpAddress"] for one in ran]
    assert len(set(addresses)) == 2
    assert ran[0]["PrivateDnsName"] == f"ip-{addresses[0].replace('.', '-')}.eucalyptus.internal"
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})
    ec2.stop_instances(InstanceIds=ids[:1])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids[:1], WaiterConfig={"Delay": 1})
    ec2.start_instances(InstanceIds=ids[:1])
    for name, value in (("private-ip-address", addresses[0]), ("private-dns-name", ran[0]["PrivateDnsName"])):
        shown = described(ec2, Filters=[{"Name": name, "Values": [value]}])
        assert [one["InstanceId"] for one in shown] == ids[:1]
        assert shown[0]["PrivateIpAddress"] == addresses[0]
    ec2.terminate_instances(InstanceIds=ids)
    eventually(lambda: described(ec2, InstanceIds=ids[:1])[0]["State"]["Name"] == "terminated")
    ended = described(ec2, InstanceIds=ids[:1])[0]
    assert (ended.get("PrivateIpAddress"), ended["PrivateDnsName"]) == (None, "")

"""Answers of old dates, as full as handlers can make them, are read right by the parsers of their own time.

A parser of boto's goes by the names of elements and does not know where it is: a nested set that it never saw ends its
instance early, or overwrites the instance's id with somebody else's.
"""

import json
import subprocess
from typing import Any

import msgspec
import pytest

from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.protocol import Protocol
from bench.environments import NotHere
from tests.clients.clients import CLIENTS, SCRIPTS

BOTOS = {client.name: client for client in CLIENTS if client.name in ("boto 1.9b", "boto 2.0", "boto 2.49")}
DATES = {
    "boto 1.9b": ("2008-02-01", "2009-04-04", "2009-11-30"),
    "boto 2.0": ("2009-11-30", "2010-08-31", "2011-01-01"),
    "boto 2.49": ("2008-12-01", "2010-08-31", "2011-11-01", "2013-10-15", "2014-10-01"),
}
GROUPS = [{"GroupName": "web", "GroupId": "sg-0a11beef"}, {"GroupName": "db", "GroupId": "sg-0a22beef"}]
PUBLIC = {"PublicIp": "192.0.2.9", "PublicDnsName": "other", "IpOwnerId": "000000000009"}
INTERFACE = {
    "NetworkInterfaceId": "eni-0a11beef",
    "OwnerId": "000000000009",
    "Status": "in-use",
    "PrivateIpAddress": "10.9.9.9",
    "PrivateDnsName": "other",
    "Groups": GROUPS,
    "Attachment": {"AttachmentId": "eni-attach-1", "DeviceIndex": 0, "Status": "attached"},
    "Association": PUBLIC,
    "PrivateIpAddresses": [{"PrivateIpAddress": "10.9.9.9", "Primary": True, "Association": PUBLIC}],
}
VOLUME = {"VolumeId": "vol-0a11beef", "Status": "attached", "AttachTime": 0, "DeleteOnTermination": True}


class DescribeInstances(msgspec.Struct):
    pass


class RunInstances(msgspec.Struct):
    pass


EC2 = Protocol(
    Models(), "ec2", {"DescribeInstances": DescribeInstances, "RunInstances": RunInstances}, Amendments.load()
)


def instance(index: int) -> dict[str, object]:
    return {
        "InstanceId": f"i-0a11bee{index}",
        "ImageId": "emi-0a11beef",
        "State": {"Code": 16, "Name": "running"},
        "PrivateDnsName": "inside",
        "PublicDnsName": "outside",
        "KeyName": "mine & yours",
        "AmiLaunchIndex": index,
        "ProductCodes": [{"ProductCodeId": "774F4FF8", "ProductCodeType": "marketplace"}],
        "InstanceType": "m1.small",
        "LaunchTime": 0,
        "Placement": {"AvailabilityZone": "cluster01", "GroupName": "placed", "Tenancy": "default"},
        "Platform": "windows",
        "Monitoring": {"State": "enabled"},
        "StateReason": {"Code": "Client.UserInitiatedShutdown", "Message": "other"},
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": VOLUME}],
        "Tags": [{"Key": "Name", "Value": "front"}, {"Key": "state", "Value": "other"}],
        "SecurityGroups": GROUPS,
        "NetworkInterfaces": [INTERFACE],
        "IamInstanceProfile": {"Arn": "arn:other", "Id": "other"},
        "CpuOptions": {"CoreCount": 1},
        "MetadataOptions": {"State": "applied"},
    }


RESERVATION: dict[str, object] = {
    "ReservationId": "r-0a11beef",
    "OwnerId": "000000000001",
    "Groups": GROUPS,
    "Instances": [instance(0), instance(1)],
}


def parsed(boto: str, action: str, date: str, answer: dict[str, object]) -> Any:
    try:
        command, environment = BOTOS[boto].start()
    except NotHere as error:
        pytest.skip(str(error))
    document = EC2.encode(EC2.decode([("Action", action), ("Version", date)]), answer, "req-1")
    before = command[: command.index(str(SCRIPTS / "old_boto.py"))]
    done = subprocess.run(
        [*before, str(SCRIPTS / "old_parser.py"), action],
        input=document,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def expected(date: str, number: int) -> dict[str, object]:
    return {
        "id": f"i-0a11bee{number}",
        "image_id": "emi-0a11beef",
        "key_name": "mine & yours",
        "instance_type": "m1.small",
        "placement": "cluster01",
        "ami_launch_index": str(number),
        "state": "running",
        "launch_time": "1970-01-01T00:00:00.000Z",
        "tags": {"Name": "front", "state": "other"} if date >= "2010-08-31" else {},
    }


@pytest.mark.clients
@pytest.mark.parametrize("action", ["DescribeInstances", "RunInstances"])
@pytest.mark.parametrize(("boto", "date"), [(boto, date) for boto, dates in DATES.items() for date in dates])
def test_an_old_parser_reads_every_instance_and_its_groups(boto: str, date: str, action: str) -> None:
    whole: dict[str, object] = {"Reservations": [RESERVATION] * 2}
    read = parsed(boto, action, date, RESERVATION if action == "RunInstances" else whole)
    assert len(read) == (1 if action == "RunInstances" else 2)
    for reservation in read:
        assert (reservation["id"], reservation["owner"]) == ("r-0a11beef", "000000000001")
        assert reservation["groups"] == ["web", "db"]
        assert reservation["instances"] == [expected(date, 0), expected(date, 1)]

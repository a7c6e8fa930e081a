"""How long it takes to write DescribeInstances of 1,000 instances, and to read a RunInstances.

.venv/bin/python -m bench.components.wire_encode
"""

from statistics import median
from time import perf_counter

import msgspec

from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.protocol import Protocol

COUNT, ROUNDS = 1000, 15


class DescribeInstances(msgspec.Struct):
    instance_ids: list[str] = []


class Placement(msgspec.Struct):
    availability_zone: str = ""


class RunInstances(msgspec.Struct):
    image_id: str
    min_count: int
    max_count: int
    key_name: str = ""
    security_groups: list[str] = []
    instance_type: str = ""
    user_data: bytes = b""
    placement: Placement | None = None


def instance(number: int) -> dict[str, object]:
    """Return about 35 fields, as the handler of DescribeInstances fills them."""
    return {
        "InstanceId": f"i-{number:017x}",
        "ImageId": "emi-0a11beef0a11beef0",
        "State": {"Code": 16, "Name": "running"},
        "PrivateDnsName": f"ip-10-0-{number // 256}-{number % 256}.internal",
        "PublicDnsName": "",
        "StateTransitionReason": "",
        "KeyName": "my <key> & more",
        "AmiLaunchIndex": number % 20,
        "ProductCodes": [],
        "InstanceType": "m1.small",
        "LaunchTime": 1_767_323_045_000 + number,
        "Placement": {"AvailabilityZone": "cluster01", "GroupName": "", "Tenancy": "default"},
        "KernelId": "eki-0a11beef",
        "RamdiskId": "eri-0a11beef",
        "Monitoring": {"State": "disabled"},
        "SubnetId": "subnet-0a11beef",
        "VpcId": "vpc-0a11beef",
        "PrivateIpAddress": f"10.0.{number // 256}.{number % 256}",
        "PublicIpAddress": None,
        "Architecture": "x86_64",
        "RootDeviceType": "instance-store",
        "RootDeviceName": "/dev/sda1",
        "BlockDeviceMappings": [],
        "VirtualizationType": "paravirtual",
        "ClientToken": f"token-{number}",
        "Tags": [{"Key": "Name", "Value": f"web {number}"}, {"Key": "team", "Value": "research"}],
        "SecurityGroups": [{"GroupName": "default", "GroupId": "sg-0a11beef"}],
        "SourceDestCheck": True,
        "Hypervisor": "xen",
        "NetworkInterfaces": [],
        "EbsOptimized": False,
        "EnaSupport": False,
    }


def timed(name: str, work: object, times: int) -> None:
    assert callable(work)
    taken = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for _ in range(times):
            work()
        taken.append((perf_counter() - start) * 1000)
    print(f"{name:44} median {median(taken):8.1f} ms   best {min(taken):8.1f} ms")


def main() -> None:
    start = perf_counter()
    operations: dict[str, type[msgspec.Struct]] = {"DescribeInstances": DescribeInstances, "RunInstances": RunInstances}
    protocol = Protocol(Models(), "ec2", operations, Amendments.load())
    print(f"{'start-up, newest model':44}        {(perf_counter() - start) * 1000:8.1f} ms")
    for date in ("2016-11-15", "2014-09-01"):
        call = protocol.decode([("Action", "DescribeInstances"), ("Version", date)])
        reservations = [
            {"ReservationId": f"r-{n:017x}", "OwnerId": "000000000001", "Groups": [], "Instances": [instance(n)]}
            for n in range(COUNT)
        ]
        answer = {"Reservations": reservations}
        size = len(protocol.encode(call, answer, "req"))
        timed(
            f"encode {COUNT} instances, {date} ({size / 2**20:.2f} MiB)",
            lambda call=call, answer=answer: protocol.encode(call, answer, "req"),
            1,
        )
    request = [
        ("Action", "RunInstances"),
        ("Version", "2016-11-15"),
        ("ImageId", "emi-0a11beef"),
        ("MinCount", "1"),
        ("MaxCount", "2"),
        ("KeyName", "mine"),
        ("SecurityGroup.1", "default"),
        ("InstanceType", "m1.small"),
        ("Placement.AvailabilityZone", "cluster01"),
        ("UserData", "aGVsbG8="),
    ]
    timed("decode 1000 RunInstances", lambda: protocol.decode(request), 1000)


if __name__ == "__main__":
    main()

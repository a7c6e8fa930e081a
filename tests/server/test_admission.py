"""Many at once: the last slots, one client token, dry runs and strangers."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    """One host of eight cores and its neighbour: sixteen slots."""
    with ServedCloud(tmp_path_factory.mktemp("small") / "state", rehearse="1x2") as served:
        yield served


def code_of(error: ClientError) -> str:
    code: str = error.response["Error"]["Code"]
    return code


def machine(ec2: Any) -> str:
    found = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
    image: str = found[0]["ImageId"]
    return image


def test_fifty_requests_for_the_last_ten_slots_start_exactly_ten(small: ServedCloud) -> None:
    environment = small.credentials()
    ec2 = ec2_client(environment)
    image = machine(ec2)
    ec2.run_instances(ImageId=image, MinCount=6, MaxCount=6)

    def one(_: int) -> str:
        try:
            return str(ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])
        except ClientError as error:
            return code_of(error)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    started = {answer for answer in answers if answer.startswith("i-")}
    assert len(started) == 10
    assert [answer for answer in answers if not answer.startswith("i-")] == ["InsufficientInstanceCapacity"] * 40

    def states() -> list[str]:
        shown = ec2.describe_instances()["Reservations"]
        return [instance["State"]["Name"] for r in shown for instance in r["Instances"]]

    eventually(lambda: states() == ["running"] * 16)
    ec2.terminate_instances(
        InstanceIds=[i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    )
    eventually(lambda: set(states()) == {"terminated"})


def test_two_requests_with_one_client_token_at_once_make_one_reservation(small: ServedCloud) -> None:
    ec2 = ec2_client(small.credentials())
    image = machine(ec2)

    def one(_: int) -> tuple[str, str]:
        run = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, ClientToken="together")
        return run["ReservationId"], ",".join(sorted(instance["InstanceId"] for instance in run["Instances"]))

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(one, range(8)))
    assert len(answers) == 1
    with pytest.raises(ClientError) as other:
        ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, ClientToken="together")
    assert code_of(other.value) == "IdempotentParameterMismatch"


def test_a_dry_run_changes_nothing(small: ServedCloud) -> None:
    ec2 = ec2_client(small.credentials())
    before = ec2.describe_instances()["Reservations"]
    with pytest.raises(ClientError) as dry:
        ec2.run_instances(ImageId=machine(ec2), MinCount=1, MaxCount=1, DryRun=True)
    assert code_of(dry.value) == "DryRunOperation"
    assert dry.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert ec2.describe_instances()["Reservations"] == before


def test_a_stranger_sees_nothing_of_another_account(ec2: Any, image_id: str, stranger: dict[str, str]) -> None:
    mine = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.create_key_pair(KeyName="mine")
    group = ec2.create_security_group(GroupName="mine", Description="mine")["GroupId"]
    eve = ec2_client(stranger)
    seen = [i["InstanceId"] for r in eve.describe_instances()["Reservations"] for i in r["Instances"]]
    assert mine not in seen
    assert "mine" not in [pair["KeyName"] for pair in eve.describe_key_pairs()["KeyPairs"]]
    assert mine not in [tag["ResourceId"] for tag in eve.describe_tags()["Tags"]]
    assert group not in [found["GroupId"] for found in eve.describe_security_groups()["SecurityGroups"]]
    attempts: dict[str, list[Callable[[], Any]]] = {
        "InvalidInstanceID.NotFound": [
            lambda: eve.describe_instances(InstanceIds=[mine]),
            lambda: eve.describe_instance_status(InstanceIds=[mine]),
            lambda: eve.terminate_instances(InstanceIds=[mine]),
            lambda: eve.stop_instances(InstanceIds=[mine]),
            lambda: eve.start_instances(InstanceIds=[mine]),
            lambda: eve.reboot_instances(InstanceIds=[mine]),
            lambda: eve.get_console_output(InstanceId=mine),
            lambda: eve.create_tags(Resources=[mine], Tags=[{"Key": "a", "Value": "b"}]),
            lambda: eve.delete_tags(Resources=[mine]),
        ],
        "InvalidKeyPair.NotFound": [
            lambda: eve.describe_key_pairs(KeyNames=["mine"]),
            lambda: eve.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, KeyName="mine"),
        ],
        "InvalidGroup.NotFound": [
            lambda: eve.delete_security_group(GroupId=group),
            lambda: eve.describe_security_groups(GroupIds=[group]),
            lambda: eve.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, SecurityGroupIds=[group]),
        ],
    }
    for code, calls in attempts.items():
        for call in calls:
            with pytest.raises(ClientError) as refused:
                call()
            assert code_of(refused.value) == code
    eve.delete_key_pair(KeyName="mine")
    assert ec2.describe_key_pairs(KeyNames=["mine"])["KeyPairs"]
    assert ec2.describe_instances(InstanceIds=[mine])["Reservations"]
    ec2.terminate_instances(InstanceIds=[mine])

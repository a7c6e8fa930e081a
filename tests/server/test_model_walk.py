"""Every operation, at the newest and the oldest API version that botocore has, against the models themselves."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.server.query import OPERATIONS
from tests.deadline import eventually
from tests.server.conftest import ec2_client
from tests.server.model_walk import Walk, members

pytestmark = pytest.mark.server
NEVER_FILLED = tomllib.loads((Path(__file__).parent / "never_filled.toml").read_text())
VERSIONS = ("2016-11-15", "2014-09-01")
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
PUBLIC_KEY = RSA.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


def drive(ec2: Any, today: bool) -> None:
    """Call every operation in a way that makes it say as much as it can."""

    def if_today(**arguments: Any) -> dict[str, Any]:
        return arguments if today else {}

    suffix = "today" if today else "of-old"
    tags = {"Tags": [{"Key": "Name", "Value": "walk"}]}
    ec2.describe_regions()
    ec2.describe_availability_zones(ZoneNames=["verbose"])
    ec2.describe_account_attributes()
    if today:
        ec2.describe_instance_types()
    images = ec2.describe_images()["Images"]
    machine = next(image for image in images if image["ImageType"] == "machine")
    spec = if_today(TagSpecifications=[{"ResourceType": "key-pair", **tags}])
    ec2.create_key_pair(KeyName=f"walk-{suffix}", **spec)
    ec2.import_key_pair(KeyName=f"import-{suffix}", PublicKeyMaterial=PUBLIC_KEY, **spec)
    ec2.describe_key_pairs(**if_today(IncludePublicKey=True))
    group = ec2.create_security_group(
        GroupName=f"walk-{suffix}",
        Description="walked",
        **if_today(TagSpecifications=[{"ResourceType": "security-group", **tags}]),
    )
    ec2.create_tags(Resources=[group["GroupId"], machine["ImageId"]], **tags)
    ec2.describe_security_groups(GroupIds=[group["GroupId"]])
    ec2.describe_images()
    ec2.register_image(Name=f"again-{suffix}", ImageLocation=machine["ImageLocation"])
    again = ec2.describe_images(Filters=[{"Name": "name", "Values": [f"again-{suffix}"]}])["Images"][0]
    ec2.deregister_image(ImageId=again["ImageId"])
    run = ec2.run_instances(
        ImageId=machine["ImageId"],
        MinCount=2,
        MaxCount=6,
        KeyName=f"walk-{suffix}",
        SecurityGroupIds=[group["GroupId"]],
        ClientToken=f"walk-{suffix}",
        **if_today(TagSpecifications=[{"ResourceType": "instance", **tags}]),
    )
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    ec2.create_tags(Resources=ids, Tags=[{"Key": "Name", "Value": "walk"}])

    def all_are(state: str) -> Callable[[], bool]:
        def check() -> bool:
            shown = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
            return {instance["State"]["Name"] for instance in shown} == {state}

        return check

    eventually(all_are("running"))
    ec2.describe_instance_status(InstanceIds=ids)
    ec2.describe_instance_status(MaxResults=5)
    ec2.describe_instances(MaxResults=5)
    ec2.describe_tags(MaxResults=5)
    ec2.get_console_output(InstanceId=ids[0])
    ec2.reboot_instances(InstanceIds=ids)
    ec2.stop_instances(InstanceIds=ids)
    eventually(all_are("stopped"))
    ec2.describe_instances(InstanceIds=ids)
    ec2.start_instances(InstanceIds=ids)
    eventually(all_are("running"))
    ec2.delete_tags(Resources=ids)
    ec2.terminate_instances(InstanceIds=ids)
    eventually(all_are("terminated"))
    ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_key_pair(KeyName=f"walk-{suffix}")


def walk(admin: dict[str, str], service: str, version: str, go: Callable[[Any], None]) -> tuple[Walk, set[str], Any]:
    client = ec2_client(admin, version, service)
    found, called = Walk(), set()

    def take(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] == 200:
            called.add(operation_model.name)
            found.answer(operation_model, response_dict["body"])

    client.meta.events.register(f"before-parse.{service}.*", take)
    go(client)
    return found, called, client.meta.service_model


@pytest.fixture(scope="module")
def walks(admin: dict[str, str]) -> dict[str, tuple[Walk, set[str], Any]]:
    """Drive the whole interface once at each version."""
    return {version: walk(admin, "ec2", version, lambda c, v=version: drive(c, v == VERSIONS[0])) for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_hold_only_what_the_model_knows(walks: dict[str, Any], version: str) -> None:
    found, called, model = walks[version]
    offered = {operation.name for operation in OPERATIONS if operation.service == "ec2"}
    assert called == {name for name in offered if name in model.operation_names}
    assert found.unknown == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_member_of_the_model_is_filled_or_has_a_reason_not_to_be(walks: dict[str, Any], version: str) -> None:
    _, called, model = walks[version]
    filled = set().union(*(found.filled for found, _, _ in walks.values()))
    excused = {path for paths in NEVER_FILLED.values() for path in paths}
    missing = {
        path
        for name in called
        for path in members(model.operation_model(name))
        if path not in filled and not any(path == e or path.startswith(e + ".") for e in excused)
    }
    import json, pathlib; pathlib.Path(f"/tmp/missing-{version}.json").write_text(json.dumps(sorted(missing)))
    assert missing == set()
    assert excused & filled == set(), "these are filled now: take them off the list"


def test_the_caller_identity_is_told_by_the_token_service(admin: dict[str, str]) -> None:
    sts = ec2_client(admin, None, "sts")
    answer = sts.get_caller_identity()
    assert answer["Account"] == admin["EC2_USER_ID"]
    assert answer["Arn"] == f"arn:aws:iam::{admin['EC2_USER_ID']}:user/admin"
    assert answer["UserId"]

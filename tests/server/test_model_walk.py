"""Every operation, at the newest and the oldest API version that botocore has, against the models themselves."""

import re
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.server.query import OPERATIONS
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.areas import AREAS
from tests.server.conftest import ec2_client
from tests.server.model_walk import Walk, members

pytestmark = pytest.mark.server
NEVER_FILLED = [tomllib.loads(file.read_text()) for file in (Path(__file__).parent / "never_filled").glob("*.toml")]
VERSIONS = ("2016-11-15", "2014-09-01")
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
TAGS = {"Tags": [{"Key": "Name", "Value": "walk"}]}
PUBLIC_KEY = RSA.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


class Drive:
    """Calls every operation in a way that makes it say as much as it can; `today` allows what 2014 did not have."""

    def __init__(self, ec2: Any, *, today: bool) -> None:
        self.ec2, self.today = ec2, today
        self.suffix = "today" if today else "of-old"

    def go(self) -> None:
        self.site()
        self.keys()
        image_id, group_id = self.images(), self.groups()
        self.instances(image_id, group_id)
        self.ec2.delete_security_group(GroupId=group_id)
        self.ec2.delete_key_pair(KeyName=f"walk-{self.suffix}")

    def tagged(self, resource_type: str) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": resource_type, **TAGS}]} if self.today else {}

    def site(self) -> None:
        self.ec2.describe_regions()
        self.ec2.describe_availability_zones(ZoneNames=["verbose"])
        self.ec2.describe_account_attributes()
        if self.today:
            self.ec2.describe_instance_types()
            self.ec2.describe_instance_types(MaxResults=5)

    def keys(self) -> None:
        tagged = self.tagged("key-pair")
        self.ec2.create_key_pair(KeyName=f"walk-{self.suffix}", **tagged)
        self.ec2.import_key_pair(KeyName=f"import-{self.suffix}", PublicKeyMaterial=PUBLIC_KEY, **tagged)
        self.ec2.describe_key_pairs(**({"IncludePublicKey": True} if self.today else {}))

    def images(self) -> str:
        images = self.ec2.describe_images()["Images"]
        machine = next(image for image in images if image["ImageType"] == "machine")
        self.ec2.create_tags(Resources=[machine["ImageId"]], **TAGS)
        self.ec2.describe_images(**({"MaxResults": 1} if self.today else {}))
        self.ec2.describe_images()
        again = self.ec2.register_image(Name=f"again-{self.suffix}", ImageLocation=machine["ImageLocation"])
        self.ec2.deregister_image(ImageId=again["ImageId"])
        return str(machine["ImageId"])

    def groups(self) -> str:
        tagged = self.tagged("security-group")
        names = [f"walk-{self.suffix}", *(f"more-{number}" for number in range(5))]
        groups = [self.ec2.create_security_group(GroupName=name, Description="x", **tagged) for name in names]
        ids = [group["GroupId"] for group in groups]
        self.ec2.create_tags(Resources=ids, **TAGS)
        self.ec2.describe_security_groups(**({"MaxResults": 5} if self.today else {}))
        self.ec2.describe_security_groups()
        for group_id in ids[1:]:
            self.ec2.delete_security_group(GroupId=group_id)
        return str(ids[0])

    def instances(self, image_id: str, group_id: str) -> None:
        parts: dict[str, Any] = (
            {"Strategy": "partition", "PartitionCount": 2} if self.today else {"Strategy": "cluster"}
        )
        self.ec2.create_placement_group(GroupName="walk", **parts)
        run = self.ec2.run_instances(
            ImageId=image_id,
            MinCount=6,
            MaxCount=6,
            KeyName=f"walk-{self.suffix}",
            SecurityGroupIds=[group_id],
            ClientToken=f"walk-{self.suffix}",
            Placement={"GroupName": "walk"},
            **self.tagged("instance"),
        )
        ids = [instance["InstanceId"] for instance in run["Instances"]]
        self.ec2.create_tags(Resources=ids, **TAGS)
        self.reach("running", ids)
        self.ec2.describe_instance_status(InstanceIds=ids)
        self.ec2.describe_instance_status(MaxResults=5)
        self.ec2.describe_instances(MaxResults=5)
        self.ec2.describe_tags(MaxResults=5)
        self.ec2.get_console_output(InstanceId=ids[0])
        self.ec2.reboot_instances(InstanceIds=ids)
        self.ec2.stop_instances(InstanceIds=ids)
        self.reach("stopped", ids)
        self.ec2.start_instances(InstanceIds=ids)
        self.reach("running", ids)
        self.ec2.delete_tags(Resources=ids)
        self.ec2.terminate_instances(InstanceIds=ids)
        self.reach("terminated", ids)
        self.ec2.delete_placement_group(GroupName="walk")

    def reach(self, state: str, ids: list[str]) -> None:
        def all_there() -> bool:
            shown = self.ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
            return {instance["State"]["Name"] for instance in shown} == {state}

        eventually(all_there)


def drive(ec2: Any, today: bool) -> None:
    Drive(ec2, today=today).go()
    for area in AREAS:
        area.walk(ec2, today=today)


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


def short(path: str) -> str:
    """Name the members of an instance alike, wherever it is shown."""
    return re.sub(r"^(DescribeInstances\.Reservations|RunInstances)(\.Instances)?", r"Reservation\2", path)


@pytest.fixture(scope="module")
def walks(cloud: ServedCloud, admin: dict[str, str]) -> dict[str, tuple[Walk, set[str], Any]]:
    """Drive the whole interface once at each version; a sixth type makes types have two pages."""
    cloud.euca("type", "set", "t3.micro", "--alias-of", "m1.small")
    return {version: walk(admin, "ec2", version, partial(drive, today=version == VERSIONS[0])) for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_hold_only_what_the_model_knows(walks: dict[str, Any], version: str) -> None:
    found, called, model = walks[version]
    offered = {operation.name for operation in OPERATIONS if operation.service == "ec2"}
    assert called == {name for name in offered if name in model.operation_names}
    assert found.unknown == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_member_of_the_model_is_filled_or_has_a_reason_not_to_be(walks: dict[str, Any], version: str) -> None:
    _, called, model = walks[version]
    filled = {short(path) for found, _, _ in walks.values() for path in found.filled}
    excused = {path for area in NEVER_FILLED for paths in area.values() for path in paths}
    known = {short(path) for name in called for path in members(model.operation_model(name))}
    missing = {path for path in known - filled if not any(f"{path}.".startswith(f"{e}.") for e in excused)}
    assert missing == set()
    assert excused & filled == set(), "these are filled now: take them off the list"


def test_the_caller_identity_is_told_by_the_token_service(admin: dict[str, str]) -> None:
    sts = ec2_client(admin, None, "sts")
    answer = sts.get_caller_identity()
    assert answer["Account"] == admin["EC2_USER_ID"]
    assert answer["Arn"] == f"arn:aws:iam::{admin['EC2_USER_ID']}:user/admin"
    assert answer["UserId"]

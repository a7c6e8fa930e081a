"""Every operation at every API version that botocore has, against the models themselves.

The newest and the oldest are driven from end to end; for those between them what the newest was told is written anew.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from app.server.query import requests_of
from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.protocol import Call, Protocol
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.areas import AREAS
from tests.server.conftest import ec2_client
from tests.server.model_walk import Walk, members

pytestmark = pytest.mark.server
NEVER_FILLED = [tomllib.loads(file.read_text()) for file in (Path(__file__).parent / "never_filled").glob("*.toml")]
MODELS = Models()
VERSIONS = ("2016-11-15", "2014-09-01")
BETWEEN = [date for date in MODELS.dates("ec2") if date not in VERSIONS]
OFFERED = requests_of("ec2")
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


class Walked:
    """What a client of one version was told; `told` are its answers as botocore read them."""

    def __init__(self, admin: dict[str, str], version: str) -> None:
        self.found, self.called = Walk(words=version == VERSIONS[0]), set[str]()
        self.told: list[tuple[str, dict[str, Any]]] = []
        client = ec2_client(admin, version)
        self.model = client.meta.service_model
        client.meta.events.register("before-parse.ec2.*", self._take)
        client.meta.events.register("after-call.ec2.*", self._note)
        drive(client, version == VERSIONS[0])

    def _take(self, operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] == 200:
            self.called.add(operation_model.name)
            self.found.answer(operation_model, response_dict["body"])

    def _note(self, model: Any, http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        if http_response.status_code == 200 and model.output_shape is not None:
            self.told.append((model.name, {name: part for name, part in parsed.items() if name != "ResponseMetadata"}))


def short(path: str) -> str:
    """Name the members of an instance alike, wherever it is shown."""
    return re.sub(r"^(DescribeInstances\.Reservations|RunInstances)(\.Instances)?", r"Reservation\2", path)


@pytest.fixture(scope="module")
def walks(cloud: ServedCloud, admin: dict[str, str]) -> dict[str, Walked]:
    """Drive the whole interface once at each version; a sixth type makes types have two pages."""
    cloud.euca("type", "set", "t3.micro", "--alias-of", "m1.small")
    return {version: Walked(admin, version) for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_hold_only_what_the_model_knows(walks: dict[str, Walked], version: str) -> None:
    walked = walks[version]
    assert walked.called == {name for name in OFFERED if name in walked.model.operation_names}
    assert walked.found.unknown == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_value_is_one_of_its_type(walks: dict[str, Walked], version: str) -> None:
    assert walks[version].found.wrong == set()


@pytest.mark.parametrize("date", BETWEEN)
def test_what_is_told_today_is_written_for_the_dates_between_as_their_models_want_it(
    walks: dict[str, Walked], date: str
) -> None:
    model, found = ServiceModel(Loader().load_service_model("ec2", "service-2", date), "ec2"), Walk(words=False)
    protocol = Protocol(MODELS, "ec2", OFFERED, Amendments.load())
    told = [(name, answer) for name, answer in walks[VERSIONS[0]].told if name in model.operation_names]
    for name, answer in told:
        call = Call(
            service="ec2", operation=name, date=date, namespace=f"http://ec2.amazonaws.com/doc/{date}/",
            arguments=Struct(), dry_run=False,
        )  # fmt: skip
        found.answer(model.operation_model(name), protocol.encode(call, answer, "req-1"))
    assert {name for name, _ in told} == {name for name in OFFERED if _answers(model, name)}
    assert (found.unknown, found.wrong) == (set(), set())


def _answers(model: ServiceModel, name: str) -> bool:
    """Tell whether an operation says anything in both models but that it was done."""
    newest = MODELS.newest("ec2").operations[name]
    return newest.output is not None and name in model.operation_names


@pytest.mark.parametrize("version", VERSIONS)
def test_every_member_of_the_model_is_filled_or_has_a_reason_not_to_be(walks: dict[str, Walked], version: str) -> None:
    called, model = walks[version].called, walks[version].model
    filled = {short(path) for walked in walks.values() for path in walked.found.filled}
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

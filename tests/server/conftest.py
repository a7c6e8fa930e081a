"""One served rehearsal cloud for all tests of real clients, and boto3 clients on it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.served import ServedCloud
from tests.server.raw_ec2 import RawEc2

_CONFIG = Config(retries={"max_attempts": 1, "mode": "standard"}, connect_timeout=60, read_timeout=60)


def ec2_client(environment: dict[str, str], api_version: str | None = None, service: str = "ec2") -> Any:
    """Make a boto3 client from the environment that `euca credentials` prints."""
    return boto3.client(
        service,
        endpoint_url=environment[f"AWS_ENDPOINT_URL_{service.upper()}"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        api_version=api_version,
        config=_CONFIG,
    )


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("cloud") / "state") as served:
        yield served


@pytest.fixture(scope="session")
def admin(cloud: ServedCloud) -> dict[str, str]:
    return cloud.credentials()


@pytest.fixture(scope="session")
def stranger(cloud: ServedCloud, admin: dict[str, str]) -> dict[str, str]:
    """Return the credentials of a user in another account."""
    cloud.euca("account", "create", "strangers")
    cloud.euca("user", "create", "eve", "--account", "strangers")
    return admin | cloud.credentials("--account", "strangers", "--user", "eve")


@pytest.fixture
def ec2(admin: dict[str, str]) -> Any:
    return ec2_client(admin)


@pytest.fixture
def image_id(ec2: Any) -> str:
    found = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
    image: str = found[0]["ImageId"]
    return image


@pytest.fixture(scope="session")
def raw(admin: dict[str, str]) -> Iterator[RawEc2]:
    with closing(RawEc2(admin)) as signed:
        yield signed


@pytest.fixture(scope="session")
def raw_stranger(stranger: dict[str, str]) -> Iterator[RawEc2]:
    with closing(RawEc2(stranger)) as signed:
        yield signed


@pytest.fixture
def eve(stranger: dict[str, str]) -> Any:
    return ec2_client(stranger)


@pytest.fixture
def location(ec2: Any) -> str:
    found = ec2.describe_images(
        Filters=[{"Name": "image-type", "Values": ["machine"]}, {"Name": "name", "Values": ["*"]}]
    )
    place: str = found["Images"][0]["ImageLocation"]
    return place


@pytest.fixture
def private_image(ec2: Any, location: str) -> Iterator[str]:
    image_id: str = ec2.register_image(Name="shared", ImageLocation=location, Description="of ours")["ImageId"]
    yield image_id
    ec2.deregister_image(ImageId=image_id)


@pytest.fixture
def their_id(stranger: dict[str, str]) -> str:
    return stranger["EC2_USER_ID"]

"""ElasticFox sees the spelling that it knows, and is understood."""

from typing import Any

import boto3
import pytest
from botocore.config import Config

pytestmark = pytest.mark.server


def asking(admin: dict[str, str], agent: str) -> Any:
    return boto3.client(
        "ec2",
        endpoint_url=admin["AWS_ENDPOINT_URL_EC2"],
        region_name=admin["AWS_DEFAULT_REGION"],
        aws_access_key_id=admin["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=admin["AWS_SECRET_ACCESS_KEY"],
        config=Config(user_agent=agent),
    )


def test_elasticfox_sees_amazons_spelling_and_nobody_else(admin: dict[str, str], image_id: str) -> None:
    fox, other = asking(admin, "Mozilla/5.0 Elasticfox/1.7"), asking(admin, "Mozilla/5.0")
    its = "a" + image_id.removeprefix("e")
    assert image_id.startswith("emi-")
    assert its in {image["ImageId"] for image in fox.describe_images()["Images"]}
    assert image_id in {image["ImageId"] for image in other.describe_images()["Images"]}
    (shown,) = fox.describe_images(ImageIds=[its])["Images"]
    assert shown["ImageId"] == its


def test_a_text_that_looks_like_an_image_stays_what_it_is(admin: dict[str, str], image_id: str) -> None:
    fox = asking(admin, "elasticfox")
    fox.create_tags(Resources=[image_id], Tags=[{"Key": "made-of", "Value": image_id}])
    (shown,) = fox.describe_images(ImageIds=[image_id])["Images"]
    assert {tag["Key"]: tag["Value"] for tag in shown["Tags"]}["made-of"] == image_id
    (told,) = fox.describe_tags(Filters=[{"Name": "key", "Values": ["made-of"]}])["Tags"]
    assert (told["ResourceId"], told["Value"]) == ("a" + image_id.removeprefix("e"), image_id)
    fox.delete_tags(Resources=[image_id], Tags=[{"Key": "made-of"}])

"""What tests of images ask again and again, in the words of boto3."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code_of(call: Callable[..., Any], **asked: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    code: str = refused.value.response["Error"]["Code"]
    return code


def seen(ec2: Any, **asked: Any) -> list[str]:
    return [image["ImageId"] for image in ec2.describe_images(**asked)["Images"]]


def permissions(ec2: Any, image_id: str) -> list[dict[str, str]]:
    told: list[dict[str, str]] = ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")[
        "LaunchPermissions"
    ]
    return told


def launch(ec2: Any, image_id: str) -> str:
    run = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType="m1.small")
    instance_id: str = run["Instances"][0]["InstanceId"]
    return instance_id


def running(ec2: Any, instance_id: str) -> bool:
    [found] = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    state: str = found["Instances"][0]["State"]["Name"]
    return state == "running"

"""Names and user data of every kind of byte: refused in words, or carried unchanged to wherever they are read.

From boto3 over the wire into the store, back through DescribeInstances, onto the host in the domain's metadata, and to
the guest by the metadata service.
"""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.clock import SystemClock
from app.domain.network import GuestRequest
from app.server.metadata import Metadata
from app.store.database import Database
from tests.faults.conftest import ScriptedZone
from tests.served import ServedCloud

pytestmark = pytest.mark.faults
EVERY_BYTE = bytes(range(256))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=260)
FEW = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def accepted(call: Callable[[], Any]) -> bool:
    """Do what is asked; a refusal must say in words which parameter was wrong."""
    try:
        call()
    except ClientError as error:
        told = error.response["Error"]
        assert told["Code"] in ("InvalidParameterValue", "MissingParameter"), told
        assert "parameter" in told["Message"]
        return False
    return True


def what_is_accepted(zone: ScriptedZone, name: str, value: str) -> dict[str, Any]:
    """Make a key pair and a group and try a tag of these texts; return what RunInstances can be given."""
    ec2, tags = zone.ec2, [{"Key": f"k{name[:120]}", "Value": value}]
    tagged = [{"ResourceType": "instance", "Tags": tags}]
    more: dict[str, Any] = {}
    if accepted(partial(ec2.create_key_pair, KeyName=name, KeyType="ed25519")):
        more["KeyName"] = name
    if accepted(partial(ec2.create_security_group, GroupName=name, Description=name)):
        more["SecurityGroups"] = [name]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    if accepted(partial(ec2.create_tags, Resources=[image], Tags=tags)):
        ec2.delete_tags(Resources=[image], Tags=tags)
        more["TagSpecifications"] = tagged
    return more


def asked_by_guest(cloud: ServedCloud, instance_id: str, path: str) -> bytes:
    """Ask the metadata service as the guest does, over the same database."""

    async def ask() -> bytes:
        clock = SystemClock()
        async with Database.open(cloud.state / "cloud.sqlite3", clock=clock) as store:
            asked = GuestRequest(instance_id=instance_id, method="GET", path=path, headers={})
            answer = await Metadata(store, clock, os.urandom).answer(asked)
            return answer.body if answer.status == 200 else b""

    return asyncio.run(ask())


@FEW
@example("nul\0", "", b"")
@example("tab\tand\r\nline", "\ufffe", EVERY_BYTE)
@example("e\u0301😀\u202eabc\u200f", "]]><x a='&amp;'/>", b"\0" * 16384)
@example("../../etc/passwd;$(reboot)`x`", " ", b"\xff\xfe#!/bin/sh\r\n")
@example("n" * 256, "v" * 256, b"#cloud-config\n")
@given(TEXT, TEXT, st.binary(max_size=2000))
def test_text_and_user_data_are_carried_unchanged_or_refused(
    zone: ScriptedZone, cloud: ServedCloud, name: str, value: str, user_data: bytes
) -> None:
    more = what_is_accepted(zone, name, value)
    instance_id = zone.running(UserData=user_data, **more)
    shown = zone.shown(instance_id)
    assert shown.get("KeyName") == more.get("KeyName")
    assert [group["GroupName"] for group in shown["SecurityGroups"]] == more.get("SecurityGroups", ["default"])
    assert shown.get("Tags", []) == (more["TagSpecifications"][0]["Tags"] if "TagSpecifications" in more else [])
    (domain,) = zone.world.do(zone.name, "domains")
    assert domain["recovery"]["key_name"] == more.get("KeyName", "")
    assert asked_by_guest(cloud, instance_id, "/latest/user-data") == user_data
    if "KeyName" in more:
        keys = asked_by_guest(cloud, instance_id, "/latest/meta-data/public-keys/")
        assert keys.decode() == f"0={name}"
    zone.ends(instance_id)
    if "KeyName" in more:
        zone.ec2.delete_key_pair(KeyName=name)
    for group in more.get("SecurityGroups", []):
        zone.ec2.delete_security_group(GroupName=group)


def test_user_data_of_more_than_16_kib_is_refused(zone: ScriptedZone) -> None:
    with pytest.raises(ClientError, match="at most 16384 bytes"):
        zone.run(UserData=b"x" * 16385)

"""Things of the first account, one of each kind, which tests name in its name and in that of a stranger."""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import httpx

from tests.deadline import eventually
from tests.server.areas import AREAS
from tests.server.raw_ec2 import RawEc2

INSTANCE = {"instance": "i-0badc0de0badc0de0", "reservation": "r-0badc0de0badc0de0"}
NOBODYS = {
    **INSTANCE,
    "group": "sg-0badc0de0badc0de0",
    "group_name": "nobodys group",
    "key": "key-0badc0de0badc0de0",
    "key_name": "nobodys key",
    "image": "emi-0badcafe0badcafe0",
    "account": "999999999999",
    "token": "nobodys-token",
    "tag": "nobodys-tag",
    **{thing: nobodys for area in AREAS for thing, nobodys in area.NOBODYS.items()},
}


@contextmanager
def things(raw: RawEc2, admin: dict[str, str]) -> Iterator[dict[str, str]]:
    """Make them, by kind; NOBODYS has the like of each that nobody has."""
    images = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine")
    public, location = images.text("imageId"), images.text("imageLocation")
    mine = {
        "key_name": "victim's key",
        "group_name": "victim's group",
        "token": f"victims-{token_hex(4)}",  # it is remembered when all else is gone
        "tag": "victim-only",
        "public": public,
        "location": location,
        "nothing_private": NOBODYS["account"],
    }
    mine["key"] = raw.ask("CreateKeyPair", KeyName=mine["key_name"]).text("keyPairId")
    group = raw.ask("CreateSecurityGroup", GroupName=mine["group_name"], GroupDescription="secret")
    mine["group"] = group.text("groupId")
    run = raw.ask(
        "RunInstances", ImageId=public, MinCount="1", MaxCount="1", KeyName=mine["key_name"],
        SecurityGroupId_1=mine["group"], ClientToken=mine["token"],
    )  # fmt: skip
    mine |= {"instance": run.text("instanceId"), "reservation": run.text("reservationId")}
    mine["account"] = run.text("ownerId")
    private = {"name": "victim's image", "kind": "machine", "sha256": location.split("/")[1], "public": False}
    token = {"Authorization": f"Bearer {admin['EUCA_TOKEN']}"}
    registered = httpx.post(f"{admin['EUCA_URL']}/api/v1/images", json=private, headers=token)
    mine["image"] = registered.json()["id"]
    raw.pairs(
        [("Action", "CreateTags"), ("Version", "2016-11-15"), ("Tag.1.Key", mine["tag"]), ("Tag.1.Value", "secret")]
        + [(f"ResourceId.{n}", mine[thing]) for n, thing in enumerate(("instance", "group", "key", "public"))]
    )
    for area in AREAS:
        mine |= area.victim(raw, mine)
    yield mine
    for area in AREAS:
        area.bury(raw, mine)
    raw.ask("TerminateInstances", InstanceId_1=mine["instance"])
    raw.ask("DeleteTags", ResourceId_1=public)
    raw.ask("DeregisterImage", ImageId=mine["image"])
    raw.ask("DeleteKeyPair", KeyName=mine["key_name"])
    eventually(lambda: raw.ask("DeleteSecurityGroup", GroupId=mine["group"]).status == 200)

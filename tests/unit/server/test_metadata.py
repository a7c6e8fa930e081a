"""What guests are told: 1.6.1's paths under every version, EC2's listings, tokens, and any bytes of user data."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.address import Address
from app.domain.network import GuestAnswer, GuestRequest
from app.domain.ports import Unit
from app.domain.tag import Tag
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.metadata import Metadata
from app.services import dns
from app.store.database import Database
from tests.builders import OURS, FrozenClock
from tests.unit.server.metadata_cloud import EVERY_BYTE, KEY, furnish_guests

Ask = Callable[..., Awaitable[GuestAnswer]]
Change = Callable[..., Awaitable[None]]
FIRST, SECOND = "i-00000001", "i-00000002"
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "x-aws-ec2-metadata-token"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock) as store:
        await store.write(furnish_guests)
        yield store


@pytest.fixture
def ask(store: Database, clock: FrozenClock) -> Ask:
    service = Metadata(store, clock, os.urandom)

    async def ask(path: str, who: str = FIRST, method: str = "GET", **headers: str) -> GuestAnswer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await service.answer(GuestRequest(instance_id=who, method=method, path=path, headers=named))

    return ask


@pytest.fixture
def change(store: Database) -> Change:
    """Change the first instance, which gets two tags with names and one that can be none in a path."""

    def work(unit: Unit, columns: dict[str, Any]) -> None:
        instance = unit.instances.where(id=FIRST)[0]
        unit.instances.put(replace(instance, **columns))
        for name, value in (("role", "web <1>"), ("Name", "first"), ("a/b", "c")):
            unit.tags.add(Tag(resource_id=FIRST, name=name, account_id=instance.account_id, value=value))

    async def go(**columns: Any) -> None:
        await store.write(lambda unit: work(unit, columns))

    return go


async def text(ask: Ask, path: str) -> str:
    answer = await ask(path)
    assert answer.status == 200, path
    return answer.body.decode()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("ami-id", "emi-0a11beef"),
        ("ami-launch-index", "0"),
        ("ami-manifest-path", "emi-0a11beef"),
        ("ancestor-ami-ids", ""),
        ("block-device-mapping/ami", "sda1"),
        ("block-device-mapping/emi", "sda1"),
        ("block-device-mapping/ephemeral", "sda2"),
        ("block-device-mapping/ephemeral0", "sda2"),
        ("block-device-mapping/root", "/dev/sda1"),
        ("block-device-mapping/swap", "sda3"),
        ("hostname", "ip-10-9-0-5.eucalyptus.internal"),
        ("instance-id", FIRST),
        ("instance-type", "m1.small"),
        ("kernel-id", "eki-0000000a"),
        ("local-hostname", "ip-10-9-0-5.eucalyptus.internal"),
        ("local-ipv4", "10.9.0.5"),
        ("placement/availability-zone", "one"),
        ("product-codes", ""),
        ("public-hostname", "ip-10-9-0-5.eucalyptus.internal"),
        ("public-ipv4", "10.9.0.5"),
        ("public-keys/0/openssh-key", f"{KEY} ana"),
        ("reservation-id", "r-00000001"),
        ("security-groups", "default"),
        ("network/interfaces/macs/d0:0d:00:00:00:01/subnet-ipv4-cidr-block", "10.9.0.0/24"),
        ("network/interfaces/macs/d0:0d:00:00:00:01/vpc-id", DEFAULT_VPC_ID),
        ("network/interfaces/macs/d0:0d:00:00:00:01/interface-id", "eni-00000001"),
    ],
)
@pytest.mark.parametrize("version", ["latest", "1.0", "2007-12-15", "2009-04-04", "2031-01-01"])
async def test_a_name_is_answered_under_every_version(ask: Ask, version: str, path: str, expected: str) -> None:
    assert await text(ask, f"/{version}/meta-data/{path}") == expected


async def test_a_public_address_is_told_as_long_as_the_instance_has_it(store: Database, ask: Ask) -> None:
    address = Address(id="eipalloc-1", ip="203.0.113.9", account_id=OURS, pool="x", instance_id=FIRST, created_at_ms=0)
    await store.write(lambda unit: unit.addresses.add(address))
    for name in ("public-ipv4", "public-hostname", "network/interfaces/macs/d0:0d:00:00:00:01/public-ipv4s"):
        assert await text(ask, f"/latest/meta-data/{name}") == "203.0.113.9"
    assert await text(ask, "/latest/meta-data/local-ipv4") == "10.9.0.5"
    await store.write(lambda unit: unit.addresses.put(replace(address, instance_id="")))
    assert await text(ask, "/latest/meta-data/public-ipv4") == "10.9.0.5"


async def test_an_instance_is_told_the_names_that_are_answered(store: Database, ask: Ask) -> None:
    address = Address(id="eipalloc-1", ip="203.0.113.9", account_id=OURS, pool="x", instance_id=FIRST, created_at_ms=0)
    await store.write(lambda unit: unit.addresses.add(address))
    await store.write(lambda unit: dns.configure(unit, "cloud.example"))
    for name in ("public-hostname", "network/interfaces/macs/d0:0d:00:00:00:01/public-hostname"):
        assert await text(ask, f"/latest/meta-data/{name}") == "euca-203-0-113-9.eucalyptus.cloud.example"
    for name in ("hostname", "local-hostname", "network/interfaces/macs/d0:0d:00:00:00:01/local-hostname"):
        assert await text(ask, f"/latest/meta-data/{name}") == "euca-10-9-0-5.eucalyptus.internal"


async def test_listings_are_those_of_ec2(ask: Ask) -> None:
    assert (await text(ask, "/")).splitlines()[-2:] == ["2022-09-24", "latest"]
    assert await text(ask, "/latest/") == await text(ask, "/latest") == "meta-data/\ndynamic/\nuser-data"
    assert await text(ask, "/latest/meta-data/public-keys/") == "0=ana"
    assert await text(ask, "/latest/meta-data/public-keys/0/") == "openssh-key"
    assert await text(ask, "/latest/meta-data/placement/") == "availability-zone\nregion"
    names = (await text(ask, "/latest/meta-data/")).splitlines()
    assert names == sorted(names)
    assert {"ami-id", "block-device-mapping/", "network/", "placement/", "public-keys/"} <= set(names)
    assert not {"ramdisk-id", "iam/"} & set(names)


async def test_every_name_that_is_listed_is_answered(ask: Ask) -> None:
    async def walk(path: str) -> int:
        found = 0
        for line in (await text(ask, path)).splitlines():
            name = line.partition("=")[0] + "/" * ("=" in line)
            found += await walk(path + name) if name.endswith("/") else bool(await text(ask, path + name) is not None)
        return found

    assert await walk("/latest/meta-data/") > 30


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/meta-data/ami-id", "/latest/meta-data/nothing", "/latest/meta-data/ami-id/x", "/latest/spam",
        "/latest/meta-data/../user-data", "/latest/dynamic/instance-identity/pkcs7", "/latest/api/token",
        "/latest/dynamic/instance-identity/signature", "/20240101/meta-data", "/latest/meta-data/%00", "/\xff",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(ask: Ask, path: str) -> None:
    assert (await ask(path)).status == 404


async def test_user_data_comes_back_byte_for_byte_or_not_at_all(ask: Ask) -> None:
    assert (await ask("/latest/user-data")).body == EVERY_BYTE
    assert (await ask("/latest/user-data/")).body == EVERY_BYTE
    assert (await ask("/latest/user-data", SECOND)).status == 404


async def test_the_identity_document_names_the_instance(ask: Ask) -> None:
    said = json.loads(await text(ask, "/latest/dynamic/instance-identity/document"))
    assert (said["instanceId"], said["privateIp"], said["availabilityZone"]) == (FIRST, "10.9.0.5", "one")
    assert said["pendingTime"] == "2023-11-14T22:13:20Z"


async def test_a_token_holds_for_its_time_and_its_instance(ask: Ask, clock: FrozenClock) -> None:
    got = await ask("/latest/api/token", method="PUT", **{TTL: "60"})
    assert (got.status, got.hops, got.headers["X-aws-ec2-metadata-token-ttl-seconds"]) == (200, 1, "60")
    token = {TOKEN: got.body.decode()}
    mine = await ask("/latest/meta-data/instance-id", **token)
    assert (mine.status, mine.hops) == (200, 0)
    assert (await ask("/latest/meta-data/instance-id", SECOND, **token)).status == 401
    clock.at_ms += 61_000
    assert (await ask("/latest/meta-data/instance-id", **token)).status == 401


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "A" * 100, "é" * 40, "AQAEAGI" * 8])
async def test_a_forged_token_is_worse_than_none(ask: Ask, forged: str) -> None:
    assert (await ask("/latest/meta-data/instance-id", **{TOKEN: forged})).status == 401
    assert (await ask("/latest/meta-data/instance-id")).status == 200


async def test_an_owner_may_demand_tokens_let_them_travel_and_show_tags(ask: Ask, change: Change) -> None:
    await change(metadata_tokens_required=True, metadata_hops=3, metadata_tags=True)
    assert (await ask("/latest/meta-data/instance-id")).status == 401
    assert (await ask("/latest/user-data")).status == 401
    assert (await ask("/latest/meta-data/instance-id", SECOND)).status == 200
    got = await ask("/latest/api/token", method="PUT", **{TTL: "60"})
    assert (got.status, got.hops) == (200, 3)
    token = {TOKEN: got.body.decode()}
    assert (await ask("/latest/meta-data/tags/instance", **token)).body == b"Name\nrole"
    assert (await ask("/latest/meta-data/tags/instance/role", **token)).body == b"web <1>"
    assert (await ask("/latest/meta-data/tags", SECOND)).status == 404


async def test_an_owner_may_switch_the_service_off(ask: Ask, change: Change) -> None:
    await change(metadata_enabled=False)
    for method, headers in (("GET", {}), ("PUT", {TTL: "60"})):
        assert (await ask("/latest/api/token", method=method, **headers)).status == 403
    assert (await ask("/latest/meta-data/instance-id", SECOND)).status == 200


@pytest.mark.parametrize("ttl", ["", "0", "21601", "-1", "1e3", "٣", "9" * 30])
async def test_a_token_needs_a_time_within_six_hours(ask: Ask, ttl: str) -> None:
    assert (await ask("/latest/api/token", method="PUT", **{TTL: ttl})).status == 400


async def test_nobody_gets_a_token_through_a_proxy(ask: Ask) -> None:
    asked = {TTL: "60", "x-forwarded-for": "10.0.0.1"}
    assert (await ask("/latest/api/token", method="PUT", **asked)).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_changed(ask: Ask, method: str) -> None:
    assert (await ask("/latest/meta-data/instance-id", method=method)).status == 405


async def test_an_instance_that_is_gone_is_told_nothing(ask: Ask) -> None:
    assert (await ask("/latest/meta-data/instance-id", "i-99999999")).status == 404

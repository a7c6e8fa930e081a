"""Every collection of REST on a cloud that has something of each kind: filters, order, pages, one thing, ending it."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.holdings import VolumeView
from app.client import holding_calls
from app.client.errors import Refused
from app.client.http import SyncCloud
from app.server.holdings import SHOWN
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.filled_cloud import filled
from tests.server.raw_ec2 import RawEc2
from tests.server.victims import things

pytestmark = pytest.mark.server
ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = {
    "/clusters": "name",
    "/hosts": "name",
    "/instances": "id",
    "/images": "id",
    "/types": "name",
    "/users": "id",
    "/accounts": "name",
    "/subnets": "id",
    **{shown.path: "id" for shown in SHOWN if shown.path != "/networks"},
}
"""Networks belong to real hosts; a cloud of rehearsal hosts has none (`test_networks.py`)."""


@pytest.fixture(scope="module")
def http(cloud: ServedCloud, admin: dict[str, str]) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {admin['EUCA_TOKEN']}"}
    with httpx.Client(base_url=f"{cloud.url}/api/v1", headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def mine(raw: RawEc2, admin: dict[str, str]) -> Iterator[dict[str, str]]:
    with things(raw, admin) as made, filled(raw, made) as all_of_them:
        yield all_of_them


def items(http: httpx.Client, path: str, **query: str | int) -> list[dict[str, Any]]:
    answer = http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def scalars(rows: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in rows[0].items():
        if isinstance(value, str | int | float):
            yield name, value


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize("path", COLLECTIONS)
def test_a_filter_by_any_field_shows_exactly_what_has_the_value(http: httpx.Client, path: str) -> None:
    rows = items(http, path, sort=COLLECTIONS[path])
    for name, value in scalars(rows):
        if name.endswith("_at_ms") or '"' in str(value):
            continue  # heartbeats go on, and a quotation mark can not be spelled
        word = str(value).lower() if isinstance(value, bool) else f'"{value}"'
        expected = [row[COLLECTIONS[path]] for row in rows if row[name] == value or str(row[name]) == str(value)]
        found = items(http, path, filter=f"{name}={word}", sort=COLLECTIONS[path])
        assert [row[COLLECTIONS[path]] for row in found] == expected, name


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize("path", COLLECTIONS)
def test_a_list_sorted_by_any_field_comes_the_same_in_pages(http: httpx.Client, path: str) -> None:
    for name, _ in scalars(items(http, path)):
        if name == "seen_at_ms":
            continue
        for sort in (name, f"-{name}"):
            whole = [row[COLLECTIONS[path]] for row in items(http, path, sort=sort)]
            assert [row[COLLECTIONS[path]] for row in paged(http, path, sort=sort, limit=2)] == whole, sort


def paged(http: httpx.Client, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
    after: str | None = ""
    while after is not None:
        shown = http.get(path, params={**query, "after": after}).json()
        assert len(shown["items"]) <= int(query["limit"])
        yield from shown["items"]
        after = shown["next"]


def test_rules_the_audit_and_events_are_filtered_too(http: httpx.Client) -> None:
    text = (ROOT / "data/rules/energy.rules").read_text()
    for name in ("day", "night"):
        http.post("/rulesets", json={"text": f"{text}# {name}\n", "name": name}).raise_for_status()
        http.post("/hosts/cluster1-host1/drain", headers={"Euca-Command": name})
    assert [row["name"] for row in items(http, "/rulesets", sort="-name", limit=1)] == ["night"]
    assert [row["name"] for row in items(http, "/rulesets", filter="name=day")] == ["day"]
    assert {row["command"] for row in items(http, "/audit", filter="action=DrainHost")} == {"day", "night"}
    told = list(paged(http, "/events", filter="kind=host draining", limit=1))
    assert [row["resource_id"] for row in told] == ["cluster1-host1"]
    http.post("/hosts/cluster1-host1/undrain")
    for path in ("/events", "/audit"):
        assert "did you mean filter?" in http.get(path, params={"fliter": "x"}).json()["detail"]


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize("path", [path for path in COLLECTIONS if path not in {"/clusters", "/subnets"}])
def test_each_thing_can_be_asked_for_by_itself(http: httpx.Client, path: str) -> None:
    for row in items(http, path):
        shown = http.get(f"{path}/{row[COLLECTIONS[path]]}").json()
        assert shown[COLLECTIONS[path]] == row[COLLECTIONS[path]]
        assert shown.keys() == row.keys()


@pytest.mark.parametrize("path", COLLECTIONS)
def test_what_is_no_field_is_refused_and_the_nearest_named(http: httpx.Client, path: str) -> None:
    key = COLLECTIONS[path]
    for parameter, given in (("filter", f"{key}s=x"), ("sort", f"-{key}s")):
        problem = http.get(path, params={parameter: given}).json()
        assert (problem["status"], problem["errors"][0]["field"]) == (400, parameter)
        assert problem["detail"].endswith(f"no column {key}s; did you mean {key}?")
    wrong = http.get(path, params={"fliter": "x"}).json()
    assert (wrong["status"], "did you mean filter?" in wrong["detail"]) == (400, True)
    assert http.get(path, params={"sort": key, "after": "made up"}).json()["errors"][0]["field"] == "after"


def test_operators_see_what_accounts_have_with_its_owner(http: httpx.Client, mine: dict[str, str]) -> None:
    [volume] = items(http, "/volumes", filter=f"id={mine['hung_volume']}")
    assert (volume["account"], volume["account_id"]) == ("eucalyptus", mine["account"])
    assert (volume["state"], volume["instance_id"], volume["attachment"]) == ("in-use", mine["instance"], "attached")
    [group] = items(http, "/groups", filter=f"id={mine['group']}")
    assert "in tcp 22-23 from 10.0.0.0/8" in group["allows"]
    assert {rule["peer"] for rule in group["rules"]} >= {"10.0.0.0/8", "0.0.0.0/0", mine["group"]}
    assert [row["id"] for row in items(http, "/groups", filter='allows:"tcp 22-23"')] == [mine["group"]]
    [tagged] = items(http, "/volumes", filter=f"tags={mine['tag']}=secret")
    assert tagged["id"] == mine["volume"]
    [company] = items(http, "/placement-groups", filter="strategy=partition")
    assert (company["name"], company["partitions"], company["instances"]) == ("parted", 2, 1)
    [pair] = items(http, "/key-pairs", filter=f"id={mine['key']}")
    assert (pair["name"], pair["kind"]) == (mine["key_name"], "rsa")


def test_hosts_are_found_by_what_they_do(http: httpx.Client) -> None:
    eventually(lambda: len(items(http, "/hosts", filter="stale=false", sort="-cpu_used")) >= 6)
    assert items(http, "/hosts", filter="cpu_used>1000000") == []


def test_nothing_that_is_shown_holds_a_secret(http: httpx.Client, mine: dict[str, str]) -> None:
    shown = "".join(http.get(path).text for path in COLLECTIONS)
    assert mine["volume"] in shown
    for word in ("PRIVATE KEY", "secret_key", "secret_access_key", "user_data", "public_key"):
        assert word not in shown


def test_what_is_ended_for_its_owner_is_gone_audited_and_told_in_the_stream(http: httpx.Client, raw: RawEc2) -> None:
    pair = raw.ask("CreateKeyPair", KeyName="doomed").text("keyPairId")
    group = raw.ask("CreateSecurityGroup", GroupName="doomed", GroupDescription="soon").text("groupId")
    company = raw.ask("CreatePlacementGroup", GroupName="doomed", Strategy="spread").text("groupId")
    address = raw.ask("AllocateAddress").text("allocationId")
    zone = raw.ask("DescribeAvailabilityZones").text("zoneName")
    volume = raw.ask("CreateVolume", Size="1", AvailabilityZone=zone).text("volumeId")
    eventually(lambda: http.get(f"/volumes/{volume}").json()["state"] == "available")
    snapshot = raw.ask("CreateSnapshot", VolumeId=volume).text("snapshotId")
    eventually(lambda: http.get(f"/snapshots/{snapshot}").json()["state"] == "completed")
    start = http.get("/overview").json()["cursor"]
    doomed = {
        "key-pair": f"/key-pairs/{pair}",
        "group": f"/groups/{group}",
        "placement-group": f"/placement-groups/{company}",
        "address": f"/addresses/{address}",
        "snapshot": f"/snapshots/{snapshot}",
        "volume": f"/volumes/{volume}",
    }
    for kind, path in doomed.items():
        assert http.delete(path).status_code == 204, kind
        eventually(lambda path=path: http.get(path).status_code == 404)  # type: ignore[misc]
        assert http.delete(path).status_code == 404, kind
    wanted = {f'"kind":"{kind}","id":"{path.rpartition("/")[2]}"' for kind, path in doomed.items()}
    assert told(http, start, wanted)
    audited = {(row["action"], row["target"], row["outcome"]) for row in items(http, "/audit", limit=5000)}
    assert {("DeleteVolume", volume, "ok"), ("ReleaseAddress", address, "ok"), ("DeleteGroup", group, "ok")} <= audited


def test_a_thing_is_told_anew_when_what_it_shows_of_others_changes(http: httpx.Client, raw: RawEc2) -> None:
    start = http.get("/overview").json()["cursor"]
    group = raw.ask("CreateSecurityGroup", GroupName="told", GroupDescription="soon").text("groupId")
    rule = {"IpPermissions_1_IpProtocol": "tcp", "IpPermissions_1_FromPort": "81", "IpPermissions_1_ToPort": "81"}
    raw.ask("AuthorizeSecurityGroupIngress", GroupId=group, **rule, IpPermissions_1_IpRanges_1_CidrIp="10.0.0.0/8")
    raw.ask("CreateTags", ResourceId_1=group, Tag_1_Key="told", Tag_1_Value="so")
    raw.ask("CreatePlacementGroup", GroupName="told", Strategy="cluster")
    image = next(row["id"] for row in items(http, "/images", filter="kind=machine public=true"))
    [started] = http.post("/instances", json={"image_id": image, "placement_group": "told"}).json()["items"]
    wanted = ("in tcp 81 from 10.0.0.0/8", '"tags":{"told":"so"}', '"spread_level":"","instances":1')
    assert told(http, start, wanted)
    raw.ask("TerminateInstances", InstanceId_1=started["id"])
    assert told(http, start, ('"spread_level":"","instances":0',))
    raw.ask("DeleteSecurityGroup", GroupId=group)
    raw.ask("DeletePlacementGroup", GroupName="told")


def told(http: httpx.Client, start: str, wanted: Collection[str]) -> bool:
    """Read the stream from a cursor on until it has told all of these."""
    text = ""
    with http.stream("GET", "/stream", params={"after": start}) as stream:
        for piece in stream.iter_text():
            text += piece
            if all(word in text for word in wanted):
                return True
    return False


def test_a_volume_comes_off_its_instance_and_an_address_too(
    http: httpx.Client, raw: RawEc2, mine: dict[str, str]
) -> None:
    volume, address = mine["hung_volume"], mine["allocation"]
    refused = http.delete(f"/volumes/{volume}")
    assert (refused.status_code, mine["instance"] in refused.json()["detail"]) == (409, True)
    assert http.post(f"/volumes/{volume}/detach", json={}).json()["attachment"] == "detaching"
    eventually(lambda: http.get(f"/volumes/{volume}").json()["state"] == "available")
    assert http.post(f"/volumes/{volume}/detach", json={}).status_code == 409
    hung = http.post(f"/volumes/{volume}/attach", json={"instance_id": mine["instance"], "device": "/dev/sdq9"})
    assert (hung.json()["instance_id"], bool(hung.headers["X-Undo"])) == (mine["instance"], True)
    taken = http.post(f"/volumes/{volume}/attach", json={"instance_id": mine["instance"], "device": "/dev/sdq9"})
    assert (taken.status_code, mine["instance"] in taken.json()["detail"]) == (409, True)
    eventually(lambda: http.get(f"/volumes/{volume}").json()["attachment"] == "attached")
    http.post(f"/audit/{hung.headers['X-Undo']}/undo")
    eventually(lambda: http.get(f"/volumes/{volume}").json()["state"] == "available")
    assert http.post(f"/addresses/{address}/disassociate").json()["instance_id"] == ""
    assert http.post(f"/addresses/{address}/disassociate").status_code == 200
    raw.ask("AssociateAddress", AllocationId=address, InstanceId=mine["instance"])


def test_an_address_that_came_with_a_launch_goes_with_its_instance_only(http: httpx.Client, raw: RawEc2) -> None:
    image = next(row["id"] for row in items(http, "/images", filter="kind=machine public=true"))
    ask = {"NetworkInterface_1_DeviceIndex": "0", "NetworkInterface_1_AssociatePublicIpAddress": "true"}
    started = raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1", **ask).text("instanceId")
    try:
        [row] = items(http, "/addresses", filter=f"instance_id={started}")
        assert row["automatic"] is True
        for answer in (http.delete(f"/addresses/{row['id']}"), http.post(f"/addresses/{row['id']}/disassociate")):
            assert (answer.status_code, started in answer.json()["detail"]) == (409, True)
    finally:
        raw.ask("TerminateInstances", InstanceId_1=started)


def test_scripts_get_what_they_ask_for_as_values(cloud: ServedCloud, admin: dict[str, str], raw: RawEc2) -> None:
    zone = raw.ask("DescribeAvailabilityZones").text("zoneName")
    volume = raw.ask("CreateVolume", Size="3", AvailabilityZone=zone).text("volumeId")
    with SyncCloud(cloud.url, admin["EUCA_TOKEN"]) as rest:
        eventually(lambda: _state(rest, volume) == "available")
        [shown] = rest.send(holding_calls.listed("volume", filter=f"id={volume}", sort="-size_gib", limit=1)).items
        assert isinstance(shown, VolumeView)
        assert (shown.id, shown.size_gib) == (volume, 3)
        with pytest.raises(Refused, match="did you mean name"):
            rest.send(holding_calls.listed("user", sort="nam"))
        with pytest.raises(Refused, match="hangs on no instance"):
            rest.send(holding_calls.detach_volume(volume))
        rest.send(holding_calls.remove("volume", volume))


def _state(rest: SyncCloud, volume: str) -> str:
    found = rest.send(holding_calls.one("volume", volume))
    assert isinstance(found, VolumeView)
    return found.state


def test_every_collection_describes_how_it_is_asked(cloud: ServedCloud) -> None:
    with httpx.Client(base_url=cloud.url, trust_env=False) as outside:
        paths = outside.get("/api/schema/openapi.json").json()["paths"]
    for path in COLLECTIONS:
        described = {one["name"]: one for one in paths[f"/api/v1{path}"]["get"]["parameters"]}
        assert {"filter", "sort", "after", "limit"} == described.keys(), path
        assert all(one["description"] for one in described.values())

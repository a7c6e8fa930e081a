"""What hangs on a thing, asked over HTTP and sent back: the cloud lets go what was confirmed and nothing else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.server.rest_routes import client, routes, token_of

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("hanging") / "state", rehearse="1x2") as served:
        yield served


@pytest.fixture(scope="module")
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url + "/api/v1", token_of(own, "olga", "operator")) as opened:
        yield opened


@pytest.fixture(scope="module")
def mine(own: ServedCloud) -> Any:
    return ec2_client(own.credentials())


@pytest.fixture
def instance(http: httpx.Client) -> str:
    image = next(row["id"] for row in http.get("/images").json()["items"] if row["kind"] == "machine")
    made: str = http.post("/instances", json={"image_id": image}).json()["items"][0]["id"]
    eventually(lambda: http.get(f"/instances/{made}").json()["state"] == "running")
    return made


def hanging(http: httpx.Client, kind: str, given: str) -> dict[str, Any]:
    answer = http.post("/hanging", json={"kind": kind, "ids": [given]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["items"][0]
    return found


def a_volume(http: httpx.Client, mine: Any, instance: str) -> str:
    """Make a volume that hangs on the instance."""
    made: str = mine.create_volume(Size=1, AvailabilityZone="cluster1")["VolumeId"]
    eventually(lambda: http.get(f"/volumes/{made}").json()["state"] == "available")
    mine.attach_volume(VolumeId=made, InstanceId=instance, Device="/dev/sdf")
    eventually(lambda: http.get(f"/volumes/{made}").json()["attachment"] == "attached")
    return made


def ended(http: httpx.Client, instance: str, version: str) -> dict[str, Any]:
    """Ask to end an instance on which this hung, and return the job when it has ended."""
    target = {"id": instance, "expected": {"state": "running", "hanging": version}}
    job = http.post("/jobs", json={"kind": "terminate", "targets": [target]}).json()
    eventually(lambda: http.get(f"/jobs/{job['id']}").json()["ended_at_ms"])
    found: dict[str, Any] = http.get(f"/jobs/{job['id']}").json()
    return found


def test_an_instance_on_which_something_else_hangs_by_now_is_not_ended(
    http: httpx.Client, mine: Any, instance: str
) -> None:
    before = hanging(http, "instance", instance)
    assert before["ties"] == []
    assert (before["in_use"], before["notes"][0].startswith("has run for ")) == (True, True)
    volume = a_volume(http, mine, instance)
    job = ended(http, instance, before["version"])
    assert (job["state"], job["targets"][0]["state"]) == ("failed", "changed")
    assert f"volume {volume} (stays)" in job["told"]
    assert http.get(f"/instances/{instance}").json()["state"] == "running"
    now = hanging(http, "instance", instance)
    assert {"kind": "volume", "id": volume, "fate": "stays", "detail": "1 GiB"} in now["ties"]
    assert ended(http, instance, now["version"])["state"] == "done"
    assert http.get(f"/volumes/{volume}").status_code == 200


def test_a_thing_goes_only_with_what_was_confirmed(http: httpx.Client, mine: Any) -> None:
    volume = mine.create_volume(Size=1, AvailabilityZone="cluster1")["VolumeId"]
    eventually(lambda: http.get(f"/volumes/{volume}").json()["state"] == "available")
    before = hanging(http, "volume", volume)
    snapshot = mine.create_snapshot(VolumeId=volume)["SnapshotId"]
    refused = http.delete(f"/volumes/{volume}", headers={"If-Match": f'"{before["version"]}"'})
    assert (refused.status_code, f"snapshot {snapshot} (stays)" in refused.json()["detail"]) == (409, True)
    entry = http.get("/audit?limit=5000").json()["items"][-1]
    assert (entry["action"], entry["outcome"]) == ("DeleteVolume", "refused")
    eventually(lambda: http.get(f"/snapshots/{snapshot}").json()["state"] == "completed")
    now = hanging(http, "volume", volume)["version"]
    assert http.delete(f"/volumes/{volume}", headers={"If-Match": now}).status_code == 204


def test_a_confirmation_that_names_nothing_lets_nothing_go(http: httpx.Client, mine: Any) -> None:
    group = mine.create_security_group(GroupName="kept", Description="x")["GroupId"]
    for nothing in ("", '""'):
        refused = http.delete(f"/groups/{group}", headers={"If-Match": nothing})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "If-Match")
    assert http.delete(f"/groups/{group}", headers={"If-Match": "*"}).status_code == 204


def test_of_two_at_once_the_second_finds_that_it_has_changed(http: httpx.Client, mine: Any) -> None:
    groups = [mine.create_security_group(GroupName=name, Description="x")["GroupId"] for name in ("left", "right")]
    versions = {given: hanging(http, "group", given)["version"] for given in groups}
    names_other = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": groups[0]}]}]

    def refer(_: str) -> int:
        return int(
            mine.authorize_security_group_ingress(GroupId=groups[1], IpPermissions=names_other)["ResponseMetadata"][
                "HTTPStatusCode"
            ]
        )

    def delete(given: str) -> int:
        return http.delete(f"/groups/{given}", headers={"If-Match": versions[given]}).status_code

    with ThreadPoolExecutor(2) as pool:
        referring, deleting = pool.submit(refer, groups[0]), pool.submit(delete, groups[0])
        status = deleting.result()
        told = referring.exception() or referring.result()
    there = http.get(f"/groups/{groups[0]}").status_code == 200
    assert (status, there) in ((204, False), (409, True))
    assert (told == 200) is there


def test_what_hangs_on_people_is_told_to_administrators_only(own: ServedCloud, http: httpx.Client) -> None:
    user = http.get("/users").json()["items"][0]["id"]
    assert http.post("/hanging", json={"kind": "user", "ids": [user]}).status_code == 403
    with client(own.url + "/api/v1", own.credentials()["EUCA_TOKEN"]) as admin:
        assert {tie["kind"] for tie in hanging(admin, "user", user)["ties"]} == {"access key", "token"}


def test_whatever_lets_something_go_takes_what_was_confirmed(own: ServedCloud) -> None:
    guarded = {
        route.id
        for route in routes(own.url)
        if any(each["name"] == "If-Match" for each in route.about.get("parameters", ()))
    }
    deletes = {route.id for route in routes(own.url) if route.method == "DELETE"}
    assert deletes - guarded == {"DeleteAccessKey", "ForgetGateway", "RemoveGroupRule", "RevokeToken"}, (
        "nothing hangs on these"
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "cat", "ids": ["x"]}, 400),
        ({"kind": "volume", "ids": []}, 422),
        ({"kind": "volume", "ids": ["vol-0000dead"]}, 404),
        ({"kind": "volume"}, 400),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(http: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert http.post("/hanging", json=body).status_code == status

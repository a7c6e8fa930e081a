"""Quotas of accounts: set by administrators, kept by every way to get more, EC2's own codes for who wants too much."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.server.rest_routes import client

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("quotas") / "state", rehearse="1x2") as served:
        served.euca("account", "create", "physics")
        served.euca("user", "create", "eve", "--account", "physics")
        yield served


@pytest.fixture(scope="module")
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url + "/api/v1", own.credentials()["EUCA_TOKEN"]) as opened:
        yield opened


@pytest.fixture
def ec2(own: ServedCloud, http: httpx.Client) -> Iterator[Any]:
    """A client of a user of the account, which has nothing and every quota by default."""
    yield ec2_client(own.credentials("--account", "physics", "--user", "eve"))
    for row in usage(http).values():
        limit(http, row["resource"], None)


def limit(http: httpx.Client, resource: str, most: int | None) -> httpx.Response:
    return http.put(f"/accounts/physics/quotas/{resource}", json={"most": most})


def usage(http: httpx.Client) -> dict[str, Any]:
    return {row["resource"]: row for row in http.get("/accounts/physics/quotas").json()["items"]}


def code(error: Any) -> tuple[str, int]:
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def launch(ec2: Any, least: int = 1, most: int = 1, vmtype: str = "m1.small") -> list[str]:
    images = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
    asked = {"ImageId": images[0]["ImageId"], "InstanceType": vmtype, "MinCount": least, "MaxCount": most}
    return [one["InstanceId"] for one in ec2.run_instances(**asked)["Instances"]]


@pytest.fixture
def ended(ec2: Any) -> Iterator[list[str]]:
    """Instances that are ended after the test."""
    ids: list[str] = []
    yield ids
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
        gone = ec2.get_waiter("instance_terminated")
        gone.wait(InstanceIds=ids, WaiterConfig={"Delay": 1})


def test_a_launch_gives_as_many_as_may_be_and_no_more(http: httpx.Client, ec2: Any, ended: list[str]) -> None:
    assert limit(http, "instances", 3).json() | {"account_id": ""} == {
        "account_id": "",
        "account": "physics",
        "resource": "instances",
        "used": 0,
        "most": 3,
        "own": True,
    }
    ended += launch(ec2, 1, 2)
    ended += launch(ec2, 1, 5)
    assert (len(ended), usage(http)["instances"]["used"]) == (3, 3)
    with pytest.raises(ClientError, match="limit of instances is 3") as caught:
        launch(ec2)
    assert code(caught) == ("InstanceLimitExceeded", 400)
    (attribute,) = ec2.describe_account_attributes(AttributeNames=["max-instances"])["AccountAttributes"]
    assert attribute["AttributeValues"][0]["AttributeValue"] == "3"


def test_cores_are_counted_for_what_they_are(http: httpx.Client, ec2: Any, ended: list[str]) -> None:
    limit(http, "cores", 5)
    ended += launch(ec2, 1, 9, "c1.medium")
    assert (len(ended), usage(http)["cores"]["used"]) == (2, 4)
    with pytest.raises(ClientError) as caught:
        launch(ec2, vmtype="c1.medium")
    assert code(caught) == ("VcpuLimitExceeded", 400)
    ended += launch(ec2)


def test_of_two_launches_at_once_one_gets_the_last_place(http: httpx.Client, ec2: Any, ended: list[str]) -> None:
    limit(http, "instances", 1)

    def one(_: int) -> list[str]:
        try:
            return launch(ec2)
        except ClientError:
            return []

    with ThreadPoolExecutor(2) as pool:
        ended += [given for ids in pool.map(one, range(2)) for given in ids]
    assert len(ended) == 1


def test_volumes_snapshots_and_addresses_have_codes_of_their_own(http: httpx.Client, ec2: Any) -> None:
    for resource, most in (("volumes", 2), ("volume_gib", 2), ("snapshots", 0), ("addresses", 1)):
        assert limit(http, resource, most).status_code == 200
    volume = ec2.create_volume(Size=1, AvailabilityZone="cluster1")["VolumeId"]
    with pytest.raises(ClientError, match="GiB of volumes is 2") as caught:
        ec2.create_volume(Size=2, AvailabilityZone="cluster1")
    assert code(caught) == ("VolumeLimitExceeded", 400)
    second = ec2.create_volume(Size=1, AvailabilityZone="cluster1")["VolumeId"]
    with pytest.raises(ClientError, match="limit of volumes is 2") as caught:
        ec2.create_volume(Size=1, AvailabilityZone="cluster1")
    assert code(caught) == ("VolumeLimitExceeded", 400)
    eventually(lambda: http.get(f"/volumes/{volume}").json()["state"] == "available")
    with pytest.raises(ClientError) as caught:
        ec2.create_snapshot(VolumeId=volume)
    assert code(caught) == ("SnapshotLimitExceeded", 400)
    address = ec2.allocate_address()["AllocationId"]
    with pytest.raises(ClientError) as caught:
        ec2.allocate_address()
    assert code(caught) == ("AddressLimitExceeded", 400)
    ec2.release_address(AllocationId=address)
    for given in (volume, second):
        eventually(lambda given=given: http.delete(f"/volumes/{given}").status_code == 204)  # type: ignore[misc]
    eventually(lambda: usage(http)["volumes"]["used"] == 0)


def test_a_quota_is_undone_and_listed_for_all(http: httpx.Client, ec2: Any) -> None:
    changed = limit(http, "addresses", 9)
    undone = http.post(f"/audit/{changed.headers['x-undo']}/undo").raise_for_status().json()
    assert undone["changed"][0].endswith(" quota of addresses is gone again")
    assert usage(http)["addresses"] | {"account_id": ""} == {
        "account_id": "",
        "account": "physics",
        "resource": "addresses",
        "used": 0,
        "most": 5,
        "own": False,
    }
    assert "x-undo" not in limit(http, "addresses", None).headers
    found = http.get("/quotas", params={"filter": "account=physics resource=cores"}).json()["items"]
    assert [(row["resource"], row["most"]) for row in found] == [("cores", None)]


@pytest.mark.parametrize(
    ("path", "most", "status"),
    [
        ("physics/quotas/cats", 1, 400),
        ("physics/quotas/cores", -1, 400),
        ("physics/quotas/cores", 1 << 60, 400),
        ("nobody/quotas/cores", 1, 404),
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(http: httpx.Client, path: str, most: int, status: int) -> None:
    assert http.put(f"/accounts/{path}", json={"most": most}).status_code == status


def test_the_command_lists_and_sets(own: ServedCloud, ec2: Any) -> None:
    assert "cores 7 at most, has 0" in own.euca("quota", "set", "physics", "cores", "7").stdout
    assert "yes" in next(line for line in own.euca("quota", "list", "physics").stdout.splitlines() if "cores" in line)
    assert "as much as there is room for" in own.euca("quota", "set", "physics", "cores", "default").stdout
    wrong = own.euca("quota", "set", "physics", "cats", "7", check=False)
    assert (wrong.returncode, "instances, cores, volumes" in wrong.stderr) == (1, True)
    assert own.euca("quota", "set", "physics", "cores", "some", check=False).returncode == 2

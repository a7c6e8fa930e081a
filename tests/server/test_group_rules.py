"""Rules of security groups over REST and by command: added, removed, undone, refused under the word that is wrong."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.server.rest_routes import client, token_of

pytestmark = pytest.mark.server
SSH = {"protocol": "tcp", "from_port": 22, "to_port": 22, "peer": "10.1.2.3/8", "description": "ssh"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("group-rules") / "state", rehearse="1x1") as served:
        yield served


@pytest.fixture(scope="module")
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url + "/api/v1", token_of(own, "olga", "operator")) as opened:
        yield opened


@pytest.fixture(scope="module")
def ec2(own: ServedCloud) -> Any:
    return ec2_client(own.credentials())


@pytest.fixture
def group(ec2: Any, request: pytest.FixtureRequest) -> str:
    made: str = ec2.create_security_group(GroupName=request.node.name[:200], Description="x")["GroupId"]
    return made


def rules(http: httpx.Client, group: str) -> list[str]:
    """Say what the group lets in."""
    found = http.get(f"/groups/{group}/rules").json()["items"]
    return [f"{row['protocol']} {row['from_port']} {row['peer']}" for row in found if not row["egress"]]


def test_a_rule_is_added_as_ec2_shows_it_and_removed(http: httpx.Client, ec2: Any, group: str) -> None:
    made = http.post(f"/groups/{group}/rules", json=SSH)
    assert (made.status_code, made.json()["peer"]) == (201, "10.0.0.0/8")
    (permission,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert permission["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "ssh"}]
    assert http.get(f"/groups/{group}").json()["allows"][0] == "in tcp 22 from 10.0.0.0/8"
    assert http.delete(f"/groups/{group}/rules/{made.json()['id']}").status_code == 204
    assert http.delete(f"/groups/{group}/rules/{made.json()['id']}").status_code == 404
    assert rules(http, group) == []


def test_both_ways_are_undone_and_done_again(http: httpx.Client, group: str) -> None:
    added = http.post(f"/groups/{group}/rules", json=SSH)
    name = f"{group} in tcp 22 22 10.0.0.0/8"
    undone = http.post(f"/audit/{added.headers['x-undo']}/undo").json()
    assert (undone["changed"], rules(http, group)) == ([f"{name} is gone again"], [])
    made = http.post(f"/groups/{group}/rules", json=SSH).json()
    removed = http.delete(f"/groups/{group}/rules/{made['id']}")
    undone = http.post(f"/audit/{removed.headers['x-undo']}/undo").json()
    assert undone["changed"] == [f"{name} is there # ssh"]
    found = next(row for row in http.get(f"/groups/{group}/rules").json()["items"] if not row["egress"])
    assert (found["peer"], found["description"]) == ("10.0.0.0/8", "ssh")
    entries = http.get("/audit?limit=5000").json()["items"]
    about = [(row["action"], row["outcome"]) for row in entries if group in row["target"]]
    assert about == [("AddGroupRule", "ok"), ("AddGroupRule", "ok"), ("RemoveGroupRule", "ok")]


def test_a_group_and_other_ranges_are_put_back_too(http: httpx.Client, group: str) -> None:
    for peer, protocol in (("2001:db8::/32", "-1"), (group, "icmp")):
        body = {"protocol": protocol, "from_port": -1, "to_port": -1, "peer": peer, "egress": True}
        made = http.post(f"/groups/{group}/rules", json=body).json()
        removed = http.delete(f"/groups/{group}/rules/{made['id']}")
        http.post(f"/audit/{removed.headers['x-undo']}/undo").raise_for_status()
    left = {(row["peer"], row["protocol"]) for row in http.get(f"/groups/{group}/rules").json()["items"]}
    assert left == {("0.0.0.0/0", "-1"), ("2001:db8::/32", "-1"), (group, "icmp")}


def test_of_two_at_once_one_is_told_that_it_is_there(http: httpx.Client, group: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: http.post(f"/groups/{group}/rules", json=SSH).status_code, range(2)))
    assert (sorted(answers), rules(http, group)) == ([201, 409], ["tcp 22 10.0.0.0/8"])


def test_with_a_key_it_is_added_once(http: httpx.Client, group: str) -> None:
    both = [http.post(f"/groups/{group}/rules", json=SSH, headers={"Idempotency-Key": group}) for _ in range(2)]
    assert [answer.status_code for answer in both] == [201, 201]
    assert both[0].json() == both[1].json()


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"protocol": "tpc"}, 400, "protocol"),
        ({"from_port": 99999, "to_port": 99999}, 400, "from_port"),
        ({"from_port": None}, 400, "from_port"),
        ({"peer": "10.0.0.0/99"}, 400, "peer"),
        ({"peer": "10.0.0.1"}, 400, "peer"),
        ({"peer": "2001:db8::/999"}, 400, "peer"),
        ({"description": "ä"}, 400, "description"),
        ({"peer": "nobody"}, 404, ""),
        ({"peer": "sg-0badc0de"}, 404, ""),
    ],
)
def test_a_refusal_names_the_field_of_rest(
    http: httpx.Client, ec2: Any, changes: dict[str, Any], status: int, field: str
) -> None:
    group = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    refused = http.post(f"/groups/{group}/rules", json=SSH | changes)
    assert refused.status_code == status, refused.text
    assert [each["field"] for each in refused.json().get("errors", [])] == [field] * bool(field)
    assert "IpP" not in refused.json()["detail"]


def test_a_rule_of_another_group_is_not_there(http: httpx.Client, ec2: Any, group: str) -> None:
    other = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    rule = http.get(f"/groups/{other}/rules").json()["items"][0]["id"]
    assert http.delete(f"/groups/{group}/rules/{rule}").status_code == 404


def test_the_command_allows_shows_and_revokes(own: ServedCloud, ec2: Any, http: httpx.Client) -> None:
    group = ec2.create_security_group(GroupName="shop", Description="x")["GroupId"]
    assert "tcp 22" in own.euca("group", "allow", "shop", "in tcp 22 from 10.0.0.0/8").stdout
    assert "in tcp 22 from 10.0.0.0/8" in own.euca("group", "list").stdout
    assert "10.0.0.0/8" in own.euca("group", "show", group).stdout
    wrong = own.euca("group", "allow", "shop", "in tpc 22 from 10.0.0.0/8", check=False)
    assert wrong.returncode == 1
    assert "in tpc 22 from 10.0.0.0/8\n   ^" in wrong.stderr
    own.euca("group", "revoke", "shop", "in tcp 22 from 10.0.0.0/8")
    assert rules(http, group) == []
    missing = own.euca("group", "revoke", "nobodys", "sgr-0a11beef", check=False)
    assert (missing.returncode, "there is no security group nobodys" in missing.stderr) == (1, True)

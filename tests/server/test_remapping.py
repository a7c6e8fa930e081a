"""Rounds, rehearsals and the power of hosts over HTTP: by whom, and what is refused in which words."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.rest_routes import client, token_of

pytestmark = pytest.mark.server
ENERGY = (Path(__file__).parents[2] / "data" / "rules" / "energy.rules").read_text()
STILL = "rule still { prefer host.index }\npolicy still { use still }\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("remapping") / "state", rehearse="1x2") as served:
        yield served


@pytest.fixture(scope="module")
def http(cloud: ServedCloud) -> Iterator[httpx.Client]:
    with client(cloud.url + "/api/v1", token_of(cloud, "rita", "operator")) as opened:
        yield opened


def test_a_rehearsal_says_what_would_be_done_and_changes_nothing(http: httpx.Client) -> None:
    found = http.post("/rulesets/rehearse", json={"text": ENERGY}).json()
    assert found["policy"] == "energy"
    assert (found["hosts_on_before"], found["hosts_on_after"]) == (2, 1)
    assert found["watts_after"] == pytest.approx(found["watts_before"] / 2)
    assert found["plan"]["by_rule"] == {"switch": 1}
    assert {row["power"] for row in http.get("/hosts").json()["items"]} == {"on"}
    assert http.get("/rulesets/active").json()["id"] == "ROUNDROBIN"


def test_versions_and_the_policies_of_161_are_rehearsed_by_name(http: httpx.Client) -> None:
    made = http.post("/rulesets", json={"text": ENERGY, "name": "mine"}).json()
    assert http.post(f"/rulesets/{made['id']}/rehearse").json()["policy"] == "energy"
    assert http.post("/rulesets/POWERSAVE/rehearse").json()["hosts_on_after"] == 0
    refused = http.post("/rulesets/rules-999/rehearse")
    assert (refused.status_code, "rules-999" in refused.json()["detail"]) == (404, True)
    assert http.post("/rulesets/rehearse", json={"text": "rule a { prefre 1 }"}).status_code == 422


def test_a_round_is_refused_where_nothing_would_be_done(http: httpx.Client) -> None:
    http.post("/rulesets/GREEDY/apply").raise_for_status()
    refused = http.post("/remapping")
    assert (refused.status_code, "only places new instances" in refused.json()["detail"]) == (400, True)
    assert http.get("/remapping").json()["at_ms"] == 0


def test_a_round_is_held_when_asked_and_tells_what_it_did(http: httpx.Client) -> None:
    made = http.post("/rulesets", json={"text": STILL + "# round\n", "name": "still"}).json()
    http.post(f"/rulesets/{made['id']}/apply").raise_for_status()
    first = eventually(lambda: http.get("/remapping").json()["at_ms"])
    assert http.post("/remapping").status_code == 202
    eventually(lambda: http.get("/remapping").json()["at_ms"] > first)
    held = http.get("/remapping").json()
    assert (held["policy"], held["mode"], held["told"], held["plan"]["moves"]) == ("still", "auto", "done", [])


def test_a_host_sleeps_and_wakes_as_asked_and_not_while_something_runs_there(
    cloud: ServedCloud, http: httpx.Client
) -> None:
    http.post("/rulesets/GREEDY/apply").raise_for_status()
    asked = http.post("/hosts/cluster1-host2/sleep").json()
    assert asked["power_wanted"] == "asleep"
    eventually(lambda: http.get("/hosts/cluster1-host2").json()["power"] == "asleep")
    image = next(row for row in http.get("/images").json()["items"] if row["kind"] == "machine")["id"]
    made = http.post("/instances", json={"image_id": image, "count": 8})
    assert made.status_code == 201, made.text
    refused = http.post("/hosts/cluster1-host1/sleep")
    assert (refused.status_code, "it can not sleep" in refused.json()["detail"]) == (409, True)
    assert http.get("/hosts/cluster1-host2").json()["power"] == "asleep"
    http.post("/instances", json={"image_id": image, "count": 1}).raise_for_status()
    eventually(lambda: http.get("/hosts/cluster1-host2").json()["power"] == "on")
    eventually(lambda: all(row["state"] == "running" for row in http.get("/instances").json()["items"]))

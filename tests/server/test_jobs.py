"""Jobs over HTTP on a served cloud: started twice with one key, cancelled, tried again, gone on with after a kill."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.rest_routes import client, token_of

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("jobs") / "state", rehearse="1x3") as served:
        yield served


@pytest.fixture(scope="module")
def http(cloud: ServedCloud) -> Iterator[httpx.Client]:
    with client(cloud.url + "/api/v1", token_of(cloud, "olga", "operator")) as opened:
        yield opened


@pytest.fixture
def ids(http: httpx.Client) -> Iterator[list[str]]:
    """Six instances that run, ended afterwards."""
    image = next(row for row in http.get("/images").json()["items"] if row["kind"] == "machine")["id"]
    made = http.post("/instances", json={"image_id": image, "count": 6}).json()["items"]
    ids = [row["id"] for row in made]
    eventually(lambda: states(http, ids) == {"running"})
    yield ids
    left = [one for one in ids if http.get(f"/instances/{one}").json()["state"] != "terminated"]
    if left:
        http.post("/instances/actions", json={"action": "terminate", "ids": left}).raise_for_status()
        eventually(lambda: states(http, ids) == {"terminated"})


def states(http: httpx.Client, ids: list[str]) -> set[str]:
    return {http.get(f"/instances/{one}").json()["state"] for one in ids}


def asked(kind: str, ids: list[str], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "targets": [{"id": one} for one in ids], **more}


def started(http: httpx.Client, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    answer = http.post("/jobs", json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(http: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    eventually(lambda: http.get(f"/jobs/{job['id']}").json()["ended_at_ms"])
    found: dict[str, Any] = http.get(f"/jobs/{job['id']}").json()
    return found


def stopped(http: httpx.Client, ids: list[str]) -> list[str]:
    """List which of these was asked to stop, as often as it was."""
    events = http.get("/events?limit=5000").json()["items"]
    return [row["resource_id"] for row in events if row["event"] == "instance.stop asked" and row["resource_id"] in ids]


def test_two_clients_with_one_key_start_one_job(http: httpx.Client, ids: list[str]) -> None:
    body = asked("stop", ids)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: started(http, body, "both"), range(2))
    assert first["id"] == second["id"]
    assert (ended(http, first)["state"], ended(http, first)["done"]) == ("done", 6)
    assert sorted(stopped(http, ids)) == sorted(ids)
    refused = http.post("/jobs", json=asked("start", ids), headers={"Idempotency-Key": "both"})
    assert (refused.status_code, "used before" in refused.json()["detail"]) == (409, True)


def test_a_cancelled_job_ends_what_is_under_way_and_nothing_more(http: httpx.Client, ids: list[str]) -> None:
    job = started(http, asked("stop", ids, at_once=1))
    http.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    found = ended(http, job)
    assert found["state"] == "cancelled"
    assert found["done"] + found["cancelled"] == 6
    off = [row["target"] for row in found["targets"] if row["state"] == "done"]
    assert states(http, off) <= {"stopped"}
    assert states(http, [one for one in ids if one not in off]) == {"running"}


def test_only_what_failed_is_tried_again(http: httpx.Client, ids: list[str]) -> None:
    expected = {"state": "running"}
    body = {"kind": "stop", "targets": [{"id": one, "expected": expected} for one in [*ids[:2], "i-0a11beef"]]}
    job = started(http, body)
    found = ended(http, job)
    assert (found["state"], found["done"], found["failed"]) == ("failed", 2, 1)
    assert found["told"] == "i-0a11beef: it is no more"
    refused = http.post(f"/jobs/{job['id']}/retry")
    assert (refused.status_code, "none of its targets failed" in refused.json()["detail"]) == (409, True)


def test_a_drain_empties_the_host_and_its_undo_takes_it_back(http: httpx.Client, ids: list[str]) -> None:
    host = http.get(f"/instances/{ids[0]}").json()["host"]
    answer = http.post("/jobs", json=asked("drain", [host]))
    number = answer.headers["x-undo"]
    found = ended(http, answer.json())
    assert found["state"] == "done", found
    assert http.get(f"/hosts/{host}").json()["instances"] == 0
    entry = next(row for row in http.get("/audit?limit=5000").json()["items"] if row["number"] == int(number))
    assert (entry["action"], entry["undo"]) == ("DrainHosts", f"{host} wanted is enabled")
    undone = http.post(f"/audit/{number}/undo")
    assert undone.json()["changed"] == [f"{host} wanted is enabled"]
    assert http.get(f"/hosts/{host}").json()["wanted"] == "enabled"
    assert http.post(f"/audit/{number}/undo").status_code == 409
    assert http.get("/audit?limit=5000").json()["items"][-2]["action"] == "UndoChange"


def test_tags_are_set_on_many_and_undone(http: httpx.Client, ids: list[str]) -> None:
    answer = http.put("/instances/tags", json={"ids": ids[:2], "tags": {"Name": "[red]x[/]", "tier": "db"}})
    assert [row["name"] for row in answer.json()["items"]] == ["[red]x[/]"] * 2
    http.post(f"/audit/{answer.headers['x-undo']}/undo").raise_for_status()
    assert http.get(f"/instances/{ids[0]}").json()["tags"] == {}
    wrong = http.put("/instances/tags", json={"ids": ids[:1], "tags": {"aws:x": "y"}})
    assert (wrong.status_code, "reserved" in wrong.json()["detail"]) == (400, True)
    assert "x-undo" not in wrong.headers


def test_what_is_protected_fails_with_the_reason_until_that_is_undone(http: httpx.Client, ids: list[str]) -> None:
    protected = http.put("/instances/protection", json={"ids": ids[:1], "from_termination": True})
    job = ended(http, started(http, asked("terminate", ids[:2])))
    assert (job["done"], job["failed"], "may not be terminated" in job["told"]) == (1, 1, True)
    http.post(f"/audit/{protected.headers['x-undo']}/undo").raise_for_status()
    http.post(f"/jobs/{job['id']}/retry").raise_for_status()
    assert ended(http, job)["state"] == "done"
    entries = http.get("/audit?limit=5000").json()["items"]
    terminated = next(row for row in reversed(entries) if row["action"] == "TerminateInstances")
    refused = http.post(f"/audit/{terminated['number']}/undo")
    assert (refused.status_code, terminated["undo"]) == (404, "")


def test_a_job_is_told_on_the_stream(http: httpx.Client, ids: list[str]) -> None:
    cursor = http.get("/overview").json()["cursor"]
    job = ended(http, started(http, asked("stop", ids[:1])))
    with http.stream("GET", "/stream", params={"after": cursor}) as answer:
        lines = answer.iter_lines()
        assert any(line.startswith("data: ") and job["id"] in line for line in lines)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"kind": "explode", "targets": [{"id": "i-0a11beef"}]}, 400, "Choose one of terminate"),
        ({"kind": "stop", "targets": []}, 422, "at least 1"),
        ({"kind": "stop", "targets": [{"id": "i-0a11beef"}]}, 404, "does not exist"),
        ({"kind": "remove", "targets": [{"id": "cluster1-host1"}]}, 403, "needs the role admin"),
        ({"kind": "stop"}, 400, ""),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(
    http: httpx.Client, body: dict[str, Any], status: int, words: str
) -> None:
    refused = http.post("/jobs", json=body)
    assert (refused.status_code, words in refused.json()["detail"]) == (status, True), refused.text


def test_a_job_goes_on_after_a_kill_where_it_was(cloud: ServedCloud, http: httpx.Client, ids: list[str]) -> None:
    job = started(http, asked("stop", ids, at_once=1))
    eventually(lambda: http.get(f"/jobs/{job['id']}").json()["done"] >= 2)
    cloud.kill()
    cloud.start()
    found = ended(http, job)
    assert (found["state"], found["done"]) == ("done", 6)
    assert sorted(stopped(http, ids)) == sorted(ids)


def test_the_command_starts_shows_and_waits(cloud: ServedCloud, ids: list[str]) -> None:
    done = cloud.euca("job", "start", "stop", *ids[:2], "--wait").stdout
    assert "stop 2 instances  done: 2 of 2 done" in done
    job_id = done.split()[0]
    assert ids[0] in cloud.euca("job", "show", job_id).stdout
    assert job_id not in cloud.euca("job", "list").stdout
    assert job_id in cloud.euca("job", "list", "--all", "--json").stdout
    refused = cloud.euca("job", "cancel", job_id, check=False)
    assert (refused.returncode, "has ended" in refused.stderr) == (1, True)

"""The operators' REST API on a served rehearsal cloud: resources, problems, and what watches from outside."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.server.shrinking import LEAST_BYTES
from tests.deadline import eventually
from tests.served import ServedCloud

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def http(cloud: ServedCloud, admin: dict[str, str]) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {admin['EUCA_TOKEN']}"}
    with httpx.Client(base_url=f"{cloud.url}/api/v1", headers=headers, timeout=60, trust_env=False) as client:
        yield client


def machine(http: httpx.Client) -> str:
    found: str = next(row["id"] for row in http.get("/images").json()["items"] if row["kind"] == "machine")
    return found


def test_a_fresh_rehearsal_cloud_is_well(http: httpx.Client) -> None:
    shown = http.get("/overview").json()
    assert shown["rehearsal"] is True
    assert {row["name"]: (row["hosts"], row["hosts_up"], row["cores"]) for row in shown["clusters"]} == {
        "cluster1": (3, 3, 24),
        "cluster2": (3, 3, 24),
    }
    assert shown["hosts_by_state"] == {"up": 6}
    assert [row["name"] for row in shown["types"]][:5] == [
        "m1.small", "c1.medium", "m1.large", "m1.xlarge", "c1.xlarge",
    ]  # fmt: skip


def test_an_instance_is_launched_stopped_and_ended(http: httpx.Client) -> None:
    body, key = {"image_id": machine(http), "count": 2}, {"Idempotency-Key": "rest-life"}
    launched = http.post("/instances", json=body, headers=key)
    assert launched.status_code == 201
    ids = [row["id"] for row in launched.json()["items"]]
    again = http.post("/instances", json=body, headers=key)
    assert [row["id"] for row in again.json()["items"]] == ids
    refused = http.post("/instances", json={**body, "count": 3}, headers=key)
    assert (refused.status_code, "Idempotency-Key 'rest-life'" in refused.json()["detail"]) == (409, True)

    def all_are(state: str) -> bool:
        return {http.get(f"/instances/{one}").json()["state"] for one in ids} == {state}

    eventually(lambda: all_are("running"))
    reasons = http.get(f"/instances/{ids[0]}/decisions").json()["items"][0]["reasons"]
    assert "cluster" in reasons[0]
    assert http.get(f"/instances/{ids[0]}/output").json()["text"]
    assert http.post("/instances/actions", json={"action": "stop", "ids": ids}).status_code == 200
    eventually(lambda: all_are("stopped"))
    http.post("/instances/actions", json={"action": "terminate", "ids": ids})
    eventually(lambda: all_are("terminated"))


def test_collections_come_in_pages(http: httpx.Client) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        shown = http.get("/hosts", params={"limit": 4, "after": after}).json()
        assert int(shown["cursor"]) > 0
        seen += [row["name"] for row in shown["items"]]
        after = shown["next"]
    assert seen == sorted(seen)
    assert len(seen) >= 6


def test_events_are_listed_once_each(http: httpx.Client) -> None:
    cursors: list[int] = []
    after: str | None = "0"
    while after is not None:
        shown = http.get("/events", params={"limit": 7, "after": after}).json()
        cursors += [int(row["cursor"]) for row in shown["items"]]
        after = shown["next"]
    assert cursors == sorted(set(cursors))
    assert len(cursors) > 7
    joined = http.get("/events", params={"about": "cluster1-host1"}).json()["items"]
    assert {row["resource_id"] for row in joined} == {"cluster1-host1"}


def test_an_upload_has_no_size_limit_and_is_named_by_its_digest(http: httpx.Client) -> None:
    piece = os.urandom(1 << 20)
    count = 24
    expected = hashlib.sha256(piece * count).hexdigest()
    answer = http.put("/image-files", content=(piece for _ in range(count)))
    assert answer.json() == {"sha256": expected, "size_bytes": count << 20}
    registered = http.post("/images", json={"name": "uploaded", "kind": "machine", "sha256": expected})
    assert (registered.status_code, registered.json()["size_bytes"]) == (201, count << 20)
    assert http.delete(f"/images/{registered.json()['id']}").status_code == 204
    assert http.delete(f"/images/{registered.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("PATCH", "/hosts", None, 405),
        ("GET", "/hosts/nowhere", None, 404),
        ("GET", "/instances/i-zzz", None, 400),
        ("GET", "/instances/i-00000000000000000", None, 404),
        ("GET", "/hosts?limit=0", None, 400),
        ("GET", "/events?after=x", None, 400),
        ("GET", "/hosts?after=zzz", None, 400),
        ("POST", "/hosts", {"name": "x"}, 400),
        ("POST", "/hosts", {"name": "x", "uri": "http://x", "cluster": "cluster1"}, 400),
        ("POST", "/hosts", {"name": "x", "uri": "xen:///", "cluster": "nowhere"}, 404),
        ("POST", "/accounts", {"name": "../etc"}, 400),
        ("POST", "/users", {"account": "eucalyptus", "name": "admin"}, 409),
        ("PUT", "/types/m1.small", {"cores": 0}, 400),
        ("PUT", "/image-files", None, 400),
        ("POST", "/images", {"name": "x", "kind": "machine", "sha256": "../../etc/passwd"}, 404),
        ("POST", "/instances", {"image_id": "emi-00000000", "count": 1}, 404),
        ("POST", "/instances/actions", {"action": "explode", "ids": []}, 400),
    ],
)
def test_a_refusal_is_a_problem_document(
    http: httpx.Client, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_refusal_names_what_was_sent_and_does_not_send_it_back_whole(http: httpx.Client) -> None:
    none = http.post("/instances", json={"image_id": "emi-1", "count": 0}).json()
    assert none["errors"] == [{"field": "count", "why": "It is at least 1."}]
    assert http.get("/instances?limit=0").json()["detail"] == "The request does not fit: limit: Expected `int` >= 1"
    assert "a field is missing" in http.get("/instances?sort=host,").json()["detail"]
    long = http.post("/instances/actions", json={"action": "stop", "ids": ["i-" + "0" * 100_000]})
    assert (long.status_code, len(long.content) < 1000) == (400, True)


def test_a_launch_without_room_says_why_not_where(http: httpx.Client) -> None:
    problem = http.post("/instances", json={"image_id": machine(http), "count": 900, "vmtype": "c1.xlarge"}).json()
    assert problem["status"] == 409
    assert {error["field"] for error in problem["errors"]} == {"host"}


def test_a_body_that_is_too_large_is_refused(http: httpx.Client) -> None:
    answer = http.post("/accounts", content=b'{"name": "' + b"x" * (2 << 20) + b'"}')
    assert answer.status_code == 413


def test_head_answers_like_get_without_a_body(http: httpx.Client) -> None:
    answer = http.head("/hosts")
    assert (answer.status_code, answer.content) == (200, b"")


def test_large_answers_are_compressed_for_who_asks_and_pieces_never(http: httpx.Client) -> None:
    def told(path: str, coding: str) -> tuple[str, bytes]:
        with http.stream("GET", path, headers={"Accept-Encoding": coding}) as answer:
            return answer.headers.get("content-encoding", ""), next(answer.iter_bytes())

    while len(whole := http.get("/events", headers={"Accept-Encoding": "identity"}).content) < 2 * LEAST_BYTES:
        http.post("/hosts/cluster1-host1/drain")
        http.post("/hosts/cluster1-host1/undrain")
    shrunk = http.get("/events", headers={"Accept-Encoding": "gzip"})
    assert (shrunk.headers["content-encoding"], shrunk.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(shrunk.headers["content-length"]) < len(whole) / 4
    known = json.loads(whole)["items"]
    assert shrunk.json()["items"][: len(known)] == known
    assert told("/me", "gzip")[0] == ""
    coding, first = told("/stream?after=0", "gzip")
    assert (coding, b"event: " in first) == ("", True)


def test_types_are_live(http: httpx.Client) -> None:
    made = http.put("/types/t9.rest", json={"cores": 1, "memory_mib": 64, "disk_gb": 1})
    assert made.status_code == 200
    assert http.put("/types/t9.alias", json={"alias_of": "t9.rest"}).json()["memory_mib"] == 64
    assert http.delete("/types/t9.rest").status_code == 409
    assert http.delete("/types/t9.alias").status_code == 204
    assert http.delete("/types/t9.rest").status_code == 204


def test_a_drained_host_takes_nothing_new(http: httpx.Client) -> None:
    names = [row["name"] for row in http.get("/hosts").json()["items"] if row["cluster"] == "cluster2"]
    for name in names[1:]:
        assert http.post(f"/hosts/{name}/drain").json()["wanted"] == "draining"
    try:
        body = {"image_id": machine(http), "count": 2, "cluster": "cluster2"}
        launched = http.post("/instances", json=body).json()["items"]
        assert {row["host"] for row in launched} == {names[0]}
        ids = [row["id"] for row in launched]
        http.post("/instances/actions", json={"action": "terminate", "ids": ids})
    finally:
        for name in names[1:]:
            assert http.post(f"/hosts/{name}/undrain").json()["wanted"] == "enabled"


def test_an_instance_moves_to_another_host_and_runs_on(http: httpx.Client) -> None:
    names = [row["name"] for row in http.get("/hosts").json()["items"] if row["cluster"] == "cluster2"]
    [launched] = http.post("/instances", json={"image_id": machine(http), "cluster": "cluster2"}).json()["items"]
    here = launched["host"]
    there = next(name for name in names if name != here)
    path = f"/instances/{launched['id']}"
    try:
        eventually(lambda: http.get(path).json()["seen"] == "running")
        asked = http.post(f"{path}/move", json={"host": there})
        assert (asked.status_code, asked.json()["host"], asked.json()["moving_from"]) == (200, there, here)
        eventually(lambda: http.get(path).json()["moving_from"] == "")
        moved = http.get(path).json()
        assert (moved["host"], moved["state"]) == (there, "running")
        why = http.get(f"{path}/decisions").json()["items"][-1]
        assert (why["kind"], why["origin"], why["host"]) == ("moved", here, there)
        assert [reason.partition(" by ")[0] for reason in why["reasons"]] == ["asked"]
        told = {each["host"]: each["words"] for each in why["hosts"]}
        assert told.keys() == {row["name"] for row in http.get("/hosts").json()["items"]}
        assert (told[there], told[here]) == ("was asked for", f"has room, but {there} was asked for")
        again = http.post(f"{path}/move", json={"host": there})
        assert (again.status_code, again.json()["detail"]) == (400, f"The instance is on {there} already")
        texts = [event["text"] for event in http.get("/events?limit=5000").json()["items"]]
        assert f"{launched['id']} moved from {here} to {there}" in texts
    finally:
        http.post("/instances/actions", json={"action": "terminate", "ids": [launched["id"]]})


def test_an_added_host_comes_up_and_a_removed_one_leaves(http: httpx.Client) -> None:
    assert http.post("/clusters", json={"name": "spare"}).status_code == 201
    added = http.post("/hosts", json={"name": "spare1", "uri": "test:///rehearsal?cores=2", "cluster": "spare"})
    assert added.status_code == 201
    eventually(lambda: http.get("/hosts/spare1").json()["cores"] == 2)
    assert http.delete("/clusters/spare").status_code == 409
    assert http.delete("/hosts/spare1").status_code == 204
    eventually(lambda: http.get("/hosts/spare1").status_code == 404)
    assert http.delete("/clusters/spare").status_code == 204


def test_every_change_is_audited_without_its_secrets(http: httpx.Client) -> None:
    made = http.post("/users", json={"account": "eucalyptus", "name": "audited", "role": "viewer"}).json()
    text = http.get("/audit?limit=5000").text
    assert '"CreateUser"' in text
    assert made["token"] not in text
    assert made["secret_access_key"] not in text


def test_the_newest_of_the_audit_are_asked_for_without_all_before_them(http: httpx.Client) -> None:
    for name in ("newest1", "newest2"):
        assert http.post("/accounts", json={"name": name}).status_code == 201
    newest = http.get("/audit?newest=true&limit=2").json()
    assert [entry["target"] for entry in newest["items"]] == ["newest1", "newest2"]
    assert newest["next"] is None
    last = newest["items"][-1]["number"]
    assert http.get(f"/audit?newest=true&limit=50&after={last}").json()["items"] == []
    assert http.get("/audit?newest=true&limit=5000").json()["items"][0]["number"] == 1


def test_the_outside_sees_health_metrics_and_the_heartbeat_of_old(cloud: ServedCloud) -> None:
    with httpx.Client(base_url=cloud.url, trust_env=False) as outside:
        assert outside.get("/healthz").json() == {"status": "ok"}
        metrics = outside.get("/metrics")
        assert metrics.headers["content-type"].count("charset=") == 1
        assert re.search(r'^eucalyptus_hosts\{state="up"\} [6-9]', metrics.text, re.MULTILINE)
        lines = outside.get("/services/Heartbeat").text.splitlines()
        assert re.fullmatch(r"name=eucalyptus +enabled=true +local=true +initialized=true *", lines[0])
        given = outside.get("/healthz", headers={"X-Request-Id": "from-outside-1"})
        assert given.headers["x-request-id"] == "from-outside-1"


def test_the_schema_page_needs_nothing_from_elsewhere(cloud: ServedCloud) -> None:
    with httpx.Client(base_url=cloud.url, trust_env=False) as outside:
        schema = outside.get("/api/schema/openapi.json").json()
        page = outside.get("/api/schema").text
    assert schema["openapi"].startswith("3.1")
    operations = [one["operationId"] for path in schema["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations))
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert "/api/v1/overview" in page

"""The past over REST: what was answered at a moment is answered about it for ever after, by the same paths."""

import json
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.rest_routes import ROOT, client, document, token_of

pytestmark = pytest.mark.server
CONFIG = 'REHEARSE="1x2"\nSAMPLE_INTERVAL="1"\n'
PASSING = {"load", "seen_at_ms", "last_used_at_ms", "watts", "age_s"}
"""Readings go on while one asks, and that a host or token was seen is written down only now and then."""
APART = {"/stream", "/past", "/remapping"}
"""They have no past, or it is kept nowhere."""
RULES = "rule spread { prefer host.index }\npolicy spread { use spread }\n"


class Operator:
    """Somebody who writes down what the cloud answers, and compares it later."""

    def __init__(self, cloud: ServedCloud, http: httpx.Client) -> None:
        self.cloud, self.http = cloud, http
        described = document(cloud.url)["paths"]
        listed = [path for path, methods in described.items() if "get" in methods and "{" not in path]
        self.paths = [path.removeprefix(ROOT) for path in listed if path.startswith(ROOT)]
        self.paths = [path for path in self.paths if path not in APART]
        self.notes: list[tuple[int, dict[str, Any]]] = []

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()

    def cursor(self) -> str:
        found: str = self.get("/events", limit=1)["cursor"]
        return found

    def all_paths(self) -> list[str]:
        found = [*self.paths, "/instances?sort=-host&limit=1", "/instances?filter=state=running", "/events?limit=3"]
        found += ["/audit?newest=true&limit=3"]
        for kind, key in (("hosts", "name"), ("clusters", "name"), ("instances", "id"), ("jobs", "id")):
            found += [f"/{kind}/{row[key]}" for row in self.get(f"/{kind}")["items"]]
        of_instances = [path for path in found if path.startswith("/instances/")]
        return found + [f"{path}/{of}" for path in of_instances for of in ("why", "decisions")]

    def note(self) -> None:
        """Write down what every path answers while nothing happens."""

        def looked() -> tuple[int, dict[str, Any]] | None:
            before = self.cursor()
            at_ms: int = self.get("/past")["newest_ms"]
            answers = {path: lasting(self.get(path)) for path in self.all_paths()}
            return (at_ms, answers) if self.cursor() == before else None

        found = eventually(looked)
        assert found is not None
        self.notes.append(found)

    def compare(self) -> None:
        """Ask everything that was written down of its moment, the last first."""
        for at_ms, answers in reversed(self.notes):
            for path, answer in answers.items():
                assert lasting(self.get(f"/past/{at_ms}{path}")) == answer, (at_ms, path)


def lasting(answer: Any) -> Any:
    """Leave out what passes."""
    if isinstance(answer, dict):
        return {name: lasting(value) for name, value in answer.items() if name not in PASSING}
    return [lasting(value) for value in answer] if isinstance(answer, list) else answer


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    config = tmp_path / "eucalyptus.conf"
    config.write_text(CONFIG)
    with (
        ServedCloud(tmp_path / "state", config=config) as cloud,
        client(f"{cloud.url}{ROOT}", cloud.credentials()["EUCA_TOKEN"]) as http,
    ):
        yield Operator(cloud, http)


def reach(operator: Operator, state: str, *instance_ids: str) -> None:
    eventually(lambda: all(operator.get(f"/instances/{given}")["state"] == state for given in instance_ids))


def launch(operator: Operator, count: int) -> list[str]:
    image = next(row["id"] for row in operator.get("/images")["items"] if row["kind"] == "machine")
    found = [row["id"] for row in operator.post("/instances", image_id=image, count=count)["items"]]
    reach(operator, "running", *found)
    return found


def test_what_was_answered_at_a_moment_is_answered_about_it_for_ever(operator: Operator) -> None:
    operator.note()
    first, second, third = launch(operator, 3)
    operator.note()
    operator.http.put("/instances/tags", json={"ids": [first], "tags": {"Name": "web01"}}).raise_for_status()
    operator.post("/hosts/cluster1-host1/drain")
    operator.note()
    made = operator.post("/rulesets", name="mine", text=RULES)
    operator.post(f"/rulesets/{made['id']}/apply")
    operator.note()
    job = operator.post("/jobs", kind="terminate", targets=[{"id": second}, {"id": third}])
    eventually(lambda: operator.get(f"/jobs/{job['id']}")["state"] == "done")
    operator.note()
    operator.cloud.kill()
    operator.cloud.start()
    operator.post("/hosts/cluster1-host1/undrain")
    operator.note()
    operator.compare()
    operator.cloud.stop()
    operator.cloud.start()
    operator.compare()


def test_what_hosts_did_is_shown_as_it_was(operator: Operator) -> None:
    [instance_id] = launch(operator, 1)
    path = f"/instances/{instance_id}"

    def busy(cores: float) -> int:
        told = operator.get(path)["load"] or {}
        return int(operator.get("/past")["newest_ms"]) if told.get("cpu_used") == cores else 0

    def script(cores: float) -> None:
        text = json.dumps({instance_id: {"cpu_used": cores}})
        (operator.cloud.state / "rehearsal-load.json").write_text(text)

    script(3.0)
    then = eventually(lambda: busy(3.0))
    host = operator.get(path)["host"]
    script(1.0)
    eventually(lambda: busy(1.0))
    shown = operator.get(f"/past/{then}{path}")["load"]
    assert (shown["cpu_used"], shown["stale"], shown["age_s"] < 30) == (3.0, False, True)
    assert operator.get(f"/past/{then}/hosts/{host}")["load"]["cpu_used"] == 3.0
    assert operator.get(f"/past/{then}/clusters/cluster1")["load"]["cpu_used"] == 3.0
    points = operator.get(f"/past/{then}/hosts/{host}/samples")["points"]
    assert points[-1]["mean"] == 3.0
    assert all(point["at_ms"] <= then for point in points)
    chart = operator.get(f"/past/{then}{path}/chart", steps=60)
    assert chart["from_ms"] == then - 3_600_000
    assert 1.0 not in chart["cpu"]


def test_a_moment_outside_of_what_is_kept_is_refused_with_the_first_and_the_last(operator: Operator) -> None:
    oldest_ms, newest_ms = operator.get("/past").values()
    too_old, to_come = operator.http.get("/past/5/hosts"), operator.http.get(f"/past/{newest_ms + 3_600_000}/hosts")
    assert (too_old.status_code, to_come.status_code) == (404, 404)
    assert "what is kept begins at 20" in too_old.json()["detail"]
    assert " now" in to_come.json()["detail"]
    assert operator.get(f"/past/{oldest_ms}/hosts")["items"]


def test_the_past_is_only_looked_at(operator: Operator) -> None:
    now_ms, before = operator.get("/past")["newest_ms"], operator.get("/audit")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = operator.http.request(method, f"/past/{now_ms}/hosts/cluster1-host1")
        assert (refused.status_code, refused.headers["content-type"]) == (405, "application/problem+json")
    for path in ("/stream", "/past", f"/past/{now_ms}/hosts"):
        refused = operator.http.get(f"/past/{now_ms}{path}")
        assert (refused.status_code, "it tells of now only" in refused.json()["detail"]) == (501, True)
    assert operator.get("/audit") == before
    refused = operator.http.get(f"/past/{now_ms}/instances/i-0a11beef/definition")
    assert refused.status_code == 501
    assert [row["action"] for row in operator.get("/audit")["items"][len(before["items"]) :]] == ["GetDefinition"]


def test_a_viewer_sees_the_past_and_a_stranger_does_not(operator: Operator) -> None:
    path = f"{ROOT}/past/{operator.get('/past')['newest_ms']}/hosts"
    token = token_of(operator.cloud, "guest", "viewer")
    with client(operator.cloud.url, token) as viewer, client(operator.cloud.url, "euca_nobody") as stranger:
        assert len(viewer.get(path).raise_for_status().json()["items"]) == 2
        me = viewer.get(path.replace("/hosts", "/me")).raise_for_status().json()
        assert (me["user"], me["role"]) == ("guest", "viewer")
        assert stranger.get(path).status_code == 401


def test_a_damaged_file_is_set_aside_and_the_past_begins_anew(operator: Operator) -> None:
    file = operator.cloud.state / "replay.sqlite3"
    then = operator.get("/past")["newest_ms"]
    operator.cloud.stop()
    file.write_bytes(b"no database" * 1000)
    operator.cloud.start()
    assert operator.get("/past")["oldest_ms"] > then
    assert operator.http.get(f"/past/{then}/hosts").status_code == 404
    assert operator.cloud.log().count("the past begins anew") == 1
    assert file.with_name("replay.sqlite3.unusable").exists()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_large_answer_about_the_past_is_compressed_once(operator: Operator) -> None:
    for instance_id in launch(operator, 16):  # of what hardly gets smaller
        tags = {f"text{number}": token_urlsafe(180) for number in range(10)}
        operator.http.put("/instances/tags", json={"ids": [instance_id], "tags": tags}).raise_for_status()
    path = f"/past/{operator.get('/past')['newest_ms']}/instances"
    plain = operator.http.get(path, headers={"Accept-Encoding": "identity"})
    small = operator.http.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.json() == plain.json()

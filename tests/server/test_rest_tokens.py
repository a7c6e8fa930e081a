"""Tokens: made for a while, shown once, out at once when they are revoked or have expired, never the last one."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.deadline import PATIENCE_S, eventually
from tests.served import ServedCloud
from tests.server.rest_routes import client, short_lived

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("tokens") / "state", rehearse="1x1") as served:
        yield served


@pytest.fixture
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url, own.credentials()["EUCA_TOKEN"]) as admin:
        yield admin


def make(http: httpx.Client, role: str = "viewer", **asked: Any) -> dict[str, Any]:
    answer = http.post("/api/v1/tokens", json={"role": role, **asked})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def status(own: ServedCloud, token: str) -> tuple[int, str]:
    with client(own.url, token) as http:
        answer = http.get("/api/v1/me")
        return answer.status_code, answer.json().get("detail", "")


def row(http: httpx.Client, token_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in http.get("/api/v1/tokens").json()["items"] if row["id"] == token_id)
    return found


def test_a_token_is_shown_once_and_kept_as_a_digest(own: ServedCloud, http: httpx.Client) -> None:
    made = make(http, name="report")
    assert status(own, made["token"])[0] == 200
    for path in ("tokens", "audit", "events"):
        assert made["token"] not in http.get(f"/api/v1/{path}").text
    with closing(sqlite3.connect(own.state / "cloud.sqlite3")) as file:
        assert made["token"] not in "\n".join(file.iterdump())


def test_a_revoked_token_is_out_at_once_and_stays_in_the_list(own: ServedCloud, http: httpx.Client) -> None:
    made = make(http)
    assert http.delete(f"/api/v1/tokens/{made['about']['id']}").status_code == 204
    assert status(own, made["token"]) == (401, f"The token {made['about']['id']} was revoked.")
    assert row(http, made["about"]["id"])["state"] == "revoked"


def test_a_token_works_until_it_expires(own: ServedCloud, http: httpx.Client) -> None:
    made = short_lived(http)
    assert made["about"]["state"] == "working"
    eventually(lambda: status(own, made["token"])[0] == 401)
    assert "expired at 20" in status(own, made["token"])[1]
    assert row(http, made["about"]["id"])["state"] == "expired"


@pytest.mark.parametrize("ends", [-1, 1, 1 << 62])
def test_an_end_that_can_not_be_one_is_refused(http: httpx.Client, ends: int) -> None:
    answer = http.post("/api/v1/tokens", json={"role": "viewer", "expires_at_ms": ends})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "expires_at_ms")


def test_it_is_noted_when_a_token_was_used(own: ServedCloud, http: httpx.Client) -> None:
    made = make(http)
    assert row(http, made["about"]["id"])["last_used_at_ms"] == 0
    status(own, made["token"])
    assert abs(row(http, made["about"]["id"])["last_used_at_ms"] / 1000 - time.time()) < 60


def test_a_stream_ends_with_the_token_that_opened_it(own: ServedCloud, http: httpx.Client) -> None:
    made = make(http)
    with client(own.url, made["token"]) as watcher, watcher.stream("GET", "/api/v1/stream") as answer:
        chunks = answer.iter_text()
        assert "heartbeat" in next(chunks)
        http.delete(f"/api/v1/tokens/{made['about']['id']}")
        ended_by = time.monotonic() + PATIENCE_S
        for _ in chunks:
            assert time.monotonic() < ended_by


def test_who_is_no_administrator_sees_own_tokens_only(own: ServedCloud, http: httpx.Client) -> None:
    http.post("/api/v1/users", json={"account": "eucalyptus", "name": "wanda"})
    made = make(http, user="wanda", name="hers")
    with client(own.url, made["token"]) as watching:
        assert [row["name"] for row in watching.get("/api/v1/tokens").json()["items"]] == ["hers"]
        assert watching.get("/api/v1/me").json()["token_id"] == made["about"]["id"]
    assert len({row["user"] for row in http.get("/api/v1/tokens").json()["items"]}) > 1


def test_the_last_token_of_an_administrator_can_not_be_revoked(own: ServedCloud, http: httpx.Client) -> None:
    mine = http.get("/api/v1/me").json()["token_id"]
    others = [row for row in http.get("/api/v1/tokens").json()["items"] if row["role"] == "admin" and row["id"] != mine]
    for other in others:
        http.delete(f"/api/v1/tokens/{other['id']}")
    refused = http.delete(f"/api/v1/tokens/{mine}")
    assert (refused.status_code, "last token" in refused.json()["detail"]) == (403, True)
    assert http.get("/api/v1/me").status_code == 200


def test_the_command_lists_makes_and_revokes(own: ServedCloud) -> None:
    made = json.loads(
        own.euca("token", "create", "--role", "operator", "--expires", "12h", "--name", "night", "--json").stdout
    )
    left_s = made["about"]["expires_at_ms"] / 1000 - time.time()
    assert 11.9 * 3600 < left_s <= 12 * 3600
    plain = own.euca("token", "create", "--role", "viewer").stdout.strip()
    assert status(own, plain)[0] == 200
    listed = own.euca("token", "list").stdout
    assert "night" in listed
    assert "EXPIRES AT " in listed
    assert " UTC" in listed
    assert json.loads(own.euca("token", "revoke", made["about"]["id"], "--json").stdout)["state"] == "revoked"
    assert status(own, made["token"])[0] == 401
    wrong = own.euca("token", "create", "--role", "viewer", "--expires", "soon", check=False)
    assert (wrong.returncode, "30d could stand there" in wrong.stderr) == (2, True)

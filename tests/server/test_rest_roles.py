"""Who may do what over REST, walked over every route that the server describes of itself."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.served import ServedCloud

pytestmark = pytest.mark.server
READS = {"get"}
ASKING = ("/rulesets/check", "/rehearse")
"""Ends of paths that are asked by POST, since the question is long, and change nothing."""
_PARAMETER = re.compile(r"\{[^}]+\}")


def client(url: str, token: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False)


def token_of(cloud: ServedCloud, name: str, role: str) -> str:
    """Make an operator and return the token that is shown this once."""
    made: dict[str, str] = json.loads(cloud.euca("user", "create", name, "--role", role, "--json").stdout)
    return made["token"]


@pytest.fixture(scope="module")
def viewer(cloud: ServedCloud) -> str:
    return token_of(cloud, "vera", "viewer")


@pytest.fixture(scope="module")
def operator(cloud: ServedCloud) -> str:
    return token_of(cloud, "otto", "operator")


@pytest.fixture(scope="module")
def routes(cloud: ServedCloud) -> list[tuple[str, str]]:
    """List every method and path under /api/v1, parameters filled with something."""
    with client(cloud.url) as http:
        paths: dict[str, dict[str, Any]] = http.get("/api/schema/openapi.json").json()["paths"]
    found = [(method, path) for path, methods in paths.items() for method in methods if path.startswith("/api/v1")]
    assert len(found) > 30
    return [(method, _PARAMETER.sub("i-0000000000000000a", path)) for method, path in found]


def test_nothing_is_answered_without_a_token(cloud: ServedCloud, routes: list[tuple[str, str]]) -> None:
    for token in ("", "euca_wrong"):
        with client(cloud.url, token) as http:
            for method, path in routes:
                answer = http.request(method, path)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)


def test_a_viewer_changes_nothing(cloud: ServedCloud, routes: list[tuple[str, str]], viewer: str) -> None:
    with client(cloud.url, viewer) as http:
        for method, path in routes:
            if method not in READS and not path.endswith(ASKING):
                answer = http.request(method, path, json={})
                assert answer.status_code == 403, (method, path, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"


def test_a_viewer_sees_everything(cloud: ServedCloud, routes: list[tuple[str, str]], viewer: str) -> None:
    with client(cloud.url, viewer) as http:
        for method, path in routes:
            if method in READS and not path.endswith("/stream"):
                assert http.get(path).status_code in (200, 400, 404), path  # 400: no id of that kind


def test_an_operator_runs_things_but_makes_no_users(cloud: ServedCloud, operator: str) -> None:
    with client(cloud.url, operator) as http:
        assert http.post("/api/v1/hosts/nowhere/drain").status_code == 404
        assert http.post("/api/v1/users", json={"account": "eucalyptus", "name": "mallory"}).status_code == 403
        assert http.post("/api/v1/hosts", json={"name": "x", "uri": "xen:///", "cluster": "c"}).status_code == 403
        assert http.post("/api/v1/backup").status_code == 403
        assert http.get("/api/v1/me").json() == {"user": "otto", "account_id": _first(http), "role": "operator"}


def test_what_was_refused_is_audited(cloud: ServedCloud, viewer: str) -> None:
    with client(cloud.url, viewer) as http:
        http.post("/api/v1/hosts/cluster1-host1/drain")
        entries = http.get("/api/v1/audit?limit=5000").json()["items"]
    newest = entries[-1]
    assert (newest["action"], newest["outcome"], newest["source"]) == ("DrainHost", "refused", "127.0.0.1")
    assert newest["who"].endswith("/vera")


def test_a_disabled_user_is_out_at_once(cloud: ServedCloud) -> None:
    token = token_of(cloud, "gone", "viewer")
    with client(cloud.url, token) as http:
        assert http.get("/api/v1/me").status_code == 200
        cloud.euca("user", "disable", "gone")
        assert http.get("/api/v1/me").status_code == 401
        cloud.euca("user", "enable", "gone")
        assert http.get("/api/v1/me").status_code == 200


def _first(http: httpx.Client) -> str:
    found: str = next(row["id"] for row in http.get("/api/v1/accounts").json()["items"] if row["name"] == "eucalyptus")
    return found

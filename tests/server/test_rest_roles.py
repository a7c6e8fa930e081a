"""Who may do what over REST: every route that the server describes, asked with every kind of token."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.rest_routes import ENDLESS, ROLES, SIGNED, Route, client, routes, short_lived

pytestmark = pytest.mark.server
PASSING = ("seen_at_ms", "load")
"""Fields of hosts and instances that change by themselves."""
OF_NOBODY = ("none", "garbled", "unknown", "revoked", "expired", "disabled user", "disabled account")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("roles") / "state", rehearse="1x1") as served:
        yield served


@pytest.fixture(scope="module")
def walked(own: ServedCloud) -> list[Route]:
    found = [route for route in routes(own.url) if route.id != ENDLESS]
    assert len(found) > 60
    return found


@pytest.fixture(scope="module")
def tokens(own: ServedCloud) -> dict[str, str]:
    """Make a token of each kind: of every role, of a stranger's account, and of nobody any more."""
    admin = own.credentials()["EUCA_TOKEN"]
    with client(own.url, admin) as http:
        for name in ("strangers", "closed"):
            assert http.post("/api/v1/accounts", json={"name": name}).status_code == 201
        made = {role: user(http, f"a-{role}", role) for role in ROLES}
        made |= {f"stranger as {role}": user(http, f"{role}-of-them", role, "strangers") for role in ROLES}
        gone = user(http, "gone", "admin")
        locked = user(http, "locked", "admin", "closed")
        revoked = http.post("/api/v1/tokens", json={"role": "admin"}).json()
        soon = short_lived(http, "admin")
        http.delete(f"/api/v1/tokens/{revoked['about']['id']}")
        gone_id = next(row["id"] for row in http.get("/api/v1/users").json()["items"] if row["name"] == "gone")
        http.post(f"/api/v1/users/{gone_id}/disable")
        http.post("/api/v1/accounts/closed/disable")
    with client(own.url, soon["token"]) as http:
        eventually(lambda: http.get("/api/v1/me").status_code == 401)
    nobody = ("", "euca wrong", "euca_unknown", revoked["token"], soon["token"], gone, locked)
    return made | dict(zip(OF_NOBODY, nobody, strict=True))


def user(http: httpx.Client, name: str, role: str, account: str = "eucalyptus") -> str:
    """Make a user with a token and return that."""
    token: str = http.post("/api/v1/users", json={"account": account, "name": name, "role": role}).json()["token"]
    return token


@pytest.mark.parametrize("kind", OF_NOBODY)
def test_who_is_nobody_gets_nothing(own: ServedCloud, walked: list[Route], tokens: dict[str, str], kind: str) -> None:
    with client(own.url, tokens[kind]) as http:
        for route in walked:
            answer = route.ask(http)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), route.id
            assert problem(answer)["type"] == "urn:eucalyptus:problem:unauthenticated", route.id


@pytest.mark.parametrize("whose", ["", "stranger as "])
@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_what_the_role_does_not_cover_is_refused_by_name_and_changes_nothing(
    own: ServedCloud, walked: list[Route], tokens: dict[str, str], role: str, whose: str
) -> None:
    refused = [route for route in walked if not route.covered_by(role)]
    assert len(refused) > 15
    with client(own.url, tokens[whose + role]) as http:
        before = everything(http)
        for route in refused:
            told = problem(route.ask(http))
            needed = f"it needs the role {route.role}, this token has the role {role}"
            assert (told["status"], told["detail"]) == (403, f"{route.id} was refused: {needed}"), route.id
        assert everything(http) == before


def test_a_viewer_may_ask_every_path_for_its_methods(
    own: ServedCloud, walked: list[Route], tokens: dict[str, str]
) -> None:
    with client(own.url, tokens["viewer"]) as http:
        for route in walked:
            told = http.options(route.path)
            assert route.method in told.headers.get("Allow", "").split(", "), f"{route.path}: {told.status_code}"


def test_a_refusal_for_the_role_is_audited(own: ServedCloud, tokens: dict[str, str]) -> None:
    with client(own.url, tokens["viewer"]) as http:
        http.post("/api/v1/hosts/cluster1-host1/drain")
        newest = http.get("/api/v1/audit?limit=5000").json()["items"][-1]
    assert (newest["action"], newest["outcome"], newest["source"]) == ("DrainHost", "refused", "127.0.0.1")
    assert newest["who"].endswith("/a-viewer")


def test_a_viewer_learns_from_a_refusal_nothing_about_what_there_is(
    own: ServedCloud, walked: list[Route], tokens: dict[str, str]
) -> None:
    with client(own.url, tokens["viewer"]) as http:
        for route in (route for route in walked if route.role != "viewer" and "nobody-has-this-name" in route.path):
            there = http.request(route.method, route.path.replace("nobody-has-this-name", "cluster1-host1"))
            told, missing = problem(there), problem(route.ask(http))
            del told["request_id"], missing["request_id"]
            assert told == missing, route.id


@pytest.mark.parametrize("role", ROLES)
def test_what_the_role_covers_is_not_refused_for_it(
    own: ServedCloud, walked: list[Route], tokens: dict[str, str], role: str
) -> None:
    with client(own.url, tokens[role]) as http:
        for route in (route for route in walked if route.role == role and route.id != SIGNED):
            assert route.ask(http).status_code not in (401, 403), route.id


def test_a_viewer_sees_everything_but_definitions_of_domains(
    own: ServedCloud, walked: list[Route], tokens: dict[str, str]
) -> None:
    with client(own.url, tokens["viewer"]) as http:
        for route in (route for route in walked if route.method == "GET" and route.id != "GetDefinition"):
            assert route.ask(http).status_code in (200, 400, 404), route.id  # 400: no id of that kind


def test_a_disabled_user_is_out_at_once_and_in_again(own: ServedCloud) -> None:
    made = json.loads(own.euca("user", "create", "wavering", "--role", "viewer", "--json").stdout)
    with client(own.url, made["token"]) as http:
        for switch, status in (("disable", 401), ("enable", 200)):
            own.euca("user", switch, "wavering")
            assert http.get("/api/v1/me").status_code == status


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    assert told.keys() >= {"type", "title", "status", "detail"}
    assert told["status"] == answer.status_code
    return told


def everything(http: httpx.Client) -> list[Any]:
    """Show what the cloud holds, without what goes on by itself."""
    found = []
    for path in ("clusters", "hosts", "instances", "images", "types", "accounts", "users", "rulesets"):
        rows = http.get(f"/api/v1/{path}").json()["items"]
        found += [{name: value for name, value in row.items() if name not in PASSING} for row in rows]
    return found

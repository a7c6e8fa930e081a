"""A key of idempotency: the same request again makes nothing new, whoever loses which answer."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.served import ServedCloud
from tests.server.rest_routes import client, routes

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("once") / "state", rehearse="1x1") as served:
        yield served


@pytest.fixture
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url, own.credentials()["EUCA_TOKEN"]) as admin:
        yield admin


def make(http: httpx.Client, name: str, key: str) -> httpx.Response:
    return http.post("/api/v1/accounts", json={"name": name}, headers={"Idempotency-Key": key})


def names(http: httpx.Client) -> list[str]:
    return [row["name"] for row in http.get("/api/v1/accounts").json()["items"]]


def test_the_same_request_again_is_answered_as_the_first(own: ServedCloud, http: httpx.Client) -> None:
    first = make(http, "physics", "k-1")
    own.kill()
    own.start()
    again = make(http, "physics", "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert make(http, "physics", "k-2").status_code == 409


def test_another_request_with_the_same_key_is_refused(http: httpx.Client) -> None:
    make(http, "biology", "k-3")
    refused = make(http, "geology", "k-3")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:eucalyptus:problem:mismatch")
    assert "geology" not in names(http)


def test_what_was_refused_may_be_tried_again_with_its_key(http: httpx.Client) -> None:
    user = {"account": "later", "name": "ada"}
    assert http.post("/api/v1/users", json=user, headers={"Idempotency-Key": "k-4"}).status_code == 404
    make(http, "later", "k-5")
    assert http.post("/api/v1/users", json=user, headers={"Idempotency-Key": "k-4"}).status_code == 201


def test_a_secret_is_shown_once_and_kept_nowhere(own: ServedCloud, http: httpx.Client) -> None:
    asked = {"role": "viewer", "name": "secret"}
    first = http.post("/api/v1/tokens", json=asked, headers={"Idempotency-Key": "k-6"})
    again = http.post("/api/v1/tokens", json=asked, headers={"Idempotency-Key": "k-6"})
    assert (first.status_code, again.status_code) == (201, 409)
    assert "shown once" in again.json()["detail"]
    assert [row["name"] for row in http.get("/api/v1/tokens").json()["items"]].count("secret") == 1


def test_many_at_once_with_one_key_make_one(own: ServedCloud) -> None:
    token = own.credentials()["EUCA_TOKEN"]

    def ask(_: int) -> str:
        with client(own.url, token) as http:
            return str(make(http, "crowd", "k-7").json()["id"])

    with ThreadPoolExecutor(8) as crowd:
        assert len(set(crowd.map(ask, range(16)))) == 1


def test_keys_of_two_people_are_two(own: ServedCloud, http: httpx.Client) -> None:
    made = json.loads(own.euca("user", "create", "second", "--role", "admin", "--json").stdout)
    make(http, "first-of-them", "k-8")
    with client(own.url, made["token"]) as other:
        assert make(other, "second-of-them", "k-8").status_code == 201


def test_a_key_that_can_not_be_one_is_refused(http: httpx.Client) -> None:
    refused = make(http, "never", "k" * 65)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_every_route_that_makes_something_takes_a_key(own: ServedCloud) -> None:
    posts = [route for route in routes(own.url) if route.method == "POST"]
    making = [route for route in posts if {"201", "202"} & route.about["responses"].keys()]
    assert len(making) >= 10
    for route in making:
        assert "Idempotency-Key" in [parameter["name"] for parameter in route.about["parameters"]], route.id

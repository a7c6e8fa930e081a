"""The OpenAPI document is whole: whoever writes a client from it never has to guess."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.served import ServedCloud
from tests.server.rest_routes import ROOT, SIGNED, Route, client, document, routes

pytestmark = pytest.mark.server
CLOSED = {"role", "state", "wanted", "outcome", "severity", "power", "power_wanted", "kind", "action", "mode"}
"""Names of fields that are one of a few words wherever they occur, but for OPEN."""
OPEN = {
    "EventView.kind",
    "AuditView.action",
    "RoundView.mode",
    "VolumeView.kind",
    "KeyPairView.kind",
    "UndoneView.action",
}


@pytest.fixture(scope="module")
def described(cloud: ServedCloud) -> dict[str, Any]:
    return document(cloud.url)


@pytest.fixture(scope="module")
def walked(cloud: ServedCloud) -> list[Route]:
    found = routes(cloud.url)
    assert len(found) > 60
    return found


def test_it_is_openapi_31_and_says_what_it_is(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert "Authorization: Bearer" in described["info"]["description"]
    assert all(tag["description"] for tag in described["tags"])


def test_every_operation_has_an_id_of_its_own_a_summary_a_description_and_a_role(walked: list[Route]) -> None:
    assert len({route.id for route in walked}) == len(walked)
    for route in walked:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", route.id)
        assert 3 < len(route.about["summary"]) < 90, route.id
        assert f"Needs the role {route.role}." in route.about["description"], route.id
        assert len(route.about["tags"]) == 1, route.id


def test_every_parameter_is_described_with_a_type_and_an_example(walked: list[Route]) -> None:
    for route in walked:
        for parameter in route.about.get("parameters", ()):
            assert len(parameter.get("description", "")) > 8, (route.id, parameter["name"])
            assert parameter["schema"], (route.id, parameter["name"])
            assert "example" in parameter or "default" in parameter["schema"], (route.id, parameter["name"])


def test_every_request_and_answer_has_an_example_that_fits_it(described: dict[str, Any], walked: list[Route]) -> None:
    for route in walked:
        parts = [route.about.get("requestBody", {}), *successes(route)]
        for content in (content for part in parts for content in part.get("content", {}).values()):
            assert content["examples"], route.id
            for example in content["examples"].values():
                fits(described, content["schema"], example["value"])


def test_every_problem_is_described_as_one(described: dict[str, Any], walked: list[Route]) -> None:
    for route in walked:
        problems = {status: about for status, about in route.about["responses"].items() if status[0] in "45"}
        assert {"401", "503"} <= problems.keys(), route.id
        assert route.role == "viewer" or "403" in problems, route.id
        assert "{" not in route.path or "404" in problems, route.id
        assert route.body is None or {"400", "413", "415"} <= problems.keys(), route.id
        for status, about in problems.items():
            found = described["components"]["responses"][about["$ref"].rpartition("/")[2]]
            assert found["description"], (route.id, status)
            content = found["content"]["application/problem+json"]
            example = content["examples"]["problem"]["value"]
            assert example["status"] == int(status), route.id
            fits(described, content["schema"], example)


def test_words_of_a_closed_list_are_listed(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        for field, about in schema.get("properties", {}).items():
            if field in CLOSED and about.get("type") == "string" and f"{name}.{field}" not in OPEN:
                assert about.get("enum"), f"{name}.{field}"


def test_no_schema_is_named_after_the_inside_of_the_server(described: dict[str, Any]) -> None:
    assert [name for name in described["components"]["schemas"] if not re.fullmatch(r"[A-Za-z]+", name)] == []


def test_what_a_viewer_may_ask_by_post_is_a_question(walked: list[Route]) -> None:
    asked = {route.id for route in walked if route.method != "GET" and not route.changes} - {SIGNED}
    assert asked == {"AskWhatHangs", "CheckRules", "CompareRules", "RehearseRuleset", "RehearseText", "TryRules"}


def test_a_misspelt_field_is_named_with_the_nearest_one(cloud: ServedCloud, walked: list[Route]) -> None:
    token = cloud.credentials()["EUCA_TOKEN"]
    with client(cloud.url, token) as http:
        for route in (route for route in walked if isinstance(route.body, dict)):
            first = next(iter(route.body))
            answer = http.request(route.method, route.path, json={f"{first}x": 1})
            assert "errors" in answer.json(), (route.id, answer.text)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, f"{first}x"), route.id
            assert first in answer.json()["errors"][0]["why"], route.id


def test_a_body_of_another_type_is_refused_in_words(cloud: ServedCloud, walked: list[Route]) -> None:
    with client(cloud.url, cloud.credentials()["EUCA_TOKEN"]) as http:
        for route in (route for route in walked if isinstance(route.body, dict)):
            answer = http.request(route.method, route.path, content="{}", headers={"Content-Type": "text/xml"})
            assert (answer.status_code, "text/xml" in answer.json()["detail"]) == (415, True), route.id
        assert http.post(f"{ROOT}/clusters", content=b" " * (1 << 20) + b"{}").status_code == 413


def successes(route: Route) -> Iterator[Any]:
    yield from (about for status, about in route.about["responses"].items() if status[0] == "2")


def fits(described: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": described["components"]}
    problems = [error.message for error in jsonschema_rs.Draft202012Validator(whole).iter_errors(value)]
    assert problems == [], (value, problems)

"""Rules are applied by what was rehearsed of them, and refused once that is not so any more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.served import ServedCloud
from tests.server.rest_routes import client, token_of

pytestmark = pytest.mark.server
FILL = "rule fill { prefer -host.index }\npolicy fill { use fill }\n"
GPU = FILL.replace("use fill", "use fill use gpu") + (
    'rule gpu { applies to vm where "cuda" in vm.tags require "gpu" in host.tags }\n'
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("rehearsals") / "state", rehearse="1x3") as served:
        yield served


@pytest.fixture(scope="module")
def http(cloud: ServedCloud) -> Iterator[httpx.Client]:
    with client(cloud.url + "/api/v1", token_of(cloud, "rhea", "operator")) as opened:
        yield opened


def rehearsed(http: httpx.Client, text: str) -> dict[str, Any]:
    answer = http.post("/rulesets/rehearse", json={"text": text})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kept(http: httpx.Client, text: str) -> str:
    made: str = http.post("/rulesets", json={"text": text, "name": "mine"}).json()["id"]
    return made


def apply(http: httpx.Client, ruleset: str, name: str) -> httpx.Response:
    return http.post(f"/rulesets/{ruleset}/apply", params={"rehearsed": name})


def test_what_was_rehearsed_is_applied(http: httpx.Client) -> None:
    found = rehearsed(http, GPU)
    assert (found["never_matched"], found["valid_s"]) == (["gpu"], 60)
    assert apply(http, kept(http, GPU), found["rehearsed"]).json()["policy"] == "fill"
    named = http.post("/rulesets/GREEDY/rehearse").json()["rehearsed"]
    assert apply(http, "GREEDY", named).json()["id"] == "GREEDY"


def test_a_rehearsal_of_other_rules_or_of_nobody_applies_nothing(http: httpx.Client) -> None:
    made = kept(http, FILL)
    for name, why in ((rehearsed(http, GPU)["rehearsed"], "is one of other rules"), ("made-up", "is not known")):
        refused = apply(http, made, name)
        assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
        assert why in refused.json()["detail"]
    assert http.get("/rulesets/active").json()["id"] != made


def test_a_cloud_that_moved_refuses_and_says_what_happened(http: httpx.Client) -> None:
    made, name = kept(http, FILL), rehearsed(http, FILL)["rehearsed"]
    host = http.get("/hosts").json()["items"][0]["name"]
    http.post(f"/hosts/{host}/drain").raise_for_status()
    refused = apply(http, made, name)
    http.post(f"/hosts/{host}/undrain").raise_for_status()
    assert (refused.status_code, host in refused.json()["detail"]) == (409, True)
    assert apply(http, made, rehearsed(http, FILL)["rehearsed"]).status_code == 200


def test_of_many_who_apply_what_they_rehearsed_at_once_one_decides(http: httpx.Client) -> None:
    http.post("/rulesets/ROUNDROBIN/apply").raise_for_status()
    texts = [FILL + f"# {number}\n" for number in range(6)]
    ready = [(kept(http, text), rehearsed(http, text)["rehearsed"]) for text in texts]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: apply(http, *one).status_code, ready))
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]


def test_after_a_restart_rules_must_be_rehearsed_again(cloud: ServedCloud, http: httpx.Client) -> None:
    made, name = kept(http, FILL + "# restart\n"), rehearsed(http, FILL + "# restart\n")["rehearsed"]
    cloud.kill()
    cloud.start()
    assert "is not known (any more)" in apply(http, made, name).json()["detail"]


def test_a_text_is_compared_with_what_is_active_also_with_a_policy_of_161(http: httpx.Client) -> None:
    http.post("/rulesets/GREEDY/apply").raise_for_status()
    found = http.post("/rulesets/compare", json={"text": FILL}).json()
    assert (found["old"], "policy fill" in found["added"], "policy greedy" in found["removed"]) == (
        "GREEDY",
        True,
        True,
    )
    text = http.get("/rulesets/GREEDY").json()["text"]
    assert http.post("/rulesets/compare", json={"text": text}).json()["lines"] == ""
    assert http.post("/rulesets/compare", json={"text": "# " + "x" * 400_000}).status_code == 400


def test_editors_are_told_the_words_of_the_language(http: httpx.Client) -> None:
    found = http.get("/rulesets/language").json()
    assert {"rule", "require", "weight", "true"} <= set(found["keywords"])
    assert {"host.mem.free", "vm.tags"} <= {word["name"] for word in found["names"]}
    assert {"GiB", "pct"} <= set(found["units"])
    assert found["built_in"] == ["GREEDY", "ROUNDROBIN", "POWERSAVE"]


def test_rules_are_tried_on_the_launches_of_the_last_day(http: httpx.Client) -> None:
    http.post("/rulesets/GREEDY/apply").raise_for_status()
    image = next(row for row in http.get("/images").json()["items"] if row["kind"] == "machine")["id"]
    made = http.post("/instances", json={"image_id": image}).json()["items"][0]
    last = FILL.replace("-host.index", "host.index")
    found = http.post("/rulesets/try", json={"text": last}).json()
    assert (found["policy"], found["launches"], found["elsewhere"], found["refused"]) == ("fill", 1, 1, 0)
    assert found["shown"][0]["instance"] == made["id"]
    assert found["shown"][0]["would"] != made["host"]
    assert any("switched on" in said for said in found["assumed"])
    assert http.post("/rulesets/try", json={"text": FILL}).json()["same"] == 1
    assert http.post("/rulesets/try", json={"text": FILL, "hours": 0}).status_code == 400
    assert http.post("/rulesets/try", json={"text": "rule a { prefre 1 }"}).status_code == 422

"""Versions of rules over HTTP: kept, applied, compared, taken back; and by whom."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.served import ServedCloud
from tests.server.rest_routes import client, token_of

pytestmark = pytest.mark.server
FILL = "rule fill { prefer -host.index }\npolicy fill { use fill }\n"
SPREAD = "rule spread { prefer host.index }\npolicy spread { use spread }\n"
FAULTY = "rule a { prefre host.index }\nrule b { prefer host.indx }\n"
CHANGES = [("", {"text": FILL}), ("/GREEDY/apply", None), ("/rollback", None)]
READS = ["", "/active", "/history", "/rules-1", "/rules-1/diff?against=rules-1"]


@pytest.fixture(scope="module")
def http(cloud: ServedCloud) -> Iterator[httpx.Client]:
    with client(cloud.url + "/api/v1/rulesets", token_of(cloud, "rita", "operator")) as opened:
        yield opened


def kept(http: httpx.Client, text: str, **more: str) -> str:
    answer = http.post("", json={"text": text, "name": "mine", **more})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def test_a_version_is_kept_applied_and_taken_back(http: httpx.Client) -> None:
    first, second = kept(http, FILL), kept(http, SPREAD)
    assert kept(http, FILL) == first
    shown = http.get(f"/{first}").json()
    assert (shown["text"], shown["author"], shown["active"]) == (FILL, "rita", False)
    listed = {row["id"]: row for row in http.get("").json()["items"]}
    assert listed[second]["policy"] == "spread"
    assert listed[second]["text"] == ""
    for chosen in (first, second, "GREEDY"):
        assert http.post(f"/{chosen}/apply").json()["id"] == chosen
    assert http.get("/active").json() == {"id": "GREEDY", "policy": "GREEDY", "warnings": []}
    assert http.post("/rollback").json() == {"id": second, "policy": "spread", "warnings": []}
    found = http.get(f"/{first}/diff").json()
    assert (found["old"], found["new"]) == (second, first)
    assert found["added"] == ["rule fill", "policy fill"]
    assert "+rule fill { prefer -host.index }" in found["lines"]
    http.post("/ROUNDROBIN/apply")
    assert http.get(f"/{first}/diff").json()["errors"][0]["why"] == "ROUNDROBIN has no text; name a version."


def test_rules_by_which_a_type_could_run_nowhere_are_applied_with_a_warning(http: httpx.Client) -> None:
    made = kept(http, "rule none { require host.mem.free > 1TiB }\npolicy p { use none }\n")
    (warning,) = http.post(f"/{made}/apply").json()["warnings"]
    assert (warning["line"], warning["severity"]) == (1, "warning")
    assert "could run nowhere" in warning["said"]
    assert http.get("/active").json()["id"] == made
    http.post("/ROUNDROBIN/apply")


def test_faulty_rules_are_refused_with_every_place_and_nothing_is_kept(http: httpx.Client) -> None:
    before = http.get("").json()["items"]
    refused = http.post("", json={"text": FAULTY, "name": "mine"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert [row["field"] for row in refused.json()["errors"]] == ["rules:1:10", "rules:2:17"]
    assert refused.json()["errors"][0]["why"].endswith("^^^^^^")
    checked = http.post("/check", json={"text": FAULTY}).json()
    assert [(fault["line"], fault["column"]) for fault in checked["faults"]] == [(1, 10), (2, 17)]
    assert http.get("").json()["items"] == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"text": FILL + SPREAD}, 400),
        ("", {"text": FILL, "policy": "fil"}, 400),
        ("", {"text": FILL, "name": "../etc"}, 400),
        ("", {"text": "# " + "x" * 400_000}, 400),
        ("/check", {"text": "# " + "x" * 400_000}, 400),
        ("/rules-999/apply", None, 404),
        ("/greedy/apply", None, 404),
    ],
)
def test_what_can_not_be_done_is_refused_in_words(
    http: httpx.Client, path: str, body: dict[str, str] | None, status: int
) -> None:
    answer = http.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text


@pytest.mark.parametrize(
    "text", ["", "\0", "rule (" * 20_000, "\ufffd{{{", '"', "policy p {", "rule a { prefer " + "(" * 9_000]
)
def test_checking_answers_whatever_the_text(http: httpx.Client, text: str) -> None:
    answer = http.post("/check", json={"text": text})
    assert answer.status_code == 200
    assert isinstance(answer.json()["faults"], list)


def test_strangers_see_nothing_and_viewers_change_nothing(
    cloud: ServedCloud, http: httpx.Client, stranger: dict[str, str]
) -> None:
    kept(http, FILL)
    before = http.get("/history").json()["items"]
    for token, reads, changes in (
        ("", 401, 401),
        (stranger["AWS_SECRET_ACCESS_KEY"], 401, 401),
        (token_of(cloud, "vito", "viewer"), 200, 403),
    ):
        with client(cloud.url + "/api/v1/rulesets", token) as other:
            assert {other.get(path).status_code for path in READS} == {reads}
            assert {other.post(path, json=body).status_code for path, body in CHANGES} == {changes}
    assert http.get("/history").json()["items"] == before


def test_applied_at_once_each_is_in_the_history_and_the_last_one_decides(http: httpx.Client) -> None:
    chosen = [kept(http, FILL), kept(http, SPREAD), "GREEDY"] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: http.post(f"/{one}/apply").status_code, chosen))
    assert set(answers) == {200}
    past = http.get("/history").json()["items"]
    assert past[0]["id"] == http.get("/active").json()["id"]
    assert [row["number"] for row in past] == list(range(len(past), 0, -1))
    assert all(new["id"] != old["id"] for new, old in pairwise(past))
    http.post("/ROUNDROBIN/apply")


def test_every_change_is_audited(cloud: ServedCloud, http: httpx.Client, admin: dict[str, str]) -> None:
    made = kept(http, FILL)
    http.post(f"/{made}/apply")
    http.post("", json={"text": FAULTY, "name": "audited"})
    http.post("/ROUNDROBIN/apply")
    with client(cloud.url, admin["EUCA_TOKEN"]) as other:
        entries = other.get("/api/v1/audit?limit=5000").json()["items"][-4:]
    assert [(row["action"], row["target"], row["outcome"]) for row in entries] == [
        ("AddRuleset", "mine", "ok"),
        ("ApplyRuleset", made, "ok"),
        ("AddRuleset", "audited", "refused"),
        ("ApplyRuleset", "ROUNDROBIN", "ok"),
    ]


def test_the_command_applies_files_versions_and_other_policies_of_them(cloud: ServedCloud, tmp_path: Path) -> None:
    folder = tmp_path / "my site"
    folder.mkdir()
    (folder / "a.rules").write_text(FILL)
    (folder / "b.rules").write_text(SPREAD)
    (folder / ".#b.rules").symlink_to("nowhere")
    said = cloud.euca("rules", "apply", str(folder), "--policy", "fill").stdout
    made = said.partition("(")[2].partition(")")[0]
    assert said == f"policy fill ({made}) decides from now on\n"
    other = json.loads(cloud.euca("rules", "apply", made, "--policy", "spread", "--json").stdout)
    assert (other["policy"], other["id"] != made) == ("spread", True)
    listed = [line.split() for line in cloud.euca("rules", "list").stdout.splitlines()]
    assert [row[0] for row in listed if row[-1] == "yes"] == [other["id"]]
    assert [row[1] for row in listed if row[0] == made] == ["my-site"]
    assert cloud.euca("rules", "show", made).stdout == f"# a.rules\n{FILL}\n# b.rules\n{SPREAD}"
    assert cloud.euca("rules", "diff", made).stdout == f"{made} and {other['id']} have the same text\n"
    assert (
        cloud.euca("rules", "rehearse", made, "--policy", "spread").stdout.splitlines()[-1].startswith("policy spread:")
    )
    assert cloud.euca("rules", "rollback").stdout == said
    refused = cloud.euca("rules", "apply", "GREEDY", "--policy", "spread", check=False)
    assert refused.stderr.splitlines()[-1] == "Error: GREEDY is a policy itself; leave out --policy spread"
    cloud.euca("rules", "apply", "ROUNDROBIN")


def test_the_command_prints_faults_as_check_does_and_changes_nothing(cloud: ServedCloud, tmp_path: Path) -> None:
    file = tmp_path / "day.rules"
    file.write_text(FAULTY)
    before = cloud.euca("rules", "list").stdout
    refused = cloud.euca("rules", "apply", str(file), check=False)
    assert (refused.returncode, refused.stderr) == (1, f"euca: {file} is refused, nothing has changed\n")
    assert refused.stdout == cloud.euca("rules", "check", str(file), check=False).stdout
    file.write_text(FILL + SPREAD)
    unnamed = cloud.euca("rules", "apply", str(file), check=False)
    assert (unnamed.returncode, len(unnamed.stderr.splitlines())) == (1, 1)
    assert "fill and spread" in unnamed.stderr
    assert cloud.euca("rules", "apply", str(tmp_path / "absent.rules"), check=False).returncode == 2
    assert cloud.euca("rules", "apply", "rules-999", check=False).returncode == 1
    assert cloud.euca("rules", "list").stdout == before


@pytest.mark.parametrize("name", ["apply", "list", "history", "show", "diff", "rollback", "check"])
def test_each_command_shows_an_example(cloud: ServedCloud, name: str) -> None:
    assert f"Example: euca rules {name}" in cloud.euca("rules", name, "--help").stdout

"""Every route that changes something leaves who, what, from where and as which command; the chain holds."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.clock import SystemClock
from app.store.database import Database
from tests.served import ServedCloud
from tests.server.rest_routes import Route, client, routes

pytestmark = pytest.mark.server
NAMED_BY_THE_DEED = {"ActOnInstances", "StartJob"}
"""The audit says of these what was done."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("audited") / "state", rehearse="1x1") as served:
        yield served


@pytest.fixture(scope="module")
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(own.url, own.credentials()["EUCA_TOKEN"]) as admin:
        yield admin


def audited(http: httpx.Client, command: str) -> list[dict[str, Any]]:
    return [row for row in http.get("/api/v1/audit?limit=5000").json()["items"] if row["command"] == command]


def ask(http: httpx.Client, route: Route, command: str) -> httpx.Response:
    if route.id == "UploadImageFile":
        return http.request(route.method, route.path, content=b"bytes", headers={"Euca-Command": command})
    return route.ask(http, **{"Euca-Command": command})


def test_every_change_is_written_down_and_so_is_its_refusal(own: ServedCloud, http: httpx.Client) -> None:
    walked = [route for route in routes(own.url) if route.changes]
    assert len(walked) > 30
    for route in walked:
        command = f"walk {route.id} --now"
        answer = ask(http, route, command)
        understood = answer.is_success or answer.json()["type"] != "about:blank"
        assert understood, (route.id, answer.text)
        entries = audited(http, command)
        assert len(entries) == 1, (route.id, answer.text, entries)
        assert entries[0]["outcome"] == ("ok" if answer.is_success else "refused"), (route.id, answer.text)
        assert entries[0]["who"].endswith("/admin")
        assert entries[0]["source"] == "127.0.0.1"
        assert entries[0]["action"] == route.id or route.id in NAMED_BY_THE_DEED


def test_a_command_is_data_and_bounded(http: httpx.Client) -> None:
    given = "euca \u202e[31m" + "ü" * 500
    http.post("/api/v1/hosts/nowhere/drain", headers={b"Euca-Command": given.encode()})
    newest = http.get("/api/v1/audit?limit=5000").json()["items"][-1]
    assert newest["command"] == "euca ?[31m" + "ü" * 190


def test_what_says_nothing_is_told_by_its_program(http: httpx.Client) -> None:
    http.post("/api/v1/hosts/nowhere/drain", headers={"User-Agent": "curl/8.5"})
    assert http.get("/api/v1/audit?limit=5000").json()["items"][-1]["command"] == "curl/8.5"


def test_the_command_tells_how_it_was_called(own: ServedCloud, http: httpx.Client) -> None:
    own.euca("host", "drain", "cluster1-host1")
    assert audited(http, "euca host drain cluster1-host1")[0]["action"] == "DrainHost"


def test_the_chain_holds_after_all_that(own: ServedCloud) -> None:
    async def broken() -> object:
        async with Database.open(own.state / "cloud.sqlite3", clock=SystemClock()) as store:
            return await store.verify_audit()

    own.stop()
    assert asyncio.run(broken()) is None
    own.start()


def test_the_audit_is_listed_by_command_and_says_what_can_be_undone(own: ServedCloud, http: httpx.Client) -> None:
    host = http.get("/api/v1/hosts").json()["items"][0]["name"]
    own.euca("host", "drain", host)
    drained, *_ = json.loads(own.euca("audit", "--json", "-n", "1").stdout)
    assert (drained["action"], drained["target"], bool(drained["undo"])) == ("DrainHost", host, True)
    own.euca("host", "drain", "nowhere", check=False)
    newest = own.euca("audit").stdout.splitlines()
    assert newest[0].split()[:3] == ["NUMBER", "AT", "WHO"]
    assert "nowhere" in newest[1]
    assert drained["undo"] in newest[2], "newest first"
    refused = own.euca("audit", "--filter", "action=DrainHost outcome:refused").stdout
    assert "nowhere" in refused
    assert host not in refused
    number = str(drained["number"])
    assert own.euca("audit", "--undoable", "-n", "1").stdout.splitlines()[1].split()[0] == number
    own.euca("undo", number)
    assert number not in {line.split()[0] for line in own.euca("audit", "--undoable").stdout.splitlines()}
    wrong = own.euca("audit", "--filter", "nocolumn:1", check=False)
    assert (wrong.returncode, "no column nocolumn" in wrong.stderr) == (1, True)

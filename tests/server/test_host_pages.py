"""What the page of a host shows: why its instances are there, and their domains as libvirt has them."""

from collections.abc import Iterator

import httpx
import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.rest_routes import client

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("host-pages") / "state", rehearse="1x2") as served:
        yield served


@pytest.fixture(scope="module")
def http(own: ServedCloud) -> Iterator[httpx.Client]:
    with client(f"{own.url}/api/v1", own.credentials()["EUCA_TOKEN"]) as admin:
        yield admin


@pytest.fixture(scope="module")
def running(http: httpx.Client) -> dict[str, str]:
    """Launch one instance; return its id and its host."""
    image = next(row["id"] for row in http.get("/images").json()["items"] if row["kind"] == "machine")
    given = http.post("/instances", json={"image_id": image, "count": 1}).json()["items"][0]["id"]
    eventually(lambda: http.get(f"/instances/{given}").json()["state"] == "running")
    return {"id": given, "host": http.get(f"/instances/{given}").json()["host"]}


def test_a_host_tells_why_its_instances_are_there(http: httpx.Client, running: dict[str, str]) -> None:
    told = http.get(f"/hosts/{running['host']}/reasons").json()["items"]
    decided = http.get(f"/instances/{running['id']}/decisions").json()["items"][-1]
    assert [(row["instance_id"], row["kind"], row["at_ms"]) for row in told] == [
        (running["id"], "placed", decided["at_ms"])
    ]
    assert told[0]["text"] == "; ".join(decided["reasons"]) != ""
    others = [row["name"] for row in http.get("/hosts").json()["items"] if row["name"] != running["host"]]
    assert http.get(f"/hosts/{others[0]}/reasons").json()["items"] == []
    assert http.get("/hosts/nowhere/reasons").status_code == 404


def test_a_domain_is_shown_as_libvirt_has_it(http: httpx.Client, running: dict[str, str]) -> None:
    told = http.get(f"/instances/{running['id']}/definition").json()
    assert (told["instance_id"], told["host"]) == (running["id"], running["host"])
    assert f"<name>{running['id']}</name>" in told["xml"]
    assert http.get("/instances/i-00000000/definition").status_code == 404


def test_a_viewer_sees_no_domain(own: ServedCloud, http: httpx.Client, running: dict[str, str]) -> None:
    made = http.post("/tokens", json={"name": "looker", "role": "viewer"}).json()
    with client(f"{own.url}/api/v1", made["token"]) as viewer:
        assert viewer.get(f"/instances/{running['id']}/definition").status_code == 403
        assert viewer.get(f"/hosts/{running['host']}/reasons").status_code == 200

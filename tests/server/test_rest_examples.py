"""The examples of docs/rest.md run as they stand; the one that watches the stream reacts, whatever happens to it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deadline import eventually
from tests.house.tree import ROOT
from tests.served import ServedCloud
from tests.server.rest_routes import client

pytestmark = pytest.mark.server
BLOCKS = re.findall(
    r"^```python( watch)?\n(.*?)^```", (ROOT / "docs" / "rest.md").read_text(), re.MULTILINE | re.DOTALL
)
FIRST = BLOCKS[0][1]
SHORT = [
    FIRST.partition("for host")[0] * ("http" in code and "import httpx" not in code) + code
    for kind, code in BLOCKS
    if not kind
]
(WATCHING,) = [code for kind, code in BLOCKS if kind]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("examples") / "state", rehearse="1x2") as served:
        yield served


def environment(own: ServedCloud) -> dict[str, str]:
    return own.credentials() | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


@pytest.mark.parametrize("code", SHORT, ids=[str(number) for number in range(len(SHORT))])
def test_an_example_runs_and_shows_something(own: ServedCloud, code: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment(own), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_script_that_watches_is_short() -> None:
    assert len([line for line in WATCHING.splitlines() if line]) <= 30


def test_the_script_that_watches_reacts_also_after_the_server_was_killed(own: ServedCloud, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WATCHING]
    with (
        client(f"{own.url}/api/v1", own.credentials()["EUCA_TOKEN"]) as http,
        (tmp_path / "told").open("w+") as told,
        subprocess.Popen(command, env=environment(own), cwd=tmp_path, stdout=told) as script,
    ):
        try:
            launched = launch(http)
            drained(http, launched)
            own.kill()
            own.start()
            drained(http, launched)
        finally:
            script.kill()
        told.seek(0)
        text = told.read()
    assert "lost:" in text
    assert text.count(f"{launched} to ") >= 2


def drained(http: httpx.Client, instance_id: str) -> None:
    """Drain the host of an instance and wait until the script has moved it away."""
    host = place(http, instance_id)
    http.post(f"/hosts/{host}/drain").raise_for_status()
    eventually(lambda: place(http, instance_id) not in ("", host))
    http.post(f"/hosts/{host}/undrain").raise_for_status()


def launch(http: httpx.Client) -> str:
    image = http.get("/images", params={"filter": "kind=machine"}).json()["items"][0]["id"]
    launched: str = http.post("/instances", json={"image_id": image}).raise_for_status().json()["items"][0]["id"]
    eventually(lambda: http.get(f"/instances/{launched}").json()["state"] == "running")
    return launched


def place(http: httpx.Client, instance_id: str) -> str:
    """Say where an instance has come to rest; empty while it moves."""
    row = http.get(f"/instances/{instance_id}").json()
    return "" if row["moving_from"] or row["state"] != "running" else str(row["host"])

"""Somebody asks what happened: in a real terminal on a served cloud, from an event to its moment and back to now."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api.resources import ActOnInstances, LaunchInstances
from app.client import calls
from app.client.http import SyncCloud
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.tui.tmux import Terminal

pytestmark = pytest.mark.tui


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path / "state") as cloud:
        yield cloud


def live_and_die(cloud: ServedCloud) -> None:
    """Let two instances run, then end them and drain a host."""
    with SyncCloud(cloud.url, cloud.credentials()["EUCA_TOKEN"]) as rest:

        def all_are(state: str) -> bool:
            return all(view.state == state for view in rest.send(calls.instances()).items)

        image = next(view for view in rest.send(calls.images()).items if view.kind == "machine")
        started = rest.send(calls.launch(LaunchInstances(image_id=image.id, count=2))).items
        eventually(lambda: all_are("running"))
        rest.send(calls.act(ActOnInstances(action="terminate", ids=[view.id for view in started])))
        eventually(lambda: all_are("terminated"))
        rest.send(calls.drain_host("cluster1-host1"))


def test_from_an_event_to_its_moment_and_back(cloud: ServedCloud, terminal: Terminal) -> None:
    live_and_die(cloud)
    euca = (sys.executable, "-m", "app")
    terminal.run(*euca, "console", "--url", cloud.url, EUCA_TOKEN=cloud.credentials()["EUCA_TOKEN"])
    terminal.shows("● live", "all is well")
    terminal.press("4", "/")
    terminal.type("kind:instance running")
    terminal.press("Enter")
    terminal.shows("2 of", "@ replay")
    terminal.press("G", "@")
    terminal.shows("◀ replay", "read-only", "now ● live")

    terminal.press("3")
    terminal.shows("2 instances", "● running")
    terminal.hides("terminated")
    terminal.press("t")
    terminal.shows("terminate: not possible, the console shows the past")
    terminal.press("2")
    terminal.shows("6 hosts")
    terminal.hides("draining")
    terminal.press("{")
    terminal.shows("nothing is known before")

    cloud.kill()
    terminal.shows("now ○ lost", "6 hosts", "◀ replay")
    terminal.press("3", "Enter")
    terminal.shows("here because", "not known: The cloud does not answer")
    terminal.press("0")
    terminal.shows("Connection lost", "✕ terminated")
    cloud.start()
    terminal.shows("● live")

    terminal.press("2")
    terminal.shows("◐ draining")
    terminal.type(":replay -9d")
    terminal.shows(": replay -9d")
    terminal.press("Enter")
    terminal.hides(": replay")
    terminal.shows("nothing is known before", "● live")
    terminal.press("q")
    terminal.shows("exit code 0")

"""Every place as it looks, cell by cell, against a stored picture in text.

After a wanted change: `EUCALYPTUS_WRITE_GOLDEN=1 pytest tests/tui/test_screens.py`, and read the difference.
"""

import os
from pathlib import Path

import pytest

from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import NOW_MS, a_host, an_instance

pytestmark = pytest.mark.tui
GOLDEN = Path(__file__).parent / "golden"
SIZES = {"80x24": (80, 24), "160x48": (160, 48)}
PLACES = {
    "overview": ("1", "clusters"),
    "hosts": ("2", "HOST"),
    "instances": ("3", "INSTANCE"),
    "help": ("question_mark", "keys of overview"),
}


def a_cloud() -> FakeCloud:
    cloud = FakeCloud(role="operator")
    cloud.trouble = ["i-00000000000000007 pending 4m: no host passes rule 3", "node05 silent 42 s (3 instances)"]
    cloud.hosts["node05"] = a_host("node05", state="lost", seen_at_ms=NOW_MS - 42_000, last_error="timed out")
    cloud.hosts["node02"] = a_host("node02", wanted="draining")
    for view in (
        an_instance(7, state="pending", host="", launched_at_ms=NOW_MS - 240_000, name="db"),
        an_instance(8, state="stopped"),
        an_instance(9, state="terminated"),
        an_instance(10, status="impaired", host="node05", last_error="its host is silent"),
    ):
        cloud.instances[view.id] = view
    return cloud


def compare(console: Console, name: str) -> None:
    text, stored = console.text(), GOLDEN / f"{name}.txt"
    if os.environ.get("EUCALYPTUS_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        stored.write_text(text)
    assert text == stored.read_text()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", PLACES)
async def test_a_place_looks_as_it_did(place: str, size: str) -> None:
    key, part = PLACES[place]
    async with a_console(a_cloud(), size=SIZES[size]) as console:
        await console.press(key)
        await console.shows(part, "live 0.0s")
        compare(console, f"{place}-{size}")


@pytest.mark.parametrize("place", PLACES)
async def test_in_ascii_mode_nothing_else_is_shown(place: str) -> None:
    async with a_console(a_cloud(), Ways(ascii_only=True), size=(80, 24)) as console:
        await console.press(PLACES[place][0])
        await console.shows(PLACES[place][1], "live 0.0s")
        assert console.text().isascii(), console.text()


async def test_in_ascii_mode_dialogs_are_ascii_too() -> None:
    async with a_console(a_cloud(), Ways(ascii_only=True), size=(80, 24)) as console:
        await console.press("3", "t")
        await console.shows("Terminate")
        assert console.text().isascii(), console.text()
        await console.press("escape", "l")
        await console.shows("Launch instances", "Key pair")
        assert console.text().isascii(), console.text()


async def test_a_lost_cloud_looks_as_it_did() -> None:
    cloud = a_cloud()
    async with a_console(cloud, size=(80, 24)) as console:
        await console.press("3")
        await console.shows("INSTANCE")
        cloud.fall()
        await console.shows("nobody listens there", "retry in 15s")
        compare(console, "instances-lost-80x24")


@pytest.mark.parametrize("place", ["overview", "hosts", "instances"])
async def test_an_empty_cloud_looks_as_it_did(place: str) -> None:
    cloud = FakeCloud()
    cloud.hosts, cloud.instances, cloud.images = {}, {}, []
    cloud.clusters, cloud.types, cloud.events = [], [], []
    async with a_console(cloud, size=(80, 24)) as console:
        await console.press(PLACES[place][0])
        await console.shows(PLACES[place][1], "live 0.0s")
        compare(console, f"{place}-empty-80x24")


async def test_without_colour_states_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with a_console(a_cloud(), size=(80, 24)) as console:
        await console.press("3")
        await console.shows("● running", "◐ pending", "○ stopped", "✕ impaired")
        svg = console.app.export_screenshot()
        colours = {part[:6].lower() for part in svg.split("fill: #")[1:]}
        colours -= {"c5c8c6"}  # of the export itself
        assert [colour for colour in colours if len({colour[i : i + 2] for i in (0, 2, 4)}) > 1] == []

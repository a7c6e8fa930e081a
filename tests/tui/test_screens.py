"""A cloud with some trouble in it, pictures in text that only one test needs, and colours.

After a wanted change: `EUCALYPTUS_WRITE_GOLDEN=1 pytest tests/tui/THE_TEST.py`, and read the difference. Every screen
in every state is `test_states.py`'s.
"""

import os
from pathlib import Path

import pytest

from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import NOW_MS, a_host, an_instance

pytestmark = pytest.mark.tui
GOLDEN = Path(__file__).parent / "golden"


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


async def test_without_colour_states_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with a_console(a_cloud(), size=(80, 24)) as console:
        await console.press("3")
        await console.shows("● running", "◐ pending", "○ stopped", "✕ impaired")
        svg = console.app.export_screenshot()
        colours = {part[:6].lower() for part in svg.split("fill: #")[1:]}
        colours -= {"c5c8c6"}  # of the export itself
        assert [colour for colour in colours if len({colour[i : i + 2] for i in (0, 2, 4)}) > 1] == []

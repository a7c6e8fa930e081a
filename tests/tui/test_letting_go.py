"""Before something goes for good the dialog names what hangs on it, and only that is let go."""

import asyncio

import pytest
from textual.widgets import Input

from app.api.hanging import TieView
from app.api.problems import Problem
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.holdings import a_full_cloud, a_volume
from tests.tui.test_screens import compare

pytestmark = pytest.mark.tui
WEB1, WEB2 = (f"i-{number:017x}" for number in (1, 2))
SCRATCH = a_volume(2).id
GOES = TieView(kind="volume", id="vol-1", fate="is deleted with it", detail="8 GiB")
STAYS = TieView(kind="volume", id="vol-2", fate="stays", detail="20 GiB")
ADDRESS = TieView(kind="address", id="198.51.100.7", fate="is taken off, its account keeps it", detail="")


def type_in(console: Console, text: str) -> None:
    console.app.screen.query_one("#typed", Input).value = text


async def test_what_hangs_on_an_instance_is_named_and_its_version_goes_along() -> None:
    cloud = FakeCloud()
    cloud.parts.ties[WEB1] = [GOES, STAYS, ADDRESS]
    async with a_console(cloud, size=(80, 24)) as console:
        await console.press("3", "t")
        await console.shows(
            "Terminate", "8 GiB  – is deleted with it", "198.51.100.7  – is taken off, its account keeps"
        )
        compare(console, "terminate-hanging-80x24")
        type_in(console, WEB1)
        await console.press("enter")
        await console.shows("ending")
    assert cloud.bodies[-1]["targets"][0]["expected"] == {"state": "running", "name": "web1", "hanging": "v1"}


async def test_of_many_the_sums_and_how_many_are_in_use_are_told() -> None:
    cloud = FakeCloud()
    cloud.parts.ties = {WEB1: [GOES, STAYS], WEB2: [GOES]}
    async with a_console(cloud) as console:
        await console.press("3", "asterisk", "t")
        await console.shows("5 of 5 in use.", "2 x volume: is deleted with it", "1 x volume: stays")


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 60)])
async def test_however_much_hangs_there_what_is_asked_is_seen(size: tuple[int, int]) -> None:
    cloud = FakeCloud()
    for number, given in enumerate(cloud.instances):
        cloud.parts.ties[given] = [
            TieView(kind="volume", id=f"vol-{number}", fate=f"fate {n}", detail="") for n in range(20)
        ]
    async with a_console(cloud, size=size) as console:
        await console.press("3", "t")
        await console.shows("Type the name to confirm", "more", "Cancel", "vol-0  – fate 0", "fate 1")
        await console.press("escape", "asterisk", "t")
        await console.shows("Type their number to confirm", "more", "Cancel", "Hanging on them", WEB1)


async def test_a_holding_goes_only_with_what_was_shown() -> None:
    cloud = a_full_cloud()
    cloud.parts.ties[SCRATCH] = [TieView(kind="snapshot", id="snap-1[b]", fate="stays", detail="8 GiB")]
    refusal = Problem(type="x", title="", status=409, detail="was left as it is: what hangs on it has changed")
    cloud.refusals[f"DELETE /volumes/{SCRATCH}"] = refusal
    async with a_console(cloud) as console:
        await console.press("colon", *"volumes name=scratch", "enter")
        await console.shows("1 of 4 volumes")
        await console.press("X")
        await console.shows("snapshot  snap-1[b]  8 GiB  – stays")
        type_in(console, SCRATCH)
        await console.press("enter")
        await console.shows("left as it is")
    assert cloud.confirmed == ['"v1"']
    assert SCRATCH in cloud.held["volumes"]


@pytest.mark.parametrize("hangs", [True, False])
async def test_who_was_faster_than_the_cloud_confirms_nothing_that_they_have_not_seen(hangs: bool) -> None:
    cloud = FakeCloud()
    cloud.ponders = asyncio.Event()
    cloud.parts.ties = {WEB1: [GOES]} if hangs else {}
    async with a_console(cloud) as console:
        await console.press("3", "t")
        await console.shows("asking what hangs on it")
        type_in(console, WEB1)
        await console.press("enter")
        await console.shows("asking what hangs on it")
        assert not cloud.bodies
        cloud.ponders.set()
        await console.shows("is deleted with it" if hangs else "ending")
        assert bool(cloud.bodies) is not hangs
        if hangs:
            await console.press("enter")
            await console.shows("ending")


async def test_nothing_goes_while_nobody_knows_what_hangs_on_it() -> None:
    cloud = FakeCloud()
    cloud.refusals["POST /hanging"] = Problem(type="x", title="", status=503, detail="the store is busy")
    async with a_console(cloud) as console:
        await console.press("3", "t")
        await console.shows("Not known what hangs on it, so nothing goes: the store is busy")
        type_in(console, WEB1)
        await console.press("enter")
        assert console.app.screen.query_one("#yes").disabled
        assert not cloud.bodies


async def test_a_host_leaves_with_what_was_shown() -> None:
    cloud = FakeCloud(role="admin")
    cloud.parts.ties["node01"] = [
        TieView(kind="instance", id=WEB1, fate="must end or move away first", detail="running")
    ]
    async with a_console(cloud) as console:
        await console.press("2", "X")
        await console.shows("Remove node01?", "must end or move away first")
        type_in(console, "node01")
        await console.press("enter")
        await console.shows("node01 leaving")
    assert cloud.bodies[-1]["targets"][0]["expected"]["hanging"] == "v1"

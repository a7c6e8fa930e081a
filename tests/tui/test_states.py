"""Every list in every state it can be in, at a small and a large size, against stored pictures in text."""

import pytest

from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.test_screens import a_cloud, compare
from tests.tui.views import an_entry

pytestmark = pytest.mark.tui
SMALL, LARGE = (80, 24), (200, 60)
KEYS = {"overview": "1", "hosts": "2", "instances": "3", "events": "4", "audit": "8", "clouds": "9"}
WORDS = {"overview": "last events", "hosts": "HOST", "instances": "INSTANCE", "events": "EVENT", "audit": "WHO"}
SHOWN = {"audit": "entries", "events": "2 events", "clouds": "there", "help": "keys of overview"}


def full() -> FakeCloud:
    cloud = a_cloud()
    cloud.audit = [
        an_entry(1, "DrainHost", "node02"),
        an_entry(2, "TerminateInstances", "i-00000000000000009"),
        an_entry(3, "RebootInstances", "i-00000000000000001", outcome="refused", detail="It is in state 'pending'."),
    ]
    return cloud


def empty() -> FakeCloud:
    cloud = FakeCloud()
    cloud.hosts, cloud.instances, cloud.images = {}, {}, []
    cloud.clusters, cloud.types, cloud.events = [], [], []
    return cloud


def word(place: str) -> str:
    return SHOWN.get(place) or WORDS.get(place, "")


async def stand(console: Console, place: str) -> None:
    await console.press(KEYS.get(place, "question_mark"))


@pytest.mark.parametrize("place", ["events", "audit", "clouds"])
@pytest.mark.parametrize("size", [SMALL, (160, 48)], ids=["small", "wide"])
async def test_a_list_looks_as_it_did(place: str, size: tuple[int, int]) -> None:
    async with a_console(full(), size=size) as console:
        await stand(console, place)
        await console.shows(word(place), "live 0.0s")
        compare(console, f"{place}-{size[0]}x{size[1]}")


@pytest.mark.parametrize("place", [*KEYS, "help"])
async def test_a_large_screen_looks_as_it_did(place: str) -> None:
    async with a_console(full(), size=LARGE) as console:
        await stand(console, place)
        await console.shows(word(place), "live 0.0s")
        compare(console, f"{place}-200x60")


@pytest.mark.parametrize("place", [*KEYS, "help"])
async def test_a_read_only_console_looks_as_it_did(place: str) -> None:
    async with a_console(full(), Ways(read_only=True), size=SMALL) as console:
        await stand(console, place)
        await console.shows(word(place), "read-only", "live 0.0s")
        compare(console, f"{place}-read-only-80x24")


@pytest.mark.parametrize("place", ["events", "audit", "clouds"])
async def test_an_empty_list_looks_as_it_did(place: str) -> None:
    words = {"events": "Nothing has happened", "audit": "Nothing was changed", "clouds": "1 cloud"}
    async with a_console(empty(), size=SMALL) as console:
        await stand(console, place)
        await console.shows(words[place], "live 0.0s")
        compare(console, f"{place}-empty-80x24")


@pytest.mark.parametrize("place", ["overview", "hosts", "events", "audit", "clouds", "help"])
async def test_a_lost_cloud_looks_as_it_did(place: str) -> None:
    cloud = full()
    async with a_console(cloud, size=SMALL) as console:
        await stand(console, place)
        await console.shows(word(place))
        cloud.fall()
        await console.shows(
            "unreachable" if place == "clouds" else "", "nobody listens there", "next try in 15s", "retry in 15s"
        )
        compare(console, f"{place}-lost-80x24")


@pytest.mark.parametrize("place", [*KEYS, "help"])
async def test_a_cloud_that_has_not_answered_yet_looks_as_it_did(place: str) -> None:
    cloud = full()
    cloud.speaks.clear()
    async with a_console(cloud, size=SMALL) as console:
        await stand(console, place)
        await console.shows("connecting to", "◌ asking" if place == "clouds" else "connecting")
        compare(console, f"{place}-loading-80x24")


@pytest.mark.parametrize("place", ["hosts", "instances", "audit"])
async def test_a_list_never_says_that_nothing_is_there_before_it_was_told(place: str) -> None:
    cloud = full()
    cloud.speaks.clear()
    async with a_console(cloud) as console:
        await stand(console, place)
        await console.shows("asking the cloud ...")
        cloud.speaks.set()
        await console.shows("live", "3 entries" if place == "audit" else "node03")


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (160, 48), (200, 60), (250, 70)])
async def test_no_line_is_wider_than_the_terminal_at_any_size(size: tuple[int, int]) -> None:
    async with a_console(full(), size=size) as console:
        for place in [*KEYS, "help"]:
            await stand(console, place)
            await console.shows("keys of clouds" if place == "help" else word(place), "live")
            lines = console.text().splitlines()
            assert len(lines) <= size[1]
            assert all(len(line) <= size[0] for line in lines), console.text()
            assert "? help" in lines[-1]

"""Every screen in every state it can be in, cell by cell, against stored pictures in text.

After a wanted change: `EUCALYPTUS_WRITE_GOLDEN=1 pytest tests/tui/test_states.py`, and read the difference. To look at
them: `EUCALYPTUS_PICTURES=FOLDER pytest tests/tui/test_states.py`, and `sheets.py`.
"""

import difflib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.screen import ModalScreen, Screen

from app.tui.holdings import LISTED
from app.tui.palette import Palette
from app.tui.places import PAGES, PLACES
from app.tui.session import Ways
from tests.tui.consoles import DEADLINE_S, Console
from tests.tui.scenes import (
    SCENES,
    SIZES,
    Scene,
    a_bare_cloud,
    a_whole_cloud,
    an_empty_cloud,
    arrive,
    leave,
)
from tests.tui.screen_text import png_of
from tests.tui.weather import a_console_in

pytestmark = pytest.mark.tui
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
GOLDEN = Path(__file__).parent / "golden"
ODD_SIZES = ((100, 30), (160, 48), (250, 70), (81, 25))
HOLDINGS = {one.place for one in LISTED}
SOON_S = 1.0
QUIET_S = 0.4  # longer than the console ever waits before it draws


def unseen_screens() -> set[type[Screen[Any]]]:
    """Find what no scene shows."""
    found: set[type[Screen[Any]]] = {*PLACES.values(), *PAGES.values(), Palette}
    ahead: list[type[Screen[Any]]] = [ModalScreen]
    while ahead:
        kind = ahead.pop()
        ahead += kind.__subclasses__()
        found |= {kind} if kind.__module__.startswith("app.tui") else set()
    return found - {scene.screen for scene in SCENES.values()}


def test_every_screen_has_its_pictures() -> None:
    assert unseen_screens() == set(), "tests/tui/scenes.py: no scene shows these"


class Album:
    """The pictures of one state: compared, or taken anew, and shown to people who asked for that."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.wrong: list[str] = []

    async def compare(self, console: Console, name: str) -> None:
        wanted = stored(self.state, name)
        anew = bool(os.environ.get("EUCALYPTUS_WRITE_GOLDEN"))
        came = await comes(console, wanted, SOON_S if anew or self.wrong else DEADLINE_S)
        if not came and anew:
            path(self.state, name).parent.mkdir(parents=True, exist_ok=True)
            path(self.state, name).write_text(await quiet(console))
        elif not came:
            there = str(path(self.state, name))
            lines = difflib.unified_diff(wanted.splitlines(), seen(console).splitlines(), there, "seen", lineterm="")
            self.wrong.append("\n".join(lines))
        if folder := os.environ.get("EUCALYPTUS_PICTURES"):
            drawn = Path(folder) / self.state / f"{name}.png"
            drawn.parent.mkdir(parents=True, exist_ok=True)
            png_of(console.app, drawn)


def path(state: str, name: str) -> Path:
    return GOLDEN / state / f"{name}.txt"


def stored(state: str, name: str) -> str:
    return path(state, name).read_text() if path(state, name).exists() else ""


def seen(console: Console) -> str:
    """Return the text of the screen, with another port of the guest's than that which was free."""
    return _PORT.sub(lambda port: "1" * len(port[0]), console.text())


async def comes(console: Console, wanted: str, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while seen(console) != wanted:
        if time.monotonic() > end:
            return False
        await console.pilot.pause(0.02)
    return True


async def quiet(console: Console) -> str:
    """Wait until nothing changes any more."""
    text, since_s = seen(console), time.monotonic()
    while time.monotonic() - since_s < QUIET_S:
        await console.pilot.pause(0.05)
        if seen(console) != text:
            text, since_s = seen(console), time.monotonic()
    return text


def scenes(state: str) -> dict[str, Scene]:
    return {name: scene for name, scene in SCENES.items() if state in scene.states}


async def walk(console: Console, album: Album, shown: dict[str, Scene]) -> None:
    for name, scene in shown.items():
        await arrive(console, scene)
        if album.state != "loading":
            await console.hides("sking")
        if album.state in SIZES:
            assert isinstance(console.app.screen, scene.screen), f"{name}\n{console.text()}"
        await album.compare(console, name)
        await leave(console)


async def connected(console: Console) -> None:
    await console.until(lambda: console.app.session.live)


@pytest.mark.parametrize("state", SIZES)
async def test_every_screen_looks_as_it_did_at_every_size(state: str) -> None:
    album = Album(state)
    async with a_console_in(a_whole_cloud(), size=SIZES[state]) as (console, _):
        await connected(console)
        await walk(console, album, scenes(state))
    assert not album.wrong, "\n\n".join(album.wrong)


async def test_every_screen_of_a_read_only_console_looks_as_it_did() -> None:
    album = Album("read-only")
    async with a_console_in(a_whole_cloud(), Ways(read_only=True)) as (console, _):
        await connected(console)
        await walk(console, album, scenes("read-only"))
    assert not album.wrong, "\n\n".join(album.wrong)


async def test_every_screen_of_an_empty_cloud_looks_as_it_did() -> None:
    """Lists have no rows; what pages are about is there, but has nothing to it."""
    album = Album("empty")
    lists, pages = parted(scenes("empty"), lambda scene: scene.page is None)
    for cloud, shown in ((an_empty_cloud(), lists), (a_bare_cloud(), pages)):
        async with a_console_in(cloud) as (console, _):
            await connected(console)
            await walk(console, album, shown)
    assert not album.wrong, "\n\n".join(album.wrong)


async def test_every_screen_of_a_cloud_that_does_not_answer_yet_looks_as_it_did() -> None:
    """What is known from the start waits for the first answer, what is fetched when looked at for its own."""
    album = Album("loading")
    first, later = parted(scenes("loading"), lambda scene: scene.page is None and scene.place not in HOLDINGS)
    for known, shown in ((False, first), (True, later)):
        cloud = a_whole_cloud()
        if not known:
            cloud.speaks.clear()
        async with a_console_in(cloud) as (console, weather):
            if known:
                await connected(console)
                cloud.speaks.clear()
                weather.guest.speaks.clear()
            await walk(console, album, shown)
    assert not album.wrong, "\n\n".join(album.wrong)


async def test_every_screen_of_a_lost_cloud_looks_as_it_did() -> None:
    album = Album("lost")
    async with a_console_in(a_whole_cloud()) as (console, weather):
        for name, scene in scenes("lost").items():
            await connected(console)
            console.app.session.copy.take()  # else the next screen is told that the cloud is back, and asks again
            await arrive(console, scene)
            await comes(console, stored("80x24", name), DEADLINE_S)  # all that was asked for is there
            weather.storm()
            await console.shows("○ lost", "retry in 15s")
            await album.compare(console, name)
            weather.clear()
            await leave(console)
    assert not album.wrong, "\n\n".join(album.wrong)


async def test_in_ascii_mode_every_screen_is_ascii() -> None:
    async with a_console_in(a_whole_cloud(), Ways(ascii_only=True)) as (console, _):
        await connected(console)
        for name, scene in scenes("normal").items():
            await arrive(console, scene)
            await console.hides("sking")
            assert console.text().isascii(), f"{name}\n{console.text()}"
            await leave(console)


async def test_no_line_is_wider_than_the_terminal_at_any_size() -> None:
    async with a_console_in(a_whole_cloud()) as (console, _):
        await connected(console)
        for name in PLACES:
            await arrive(console, SCENES[name])
            for width, height in ODD_SIZES:
                await console.pilot.resize_terminal(width, height)
                await console.until(lambda most=height: len(console.text().splitlines()) <= most)  # type: ignore[misc]
                lines = console.text().splitlines()
                assert all(len(line) <= width for line in lines), f"{name}\n{console.text()}"
                assert "? help" in lines[-1], f"{name}\n{console.text()}"


def parted(shown: dict[str, Scene], test: Callable[[Scene], bool]) -> tuple[dict[str, Scene], dict[str, Scene]]:
    return (
        {name: scene for name, scene in shown.items() if test(scene)},
        {name: scene for name, scene in shown.items() if not test(scene)},
    )

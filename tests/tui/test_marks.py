"""Marks: what is marked is what the screen showed under the cursor, however fast one types and whatever news come.

Keys are put into the queue of the console while news are on their way. What the screen shows is read from it as text.
The trap: a filter is applied with each letter, as far as there is time between the keys.
"""

import re

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual.widgets import Static

from app.tui.pace import TICK_S
from app.tui.widgets.grid import Grid
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host, an_instance

pytestmark = pytest.mark.tui
HOSTS = ("alder", "cedar", "cedar", "alder", "alder", "cedar", "alder")
ON_CEDAR = {an_instance(number).id for number in (2, 3, 6)}
FILTER = ("slash", *"host:cedar", "enter")
GO = ("colon", *"instances host:cedar", "enter")
ROW = re.compile(r"i-[0-9a-f]{17}")
few = settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])


def a_cloud() -> FakeCloud:
    cloud = FakeCloud()
    views = (an_instance(number, host=host, name=f"web{number}") for number, host in enumerate(HOSTS, 1))
    cloud.instances = {view.id: view for view in views}
    return cloud


def at_cursor(console: Console) -> str:
    """Return the id of the row that the screen shows under the cursor."""
    line = next((line for line in console.text().splitlines() if "▶" in line[:2]), "")
    return "".join(ROW.findall(line))


def marked(console: Console) -> set[str]:
    """Return the ids of the rows that the screen shows as marked."""
    return {ROW.findall(line)[0] for line in console.text().splitlines() if "✓" in line[:2] and ROW.search(line)}


async def type_keys(console: Console, keys: tuple[str, ...], waits: list[bool]) -> None:
    """Type a key after the other; some only once all that was typed before is done."""
    for key, wait in zip(keys, waits, strict=True):
        await console.burst(key)
        if wait:
            await console.pilot.pause()


@few
@given(line=st.integers(0, 6), keys=st.sampled_from([FILTER, GO]), data=st.data())
async def test_as_many_rows_are_marked_behind_a_filter_as_space_is_pressed_however_fast(
    line: int, keys: tuple[str, ...], data: st.DataObject
) -> None:
    keys = (*keys, "space", "space", "space")
    hasty = st.sampled_from([False, True]).flatmap(lambda wait: st.just([wait] * len(keys)))
    waits = data.draw(hasty | st.lists(st.booleans(), min_size=len(keys), max_size=len(keys)))
    async with a_console(a_cloud()) as console:
        await console.press("3", *["down"] * line)
        await type_keys(console, keys, waits)
        await console.shows("3 of 7 instances", "3 marked")
        assert marked(console) == ON_CEDAR


@pytest.mark.parametrize("typed", [(), ("x", "backspace"), tuple("host:cedar")])
async def test_the_cursor_is_where_it_was_once_the_filter_is_as_it_was(typed: tuple[str, ...]) -> None:
    async with a_console(a_cloud()) as console:
        await console.press("3", "down", "down", "down", "slash", *typed, "escape" if len(typed) > 2 else "enter")
        await console.shows("7 instances")
        assert at_cursor(console) == an_instance(4).id


def _news(cloud: FakeCloud, what: str, number: int, under_cursor: str) -> None:
    """Move rows about: they change their place in the order, leave the filter, go for good, come anew."""
    view = cloud.instances.get(an_instance(number).id)
    if what == "go" and view and view.id != under_cursor:
        cloud.remove_instance(view.id)
    elif what == "rename" and view:
        cloud.change("instance", msgspec.structs.replace(view, name=f"{'zyx'[number % 3]}{view.name}"))
    elif what == "leave" and view and view.id != under_cursor:
        cloud.change("instance", msgspec.structs.replace(view, host="oak" if view.host != "oak" else "cedar"))
    elif what == "come":
        cloud.change("instance", an_instance(number + 10, host="cedar", name=f"a{number}"))


NEWS = st.tuples(st.sampled_from(["go", "rename", "leave", "come"]), st.integers(1, 7))
STEPS = st.tuples(NEWS, st.sampled_from(["space", "space", "down", "up"]), st.sampled_from([0.0, TICK_S]))


@few
@given(steps=st.lists(STEPS, min_size=6, max_size=9))
async def test_space_marks_the_row_that_the_screen_shows_under_the_cursor_whatever_news_are_on_their_way(
    steps: list[tuple[tuple[str, int], str, float]],
) -> None:
    cloud = a_cloud()
    async with a_console(cloud) as console:
        await console.press("3", "s", "s", "slash", *"!host:oak", "enter")
        grid = console.app.screen.query_one(Grid)
        for news, key, pause_s in steps:
            here, before = at_cursor(console), set(grid.marked)
            _news(cloud, *news, here)
            await console.pilot.pause(pause_s)
            await console.burst(key)
            await console.pilot.pause()
            gone = before - cloud.instances.keys()
            assert (before ^ grid.marked) - gone == ({here} - {""} if key == "space" else set())
            await console.pilot.pause(2 * TICK_S)


async def test_a_mark_comes_back_with_its_row() -> None:
    cloud = a_cloud()
    async with a_console(cloud) as console:
        await console.press("3", *FILTER, "space", "space")
        cloud.change("instance", an_instance(2, host="", name="web2"))
        await console.shows("2 of 7 instances", "1 marked (1 hidden)")
        cloud.change("instance", an_instance(2, host="cedar", name="web2"))
        await console.shows("3 of 7 instances", "2 marked")
        assert marked(console) == {an_instance(2).id, an_instance(3).id}


async def test_a_key_pressed_twice_does_nothing_to_a_row_that_was_never_marked() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("2", "slash", *"!draining", "enter", "space", "space", "d")
        await console.shows("4 of 6 hosts", "0 marked (2 hidden)")
        await console.press("d")
        await console.shows("all that is marked", "esc takes filter")
        await console.press("u")
        await console.shows("6 hosts", "2 marked")
    drained = [[target["id"] for target in body["targets"]] for body in cloud.bodies if body and "targets" in body]
    assert drained == [["node01", "node02"]]


@few
@given(
    rows=st.sets(st.integers(0, 6), min_size=2),
    news=st.lists(NEWS, max_size=6),
    pause_s=st.sampled_from([0.0, 2 * TICK_S]),
)
async def test_what_is_confirmed_is_what_the_dialog_listed(
    rows: set[int], news: list[tuple[str, int]], pause_s: float
) -> None:
    cloud = a_cloud()
    cloud.jobs.held = True
    async with a_console(cloud) as console:
        await console.press("3", "slash", *"!host:oak", "enter")
        for line in range(7):
            await console.press("space" if line in rows else "down")
        for what, number in news:
            _news(cloud, what, number, "")
        await console.pilot.pause(pause_s)
        await console.press("t")
        await console.shows("to confirm")
        listed = ROW.findall(str(console.app.screen.query_one(".things", Static).content))
        for what, number in news:
            _news(cloud, what, 8 - number, "")
        await console.pilot.pause(pause_s)
        await console.press(*(listed[0] if len(listed) == 1 else str(len(listed))), "enter")
        await console.until(lambda: bool(cloud.bodies))
    assert [target["id"] for target in cloud.bodies[0]["targets"]] == listed


async def test_a_host_is_removed_only_as_the_dialog_showed_it() -> None:
    cloud = FakeCloud()
    cloud.hosts["node01"] = a_host("node01", state="lost", cluster="cc-01")
    async with a_console(cloud) as console:
        await console.press("2", "X")
        await console.shows("Remove node01?", "lost")
        cloud.change("host", a_host("node01", cluster="cc-01"))
        await console.until(lambda: console.app.session.copy.hosts["node01"].state == "up")
        await console.press(*"node01", "enter")
        await console.until(lambda: bool(cloud.bodies))
    assert cloud.bodies[0]["targets"][0]["expected"]["state"] == "lost"

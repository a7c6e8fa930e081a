"""Going about in the console: events, history, completion, mouse, the output of a guest, and leaving."""

import pytest
from textual.widgets import Input

from app.tui.session import Ways
from tests.tui.consoles import a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host, an_event, an_instance

pytestmark = pytest.mark.tui
WEB1, WEB2 = an_instance(1).id, an_instance(2).id


async def test_events_come_newest_first_with_those_from_before_the_console_was_opened() -> None:
    cloud = FakeCloud()
    cloud.events = [an_event(20, "node01 joined")]
    cloud.past = [an_event(9, "long ago")]
    async with a_console(cloud) as console:
        await console.press("4")
        await console.shows("2 events", "long ago")
        cloud.change("event", an_event(21, "just now [red]x[/]"))
        await console.shows("3 events", "just now [red]x[/]")
        lines = [line for line in console.text().splitlines() if "instance.started" in line]
        assert [text in line for text, line in zip(("just", "node01", "long"), lines, strict=True)] == [True] * 3


async def test_the_events_of_a_thing_are_a_key_away_and_lead_to_it() -> None:
    cloud = FakeCloud()
    cloud.events = [an_event(1, "else", resource_id="i-other"), an_event(2, "hers", resource_id=WEB1)]
    async with a_console(cloud) as console:
        await console.press("3", "e")
        await console.shows("1 of 2 events", f'about="{WEB1}"', "hers")
        await console.press("enter")
        await console.shows(f"▸ {WEB1}", "here because")


async def test_what_happened_to_a_thing_long_ago_is_fetched_when_it_is_asked_for() -> None:
    cloud = FakeCloud(cursor=5000)
    cloud.past = [an_event(9, "hers, long ago", resource_id=WEB1), an_event(10, "of another", resource_id="i-other")]
    cloud.events = [an_event(4990, "hers", resource_id=WEB1)]
    async with a_console(cloud) as console:
        await console.press("3", "e")
        await console.shows("2 events", "hers, long ago")


async def test_one_walks_back_and_on_through_lists_and_pages() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("2", "3", "enter")
        await console.shows("here because")
        await console.press("left_square_bracket")
        await console.shows("5 instances")
        await console.press("left_square_bracket")
        await console.shows("6 hosts")
        await console.press("right_square_bracket", "right_square_bracket")
        await console.shows("here because")
        await console.press("2")
        await console.shows("6 hosts")
        await console.press("minus")
        await console.shows("here because")
        await console.press("minus")
        await console.shows("6 hosts")


async def test_the_command_bar_completes_and_goes_to_things() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("colon", "i", "n", "tab")
        await console.until(lambda: isinstance(field := console.app.focused, Input) and field.value == "instances")
        await console.press("enter")
        await console.shows("5 instances")
        await console.press("colon")
        await console.type("web2")
        await console.press("enter")
        await console.shows(f"▸ {WEB2}")
        await console.press("colon")
        await console.type("node04")
        await console.press("enter")
        await console.shows("▸ node04", "cores 3/8")


async def test_a_filter_is_completed_from_columns_and_values() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "slash", "s", "t", "tab", "r", "tab")
        await console.shows("filter: state:running")


async def test_keys_below_can_be_clicked() -> None:
    async with a_console(FakeCloud()) as console:
        line = console.text().splitlines()[-1]
        await console.pilot.click("Footer", offset=(line.index("3 instances") + 2, 1))
        await console.shows("5 instances")
        lines = console.text().splitlines()[-2:]
        await console.pilot.click("Footer", offset=(lines[0].index("l launch") + 2, 0))
        await console.shows("Launch instances")


async def test_keys_typed_in_one_go_are_never_taken_for_others() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "slash", *"terminated")
        await console.shows("filter: terminated")
        assert console.cloud.bodies == []


async def test_a_host_shows_how_long_it_has_been_as_it_is() -> None:
    cloud = FakeCloud()
    cloud.hosts = {"node01": a_host("node01", seen_at_ms=1)}  # no frame tells of heartbeats
    async with a_console(cloud) as console:
        await console.press("2")
        await console.shows("SINCE", "  1m")


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_a_cloud_that_stops_with_the_console_is_asked_about(key: str) -> None:
    async with a_console(FakeCloud(), Ways(goes_with_us=True)) as console:
        await console.press(key)
        await console.shows("Quit lab?", "5 instances running", "stops with it")
        await console.press("escape")
        await console.hides("Quit lab?")
        await console.press(key)
        await console.shows("Quit lab?")
        await console.press("q")
        await console.until(lambda: not console.app.is_running)
    assert console.app.return_value == 0


async def test_a_cloud_that_goes_on_is_left_at_once() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("q")
        await console.until(lambda: not console.app.is_running)
    assert console.app.return_value == 0

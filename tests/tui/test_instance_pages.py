"""The pages about one instance: tabs that take each other's place, and its volumes."""

from functools import partial

import pytest

from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.holdings import a_full_cloud, a_volume
from tests.tui.test_why import a_why
from tests.tui.views import an_instance

pytestmark = pytest.mark.tui
WEB1 = an_instance(1).id
FREE = a_volume(2).id
HUNG = a_volume(1).id


def stands_at(console: Console, page: str) -> bool:
    return console.text().splitlines()[0].split("REHEARSAL")[0].strip().endswith(page)


async def test_each_tab_is_a_key_away_and_back_leads_to_the_list() -> None:
    cloud = a_full_cloud()
    cloud.whys[WEB1] = a_why(WEB1)
    async with a_console(cloud) as console:
        await console.press("3", "o")
        for key, trail in (("w", "why"), ("v", "volumes"), ("o", "output"), ("i", WEB1)):
            await console.press(key)
            await console.until(partial(stands_at, console, trail))
            await console.shows("details", "console ●", "output", "volumes", "events", "why")
        await console.press("escape")
        await console.shows("5 instances")


async def test_the_details_stay_below_the_other_tabs() -> None:
    async with a_console(a_full_cloud()) as console:
        await console.press("3", "enter", "o")
        await console.shows("▸ output", "web01 login:")
        await console.press("tab")
        await console.shows("▸ volumes")
        await console.press("escape")
        await console.shows("here because")
        await console.press("escape")
        await console.shows("5 instances")


async def test_a_tab_may_be_clicked() -> None:
    async with a_console(a_full_cloud()) as console:
        await console.press("3", "enter")
        line = console.text().splitlines()[1]
        await console.pilot.click(offset=(line.index("volumes"), 1))
        await console.shows("▸ volumes", "1 volume")


async def volumes(console: Console) -> None:
    await console.press("3", "enter", "v")
    await console.shows("1 volume", HUNG, "/dev/sdf")


async def test_a_volume_is_attached_where_there_is_room_and_that_can_be_undone() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await volumes(console)
        await console.press("a")
        await console.shows(f"Attach a volume to {WEB1}", FREE)
        await console.press("ctrl+s")
        await console.shows("attaching")
    assert cloud.commands[-1] == (f"aws ec2 attach-volume --instance-id {WEB1} --volume-id {FREE} --device /dev/sdg")


async def test_a_volume_is_detached_after_a_question() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await volumes(console)
        await console.press("d")
        await console.shows(f"Detach {HUNG}?", "has not written yet")
        await console.press("tab", "enter")
        await console.shows("detaching")
    assert cloud.commands[-1] == f"aws ec2 detach-volume --volume-id {HUNG}"


async def test_who_may_only_look_is_not_offered_to_change_it() -> None:
    async with a_console(a_full_cloud(), Ways(read_only=True)) as console:
        await volumes(console)
        assert "attach" not in console.text().splitlines()[-2]
        await console.press("enter")
        await console.shows(f"▸ volumes ▸ {HUNG}")

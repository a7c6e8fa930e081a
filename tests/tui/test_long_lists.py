"""Long lists: what has ended is hidden, more is launched of a row, and what a console does not hold is asked for."""

import pytest

from app.tui.feed import MOST_INSTANCES
from app.tui.screens.beyond import question
from tests.tui.consoles import a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host, an_instance

pytestmark = pytest.mark.tui


async def test_what_has_ended_is_hidden_and_shown_again() -> None:
    cloud = FakeCloud()
    ended = an_instance(1, name="web1", state="terminated")
    cloud.instances[ended.id] = ended
    async with a_console(cloud) as console:
        await console.press("3", "H")
        await console.shows("4 of 5 instances", "finished hidden (H: all)")
        await console.hides("web1")
        cloud.change("instance", an_instance(2, name="web2", state="terminated"))
        await console.shows("3 of 5 instances")
        await console.press("H")
        await console.shows("web1", "web2")
        await console.press("H", "escape")
        await console.shows("web1")


async def test_more_are_launched_like_the_one_under_the_cursor() -> None:
    cloud = FakeCloud()
    like = an_instance(1, name="web1", vmtype="c1.medium", image_id=cloud.images[0].id, cluster="cc-02", key_name="leo")
    cloud.instances[like.id] = like
    async with a_console(cloud) as console:
        await console.press("3", "L")
        await console.shows("Launch instances", "c1.medium", "cc-02")
        await console.press("ctrl+s")
        await console.shows("6 instances")
    (body,) = cloud.bodies
    wanted = ("image_id", "vmtype", "cluster", "key_name", "count")
    assert tuple(body[name] for name in wanted) == (cloud.images[0].id, "c1.medium", "cc-02", "leo", 1)


async def test_no_more_are_launched_of_an_image_that_is_gone() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "L")
        await console.shows("launch more: the image of")
    assert not cloud.bodies


async def test_a_cloud_of_more_instances_than_a_console_holds_says_so_and_is_asked_by_the_filter() -> None:
    cloud = FakeCloud()
    views = (an_instance(number, host=f"node{number % 7}") for number in range(MOST_INSTANCES + 300))
    cloud.instances = {view.id: view for view in views}
    last = an_instance(MOST_INSTANCES + 299, host="far-away")
    cloud.instances[last.id] = last
    async with a_console(cloud) as console:
        await console.press("3")
        await console.shows(f"the first {MOST_INSTANCES} of {MOST_INSTANCES + 300} instances")
        await console.press("slash", *"host=far-away", "enter")
        await console.shows(last.id, "1 of")


async def test_watched_things_tell_of_themselves_wherever_one_is() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "space", "space", "W", "escape", "2", "W", "8")
        await console.shows("watching 2 things", "watching node01")
        cloud.change("instance", an_instance(2, name="web2", state="stopped"))
        await console.shows(f"{an_instance(2).id} is stopped")
        cloud.change("host", a_host("node01", state="lost"))
        await console.shows("node01 is lost")
        cloud.remove_instance(an_instance(1).id)
        await console.shows(f"{an_instance(1).id} is gone")
        cloud.change("instance", an_instance(3, name="web3", state="stopping"))
        await console.press("2", "W")
        await console.shows("node01 watched no more")
        said = [one.text for one in console.app.session.doings.said]
    assert not any(an_instance(3).id in text for text in said)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("type:m1 vcpus>2", "vmtype:m1 cores>2"),
        ("!image=emi-1,emi-2 web", "!image_id=emi-1,emi-2 web"),
        ("cpu>80 host=node07", "host=node07"),
        ("!web", ""),
        ("state:impaired", ""),
        ("vcpus>", ""),
    ],
)
def test_a_filter_is_asked_in_the_fields_that_the_cloud_knows(typed: str, asked: str) -> None:
    assert question(typed) == asked

"""The lists of what accounts hold: fetched when first looked at, kept by the stream, acted on after a question."""

import asyncio

import pytest
from textual.widgets import Input

from app.api.problems import Problem
from app.tui.holdings import LISTED
from app.tui.session import Ways
from app.tui.store import LATER
from tests.tui.consoles import Console, a_console
from tests.tui.holdings import a_full_cloud, a_volume
from tests.tui.views import an_event

pytestmark = pytest.mark.tui
DATA = a_volume(1).id
SCRATCH = a_volume(2).id
PLACES = [one.place for one in LISTED]


async def go(console: Console, line: str) -> None:
    await console.press("colon")
    await console.type(line)
    await console.press("enter")


@pytest.mark.parametrize("place", PLACES)
async def test_a_list_shows_what_there_is_of_its_kind(place: str) -> None:
    one = next(one for one in LISTED if one.place == place)
    async with a_console(a_full_cloud()) as console:
        await go(console, place)
        await console.until(lambda: bool(console.app.session.copy.table(one.kind)))
        rows = console.app.session.copy.table(one.kind).values()
        await console.shows(f"▸ {place}", *(one.named(row) for row in rows))


async def test_what_nobody_looked_at_is_not_asked_for_and_what_was_is_asked_for_once() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        assert not {f"GET /{path}" for path in ("volumes", "snapshots", "groups", "users")} & set(cloud.asked)
        await go(console, "volumes")
        await console.shows("4 volumes")
        await console.press("1")
        await go(console, "volumes")
        await console.shows("4 volumes")
    assert cloud.asked.count("GET /volumes") == 1


async def test_a_list_is_kept_by_the_stream() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await go(console, "volumes")
        await console.shows("4 volumes")
        cloud.change("volume", a_volume(9, name="brand-new"))
        cloud.remove("volume", SCRATCH)
        await console.shows("brand-new", "4 volumes")
        await console.hides("scratch")


async def test_what_the_stream_tells_while_a_list_is_fetched_is_not_lost() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        copy = console.app.session.copy
        copy.expect("volume")
        cloud.change("volume", a_volume(2, name="renamed"))
        cloud.remove("volume", DATA)
        await console.until(lambda: int(copy.cursor) >= cloud.cursor)
        copy.arrive("volume", [a_volume(1), a_volume(2)])
        assert {view.name for view in copy.table("volume").values()} == {"renamed"}


async def test_after_news_were_missed_a_list_is_fetched_again() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await go(console, "volumes")
        await console.shows("4 volumes")
        cloud.fall()
        await console.shows("lost")
        cloud.held["volumes"][a_volume(9).id] = a_volume(9, name="meanwhile")
        cloud.forget()
        cloud.rise()
        await console.shows("meanwhile", "5 volumes")


async def test_after_news_were_missed_a_page_is_true_again() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await go(console, "volumes name=scratch")
        await console.shows("1 of 4 volumes")
        await console.press("enter")
        await console.shows("16 GiB")
        cloud.fall()
        await console.shows("lost")
        cloud.held["volumes"][SCRATCH] = a_volume(2, name="scratch", size_gib=99)
        cloud.forget()
        cloud.rise()
        await console.shows("99 GiB")


async def test_a_volume_is_deleted_after_its_name_was_typed() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await go(console, "volumes name=scratch")
        await console.shows("1 of 4 volumes")
        await console.press("X")
        await console.shows("Delete", "All data on it is lost", "aws ec2 delete-volume", "physics")
        await console.press("enter")
        assert SCRATCH in cloud.held["volumes"]
        console.app.screen.query_one("#typed", Input).value = SCRATCH
        await console.press("enter")
        await console.shows(f"{SCRATCH}: deleting", "3 volumes")
    assert f"DELETE /volumes/{SCRATCH}" in cloud.asked


async def test_several_are_acted_on_after_their_number_was_typed() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await go(console, "keys")
        await console.shows("2 key pairs")
        await console.press("asterisk", "X")
        await console.shows("Delete 2 key pairs?", "ana", "leo")
        console.app.screen.query_one("#typed", Input).value = "2"
        await console.press("enter")
        await console.shows("2 key pairs: deleted", "No key pair yet")


async def test_a_refusal_is_said_and_nothing_goes() -> None:
    cloud = a_full_cloud()
    refusal = Problem(type="in-use", title="Conflict", status=409, detail="The volume is in use by [b]i-1[/b]")
    cloud.refusals[f"DELETE /volumes/{DATA}"] = refusal
    async with a_console(cloud) as console:
        await go(console, "volumes name=data")
        await console.shows("1 of 4 volumes")
        await console.press("X")
        await console.shows("Delete")
        console.app.screen.query_one("#typed", Input).value = DATA
        await console.press("enter")
        await console.shows("in use by [b]i-1[/b]")
        assert DATA in cloud.held["volumes"]


async def test_a_volume_is_detached_after_a_question() -> None:
    cloud = a_full_cloud()
    cloud.offers_undo = True
    async with a_console(cloud) as console:
        await go(console, "volumes name=data")
        await console.shows("1 of 4 volumes")
        await console.press("d")
        await console.shows("Detach", "lose what they have not written")
        await console.press("tab", "enter")
        await console.shows(f"{DATA}: detaching; u undoes it")
    assert f"POST /volumes/{DATA}/detach" in cloud.asked


async def test_what_may_not_be_done_is_not_offered() -> None:
    async with a_console(a_full_cloud(), Ways(read_only=True)) as console:
        await go(console, "volumes")
        await console.shows("4 volumes")
        await console.press("X")
        await console.hides("X delete")
        await console.shows("delete: not possible, the console is read-only")


async def test_a_thing_opens_with_all_its_fields_and_leads_back() -> None:
    async with a_console(a_full_cloud(), size=(120, 40)) as console:
        await go(console, "volumes name=data")
        await console.shows("1 of 4 volumes")
        await console.press("enter")
        await console.shows("▸ volumes ▸ vol-", "◆ in-use", "8 GiB", "role=db", "rehearsed             yes", "(1h ago)")
        await console.press("escape")
        await console.shows("1 of 4 volumes")
        await console.press("e")
        await console.shows("▸ events", f'about="{DATA}"')


async def test_the_command_bar_and_events_lead_to_what_is_known() -> None:
    cloud = a_full_cloud()
    cloud.events.append(an_event(3, "asked by ana", kind="volume", resource_id=DATA))
    async with a_console(cloud) as console:
        await go(console, "m1.small")
        await console.shows("▸ types ▸ m1.small", "memory                128 MiB")
        await go(console, DATA)
        await console.shows("no such place")
        await console.press("escape")
        await go(console, "volumes")
        await console.shows("4 volumes")
        await go(console, DATA)
        await console.shows("▸ volumes ▸ vol-")
        await console.press("4", "enter")
        await console.shows("▸ volumes ▸ vol-")


async def test_a_thing_that_is_gone_says_so() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await go(console, "volumes name=scratch")
        await console.shows("1 of 4 volumes")
        await console.press("enter")
        await console.shows("▸ volumes ▸ vol-")
        cloud.remove("volume", SCRATCH)
        await console.shows(f"{SCRATCH} is no more.")


async def test_a_list_that_can_not_be_had_says_why() -> None:
    cloud = a_full_cloud()
    cloud.refusals["GET /volumes"] = Problem(type="x", title="", status=503, detail="the store is busy")
    async with a_console(cloud) as console:
        await go(console, "volumes")
        await console.shows("Not known: the store is busy")


async def test_only_trouble_is_shown_when_asked() -> None:
    async with a_console(a_full_cloud()) as console:
        await go(console, "volumes")
        await console.press("z")
        await console.shows("1 of 4 volumes", "the pool is")


async def test_a_list_says_that_it_is_being_fetched() -> None:
    cloud = a_full_cloud()
    cloud.slow = asyncio.Event()
    async with a_console(cloud) as console:
        await go(console, "volumes")
        await console.shows("asking the cloud", "live 0.0s")
        cloud.slow.set()
        await console.shows("4 volumes")


def test_each_kind_that_is_fetched_later_has_a_list() -> None:
    assert set(LATER) <= {one.kind for one in LISTED}

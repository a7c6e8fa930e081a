"""Jobs in the console: the screen, the page of one, the dock, toasts at their end; and undoing what was just done."""

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from app.api.problems import Problem
from tests.tui.consoles import a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_jobs import a_job
from tests.tui.views import NOW_MS, an_instance

pytestmark = pytest.mark.tui
WEB1, WEB2 = an_instance(1).id, an_instance(2).id


def a_busy_cloud() -> FakeCloud:
    cloud = FakeCloud(role="operator")
    for view in (
        a_job(1, kind="drain", title="drain node05"),
        a_job(2, title="move 6 instances", kind="move", total=6, done=1, under_way=1, waiting=4, at_once=1, who="leo"),
        a_job(3, title="stop 3 instances", state="paused", total=3, done=1, under_way=0, waiting=2),
        a_job(
            4,
            title="reboot [b]12[/] instances",
            state="failed",
            total=12,
            done=11,
            failed=1,
            under_way=0,
            waiting=0,
            told="i-00000000000000007: its host node07 is lost",
            ended_at_ms=NOW_MS - 30_000,
        ),
        a_job(5, state="done", done=14, under_way=0, waiting=0, ended_at_ms=NOW_MS - 200_000),
    ):
        cloud.jobs.views[view.id] = view
    return cloud


async def test_the_dock_follows_from_place_to_place() -> None:
    async with a_console(a_busy_cloud(), size=(80, 24)) as console:
        await console.press("3", "ctrl+j")
        await console.shows("running 2", "drain node05", "11/14")
        await console.press("2")
        await console.shows("HOST", "11/14")
        await console.press("ctrl+j")
        await console.hides("11/14")


async def test_a_question_about_many_says_how_many_and_lists_the_first() -> None:
    cloud = FakeCloud()
    cloud.instances = {view.id: view for view in (an_instance(n, name=f"web{n}") for n in range(1, 15))}
    async with a_console(cloud, size=(80, 24)) as console:
        await console.press("3", "asterisk", "t")
        await console.shows("Terminate 14 instances?", "and 11 more")
        await console.press("escape", "r")
        await console.shows("Reboot 14 instances?")


async def test_the_page_of_a_job_says_of_each_target_what_became_of_it() -> None:
    async with a_console(a_busy_cloud(), size=(100, 30)) as console:
        await console.press("7", "enter")
        await console.shows("terminate i-1 i-2", "targets", "✕ failed", "its host [red]node07[/] is lost")
        lines = console.text()
        assert lines.index("✕ failed") < lines.index("◐ under way") < lines.index("● done ")


async def test_what_is_done_to_many_is_one_job_of_which_the_end_is_told_and_kept() -> None:
    cloud = FakeCloud()
    cloud.jobs.held = True
    async with a_console(cloud) as console:
        await console.press("3", "space", "space", "b")
        await console.shows("starting 2 instances")
        assert cloud.asked.count("POST /jobs") == 1
        (job,) = cloud.jobs.views.values()
        told = {"done": 1, "failed": 1, "under_way": 0, "told": "i-2: full [b]", "ended_at_ms": NOW_MS}
        cloud.change("job", replace(job, state="failed", **told))
        await console.shows("start 2 targets failed: 1 of 2", "full [b]")
        await console.press("M")
        await console.shows("messages", "starting 2 instances", "1 failed: i-2: full [b]")


async def test_a_job_is_paused_resumed_retried_and_cancelled_after_a_question() -> None:
    cloud = a_busy_cloud()
    async with a_console(cloud) as console:
        await console.press("7", "p")
        await console.shows("= paused", "drain node05: paused")
        await console.press("p")
        await console.shows("drain node05: running")
        await console.press("R")
        await console.shows("retry: no job of which anything failed")
        await console.press("c")
        await console.shows("Cancel job-", "nothing that was done is taken back", "euca job cancel job-")
        await console.press("enter")
        await console.hides("nothing that was done")
        assert not any("cancel" in asked for asked in cloud.asked)
        await console.press("c", "tab", "enter")
        await console.shows("◌ cancelling")


async def test_a_viewer_sees_jobs_and_tells_them_nothing() -> None:
    cloud = a_busy_cloud()
    cloud.role = "viewer"
    async with a_console(cloud) as console:
        await console.press("7", "p", "c", "R", "u")
        await console.shows("drain node05")
        assert not [asked for asked in cloud.asked if asked.startswith("POST")]


async def test_a_tag_is_set_at_once_and_undone_by_u() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "k")
        await console.shows(f"Tag {WEB1}", "Value")
        console.app.screen.query_one("#entry-value", Input).value = "[red]db[/]"
        await console.press("ctrl+s")
        await console.shows("u undoes it", "[red]db[/]")
        assert cloud.bodies[-1] == {"ids": [WEB1], "tags": {"Name": "[red]db[/]"}, "remove": []}
        await console.press("u")
        await console.shows("undone: web1 is as before")
        assert cloud.instances[WEB1].name == "web1"
        await console.press("u")
        await console.shows("nothing was done within the last 30 seconds")


async def test_what_can_not_be_undone_any_more_says_why() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "k")
        await console.shows("Value")
        await console.press("ctrl+s")
        await console.shows("u undoes it")
        problem = Problem(type="", title="", status=409, detail="it is enabled now")
        cloud.refusals = {f"POST /audit/{number}/undo": problem for number in range(1, 50)}
        await console.press("u")
        await console.shows("it is enabled now")


async def test_a_move_asks_where_to_and_then_whether_it_is_meant() -> None:
    cloud = FakeCloud()
    async with a_console(cloud, size=(100, 40)) as console:
        await console.press("3", "space", "space", "m")
        await console.shows("Move 2 instances", "any host of its cluster with room")
        await console.press("ctrl+s")
        await console.shows("Move 2 instances?", "2 of 2 running", WEB2)
        assert not cloud.bodies
        await console.press("tab", "enter")
        await console.shows("moving 2 instances")
        assert [target["id"] for target in cloud.bodies[-1]["targets"]] == [WEB1, WEB2]

"""The console in use: real client, real screens, a cloud in memory behind HTTP."""

import msgspec
import pytest
from textual.events import Paste
from textual.widgets import Input

from app.api.problems import Problem
from app.tui.session import Ways
from tests.tui.consoles import a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host, an_event, an_instance

pytestmark = pytest.mark.tui
WEB1 = an_instance(1).id


async def test_the_overview_says_how_the_cloud_is() -> None:
    cloud = FakeCloud()
    cloud.trouble = ["node05 silent 42 s (3 instances)"]
    async with a_console(cloud) as console:
        await console.shows(
            "cc-01", "3/3 hosts up", "node05 silent", "m1.small", "15 free", "5 running", "node01 joined"
        )


@pytest.mark.parametrize("key", ["1", "2", "3", "question_mark"])
async def test_every_place_says_that_it_is_a_rehearsal(key: str) -> None:
    async with a_console(FakeCloud()) as console:
        await console.press(key)
        await console.shows("REHEARSAL")


async def test_a_cloud_that_is_no_rehearsal_says_nothing_of_it() -> None:
    cloud = FakeCloud()
    cloud.rehearsal = False
    async with a_console(cloud) as console:
        await console.hides("REHEARSAL")


async def test_a_change_in_the_cloud_comes_to_the_screen_by_itself() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3")
        await console.shows("web1")
        cloud.change("instance", an_instance(1, name="web1", state="stopped"))
        cloud.remove_instance(an_instance(2).id)
        await console.shows("stopped", "4 instances")
        await console.hides("web2")


@pytest.mark.parametrize("wrong_by_h", [3, -3])
async def test_ages_are_true_where_the_clock_of_the_console_is_wrong(wrong_by_h: int) -> None:
    cloud = FakeCloud()
    cloud.now_ms -= wrong_by_h * 3_600_000
    cloud.change("instance", an_instance(7, name="old", launched_at_ms=cloud.now_ms - 9 * 60_000))
    async with a_console(cloud) as console:
        cloud.beat()
        await console.press("3", "slash")
        await console.type("old")
        await console.shows(" 9m")


@pytest.mark.parametrize(("wrong_by_h", "said"), [(3, "3h ahead of the cloud's"), (-3, "3h behind the cloud's")])
async def test_a_wrong_clock_of_this_machine_is_told_once(wrong_by_h: int, said: str) -> None:
    cloud = FakeCloud()
    cloud.now_ms -= wrong_by_h * 3_600_000
    async with a_console(cloud) as console:
        for _ in range(4):
            cloud.beat()
        await console.shows(said)
        await console.press("M")
        await console.shows("lab ▸ messages")
        assert len([line for line in console.app.session.doings.said if "clock" in line.text]) == 1


async def test_an_event_names_its_thing_unless_that_is_a_mere_number() -> None:
    cloud = FakeCloud()
    cloud.events = [an_event(20, "is up", resource_id="node07"), an_event(21, "day decides", resource_id="00000002")]
    async with a_console(cloud) as console:
        await console.shows("node07 is up", "  day decides")
        await console.hides("00000002")


async def test_a_long_event_takes_three_lines_of_the_overview() -> None:
    cloud = FakeCloud()
    cloud.events = [an_event(20, "tagged with " + "very long words " * 40)]
    async with a_console(cloud) as console:
        await console.shows("tagged with very long", "…")
        assert len([line for line in console.text().splitlines() if "very long" in line]) == 3


async def test_a_cloud_without_clusters_or_hosts_says_what_comes_first() -> None:
    cloud = FakeCloud()
    cloud.clusters, cloud.hosts = [], {}
    async with a_console(cloud) as console:
        await console.shows("a cluster comes first", "euca cluster add NAME")
        assert "all is well" not in console.text()


async def test_launching_asks_for_image_type_and_count_and_shows_what_was_launched() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "l")
        await console.shows("Launch instances", "tiny", "m1.small")
        console.app.screen.query_one("#entry-count", Input).value = "2"
        console.app.screen.query_one("#entry-count").focus()
        await console.press("enter")
        await console.shows("pending", "7 instances", "launching 2 instances")
    (body,) = cloud.bodies
    assert (body["image_id"], body["count"], body["vmtype"]) == (cloud.images[0].id, 2, "m1.small")


async def test_a_launch_whose_answer_was_lost_is_repeated_with_the_same_key() -> None:
    cloud = FakeCloud()
    cloud.refusals["POST /instances"] = Problem(type="capacity", title="", status=409, detail="no room [b]now[/b]")
    async with a_console(cloud) as console:
        await console.press("3", "l")
        await console.shows("Launch instances")
        console.app.screen.query_one("#entry-count").focus()
        await console.press("enter")
        await console.shows("no room [b]now[/b]")
        cloud.refusals.clear()
        await console.press("enter")
        await console.shows("6 instances")
    assert len(cloud.keys) == 2
    assert len(set(cloud.keys)) == 1


async def test_a_count_that_is_no_number_never_leaves_the_form() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "l")
        await console.shows("Launch instances")
        console.app.screen.query_one("#entry-count", Input).value = "two"
        console.app.screen.query_one("#entry-count").focus()
        await console.press("enter")
        await console.shows("Count: a number from 1")
    assert not cloud.bodies


async def test_terminating_needs_the_name_typed() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "t")
        await console.shows(f"Terminate {WEB1}?", "There is no way back")
        await console.press("tab", "tab", "enter", "y", "e", "s", "enter")
        assert not cloud.bodies
        assert isinstance(console.app.focused, Input)
        await console.type(WEB1)
        await console.press("enter")
        await console.shows("shutting-down")
    (body,) = cloud.bodies
    assert body["targets"] == [{"id": WEB1, "expected": {"state": "running", "name": "web1", "hanging": "v1"}}]
    assert cloud.commands[-1] == f"aws ec2 terminate-instances --instance-ids {WEB1}"


async def test_terminating_many_needs_their_number_and_means_exactly_those() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "space", "space", "t")
        await console.shows("Terminate 2 instances?", "Type their number")
        cloud.change("instance", an_instance(9, name="newcomer"))
        await console.type("2")
        await console.press("enter")
        await console.shows("shutting-down")
    (body,) = cloud.bodies
    assert body["kind"] == "terminate"
    assert [target["id"] for target in body["targets"]] == [an_instance(1).id, an_instance(2).id]


async def test_a_question_answered_by_reflex_does_nothing() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "r")
        await console.shows(f"Reboot {WEB1}?")
        await console.press("enter")
        await console.hides("Reboot i-")
    assert not cloud.bodies


async def test_a_refusal_is_said_in_the_words_of_the_cloud() -> None:
    cloud = FakeCloud()
    problem = Problem(type="state", title="", status=409, detail="It is in state 'pending', wait.")
    cloud.refusals["POST /jobs"] = problem
    async with a_console(cloud) as console:
        await console.press("3", "b")
        await console.shows("It is in state 'pending', wait.")


async def test_draining_is_done_at_once_and_undone_by_u() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("2", "d")
        await console.shows("draining", "u undoes it")
        await console.press("u")
        await console.hides("◐ draining")


async def test_entering_a_host_shows_its_instances() -> None:
    cloud = FakeCloud()
    cloud.instances[WEB1] = an_instance(1, host="node01")
    async with a_console(cloud) as console:
        await console.press("2", "enter")
        await console.shows("▸ hosts ▸ node01", "1 instance ", WEB1)


async def test_a_filter_shows_only_what_matches_and_escape_drops_it() -> None:
    cloud = FakeCloud()
    cloud.instances[WEB1] = an_instance(1, state="stopped", name="web1")
    async with a_console(cloud) as console:
        await console.press("3", "slash")
        await console.type("state:stopped !web2")
        await console.press("enter")
        await console.shows("1 of 5 instances", "web1")
        assert "web3" not in console.text()
        await console.press("escape")
        await console.shows("5 instances", "web3")


async def test_a_filter_that_is_wrong_says_so_and_changes_nothing() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "slash")
        await console.type("stat:stopped")
        await console.shows("did you mean state?", "web1", "web5")


async def test_what_is_wrong_with_a_line_is_shown_whole_in_a_small_terminal() -> None:
    async with a_console(FakeCloud(), size=(80, 24)) as console:
        await console.press("colon", *"nowhere", "enter")
        await console.shows("no such place; there are overview,", "help, quit")
        await console.press("escape")
        await console.hides("no such place")


async def test_what_is_pasted_into_a_filter_and_is_no_filter_is_left_out() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "slash", *"web")
        console.app.post_message(Paste("x" * 100_000))
        await console.press("2", "enter")
        await console.shows("filter: web2")


async def test_the_command_bar_goes_to_a_place_with_a_filter() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("colon")
        await console.type("inst web3")
        await console.press("enter")
        await console.shows("1 of 5 instances", "web3")
        await console.press("colon")
        await console.type("nowhere")
        await console.press("enter")
        await console.shows("no such place")


async def test_sorting_goes_from_column_to_column_and_turns() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3")
        await console.shows("AGE▲")
        await console.press("s", "s")
        await console.shows("NAME▲")
        await console.press("S")
        await console.shows("NAME▼")
        lines = [line for line in console.text().splitlines() if "web" in line]
        assert ["web5" in lines[0], "web1" in lines[-1]] == [True, True]


async def test_the_page_of_an_instance_says_why_it_is_there() -> None:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "enter")
        await console.shows(WEB1, "node03: least loaded of 5", "web1")
        await console.press("escape")
        await console.shows("5 instances")


async def test_the_output_of_a_guest_is_plain_text() -> None:
    cloud = FakeCloud()
    cloud.output_text = "[bold]not markup[/bold]\r\n\x1b[31mred\x1b[0m\r\nweb01 login: "
    async with a_console(cloud) as console:
        await console.press("3", "o")
        await console.shows("[bold]not markup[/bold]", " red", "web01 login:")


async def test_names_of_users_are_never_markup() -> None:
    cloud = FakeCloud()
    cloud.instances[WEB1] = an_instance(1, name="[red]x[/]", tags={"[b]k": "[/b]v"}, last_error="[link=x]")
    cloud.hosts["node01"] = a_host("node01", last_error="[/nope]")
    cloud.trouble = ["[bold]trouble[/nope]"]
    async with a_console(cloud, size=(160, 40)) as console:
        await console.shows("[bold]trouble[/nope]")
        await console.press("2")
        await console.shows("[/nope]")
        await console.press("3")
        await console.shows("[red]x[/]", "[link=x]")
        await console.press("t")
        await console.shows("[red]x[/]")
        await console.press("escape", "enter")
        await console.shows("[b]k=[/b]v")


async def test_a_server_that_goes_and_comes_back_is_survived() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3")
        await console.shows("web1")
        cloud.fall()
        await console.shows("Connection lost", "retry in", "web1")
        await console.press("t")
        await console.shows("not possible while the cloud is not connected")
        cloud.change("instance", an_instance(1, name="renamed"))
        cloud.rise()
        await console.shows("live", "renamed")
        await console.hides("Connection lost")
    assert not cloud.bodies


async def test_after_a_gap_everything_is_fetched_anew() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3")
        cloud.fall()
        await console.shows("Connection lost")
        cloud.instances = {view.id: view for view in [an_instance(7, name="other")]}
        cloud.journal.clear()
        cloud.forget()
        cloud.rise()
        await console.shows("1 instance", "other")
        await console.hides("web1")


async def test_a_question_that_stood_while_the_cloud_was_lost_does_nothing() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "t")
        await console.shows("Terminate")
        cloud.fall()
        await console.until(lambda: not console.app.session.live)
        await console.type(WEB1)
        await console.press("enter")
        await console.shows("not possible while the cloud is not connected")
    assert not cloud.bodies


async def test_a_console_opened_before_its_cloud_waits_for_it() -> None:
    cloud = FakeCloud()
    cloud.down = True
    async with a_console(cloud) as console:
        await console.shows("No connection yet", "nobody listens there")
        cloud.rise()
        await console.shows("cc-01", "live")


async def test_a_token_that_is_not_accepted_is_said() -> None:
    cloud = FakeCloud()
    cloud.down = True
    cloud.refusals["GET /me"] = Problem(type="token", title="", status=401, detail="The token is unknown")
    async with a_console(cloud) as console:
        cloud.rise()
        await console.shows("Not allowed: The token is unknown")
        await console.press("3", "l")
        await console.shows("launch: not possible while the cloud does not let you in")


@pytest.mark.parametrize(("role", "read_only"), [("viewer", False), ("admin", True)])
async def test_who_may_only_look_is_offered_nothing_else_and_told_why(role: str, read_only: bool) -> None:
    cloud = FakeCloud(role=role)
    async with a_console(cloud, Ways(read_only=read_only)) as console:
        await console.press("3")
        await console.shows("web1")
        assert "terminate" not in console.text()
        await console.press("question_mark")
        await console.shows("keys of instances")
        assert "terminate" not in console.text()
        await console.press("escape", "t", "b")
        why = "the console is read-only" if read_only else "your role is viewer"
        await console.shows(f"terminate: not possible, {why}", f"start: not possible, {why}")
    assert not cloud.bodies


async def test_many_pages_of_instances_come_together() -> None:
    cloud = FakeCloud()
    cloud.instances = {view.id: view for view in (an_instance(n) for n in range(1, 2502))}
    async with a_console(cloud) as console:
        await console.press("3")
        await console.shows("2501 instances")
        await console.press("end")
        await console.shows(an_instance(2501).id)


async def test_the_cursor_stays_with_its_row_while_others_come_and_go() -> None:
    cloud = FakeCloud()
    async with a_console(cloud) as console:
        await console.press("3", "down", "down")
        cloud.remove_instance(WEB1)
        cloud.change("instance", msgspec.structs.replace(an_instance(0), name="first"))
        await console.shows("first")
        (line,) = [line for line in console.text().splitlines() if line.startswith("▶")]
        assert "web3" in line

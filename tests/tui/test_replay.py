"""The whole console at a moment of the past: clearly marked, read-only, at the same place, and back to a true present.

The cloud in memory is 11:06:40 now. Until 10:56:40 it was another: web1 was pending and alone, node06 was not there.
"""

from pathlib import Path

import pytest

from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_jobs import a_job
from tests.tui.holdings import a_volume
from tests.tui.test_clouds_and_audit import a_home, edge_and_prod
from tests.tui.test_screens import a_cloud, compare
from tests.tui.views import NOW_MS, an_entry, an_event, an_instance

pytestmark = pytest.mark.tui
MINUTE_MS = 60_000
WEB1 = an_instance(1).id


def ago(minutes: float) -> int:
    return NOW_MS - int(minutes * MINUTE_MS)


def a_cloud_with_a_past() -> FakeCloud:
    now, then, later = a_cloud(), FakeCloud(role="operator", cursor=1), a_cloud()
    del then.hosts["node06"]
    then.instances = {WEB1: an_instance(1, name="web1", state="pending", host="", launched_at_ms=ago(34))}
    then.held["volumes"] = {a_volume(1).id: a_volume(1, name="data")}
    then.events = [an_event(1, "node01 joined", at_ms=ago(50))]
    later.events = [*then.events, an_event(2, "web1 runs", at_ms=ago(10))]
    now.events = [*later.events, an_event(3, "node06 joined", at_ms=ago(2))]
    then.audit = [an_entry(1, "DrainHost", "node02", at_ms=ago(50))]
    later.audit = now.audit = [*then.audit, an_entry(2, "WakeHost", "node06", at_ms=ago(10))]
    now.jobs.views = {"job-1": a_job(1, id="job-1", created_at_ms=ago(40), ended_at_ms=ago(39), state="done")}
    then.sensing = True
    now.before.was = {ago(60): then, ago(10): later}
    return now


async def replay(console: Console, text: str) -> None:
    await console.press("colon")
    await console.type(f"replay {text}")
    await console.press("enter")


@pytest.mark.parametrize("place", ["overview", "instances"])
@pytest.mark.parametrize("size", [(80, 24), (120, 30)])
async def test_the_past_looks_as_it_did(place: str, size: tuple[int, int]) -> None:
    async with a_console(a_cloud_with_a_past(), size=size) as console:
        await console.press("1" if place == "overview" else "3")
        await replay(console, "-30m")
        await console.shows("◀ replay", "read-only", "now ● live 0.0s")
        compare(console, f"past-{place}-{size[0]}x{size[1]}")


async def test_in_ascii_mode_the_past_is_ascii_too() -> None:
    async with a_console(a_cloud_with_a_past(), Ways(ascii_only=True), size=(80, 24)) as console:
        await replay(console, "-30m")
        await console.shows("< replay 10:36:40 UTC", "now * live", "read-only")
        assert console.text().isascii(), console.text()


async def test_the_whole_console_shows_the_moment_and_counts_ages_from_it() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await console.press("3")
        await replay(console, "10:36:40")
        await console.shows("◀ replay 10:36:40 UTC, 30m ago", "1 instance", "◐ pending 4m")
        await console.press("2")
        await console.shows("5 hosts")
        await console.press("4")
        await console.shows("1 event", "node01 joined")
        await console.press("8")
        await console.shows("1 entry", "DrainHost")
        await console.press("colon", *"volumes", "enter")
        await console.shows("1 volume", "data")
        await console.press("colon", *"web1", "enter")
        await console.shows(WEB1, "here because", "launched", "(4m ago)")
        assert set(cloud.before.moments) == {ago(30)}


async def test_back_in_the_present_it_is_at_the_same_place_and_true_at_once() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await console.press("2", "slash", *"node06", "enter")
        await console.shows("1 of 6 hosts")
        await replay(console, "-30m")
        await console.shows("◀ replay", "0 of 5 hosts", "filter: node06")
        cloud.change("instance", an_instance(77, name="meanwhile"))
        await console.press("3")
        await console.shows("1 instance", "web1")
        assert "meanwhile" not in console.text()
        await console.press("0")
        await console.shows("10 instances", "meanwhile", "● live")
        assert "replay" not in console.text()
        await console.press("t")
        await console.shows("Terminate")


async def test_what_is_hidden_and_folded_stays_so_in_the_past_and_back() -> None:
    cloud = a_cloud_with_a_past()
    cloud.before.was[ago(60)].instances[WEB1] = an_instance(1, name="web1", state="terminated", host="")
    async with a_console(cloud) as console:
        await console.press("2", "g", "c", "left")
        await console.shows("▸ cc-01")
        await console.press("3", "H")
        await console.shows("finished hidden")
        await replay(console, "-30m")
        await console.shows("◀ replay", "finished hidden", "0 of 1 instance")
        await console.press("0")
        await console.shows("● live", "finished hidden")
        await console.press("2")
        await replay(console, "-30m")
        await console.shows("◀ replay", "▸ cc-01", "▾ cc-02")


async def test_nothing_can_be_done_to_the_past_and_that_is_said() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await console.press("3")
        await replay(console, "-30m")
        await console.shows("◀ replay", "1 instance")
        assert "terminate" not in console.text()
        for key, title in (("t", "terminate"), ("k", "tag"), ("c", "console"), ("o", "output"), ("l", "launch")):
            await console.press(key)
            await console.shows(f"{title}: not possible, the console shows the past", "0 returns to now")
        await console.press("colon", *"rules", "enter")
        await console.press("U")
        await console.shows("roll back: not possible")
        assert cloud.bodies == []


async def test_one_steps_through_the_past_by_length_and_by_what_happened() -> None:
    async with a_console(a_cloud_with_a_past()) as console:
        await console.press("3")
        await replay(console, "-30m")
        await console.shows("replay 10:36:40")
        for key, clock in (("<", "10:35:40"), ("(", "10:25:40"), (">", "10:26:40"), (")", "10:36:40")):
            await console.press(NAMES[key])
            await console.shows(f"replay {clock} UTC")
        await console.press("N")
        await console.shows("replay 10:56:40 UTC, 10m ago", "9 instances")
        await console.press("P")
        await console.shows("replay 10:16:40 UTC, 50m ago", "1 instance")
        await console.press("P")
        await console.shows("nothing that is known happened before")
        await console.press("right_curly_bracket")
        await console.shows("replay 11:06:40 UTC, 0s ago", "9 instances")


async def test_what_was_fetched_for_one_moment_is_not_shown_at_another() -> None:
    async with a_console(a_cloud_with_a_past()) as console:
        await replay(console, "-5m")
        await console.shows("◀ replay 11:01:40")
        await console.press("8")
        await console.shows("2 entries", "WakeHost")
        await console.press("colon", *"volumes", "enter")
        await console.shows("0 volumes")
        await replay(console, "-30m")
        await console.shows("◀ replay 10:36:40", "1 volume", "data")
        await console.press("8")
        await console.shows("1 entry", "DrainHost")
        await console.press("3", "enter")
        await console.shows("◐ pending", "here because")
        await replay(console, "-5m")
        await console.shows("◀ replay 11:01:40", "● running", "here because")


NAMES = {"<": "less_than_sign", ">": "greater_than_sign", "(": "left_parenthesis", ")": "right_parenthesis"}


async def test_many_steps_at_once_ask_for_the_last_moment_and_not_for_each() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await replay(console, "-30m")
        await console.shows("replay 10:36:40")
        cloud.before.speaks.clear()
        await console.press(*["less_than_sign"] * 9)
        await console.shows("asking for 10:27:40 UTC", "replay 10:36:40")
        cloud.before.speaks.set()
        await console.shows("replay 10:27:40")
        await console.hides("asking for")
        assert len(set(cloud.before.moments)) <= 3


@pytest.mark.parametrize(("key", "sign"), [("4", "node01 joined"), ("8", "DrainHost"), ("7", "terminate 14")])
async def test_a_row_leads_to_its_moment(key: str, sign: str) -> None:
    moments = {"4": "10:16:40", "8": "10:16:40", "7": "10:26:40"}
    async with a_console(a_cloud_with_a_past()) as console:
        await console.press(key)
        await console.shows(sign)
        await console.press("end" if key == "8" else "down")
        await console.press(*(["end"] if key != "7" else []), "at")
        await console.shows(f"◀ replay {moments[key]} UTC")


async def test_moments_are_offered_and_may_be_typed() -> None:
    cloud = a_cloud_with_a_past()
    cloud.events.append(an_event(4, "tagged n=" + 600 * "x", at_ms=ago(1)))
    async with a_console(cloud) as console:
        await replay(console, "")
        await console.shows("Show the cloud as it was", "an hour ago", "11:04:40", "node06 joined", "xx…")
        await console.press("down", "enter")
        await console.shows("◀ replay 10:51:40")
        await console.press("at")
        await console.shows("another moment")
        await console.press("enter")
        await console.type("replay soon")
        await console.press("enter")
        await console.shows("soon is no moment; type 14:20, -30m")


async def test_before_all_that_is_known_it_stays_where_it_is_and_says_how_far_one_can_go() -> None:
    async with a_console(a_cloud_with_a_past()) as console:
        await replay(console, "-3h")
        await console.shows("replay: nothing is known before 2026-11-18 10:06:40 UTC", "● live")
        assert "◀ replay" not in console.text()
        await replay(console, "-30m")
        await console.shows("◀ replay 10:36:40")
        await console.press("left_curly_bracket")
        await console.shows("nothing is known before", "◀ replay 10:36:40")


async def test_the_past_can_be_read_while_the_cloud_is_lost() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await console.press("3")
        await replay(console, "-30m")
        await console.shows("◀ replay 10:36:40", "1 instance")
        cloud.fall()
        await console.shows("now ○ lost", "1 instance")
        await console.press("less_than_sign")
        await console.shows("replay: The cloud does not answer", "◀ replay 10:36:40", "1 instance")
        await console.press("2")
        await console.shows("5 hosts")
        await console.press("0")
        await console.shows("Connection lost", "6 hosts")
        cloud.rise()
        await console.shows("● live")


async def test_what_is_asked_for_does_not_come_over_an_open_question() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await console.press("3")
        cloud.before.speaks.clear()
        await replay(console, "-30m")
        await console.shows("asking for 10:36:40 UTC ...")
        await console.press("t")
        await console.shows("Terminate")
        cloud.before.speaks.set()
        await console.shows("not shown, since something else was begun", "Terminate")
        await console.press("escape")
        await console.hides("asking for")
        assert "◀ replay" not in console.text()


async def test_one_may_change_ones_mind_before_the_past_has_come() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await replay(console, "-30m")
        await console.shows("◀ replay 10:36:40")
        cloud.before.speaks.clear()
        await console.press("less_than_sign")
        await console.shows("asking for")
        await console.press("0")
        await console.hides("◀ replay")
        await replay(console, "-50m")
        await console.shows("asking for 10:16:40")
        cloud.before.speaks.set()
        await console.shows("◀ replay 10:16:40")
        assert cloud.before.moments.count(ago(50)) == cloud.before.moments.count(ago(30))


async def test_another_cloud_is_shown_as_it_is_now(tmp_path: Path) -> None:
    async with a_console(a_cloud_with_a_past(), home=a_home(tmp_path, edge_and_prod())) as console:
        await replay(console, "-30m")
        await console.shows("◀ replay")
        await console.press("9", "slash", *"edge", "enter")
        await console.shows("1 of 3 clouds", "there")
        await console.press("enter")
        await console.shows("edge-cloud ▸ overview", "● live")
        assert "replay" not in console.text()


async def test_what_one_cloud_was_is_never_shown_in_another(tmp_path: Path) -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud, home=a_home(tmp_path, edge_and_prod())) as console:
        cloud.before.speaks.clear()
        await replay(console, "-30m")
        await console.shows("asking for 10:36:40")
        await console.press("9", "slash", *"edge", "enter")
        await console.shows("1 of 3 clouds", "there")
        await console.press("enter")
        await console.shows("edge-cloud ▸ overview", "● live")
        cloud.before.speaks.set()
        await console.until(lambda: not console.app.heading_ms)
        await console.press("3")
        await console.shows("edge-cloud ▸ instances", "edgy", "● live")


async def test_a_job_that_was_started_here_is_told_to_have_ended_while_one_reads_the_past() -> None:
    cloud = a_cloud_with_a_past()
    cloud.jobs.held = True
    async with a_console(cloud) as console:
        await console.press("2", "space", "space", "d")
        await console.until(lambda: any(view.state == "running" for view in cloud.jobs.views.values()))
        job = next(view for view in cloud.jobs.views.values() if view.state == "running")
        await replay(console, "-30m")
        await console.shows("◀ replay")
        cloud.change(
            "job", a_job(9, id=job.id, title="drain 2 hosts", state="done", done=2, total=2, ended_at_ms=NOW_MS)
        )
        await console.shows("drain 2 hosts done: 2 of 2", "◀ replay")


async def test_a_click_on_the_line_goes_to_that_moment() -> None:
    async with a_console(a_cloud_with_a_past()) as console:
        await console.press("8")
        await console.shows("replay ◀ 10:06", "● 11:06 ▶", ":replay 14:20")
        line = next(line for line in console.text().splitlines() if "replay ◀" in line)
        begin, end = line.index("─"), line.rindex("●")
        await console.pilot.click("Timeline", offset=((begin + end) // 2, 0))
        await console.shows("◀ replay 10:36:", "1 entry")


async def test_pages_show_the_moment_and_follow_it() -> None:
    cloud = a_cloud_with_a_past()
    cloud.sensing = True
    async with a_console(cloud) as console:
        await console.press("2", "enter")
        await console.shows("▸ node01", "memory")
        await replay(console, "-30m")
        await console.shows("◀ replay 10:36:40", "▸ node01", "instances")
        await console.press("h")
        await console.shows("▸ chart", "10:21", "10:36")
        await console.press("left_parenthesis")
        await console.shows("◀ replay 10:26:40", "10:11", "10:26")
        await console.press("0")
        await console.shows("▸ chart", "10:51", "11:06")


async def test_rules_of_the_past_are_read_and_nothing_more() -> None:
    cloud = a_cloud_with_a_past()
    async with a_console(cloud) as console:
        await console.press("6")
        await replay(console, "-30m")
        await console.shows("◀ replay", "decides")
        await console.press("enter")
        await console.shows("policy", "rule ")
        await console.press("ctrl+r")
        await console.shows("rehearse: not possible, the console shows the past")
        await console.press("escape")
        await console.shows("▸ rules", "◀ replay")
        assert all(asked.startswith("GET") for then in cloud.before.was.values() for asked in then.asked)

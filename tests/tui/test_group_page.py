"""The page of a security group: its rules, one more as a line, one less by a key, and the way back from both."""

import pytest

from app.api.problems import FieldError, Problem
from app.tui.session import Ways
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.holdings import a_full_cloud, a_group
from tests.tui.test_screens import compare

pytestmark = pytest.mark.tui
GROUP = a_group(1).id


async def opened(console: Console) -> None:
    await console.press("colon", *"groups name=default", "enter")
    await console.shows("1 of 2 security groups")
    await console.press("enter")
    await console.shows("▸ default", "PROTOCOL")


async def test_a_rule_is_allowed_as_a_line_and_undone() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        await console.press("n")
        await console.shows("Let through by default")
        await console.type("in tcp 8000-8080 from 10.0.0.0/8 # [b]shop[/b]")
        await console.press("enter")
        await console.shows("8000-8080", "10.0.0.0/8", "[b]shop[/b]", "u undoes it", "2 rules")
        await console.press("u")
        await console.shows("undone")
    assert cloud.commands[0] == f"euca group allow {GROUP} 'in tcp 8000-8080 from 10.0.0.0/8 # [b]shop[/b]'"
    assert cloud.bodies[0]["from_port"] == 8000


async def test_a_line_that_is_none_is_said_with_its_place_before_anything_is_sent() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        await console.press("n")
        await console.shows("Let through by default")
        await console.type("in tcp from 10.0.0.0/8")
        await console.press("enter")
        await console.shows("tcp needs a port", "in tcp from 10.0.0.0/8 ", "^")
        compare(console, "group-wrong-line-120x30")
    assert not cloud.bodies


async def test_a_refusal_of_the_cloud_is_shown_under_its_word() -> None:
    cloud = a_full_cloud()
    cloud.refusals[f"POST /groups/{GROUP}/rules"] = Problem(
        type="x", title="", status=400, detail="tpc is none", errors=[FieldError(field="protocol", why="It is tcp.")]
    )
    async with a_console(cloud) as console:
        await opened(console)
        await console.press("n")
        await console.shows("Let through by default")
        await console.type("in tpc 22 from 10.0.0.0/8")
        await console.press("enter")
        await console.shows("tpc is none")
        lines = console.text().splitlines()
        at = next(number for number, line in enumerate(lines) if "tpc is none" in line)
        assert lines[at + 2].index("^") == lines[at + 1].index("tpc")


async def test_a_rule_is_revoked_at_once_and_undone() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        await console.press("X")
        await console.shows("revoked: in tcp 22 0.0.0.0/0", "u undoes it", "Nothing is let through")
        await console.press("X")
        await console.shows("there is no rule")
    assert f"DELETE /groups/{GROUP}/rules/{a_group(1).rules[0].id}" in cloud.asked


async def test_the_page_follows_the_stream_and_says_when_the_group_is_gone() -> None:
    cloud = a_full_cloud()
    async with a_console(cloud) as console:
        await opened(console)
        cloud.change("group", a_group(1, rules=[]))
        await console.shows("Nothing is let through")
        cloud.remove("group", GROUP)
        await console.shows("is no more")


@pytest.mark.parametrize("ways", [Ways(read_only=True), Ways()])
async def test_who_may_only_look_is_offered_nothing_else(ways: Ways) -> None:
    cloud = a_full_cloud()
    cloud.role = "operator" if ways.read_only else "viewer"
    async with a_console(cloud, ways) as console:
        await opened(console)
        assert "allow" not in console.text().splitlines()[-2]
        await console.press("X", "n")
        await console.hides("Let through by")
    assert not any(one.startswith(("DELETE", "POST")) for one in cloud.asked)


async def test_a_group_in_a_lost_cloud_stays_readable() -> None:
    cloud: FakeCloud = a_full_cloud()
    async with a_console(cloud, size=(80, 24)) as console:
        await opened(console)
        cloud.fall()
        await console.shows("lost 00:00", "default")
        await console.press("X")
        await console.shows("not possible")

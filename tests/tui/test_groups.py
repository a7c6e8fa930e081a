"""Long lists in groups: heads that sum up, folding by key and by mouse, marks, filters and views."""

from pathlib import Path

import pytest
from textual.widgets import Input

from app.tui.actions.action import GROUPED
from app.tui.places import PLACES
from app.tui.screens.table import TableScreen
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.test_load_screens import a_busy_cloud, go
from tests.tui.test_manners import a_home
from tests.tui.test_screens import compare
from tests.tui.views import a_host, an_instance

pytestmark = pytest.mark.tui


def a_spread_cloud() -> FakeCloud:
    cloud = FakeCloud()
    for number in range(1, 9):
        host = f"node0{1 + number % 3}"
        view = an_instance(number, name=f"web{number}", host=host, vmtype="m1.small" if number < 6 else "c1.medium")
        cloud.instances[view.id] = view
    return cloud


def lines(console: Console) -> list[str]:
    """Return the lines of the list without cursor and marks, each by its first word or words."""
    shown = [line.lstrip(" ▶✓") for line in console.text().splitlines()]
    return [" ".join(line.split()[:2]) for line in shown if line.startswith(("▾", "▸", "i-0", "node0"))]


async def test_hosts_stand_below_their_clusters_and_in_one_list_again() -> None:
    async with a_console(a_busy_cloud(), size=(120, 36)) as console:
        await go(console, "hosts")
        await console.press("g", "c", "home")
        await console.shows("2 groups by cluster")
        compare(console, "hosts-grouped-120x36")
        await console.press("d")
        await console.shows("drain: no host that could be meant")
        assert not console.cloud.bodies, "a cluster is no host"
        await console.press("g", "g")
        await console.hides("groups by")


async def test_hosts_are_grouped_by_rack() -> None:
    cloud = FakeCloud()
    cloud.hosts |= {f"node0{n}": a_host(f"node0{n}", rack=f"r{n % 2}") for n in range(1, 6)}
    async with a_console(cloud) as console:
        await console.press("2", "g", "r")
        await console.shows("3 groups by rack", "▾ no rack", "▾ r0", "▾ r1")


async def test_a_group_says_how_many_it_holds_and_what_they_come_to_as_they_change() -> None:
    cloud = a_spread_cloud()
    async with a_console(cloud) as console:
        await console.press("3", "g", "h")
        await console.shows("3 groups by host", "2 instances  2 running  2 cores  256 MiB")
        cloud.change("instance", an_instance(3, name="web3", host="node01", state="stopped", cores=4))
        await console.shows("2 instances  1 running  5 cores  256 MiB")
        cloud.change("instance", an_instance(3, name="web3", host="node04"))
        await console.shows("4 groups by host", "1 instance  1 running  1 core  128 MiB")


async def test_groups_are_folded_and_unfolded_by_keys() -> None:
    async with a_console(a_spread_cloud()) as console:
        await console.press("3", "g", "h", "home", "enter")
        await console.shows("▸ node01")
        assert lines(console)[:3] == ["▸ node01", "▾ node02", "i-00000000000000001 web1"]
        await console.press("down", "down", "left")  # on a row: its group, and the cursor goes to the head
        await console.shows("▸ node02")
        await console.press("right")
        await console.shows("▾ node02")
        await console.press("G")
        await console.until(lambda: lines(console) == ["▸ node01", "▸ node02", "▸ node03"])
        await console.press("G")
        await console.until(lambda: len(lines(console)) == 11)
        await console.press("down", "enter")
        await console.shows("lab ▸ instances ▸ i-0")


async def test_groups_are_folded_and_unfolded_by_mouse() -> None:
    async with a_console(a_spread_cloud()) as console:
        await console.press("3", "g", "h")
        await console.shows("▾ node01")
        place = next(y for y, line in enumerate(console.text().splitlines()) if "▾ node01" in line)
        await console.pilot.click(offset=(2, place))
        await console.shows("▸ node01")
        await console.pilot.click(offset=(12, place), times=2)
        await console.shows("▾ node01")


async def test_marking_a_head_marks_its_rows_folded_or_not() -> None:
    async with a_console(a_spread_cloud()) as console:
        await console.press("3", "g", "h", "home", "left", "space")
        await console.shows("2 marked", "✓▸ node01")
        await console.press("t")
        await console.shows("Terminate 2 instances?")
        await console.press("escape", "up", "space")
        await console.hides("2 marked")


async def test_sorting_and_filtering_go_on_within_groups() -> None:
    async with a_console(a_spread_cloud()) as console:
        await console.press("3", "g", "t", "slash", *"host=node02", "enter")
        await console.shows("3 of 8 instances", "2 groups by type")
        ids = [f"i-0000000000000000{n} web{n}" for n in (7, 1, 4)]
        assert lines(console) == ["▾ c1.medium", ids[0], "▾ m1.small", *ids[1:]]
        await console.press("S")
        await console.until(lambda: lines(console)[3].endswith("web4"))
        assert lines(console)[0] == "▾ c1.medium", "groups keep their order"


async def test_a_saved_view_brings_back_its_groups(tmp_path: Path) -> None:
    async with a_console(a_spread_cloud(), home=a_home(tmp_path)) as console:
        await console.press("3", "g", "h", "v", "s")
        await console.shows("Save this view")
        console.app.screen.query_one("#entry-name", Input).value = "by host"
        await console.press("enter")
        await console.shows("view: by host")
    async with a_console(a_spread_cloud(), home=a_home(tmp_path)) as console:
        await console.press("3")
        await console.shows("view: by host", "3 groups by host")
        await console.press("v", "0")
        await console.hides("groups by")


async def test_in_ascii_a_head_has_signs_that_every_terminal_has(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    (tmp_path / "eucalyptus").mkdir()
    (tmp_path / "eucalyptus" / "console.toml").write_text("ascii = true\n")
    async with a_console(a_spread_cloud(), home=a_home(tmp_path)) as console:
        await console.press("3", "g", "h", "home", "left")
        await console.shows("+ node01", "- node02")
        assert console.text().isascii()
    assert not home.wrong


def test_a_list_offers_groups_if_it_has_something_to_group_by() -> None:
    having = {
        place
        for place, screen in PLACES.items()
        if issubclass(screen, TableScreen) and any(column.groups for column in screen.COLUMNS)
    }
    assert having == GROUPED

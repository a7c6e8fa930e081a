"""What hosts, clusters and instances do, as the console shows it: lists with lines, pages with charts, the way down."""

import msgspec
import pytest

from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.test_screens import a_cloud
from tests.tui.views import a_host

pytestmark = pytest.mark.tui
WAYS_TO = {
    "overview": ["1"],
    "hosts": ["2"],
    "instances": ["3"],
    "host": ["2", "down", "down", "enter"],
    "host-samples": ["2", "down", "down", "enter", "tab", "tab"],
    "host-chart": ["2", "h"],
    "clusters": ["colon", "=clusters", "enter"],
    "cluster": ["colon", "=cc-01", "enter"],
}
SEEN = {
    "overview": "753 W",
    "hosts": "146 W",
    "instances": "86%",
    "host": "CPU  20%",
    "host-samples": "least",
    "host-chart": "CPU  38%",
    "clusters": "414 W",
    "cluster": "414 W",
}
CHARTED = {"host", "host-samples", "host-chart", "cluster"}


def a_busy_cloud() -> FakeCloud:
    cloud = a_cloud()
    cloud.sensing = True
    return cloud


async def go(console: Console, place: str) -> None:
    """Go to a place, by keys and, after a `=`, by typing."""
    for step in WAYS_TO[place]:
        await (console.type(step[1:]) if step.startswith("=") else console.press(step))
    await console.shows(SEEN[place], "live 0.0s")
    if place in CHARTED:
        await console.shows("#" if console.app.session.ascii_only else "█")


async def test_what_is_not_known_is_a_dash_and_never_nought() -> None:
    async with a_console(FakeCloud(), size=(120, 36)) as console:
        await console.press("2", "enter")
        await console.shows("CPU  –", "memory  –", "power  –", "net  –")
        await console.shows("nothing measured")


async def test_news_of_a_host_come_to_its_row_by_themselves() -> None:
    cloud = FakeCloud()
    async with a_console(cloud, size=(120, 36)) as console:
        await console.press("2")
        await console.shows("node01")
        assert "38%" not in console.text()
        cloud.sense()
        await console.shows("38%", "146 W")
        cloud.change("host", msgspec.structs.replace(cloud.hosts["node01"], wanted="draining"))
        await console.shows("draining", "38%")
        cloud.change("host", msgspec.structs.replace(cloud.hosts["node01"], state="lost"))
        await console.shows("lost")
        assert "38%" not in next(line for line in console.text().splitlines() if "node01" in line)


async def test_a_list_can_be_filtered_and_sorted_by_load_and_the_unknown_passes_no_bound() -> None:
    cloud = a_busy_cloud()
    async with a_console(cloud, size=(120, 36)) as console:
        await console.press("2", "slash")
        await console.type("cpu<30")
        await console.press("enter")
        await console.shows("1 of 6 hosts", "node03")
        await console.press("escape", "slash")
        await console.type("power>0")
        await console.press("enter")
        await console.shows("5 of 6 hosts")


async def test_one_goes_down_from_a_cluster_to_an_instance_and_up_again() -> None:
    async with a_console(a_busy_cloud(), size=(160, 36)) as console:
        await go(console, "clusters")
        await console.press("enter")
        await console.shows("lab ▸ clusters ▸ cc-01", "4 hosts")
        await console.press("down", "down", "enter")
        await console.shows("clusters ▸ cc-01 ▸ node03", "7 instances")
        await console.press("enter")
        await console.shows("cc-01 ▸ node03 ▸ i-00000000000000001", "here because")
        await console.press("h")
        await console.shows("i-00000000000000001 ▸ chart", "last 15m")
        for trail in ("node03 ▸ i-00000000000000001 ", "cc-01 ▸ node03 ", "clusters ▸ cc-01 ", "lab ▸ clusters "):
            await console.press("escape")
            await console.shows(trail)


async def test_the_page_of_a_cluster_says_who_makes_its_network_and_what_a_gateway_is_behind_with() -> None:
    async with a_console(a_busy_cloud(), size=(120, 36)) as console:
        await go(console, "clusters")
        await console.shows("GATEWAY", "server", "○ lost")
        await console.press("colon")
        await console.type("cc-02")
        await console.press("enter")
        await console.shows("▸ cc-02", "gateway ○ lost")
        await console.press("tab", "tab", "tab")
        await console.shows("a gateway elsewhere, lost", "last heard", "(3m ago)")
        await console.shows("is behind", "it was there and said nothing for 20 s")


async def test_a_longer_time_is_asked_for_and_the_next_sensor_shown() -> None:
    async with a_console(a_busy_cloud(), size=(120, 36)) as console:
        await go(console, "host-chart")
        asked = len(console.cloud.charted)
        await console.press("full_stop", "full_stop")
        await console.shows("last 6h", "05:06")
        await console.until(lambda: len(console.cloud.charted) > asked)
        await console.press("tab", "tab", "tab")
        await console.shows("power  146 W")
        await console.press("comma", "escape")
        await console.shows("6 hosts")


async def test_hosts_sleep_and_wake_by_one_key() -> None:
    cloud = FakeCloud(role="operator")
    async with a_console(cloud, size=(120, 36)) as console:
        await console.press("2", "o")
        await console.shows("node01 may sleep", "asleep")
        await console.press("o")
        await console.shows("waking node01")
        assert "POST /hosts/node01/wake" in cloud.asked


async def test_only_a_lost_host_is_fenced_and_only_after_its_name_is_typed() -> None:
    cloud = FakeCloud(role="operator")
    cloud.hosts["node02"] = a_host("node02", state="lost")
    async with a_console(cloud, size=(120, 36)) as console:
        await console.press("2", "F")
        await console.shows("only a host that is lost")
        await console.press("down", "F")
        await console.shows("Fence node02?", "switched off")
        await console.type("node02")
        await console.press("enter")
        await console.shows("node02 counts as off")
        assert "POST /hosts/node02/fence" in cloud.asked


async def test_a_page_of_what_is_gone_says_so() -> None:
    cloud = a_busy_cloud()
    async with a_console(cloud, size=(120, 36)) as console:
        await go(console, "host")
        del cloud.hosts["node03"]
        console.app.session.copy.drop("host", "node03")
        await console.shows("node03 is no more")
        await console.press("escape")
        await console.shows("5 hosts")

"""The page of a host: why its instances are there, their addresses, and their domains as libvirt has them."""

import msgspec
import pytest

from app.api.problems import Problem
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.test_screens import compare
from tests.tui.test_why import a_why
from tests.tui.views import an_instance

pytestmark = pytest.mark.tui
WEB1, WEB2 = an_instance(1).id, an_instance(2).id
XML = f"""<domain type='test'>
  <name>{WEB1}</name>
  <title>\x1b]52;c;eA==\x07[b]</title>
  <disk dev='sda1'/>
</domain>"""


def a_cloud() -> FakeCloud:
    cloud = FakeCloud()
    cloud.because = {WEB1: "least loaded of 5 (score 0.82)", WEB2: "next to its group [b]web[/b]"}
    cloud.domains = {WEB1: XML}
    cloud.whys = {WEB1: a_why(WEB1)}
    for number in (1, 2):
        view = msgspec.structs.replace(cloud.instances[an_instance(number).id], private_ip=f"10.0.7.{20 - number}")
        cloud.instances[view.id] = view
    return cloud


async def open_host(console: Console) -> None:
    await console.press("2", "down", "down", "enter")
    await console.shows("lab ▸ hosts ▸ node03", "web1")


async def test_the_page_of_a_host_says_why_each_instance_is_there() -> None:
    async with a_console(a_cloud(), size=(200, 36)) as console:
        await open_host(console)
        await console.shows("HERE BECAUSE", "least loaded of 5 (score 0.82)", "next to its group [b]web[/b]")
        compare(console, "host-because-200x36")
        console.cloud.because[an_instance(9).id] = "moved: spread over racks"
        console.cloud.change("instance", an_instance(9, name="late", host="node03"))
        await console.shows("moved: spread over racks")


async def test_why_they_are_there_is_not_made_up_when_the_cloud_does_not_tell() -> None:
    cloud = a_cloud()
    cloud.refusals["GET /hosts/node03/reasons"] = Problem(type="x", title="", status=503, detail="busy")
    async with a_console(cloud, size=(140, 36)) as console:
        await open_host(console)
        await console.shows("not known: busy")


async def test_addresses_of_its_instances_are_listed() -> None:
    async with a_console(a_cloud(), size=(140, 36)) as console:
        await open_host(console)
        await console.press("tab", "tab", "tab")
        await console.shows(f"10.0.7.18        {WEB2}", f"10.0.7.19        {WEB1}")
        assert console.text().index(WEB2) < console.text().index(WEB1)


async def test_an_instance_of_a_host_is_moved_and_explained_from_there() -> None:
    async with a_console(a_cloud(), size=(140, 36)) as console:
        await open_host(console)
        await console.press("m")
        await console.shows(f"Move {WEB1}")
        await console.press("escape", "w")
        await console.shows(f"{WEB1} ▸ why")


async def test_a_domain_is_shown_searched_and_copied_as_text() -> None:
    async with a_console(a_cloud(), size=(120, 30)) as console:
        await open_host(console)
        await console.press("x")
        await console.shows(f"{WEB1} ▸ domain", "<title>·]52;c;eA==·[b]</title>", "on node03", "5 lines")
        compare(console, "definition-120x30")
        await console.press("slash", *"domain", "enter")
        await console.shows("1 of 2 with domain")
        await console.press("n")
        await console.shows("2 of 2 with domain")
        await console.press("n", "p", "p")
        await console.shows("1 of 2 with domain")
        await console.press("y")
        await console.shows(f"copied the domain of {WEB1}")
        assert console.app.clipboard == XML
        await console.press("escape")
        await console.hides("with domain")
        await console.press("escape")
        await console.shows("HERE BECAUSE")


async def test_a_domain_that_its_host_does_not_tell_is_told_in_its_words() -> None:
    cloud = a_cloud()
    problem = Problem(type="lost", title="", status=503, detail="The host node03 does not answer.")
    cloud.refusals[f"GET /instances/{WEB1}/definition"] = problem
    async with a_console(cloud) as console:
        await console.press("3", "D")
        await console.shows("The host node03 does not answer.")


async def test_a_viewer_is_not_offered_the_domain() -> None:
    cloud = a_cloud()
    cloud.role = "viewer"
    async with a_console(cloud) as console:
        await console.press("3", "D")
        await console.hides("▸ domain")
        assert not any(asked.endswith("/definition") for asked in cloud.asked)

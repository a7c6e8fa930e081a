"""Rules at the console on a real served cloud: written with a mistake, mended, rehearsed, applied, taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from app.api.resources import LaunchInstances
from app.client import calls, rule_calls
from app.client.http import Cloud
from app.client.stream import Patience
from app.tui.app import build, system_clock
from app.tui.widgets.rule_text import RuleText
from tests.served import ServedCloud
from tests.tui.pictures import until
from tests.tui.screen_text import text_of

pytestmark = pytest.mark.tui
MISTAKEN = """rule capacity {
  require host.mem.free >= vm.mem
}
rule last "where most hosts stand before it" {
  prefer host.index weigth 2
}
rule gpu {
  applies to vm where "cuda" in vm.tags
  require "gpu" in host.tags
}
policy site "default" {
  use capacity
  use last
  use gpu
  remap every 60s
}
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path / "state", rehearse="1x3") as served:
        yield served


async def test_rules_are_mended_rehearsed_applied_and_taken_back_and_decide_meanwhile(cloud: ServedCloud) -> None:
    async with Cloud(cloud.url, cloud.credentials()["EUCA_TOKEN"]) as client:
        app = build(client, system_clock(), Patience())
        async with app.run_test(size=(150, 45), notifications=True) as pilot:
            console = _Story(app, pilot)
            await console.shows("needs you", "live")
            await console.write_with_a_mistake()
            await console.mend_and_rehearse()
            await client.send(calls.drain_host("cluster1-host1"))
            await console.apply()
            await console.shows("not applied", "cluster1-host1")
            await client.send(calls.undrain_host("cluster1-host1"))
            await pilot.press("ctrl+r")
            await console.shows("counts for", ": A applies it")
            await console.apply()
            await console.shows("policy site (rules-1) decides from now on")
            image = next(view.id for view in app.session.copy.images.values() if view.kind == "machine")
            made = (await client.send(calls.launch(LaunchInstances(image_id=image)))).items[0]
            assert made.host == "cluster1-host3"
            await console.ask_why(made.id)
            await pilot.press("6")
            await console.shows("rules-1", "● decides")
            await pilot.press("U")
            await console.shows("policy ROUNDROBIN (ROUNDROBIN) decides again")
            assert (await client.send(rule_calls.active())).id == "ROUNDROBIN"


class _Story:
    def __init__(self, app: App[int], pilot: Pilot[int]) -> None:
        self._app, self._pilot = app, pilot

    async def shows(self, *parts: str) -> None:
        await until(self._app, self._pilot, lambda: all(part in text_of(self._app) for part in parts))

    async def write_with_a_mistake(self) -> None:
        await self._pilot.press("6")
        await self.shows("ROUNDROBIN", "decides")
        await self._pilot.press("n")
        await self.shows("rules ▸ new", "1 rule", "0 errors")
        self._app.screen.query_one(RuleText).text = MISTAKEN
        await self.shows("1 error", "5:21", "`weigth`: do you mean `weight`?")

    async def mend_and_rehearse(self) -> None:
        await self._pilot.press("f8", "f9")
        await self.shows("0 errors", "3 rules", "added", "rule gpu")
        await self._pilot.press("ctrl+r")
        await self.shows("would move 0, refuse 0", "hosts on", "3 → 3", "never matched gpu", "counts for")

    async def apply(self) -> None:
        if isinstance(self._app.focused, RuleText):
            await self._pilot.press("escape")
        await self._pilot.press("A")
        await self.shows("Policy site decides from then on")
        await self._pilot.press("tab", "enter")

    async def ask_why(self, given: str) -> None:
        await self._pilot.press("3")
        await self.shows(given)
        await self._pilot.press("w")
        await self.shows("decision 1 of 1", "placed on cluster1-host3 by the policy site (version 1)", "asked by")
        await self.shows("3 hosts could take it", "scored 2 of 2 points", "next review")

"""Why an instance is where it is, why not elsewhere, and what it waits for: one key away from wherever one meets it."""

import msgspec
import pytest

from app.api.resources import DecisionView, HostVerdict
from app.api.why import LackView, WhyView
from tests.tui.consoles import a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import NOW_MS, an_instance

pytestmark = pytest.mark.tui
WEB, DB = "i-00000000000000001", "i-00000000000000007"
FULL = "refused by capacity: require host.mem.free >= vm.mem (host.mem.free is {} MiB, vm.mem is 128 MiB)"


def verdicts() -> list[HostVerdict]:
    return [
        HostVerdict(host="node01", chosen=False, words=FULL.format(64), feasible=False),
        HostVerdict(host="node02", chosen=False, words=FULL.format(32), feasible=False),
        HostVerdict(host="node03", chosen=True, words="scored 0.82 of 0.82 points", score=0.82),
        HostVerdict(host="node04", chosen=False, words="scored 0.2 of 0.82 points", score=0.2),
        HostVerdict(host="node05", chosen=False, words="scored 0.79 of 0.82 points", score=0.79),
        HostVerdict(host="node06", chosen=False, words="is drained", feasible=False),
    ]


def a_why(given: str = WEB, **changes: object) -> WhyView:
    placed = DecisionView(
        number=1,
        at_ms=NOW_MS - 3_600_000,
        kind="placed",
        host="node05",
        policy="day",
        ruleset_id="rules-3",
        ruleset_number=3,
        reasons=["day: spread: prefer host.cpu.cores - host.cpu.load: 0.82 of 1 points"],
    )
    moved = msgspec.structs.replace(
        placed, number=2, kind="moved", origin="node05", host="node03", reasons=["spread: hot"], hosts=verdicts()
    )
    view = WhyView(
        instance_id=given,
        state="running",
        asked_by="ana",
        asked_at_ms=NOW_MS - 3_600_000,
        lacks=[],
        decisions=[placed, moved],
        moves=1,
        next_review_ms=NOW_MS + 42_000,
        review="",
    )
    return msgspec.structs.replace(view, **changes)


def a_cloud() -> FakeCloud:
    cloud = FakeCloud(role="operator")
    cloud.instances[DB] = an_instance(7, state="pending", host="node06", launched_at_ms=NOW_MS - 240_000, name="db")
    lack = LackView(missing="its host node06 does not answer: timed out", helps="The host back, then it goes on.")
    cloud.whys = {
        WEB: a_why(),
        DB: a_why(DB, state="pending", lacks=[lack], next_review_ms=0, review="when something changes"),
    }
    cloud.trouble = [f"Instance {DB} pending for 4 min: its host node06 does not answer: timed out"]
    return cloud


async def test_it_says_who_asked_which_hosts_could_and_why_the_others_could_not() -> None:
    async with a_console(a_cloud(), size=(150, 40)) as console:
        await console.press("3")
        await console.shows("INSTANCE")
        await console.press("slash")
        await console.type("web1")
        await console.press("enter", "w")
        await console.shows(f"{WEB} ▸ why", "moved from node05 to node03 by the policy day (version 3)")
        await console.shows("3 hosts could take it, 3 could not", "2 refused by capacity: require host.mem.free")
        await console.shows("host.mem.free is 64 MiB", "is drained", "moves since   1 move", "in 42s")
        text = console.text()
        assert text.index("● node03") < text.index("○ node05") < text.index("○ node04") < text.index("✕ node01")


async def test_earlier_decisions_are_walked_through() -> None:
    async with a_console(a_cloud()) as console:
        console.app.open_page("why", WEB)
        await console.shows("decision 2 of 2")
        await console.press("left")
        await console.shows("decision 1 of 2", "asked by ana: placed on node05")
        await console.press("left")
        await console.shows("there is no earlier decision")
        await console.press("right")
        await console.shows("decision 2 of 2")


async def test_what_is_pending_leads_from_the_overview_to_what_it_lacks() -> None:
    async with a_console(a_cloud()) as console:
        await console.shows("pending for 4 min")
        await console.press("w")
        await console.shows("◐ pending", "✕ its host node06 does not answer", "would help: The host back")
        await console.press("escape")
        await console.shows("clusters")


async def test_of_several_that_wait_the_overview_leads_to_their_list() -> None:
    cloud = a_cloud()
    cloud.trouble.append(f"Instance {WEB} on host node03 can not be seen")
    async with a_console(cloud) as console:
        await console.shows("can not be")
        await console.press("w")
        await console.shows("2 of 6 instances")


async def test_it_is_asked_anew_when_the_instance_changes_and_stays_when_the_cloud_is_lost() -> None:
    cloud = a_cloud()
    async with a_console(cloud) as console:
        console.app.open_page("why", DB)
        await console.shows("does not answer")
        cloud.whys[DB] = a_why(DB, lacks=[])
        cloud.change("instance", an_instance(7, host="node06"))
        await console.hides("what is missing")
        cloud.fall()
        await console.shows("lost", "Shown as of", "decision 2 of 2")

"""Rules at the console: written with mistakes, mended, rehearsed, applied as rehearsed and not otherwise, undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from app.api.remapping import PowerView
from app.tui.screens.rule_editor import RuleEditorScreen
from app.tui.session import WAYS, Ways
from app.tui.widgets.rule_text import RuleText
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_rules import DAY, NOTHING, a_move

pytestmark = pytest.mark.tui
MISTAKEN = DAY.replace("weight 3", "weigth 3")
BUSY = DAY.replace("weight 3", "weight 5")
PLAN = msgspec.structs.replace(
    NOTHING,
    moves=[a_move(1), a_move(2)],
    powers=[PowerView(host="node05", on=False, why="warm: when host.vms == 0 power off host (host.vms is 0)")],
)


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


def a_cloud(role: str = "operator") -> FakeCloud:
    cloud = FakeCloud(role=role)
    cloud.rules.plan = PLAN
    return cloud


@asynccontextmanager
async def an_editor(
    cloud: FakeCloud, ways: Ways = WAYS, *, size: tuple[int, int] = (120, 30), watch: Watch | None = None
) -> AsyncIterator[Console]:
    async with a_console(cloud, ways, size=size, monotonic_s=watch or Watch()) as console:
        await console.press("6")
        await console.shows("rules-1", "decides")
        await console.press("enter")
        await console.shows("rule capacity", "2 rules", "the same text" if size[0] > 110 else "0 errors")
        yield console


def written(console: Console) -> RuleText:
    return console.app.screen.query_one(RuleText)


async def rewrite(console: Console, text: str) -> None:
    written(console).text = text
    await console.shows("draft")


async def rehearse(console: Console, text: str = BUSY) -> None:
    await rewrite(console, text)
    await console.shows("0 errors")
    await console.press("ctrl+r")
    await console.shows("would move 2", "counts for 60 s")


async def test_a_mistake_is_told_at_its_place_found_by_a_key_and_mended_by_another() -> None:
    async with an_editor(a_cloud()) as console:
        await rewrite(console, MISTAKEN)
        await console.shows("1 error", "7:41", "`weigth`: do you mean `weight`?")
        assert "underline" in console.app.export_screenshot()
        await console.press("f8")
        assert written(console).cursor_location == (6, 40)
        await console.press("f9")
        await console.shows("0 errors", "2 rules")
        assert written(console).text == DAY


async def test_letters_are_text_until_escape_and_keys_of_the_screen_after_it() -> None:
    async with an_editor(a_cloud()) as console:
        await console.press("A", "6", "q", "enter", "escape")
        await console.shows("draft", "1 error")
        assert written(console).text == "A6q\n" + DAY
        await console.press("A")
        await console.shows("apply: there are mistakes")
        await console.press("enter", "ctrl+z", "ctrl+z")
        await console.until(lambda: written(console).text == DAY)


async def test_a_rehearsal_tells_what_would_happen_and_the_question_lists_the_same() -> None:
    cloud = a_cloud()
    async with an_editor(cloud, size=(150, 45)) as console:
        await rehearse(console)
        await console.shows("node03 → node01", "node05 goes to sleep", "900 W → 760 W", "node03 91% → node01 74%")
        await console.shows("never matched gpu", "changed rule spread")
        await console.press("escape", "A")
        await console.shows("Apply day?", "node03 → node02", "node05 goes to sleep", "euca rules apply")
        await console.press("enter")  # the default button is the one that does nothing
        await console.hides("Apply day?")
        assert cloud.rules.active == "rules-1"
        await console.press("A", "tab", "enter")
        await console.shows("policy day (rules-2) decides from now on")
        assert (cloud.rules.active, cloud.rules.versions["rules-2"].text) == ("rules-2", BUSY)
        await console.press("U")
        await console.shows("policy day (rules-1) decides again")


async def test_nothing_is_applied_that_was_not_rehearsed_as_it_is_or_not_within_a_minute() -> None:
    watch, cloud = Watch(), a_cloud()
    async with an_editor(cloud, watch=watch) as console:
        await console.press("escape", "A")
        await console.shows("apply: rehearse first (ctrl+r)")
        await rehearse(console)
        await rewrite(console, BUSY + "# more\n")
        await console.shows("the text has changed since")
        await console.press("A")
        await rehearse(console)
        watch.at_s += 61
        await console.press("A")
        await console.shows("it is older than a minute")
        assert "Apply day?" not in console.text()
        assert cloud.rules.active == "rules-1"


async def test_launches_of_the_last_day_are_taken_again_and_what_is_assumed_is_said() -> None:
    async with an_editor(a_cloud("viewer"), size=(150, 45)) as console:
        await console.press("escape", "T")
        await console.shows("launches 42: 37 as it was, 4 elsewhere, 1 refused", "2 left out")
        await console.shows("node03 → nowhere", "taken for granted", "every host was up")
        await rewrite(console, MISTAKEN)
        await console.shows("1 error")
        await console.press("T")
        await console.shows("mend the mistakes first")
        assert written(console).text == MISTAKEN


async def test_a_cloud_that_moved_meanwhile_refuses_and_the_text_stays() -> None:
    cloud = a_cloud()
    cloud.rules.overtaken = "The rehearsal 'abc' was overtaken by node02 drains: rehearse again"
    async with an_editor(cloud) as console:
        await rehearse(console)
        await console.press("escape", "A")
        await console.shows("Apply day?")
        await console.press("tab", "enter")
        await console.shows("not applied: The rehearsal 'abc' was overtaken")
        assert (cloud.rules.active, written(console).text) == ("rules-1", BUSY)


async def test_a_text_outlives_the_connection_and_is_checked_again_when_it_is_back() -> None:
    cloud = a_cloud()
    async with an_editor(cloud) as console:
        cloud.fall()
        await console.shows("lost")
        await rewrite(console, MISTAKEN)
        await console.shows("not checked")
        await console.press("ctrl+s")
        await console.shows("not possible while the cloud is not connected")
        cloud.rise()
        await console.shows("1 error")
        assert written(console).text == MISTAKEN


async def test_leaving_asks_and_a_draft_that_is_kept_waits_wherever_one_goes() -> None:
    async with an_editor(a_cloud()) as console:
        await rewrite(console, BUSY)
        await console.press("escape", "escape")
        await console.shows("The draft of rules-1 is not saved")
        await console.press("enter")
        await console.shows("drafts: rules-1")
        await console.press("q")
        await console.shows("What is not saved is lost.", "draft of rules-1")
        await console.press("enter", "3")
        await console.shows("INSTANCE")
        await console.press("6")
        await console.shows("drafts: rules-1")
        await console.press("enter")
        await console.shows("weight 5", "draft")
        await console.press("escape", "1")
        await console.shows("clusters")
        await console.press("minus")
        await console.shows("weight 5", "draft")
        await console.press("escape", "escape")
        await console.shows("is not saved")
        await console.press("tab", "enter")
        await console.shows("4 rulesets")
        await console.hides("drafts:")


async def test_a_text_is_kept_as_a_version_and_one_with_mistakes_only_as_a_file(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    cloud = a_cloud()
    async with an_editor(cloud) as console:
        await rewrite(console, MISTAKEN)
        await console.shows("1 error")
        await console.press("ctrl+s")
        await console.shows("not saved: there are mistakes")
        await console.press("f4")
        await console.shows("wrote ")
        await rewrite(console, BUSY)
        await console.shows("0 errors")
        await console.press("ctrl+s")
        await console.shows("kept as rules-2", "rules ▸ rules-2")
        assert cloud.rules.active == "rules-1"
        await console.press("escape", "escape")
        await console.shows("5 rulesets")


async def test_new_rules_begin_with_a_text_that_is_sound() -> None:
    async with a_console(a_cloud()) as console:
        await console.press("6")
        await console.shows("rules-1")
        await console.press("n")
        await console.shows("rules ▸ new", "1 rule", "0 errors")
        await console.press("escape", "escape")
        await console.shows("4 rulesets")


@pytest.mark.parametrize(("role", "ways"), [("viewer", WAYS), ("admin", Ways(read_only=True))])
async def test_who_may_only_look_checks_and_rehearses_and_changes_nothing(role: str, ways: Ways) -> None:
    cloud = a_cloud(role)
    async with an_editor(cloud, ways) as console:
        await rehearse(console)
        await console.press("ctrl+s", "escape", "A", "U")
        await console.pilot.pause()
        assert (len(cloud.rules.versions), cloud.rules.active) == (1, "rules-1")
        assert "A apply" not in console.text()


async def test_what_a_text_holds_never_acts_on_the_terminal() -> None:
    cloud = a_cloud()
    cloud.rules.versions["rules-1"] = msgspec.structs.replace(
        cloud.rules.versions["rules-1"], text=DAY + "# \x1b[2J\u202e gone\n"
    )
    async with an_editor(cloud) as console:
        await console.shows("# ·[2J· gone")
        assert "\x1b[2J" in written(console).text


async def test_only_lines_on_screen_are_coloured_however_long_the_text() -> None:
    cloud = a_cloud()
    long = DAY + "".join(
        f'rule r{number} "text" {{ prefer host.mem.free weight {number + 1} }}\n' for number in range(4000)
    )
    cloud.rules.versions["rules-1"] = msgspec.structs.replace(cloud.rules.versions["rules-1"], text=long)
    async with a_console(cloud) as console:
        await console.press("6")
        await console.shows("rules-1")
        await console.press("enter")
        await console.shows("rule capacity", "4002 rules")
        await console.press("x", "y")
        assert 0 < len(written(console)._highlights) < 100


async def test_in_ascii_mode_rules_are_ascii_too() -> None:
    cloud = a_cloud()
    cloud.rules.versions["rules-1"] = msgspec.structs.replace(cloud.rules.versions["rules-1"], text=DAY + "# größer\n")
    async with an_editor(cloud, Ways(ascii_only=True), size=(80, 24)) as console:
        await rewrite(console, MISTAKEN)
        await console.shows("1 error")
        assert console.text().isascii(), console.text()
        await rewrite(console, BUSY)
        await console.shows("0 errors")
        await console.press("ctrl+r")
        await console.shows("would move 2")
        assert console.text().isascii(), console.text()


async def test_a_lost_cloud_opens_no_text_and_says_so() -> None:
    cloud = a_cloud()
    async with a_console(cloud) as console:
        await console.press("6")
        await console.shows("rules-1")
        cloud.fall()
        await console.shows("lost")
        await console.press("enter")
        await console.shows("does not answer")
        screen = console.app.screen
        assert isinstance(screen, RuleEditorScreen)
        assert screen.written.read_only
        cloud.rise()
        await console.shows("rule capacity", "2 rules")
        assert not screen.written.read_only

"""Every action that changes the cloud is audited as the command that would do the same: walked over the registry."""

import re
import shlex
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from textual.widgets import Button, Input

from app.tui.actions import ACTIONS, Action, Danger, named
from app.tui.holdings import LISTED
from app.tui.widgets.confirm import Confirm
from app.tui.widgets.form import Form
from app.tui.widgets.grid import Grid
from tests.tui.consoles import Console, a_console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.fake_guest import FakeGuest
from tests.tui.fake_jobs import a_job
from tests.tui.holdings import a_full_cloud
from tests.tui.test_accounts_page import opened as on_an_account
from tests.tui.test_group_page import opened as on_a_group
from tests.tui.test_holdings import go
from tests.tui.test_rules import a_cloud as a_cloud_with_rules
from tests.tui.test_rules import an_editor, rehearse
from tests.tui.test_terminal import sitting
from tests.tui.views import an_instance

pytestmark = pytest.mark.tui
CHANGING = [action for action in ACTIONS if action.danger > Danger.LOOK]
WEB1 = an_instance(1).id
TYPED = {"name": "a 'b;c", "value": "$(x)", "uri": "test:///x"}
PLACES = {"hosts", "instances", "jobs", *(one.place for one in LISTED)}
ELSEWHERE = {"rules.save", "rules.apply", "rules.rollback", "console.type", "console.steal", "undo"}
ELSEWHERE |= {"volumes.attach", *(action.name for action in CHANGING if action.screens <= {"group", "account"})}
"""Actions that need more than a place, a row and answers; each has a test of its own below."""
LISTS = [action for action in CHANGING if action.name not in ELSEWHERE]


def a_cloud_for(action: Action) -> FakeCloud:
    cloud = a_full_cloud()
    for name, view in cloud.hosts.items():
        state = "lost" if action.name == "hosts.fence" else "up"
        wanted = "draining" if action.name == "hosts.undrain" else "enabled"
        cloud.hosts[name] = msgspec.structs.replace(view, state=state, wanted=wanted)
    for name, instance in cloud.instances.items():
        cloud.instances[name] = msgspec.structs.replace(instance, image_id=cloud.images[0].id)
    cloud.jobs.views = {view.id: view for view in [a_job(1, failed=1)]}
    return cloud


async def answer(console: Console) -> None:
    """Answer whatever is asked, as somebody who means it."""
    screen = console.app.screen
    if isinstance(screen, Confirm):
        for field in screen.query("#typed").results(Input):
            field.value = screen._question.word
        await console.pilot.pause()
        screen.query_one("#yes", Button).press()
    elif isinstance(screen, Form):
        for field in screen.query(Input):
            field.value = TYPED.get((field.id or "").removeprefix("entry-"), field.value or "1")
        screen.action_send()
    await console.pilot.pause()


async def until_told(console: Console, before: int) -> str:
    """Answer until the cloud was told of one more change; return as which command."""
    for _ in range(200):
        if len(console.cloud.commands) > before:
            return console.cloud.commands[-1]
        await answer(console)
        await console.pilot.pause(0.02)
    raise AssertionError(console.text())


def beginning(action: Action) -> str:
    """Return the words of its command before the first that stands for something."""
    return re.split(r"\{ids\}|\b[A-Z]+\b", action.command)[0]


@pytest.mark.parametrize("action", LISTS, ids=lambda action: action.name)
async def test_a_change_is_audited_as_the_command_of_its_action(action: Action) -> None:
    async with a_console(a_cloud_for(action)) as console:
        place = min(action.screens & PLACES)
        await go(console, place)
        await console.until(lambda: bool(console.app.screen.query(Grid)) and grid(console).cursor_id is not None)
        meant = under_cursor(console, place)
        await console.press(action.key.split(",")[0])
        command = await until_told(console, 0)
        assert command.startswith(beginning(action)), command
        assert "ID..." not in command
        shlex.split(command)
        if "{ids}" in action.command:
            assert meant in shlex.split(command)


def grid(console: Console) -> Grid:
    return console.app.screen.query_one(Grid)


def under_cursor(console: Console, place: str) -> str:
    """Say what a person calls the thing under the cursor."""
    given = grid(console).cursor_id or ""
    one = next((one for one in LISTED if one.place == place), None)
    return str(one.named(grid(console).table[given])) if one else given


async def undone() -> str:
    async with a_console(FakeCloud()) as console:
        await console.press("3", "k")
        await until_told(console, 0)
        await console.shows("u undoes it")
        await console.press("u")
        return await until_told(console, 1)


async def attached() -> str:
    async with a_console(a_full_cloud()) as console:
        await console.press("3", "enter", "v")
        await console.shows("1 volume")
        await console.press("a")
        return await until_told(console, 0)


async def saved() -> str:
    async with an_editor(a_cloud_with_rules()) as console:
        await console.press("ctrl+s")
        return await until_told(console, 0)


async def applied() -> str:
    async with an_editor(a_cloud_with_rules(), size=(150, 45)) as console:
        await rehearse(console)
        await console.press("escape", "A")
        return await until_told(console, 1)


async def rolled_back() -> str:
    async with a_console(a_cloud_with_rules()) as console:
        await console.press("6")
        await console.shows("rules-1")
        await console.press("U")
        return await until_told(console, 0)


async def typed() -> str:
    guest = FakeGuest()
    async with sitting(guest) as console:
        await console.shows("typing as")
        return guest.commands[-1]


async def allowed() -> str:
    async with a_console(a_full_cloud()) as console:
        await on_a_group(console)
        await console.press("n")
        await console.shows("Let through")
        await console.type("in tcp 80 from 10.0.0.0/8 # it's")
        return await until_told(console, 0)


def on_page(opened: Callable[[Console], Awaitable[None]], key: str) -> Callable[[], Awaitable[str]]:
    """Make what presses a key on the page of a thing; return as which command the cloud was told."""

    async def pressed() -> str:
        async with a_console(a_full_cloud()) as console:
            await opened(console)
            await console.press(key)
            command = await until_told(console, 0)
        assert not re.search(r"\b(NAME|USER|ACCOUNT|RULE)\b", command), command
        shlex.split(command)
        return command

    return pressed


OTHERS: dict[str, Callable[[], Awaitable[str]]] = {
    "undo": undone,
    "volumes.attach": attached,
    "rules.save": saved,
    "rules.apply": applied,
    "rules.rollback": rolled_back,
    "console.type": typed,
    "groups.allow": allowed,
    "groups.revoke": on_page(on_a_group, "X"),
    "accounts.new_user": on_page(on_an_account, "n"),
    "accounts.new_key": on_page(on_an_account, "k"),
    "accounts.quota": on_page(on_an_account, "t"),
    "accounts.disable_user": on_page(on_an_account, "d"),
    "accounts.enable_user": on_page(on_an_account, "b"),
    "accounts.remove": on_page(on_an_account, "X"),
    "console.steal": typed,  # who sits there already and takes over is audited as `taken over` by what is done to it
}


@pytest.mark.parametrize("name", sorted(OTHERS))
async def test_so_is_a_change_made_elsewhere(name: str) -> None:
    command = await OTHERS[name]()
    assert command.startswith(beginning(named(name)).replace("--steal ", "")), command


def test_all_actions_that_change_something_are_walked() -> None:
    assert OTHERS.keys() == ELSEWHERE
    assert {action.name for action in CHANGING} == {action.name for action in LISTS} | OTHERS.keys()


def test_a_tag_of_a_user_is_one_word_of_the_command() -> None:
    command = named("instances.tag").as_command([WEB1], KEY="a b", VALUE="$(rm x)'")
    assert shlex.split(command)[4:] == ["Key=a b,Value=$(rm x)'", "--resources", WEB1]


def test_of_many_things_the_command_names_some() -> None:
    command = named("instances.stop").as_command([f"i-{n}" for n in range(9)])
    assert command.endswith("i-0 i-1 ... and 7 more")

"""The registry is complete: nothing without help, key, danger and role, no key twice on a place."""

from itertools import product

import click
import pytest
from textual.binding import Binding

from app.api.resources import AuditView
from app.cli import euca
from app.server.query import OPERATIONS
from app.tui.actions import ACTIONS, PLACES, ROLES, Action, Danger, allowed, offered
from app.tui.actions.action import LIST_KEYS, TABLES
from app.tui.columns.audit import COMMANDS, as_command
from app.tui.screens.account import AccountScreen
from app.tui.screens.accounts import AccountsScreen
from app.tui.screens.attached import AttachedScreen
from app.tui.screens.audit import AuditScreen
from app.tui.screens.chart import ChartScreen
from app.tui.screens.clouds import CloudsScreen
from app.tui.screens.clusters import ClusterScreen, ClustersScreen
from app.tui.screens.definition import DefinitionScreen
from app.tui.screens.events import EventsScreen
from app.tui.screens.frame import ConsoleScreen
from app.tui.screens.group import GroupScreen
from app.tui.screens.help import HelpScreen
from app.tui.screens.holdings import screens
from app.tui.screens.host import HostScreen
from app.tui.screens.hosts import HostsScreen
from app.tui.screens.instance import InstanceScreen
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.job import JobScreen
from app.tui.screens.jobs import JobsScreen
from app.tui.screens.messages import MessagesScreen
from app.tui.screens.output import OutputScreen
from app.tui.screens.overview import OverviewScreen
from app.tui.screens.rule_editor import RuleEditorScreen
from app.tui.screens.rules import RulesScreen
from app.tui.screens.terminal import TerminalScreen
from app.tui.screens.thing import ThingScreen
from app.tui.screens.why import WhyScreen
from app.tui.widgets.grid import Grid

SCREENS: list[type[ConsoleScreen]] = [
    OverviewScreen,
    HostsScreen,
    InstancesScreen,
    InstanceScreen,
    OutputScreen,
    TerminalScreen,
    AttachedScreen,
    EventsScreen,
    AuditScreen,
    CloudsScreen,
    ClustersScreen,
    ClusterScreen,
    HostScreen,
    ChartScreen,
    DefinitionScreen,
    JobScreen,
    JobsScreen,
    MessagesScreen,
    RuleEditorScreen,
    RulesScreen,
    WhyScreen,
    HelpScreen,
    ThingScreen,
    GroupScreen,
    AccountScreen,
    AccountsScreen,
    *screens().values(),
]
_EC2 = {operation.name for operation in OPERATIONS}
each_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)


@each_action
def test_an_action_has_help_key_role_and_place(action: Action) -> None:
    assert action.help.endswith(".")
    assert action.key
    assert action.title
    assert action.role in ROLES
    assert action.screens
    assert action.screens <= PLACES


@each_action
def test_what_changes_the_cloud_needs_more_than_a_viewer_and_has_a_command(action: Action) -> None:
    if action.danger > Danger.LOOK:
        assert action.role != "viewer"
        assert action.command


@pytest.mark.parametrize("place", sorted(PLACES))
def test_no_key_is_used_twice_on_a_place(place: str) -> None:
    keys = [key for action in ACTIONS if place in action.screens for key in action.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("place", sorted(TABLES))
def test_no_action_of_a_list_takes_a_key_that_moves_its_cursor(place: str) -> None:
    assert not LIST_KEYS & {key for action in ACTIONS if place in action.screens for key in action.keys}


def test_keys_that_move_the_cursor_are_those_of_the_list_itself() -> None:
    assert {binding.key for binding in Binding.make_bindings(Grid.BINDINGS)} == LIST_KEYS


@pytest.mark.parametrize("command", sorted({action.command for action in ACTIONS if action.command}))
def test_the_command_of_an_action_is_one_that_there_is(command: str) -> None:
    assert _is_command(command)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_audit_names_commands_that_there_are(name: str) -> None:
    assert _is_command(COMMANDS[name])


def test_the_audit_makes_up_no_command() -> None:
    assert as_command(_audited("FenceHost", "", "node1")) == "euca host fence node1 --yes"
    assert as_command(_audited("FenceHost", "nightly.py", "node1")) == "nightly.py"
    assert as_command(_audited("ProtectInstances", "euca console", "i-1")) == ""


def _audited(action: str, command: str, target: str) -> AuditView:
    facts = {"who": "1/ana", "source": "", "outcome": "ok", "detail": "", "hash": ""}
    return AuditView(number=1, at_ms=1, action=action, target=target, command=command, **facts)


def _is_command(text: str) -> bool:
    program, *words = text.split()
    if program == "aws":
        return words[0] == "ec2" and "".join(word.capitalize() for word in words[1].split("-")) in _EC2
    found: click.Command | None = euca
    while isinstance(found, click.Group):
        found = found.get_command(click.Context(found), words.pop(0))
    return program == "euca" and found is not None


def test_no_name_is_used_twice() -> None:
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_place_has_a_method_for_everything_it_offers(screen: type[ConsoleScreen]) -> None:
    for action in ACTIONS:
        if screen.PLACE in action.screens:
            assert callable(getattr(screen, action.method, None)), action.name


def test_every_place_has_a_screen() -> None:
    assert {screen.PLACE for screen in SCREENS} == PLACES


@pytest.mark.parametrize(("place", "role"), list(product(sorted(PLACES), [*ROLES, "unheard-of"])))
def test_read_only_leaves_no_action_that_changes_something(place: str, role: str) -> None:
    assert all(action.danger is Danger.LOOK for action in offered(place, role, read_only=True))


@pytest.mark.parametrize("place", sorted(PLACES))
def test_in_the_past_one_only_looks_and_can_always_return(place: str) -> None:
    there = offered(place, "admin", read_only=False, past=True)
    assert all(action.danger is Danger.LOOK and action.when != "now" for action in there)
    assert place in {"console", "output"} or "past.leave" in {action.name for action in there}
    assert all(action.when != "past" for action in offered(place, "admin", read_only=False))


@each_action
def test_a_greater_role_may_do_all_that_a_lesser_may(action: Action) -> None:
    may = [allowed(action, role, read_only=False) for role in ROLES]
    assert may == sorted(may)
    assert allowed(action, "unheard-of", read_only=False) == may[0]

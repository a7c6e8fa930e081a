"""The registry is complete: nothing without help, key, danger and role, no key twice on a place."""

from itertools import product

import pytest

from app.tui.actions import ACTIONS, PLACES, ROLES, Action, Danger, allowed, offered
from app.tui.screens.chart import ChartScreen
from app.tui.screens.clusters import ClusterScreen, ClustersScreen
from app.tui.screens.events import EventsScreen
from app.tui.screens.frame import ConsoleScreen
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
from app.tui.screens.terminal import TerminalScreen
from app.tui.screens.thing import ThingScreen

SCREENS: list[type[ConsoleScreen]] = [
    OverviewScreen,
    HostsScreen,
    InstancesScreen,
    InstanceScreen,
    OutputScreen,
    TerminalScreen,
    EventsScreen,
    ClustersScreen,
    ClusterScreen,
    HostScreen,
    ChartScreen,
    JobsScreen,
    JobScreen,
    MessagesScreen,
    HelpScreen,
    ThingScreen,
    *screens().values(),
]
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
    keys = [action.key for action in ACTIONS if place in action.screens]
    assert len(keys) == len(set(keys))


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


@each_action
def test_a_greater_role_may_do_all_that_a_lesser_may(action: Action) -> None:
    may = [allowed(action, role, read_only=False) for role in ROLES]
    assert may == sorted(may)
    assert allowed(action, "unheard-of", read_only=False) == may[0]

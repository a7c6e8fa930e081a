"""Going about in the console: places by name, pages above them, and the way back. The app is made of this.

A place is a Textual mode with one list; a page (an instance, its output) lies above the place it was opened from.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from textual.app import App

from app.client.contexts import Context
from app.client.errors import ClientError
from app.tui.complete import go_lines
from app.tui.history import History, Spot
from app.tui.holdings import LISTED
from app.tui.palette import Command
from app.tui.screens import holdings
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
from app.tui.screens.stepping import LENGTHS
from app.tui.screens.table import TableScreen
from app.tui.screens.terminal import TerminalScreen
from app.tui.screens.thing import ThingScreen
from app.tui.screens.why import WhyScreen
from app.tui.session import Session
from app.tui.widgets.explained import Explained

PLACES: dict[str, type[ConsoleScreen]] = {
    "overview": OverviewScreen,
    "hosts": HostsScreen,
    "instances": InstancesScreen,
    "events": EventsScreen,
    "rules": RulesScreen,
    "clusters": ClustersScreen,
    "jobs": JobsScreen,
    "audit": AuditScreen,
    "clouds": CloudsScreen,
    **holdings.screens(),
    "accounts": AccountsScreen,
}
WORDS = (*PLACES, "replay", "live", "help", "quit")
PAST = "past "
"""Begins the names of the modes of a session that shows the past, so that it has screens of its own."""
MOST_THINGS = 20
PAGES = {
    "instance": InstanceScreen,
    "output": OutputScreen,
    "console": TerminalScreen,
    "attached": AttachedScreen,
    "thing": ThingScreen,
    "group": GroupScreen,
    "account": AccountScreen,
    "job": JobScreen,
    "messages": MessagesScreen,
    "ruleset": RuleEditorScreen,
    "why": WhyScreen,
    "host": HostScreen,
    "cluster": ClusterScreen,
    "chart": ChartScreen,
    "definition": DefinitionScreen,
}


class Places(App[int]):
    """Needs `session` before it is mounted."""

    session: Session
    history: History

    def open_places(self) -> None:
        """Make the places known and go to the first."""
        self.add_places(self.session)
        self.switch_mode("overview")
        self.history = History()
        self.history.note(Spot("overview"))

    def add_places(self, session: Session) -> None:
        """Make the places of a session known."""
        for name, screen in PLACES.items():
            self.add_mode(_mode(session, name), partial(screen, session))

    def place(self) -> ConsoleScreen | None:
        """Return the topmost place or page; a dialog may stand above it."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, ConsoleScreen)), None)

    async def go(self, place: str, filter_text: str | None = None) -> str:
        """Go to a place, for lists with a filter; return what is wrong with it, empty if nothing."""
        await self.stand_at(Spot(place))
        self.history.note(Spot(place))
        if filter_text is not None and isinstance(self.screen, TableScreen):
            return self.screen.look_for(filter_text)
        return ""

    async def go_last(self) -> None:
        """Go where one came from; the next time back again."""
        spot = self.history.last()
        if spot:
            await self.stand_at(spot)
            self.history.note(spot)

    async def walk(self, steps: int) -> None:
        """Go back and forth in the history."""
        spot = self.history.step(steps)
        if spot:
            await self.stand_at(spot)

    async def go_back(self) -> None:
        """Leave a page for the list it came from, and a list for the overview."""
        if len(self.screen_stack) > 1:
            await self.pop_screen()
            self.history.note(self.spot())
        elif self.spot().place != "overview":
            await self.go("overview")

    def open_page(self, kind: str, given: str) -> None:
        """Open a page by its kind, one of PAGES, and what it is about."""
        self.push_screen(PAGES[kind](self.session, given))
        self.history.note(self.spot())

    async def turn_page(self, kind: str, given: str) -> None:
        """Show another page about an instance in the place of this one; one with its details stays below."""
        if not isinstance(self.screen, InstanceScreen):
            await self.pop_screen()
        if kind == "instance" and isinstance(self.screen, InstanceScreen):
            self.history.note(self.spot())
        else:
            self.open_page(kind, given)

    def show_help(self, about: str, here: Explained | None = None) -> None:
        """Show the keys of a place and of what has the focus there; an empty name leaves the place out."""
        self.push_screen(HelpScreen(self.session, about, here))

    # --- the command bar

    async def obey(self, word: str, rest: str) -> str:
        """Do what the command bar says: a place, `help`, `quit`, a host or an instance; return what is wrong."""
        found = [name for name in WORDS if word and name.startswith(word.lower())]
        if not found:
            return await self._visit(word)
        if found[0] == "quit":
            await self.action_quit()
        elif found[0] == "live":
            self.leave_past()
        elif found[0] == "replay":
            return self.replay(rest.strip())
        elif found[0] == "help":
            place = self.place()
            self.show_help(place.PLACE if place else "overview")
        else:
            return await self.go(found[0], rest.strip() or None)
        return ""

    def where_to(self, text: str) -> list[str]:
        """Say what the command bar could mean."""
        return go_lines(text, (*WORDS, *(f"replay {text}" for text in LENGTHS)), self._names())

    # --- the palette

    def commands(self) -> list[Command]:
        """List what the palette offers at this place."""
        place = self.place()
        if place is None:
            return []
        actions = [one for one in self.session.offered(place.PLACE) if not one.name.startswith("go.")]
        found = [
            Command(f"{one.title}  ({one.key_shown})", self.session.keyed(one.help), partial(place.action_do, one.name))
            for one in actions
        ]
        found += [Command(f"go to {name}", "A place.", partial(self.go, name)) for name in PLACES]
        if isinstance(place, TableScreen):
            saved = self.session.home.memory.views(place.PLACE)
            found += [Command(f"view {one.name}", "A saved view.", partial(place.pick_view, one)) for one in saved]
        found += [
            Command(f"theme {name}", "Colours.", partial(self.take_theme, name)) for name in self.available_themes
        ]
        return found + self._clouds()

    def things(self, text: str) -> list[Command]:
        """List hosts and instances whose name or id holds the text."""
        wanted = text.strip().lower()
        names = [name for name in self._names() if wanted and wanted in name.lower()]
        return [Command(name, "Go there.", partial(self._visit, name)) for name in sorted(names)[:MOST_THINGS]]

    def _clouds(self) -> list[Command]:
        try:
            known = self.session.home.clouds().clouds.values()
        except ClientError:
            return []
        return [Command(f"cloud {one.name}", "Show it.", partial(self.cross, one)) for one in known]

    async def cross(self, context: Context) -> None:
        """Show another cloud."""
        raise NotImplementedError

    def replay(self, text: str) -> str:
        """Show the cloud as it was at a moment, without one offer some; return what is wrong, empty if nothing."""
        raise NotImplementedError

    def leave_past(self) -> None:
        """Return to now, at the same place."""
        raise NotImplementedError

    def take_theme(self, name: str | None) -> None:
        """Put a theme on and keep it."""
        raise NotImplementedError

    async def _visit(self, word: str) -> str:
        found = await self.visit(self._names().get(word, ""))
        return "" if found else f"no such place; there are {', '.join(WORDS)}"

    async def visit(self, given: str) -> bool:
        """Show the thing of that id, or the host or cluster of that name; False if the copy has none."""
        copy = self.session.copy
        held = next((one for one in LISTED if given in copy.table(one.kind)), None)
        if given in copy.instances:
            self.open_page("instance", given)
        elif given in copy.hosts or given in copy.clusters:
            self.open_page("host" if given in copy.hosts else "cluster", given)
        elif held:
            self.open_page(held.page, f"{held.kind}/{given}")
        else:
            return False
        return True

    def _names(self) -> dict[str, str]:
        copy = self.session.copy
        named = {view.name: view.id for view in copy.instances.values() if view.name}
        tables: list[Mapping[str, Any]] = [copy.clusters, copy.hosts, copy.instances]
        tables += [copy.table(one.kind) for one in LISTED]
        return {**named, **{given: given for table in tables for given in table}}

    # --- standing somewhere

    def trail(self) -> list[str]:
        """Name the way from the place to the page on top."""
        spot = self.spot()
        found = [spot.place]
        for kind, given in spot.pages:
            name = given.partition("/")[2] if kind == "chart" else given
            found += [name] if found[-1] != name else []
            found += ["chart"] if kind == "chart" else []
        return found

    def spot(self) -> Spot:
        """Name where one stands."""
        pages = [screen.spot() for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]
        return Spot(self.current_mode.removeprefix(PAST), tuple(page for page in pages if page))

    async def stand_at(self, spot: Spot) -> None:
        """Go to a spot without noting it."""
        await self.switch_mode(_mode(self.session, spot.place))
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        for kind, given in spot.pages:
            screen: ConsoleScreen | Any = PAGES[kind](self.session, given)
            await self.push_screen(screen)


def _mode(session: Session, place: str) -> str:
    return PAST + place if session.past else place

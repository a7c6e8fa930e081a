"""Every screen of the console as tests and people look at it: the way to each, and the clouds that it is shown of.

A new place or page needs a line in SCENES, else `test_states.py` fails. The trap: all scenes of one state are shown by
one console, one after the other, so `leave` must take back whatever a scene does to the place that it starts from.
"""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from textual.screen import ModalScreen, Screen

from app.tui.palette import Palette
from app.tui.places import PAGES, PLACES
from app.tui.screens.help import HelpScreen
from app.tui.screens.rule_editor import RuleEditorScreen
from app.tui.screens.table import TableScreen
from app.tui.widgets.chooser import Chooser
from app.tui.widgets.confirm import Confirm, Leave
from app.tui.widgets.facts import Facts
from app.tui.widgets.form import Form
from app.tui.widgets.menu import Menu
from app.tui.widgets.prompt import Prompt
from app.tui.widgets.rule_text import RuleText
from app.tui.widgets.secret import Secret
from app.tui.widgets.unsaved import Unsaved
from tests.tui.consoles import Console
from tests.tui.fake_cloud import FakeCloud
from tests.tui.holdings import a_full_cloud, a_group, an_account
from tests.tui.test_host_page import a_cloud as a_told_cloud
from tests.tui.test_jobs_and_undo import a_busy_cloud
from tests.tui.test_rules import BUSY, MISTAKEN, PLAN
from tests.tui.test_screens import a_cloud
from tests.tui.test_why import a_cloud as a_waiting_cloud
from tests.tui.test_why import a_why
from tests.tui.views import a_host, an_entry, an_instance

WEB, DB = an_instance(1).id, an_instance(7).id
SIZES = {"normal": (120, 30), "80x24": (80, 24), "200x60": (200, 60)}
STATES = (*SIZES, "empty", "loading", "lost", "read-only")
OPEN = "?2 rules"
REHEARSED = (OPEN, f"={BUSY}", "?0 errors", "ctrl+r", "?would move 2", "?changed rule spread")
APPLY = ("ctrl+p", "=apply", "?Let these rules", "enter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`screen` is what stands on top; `steps` are keys, after a `=` text that is typed, after a `?` what to wait for.

    `states` leaves out those in which there is no way to it.
    """

    screen: type[Screen[Any]]
    place: str = "overview"
    page: tuple[str, str] | None = None
    steps: tuple[str, ...] = ()
    states: tuple[str, ...] = STATES


ABOUT = {
    "instance": WEB,
    "output": WEB,
    "console": WEB,
    "thing": "volume/vol-00000000000000001",
    "job": "job-00000000000000004",
    "messages": "",
    "ruleset": "rules-1",
    "why": DB,
    "host": "node03",
    "cluster": "cc-01",
    "chart": "host/node03",
    "definition": WEB,
    "attached": WEB,
    "group": f"group/{a_group(1).id}",
    "account": f"account/{an_account(1).id}",
}
"""What the picture of each page is about."""


def _on(place: str, screen: type[Screen[Any]], *steps: str) -> Scene:
    return Scene(screen=screen, place=place, steps=steps)


def _at(page: str, screen: type[Screen[Any]], *steps: str, states: tuple[str, ...] = STATES) -> Scene:
    return Scene(screen=screen, page=(page, ABOUT[page]), steps=steps, states=states)


_OPENED = (*SIZES, "lost", "read-only")
SCENES: dict[str, Scene] = {
    **{name: _on(name, screen) for name, screen in PLACES.items()},
    **{name: _at(name, PAGES[name]) for name in ABOUT},
    "host-events": _at("host", PAGES["host"], "tab"),
    "host-samples": _at("host", PAGES["host"], "tab", "tab"),
    "dock": _on("instances", PLACES["instances"], "ctrl+j"),
    "filter": _on("instances", PLACES["instances"], "slash", "=state:run"),
    "filter-wrong": _on("instances", PLACES["instances"], "slash", "=stat:run"),
    "marked": _on("instances", PLACES["instances"], "asterisk"),
    "go": _on("overview", PLACES["overview"], "colon", "=ho"),
    "help": _on("instances", HelpScreen, "question_mark"),
    "help-focus": _on("hosts", HelpScreen, "f1"),
    "palette": _on("instances", Palette, "ctrl+p"),
    "palette-search": _on("instances", Palette, "ctrl+p", "=term"),
    "confirm": _on("instances", Confirm, "r"),
    "confirm-danger": _on("instances", Confirm, "t"),
    "confirm-many": _on("instances", Confirm, "asterisk", "t"),
    "confirm-volume": _on("volumes", Confirm, "X"),
    "launch": _on("instances", Form, "l"),
    "tag": _on("instances", Form, "k"),
    "move": _on("instances", Form, "m"),
    "export": _on("instances", Form, "E"),
    "add-host": _on("hosts", Form, "a"),
    "copy": _on("instances", Menu, "y"),
    "views": _on("instances", Menu, "v"),
    "themes": _on("overview", Menu, "T"),
    "columns": _on("instances", Chooser, "C"),
    "audit-entry": _on("audit", Facts, "enter"),
    "group-rule": _at("group", Form, "n", states=tuple(SIZES)),
    "account-key": _at("account", Secret, "?AKIA0000", "k", states=tuple(SIZES)),
    "leave": _on("overview", Leave, "q"),
    "hosts-grouped": _on("hosts", PLACES["hosts"], "g", "c", "home"),
    "messages-kept": _on("overview", PAGES["messages"], "u", "M"),
    "ruleset-mistake": _at("ruleset", PAGES["ruleset"], OPEN, f"={MISTAKEN}", "?1 error", "f8", states=_OPENED),
    "ruleset-rehearsed": _at("ruleset", PAGES["ruleset"], *REHEARSED, states=_OPENED),
    "ruleset-apply": _at("ruleset", Confirm, *REHEARSED, *APPLY, states=(*SIZES, "lost")),
    "ruleset-unsaved": _at("ruleset", Unsaved, OPEN, f"={BUSY}", "?draft", "escape", "escape", states=_OPENED),
}


def a_whole_cloud() -> FakeCloud:
    """Make a cloud that has something to show everywhere."""
    cloud, held, told = a_cloud(), a_full_cloud(), a_told_cloud()
    cloud.role, cloud.sensing = "admin", True
    cloud.hosts["node05"] = replace(cloud.hosts["node05"], cluster="cc-02")
    cloud.held, cloud.types = held.held, held.types
    cloud.jobs.views = a_busy_cloud().jobs.views
    cloud.rules.plan = PLAN
    cloud.because, cloud.domains = told.because, told.domains
    cloud.whys = a_waiting_cloud().whys
    cloud.audit = [
        an_entry(1, "DrainHost", "node02"),
        an_entry(2, "TerminateInstances", "i-00000000000000009"),
        an_entry(3, "RebootInstances", "i-00000000000000001", outcome="refused", detail="It is in state 'pending'."),
    ]
    return cloud


def an_empty_cloud() -> FakeCloud:
    """Make a cloud on its first day."""
    cloud = FakeCloud()
    cloud.hosts, cloud.instances, cloud.images = {}, {}, []
    cloud.clusters, cloud.types, cloud.events = [], [], []
    cloud.rules.versions.clear()
    return cloud


def a_bare_cloud() -> FakeCloud:
    """Make a cloud of things with nothing to them, so that their pages are empty."""
    cloud, full = FakeCloud(), a_whole_cloud()
    cloud.events, cloud.output_text = [], ""
    cloud.held, cloud.jobs.views = full.held, full.jobs.views
    cloud.hosts = {"node03": a_host("node03", instances=0)}
    cloud.instances = {WEB: an_instance(1, host=""), DB: an_instance(7, state="pending", host="")}
    cloud.whys = {DB: a_why(DB, asked_by="", decisions=[], moves=0, next_review_ms=0)}
    return cloud


async def arrive(console: Console, scene: Scene) -> None:
    """Go where the scene is; the place has just been left."""
    app = console.app
    await app.go(scene.place)
    if scene.page:
        app.open_page(*scene.page)
        await console.pilot.pause()
    for step in scene.steps:
        await take(console, step)


async def take(console: Console, step: str) -> None:
    focused = console.app.focused
    if step.startswith("?"):
        await console.shows(step[1:])
    elif not step.startswith("="):
        await console.press(step)
    elif isinstance(focused, RuleText):
        focused.text = step[1:]
        await console.until(lambda: checked(console) == step[1:])
    else:
        await console.type(step[1:])


def checked(console: Console) -> str:
    """Return the text of rules that was checked last."""
    screen = console.app.screen
    return screen.checked_text if isinstance(screen, RuleEditorScreen) else ""


async def leave(console: Console) -> None:
    """Take back what a scene did, so that the next one begins as if it were the first."""
    app = console.app
    while isinstance(app.screen, ModalScreen):
        await app.pop_screen()
    place = app.place()
    assert place is not None
    for prompt in place.query(Prompt):
        place.leave(prompt)
    if isinstance(place, TableScreen):
        place.grid.marked.clear()
        place.grid.group(None)
        place.apply_filter("")
    app.clear_notifications()
    doings = app.session.doings
    doings.said.clear()
    doings.dock_open = False
    app.session.drafts.clear()

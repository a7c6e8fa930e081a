"""The command palette: everything that can be done here, and everywhere one can go, found by a few letters of it.

It is Textual's own palette over our registry, so role, read-only mode and a lost connection are judged as for keys. The
trap: its matcher reads candidates as markup, and names are users' text, so hits are built here.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content

if TYPE_CHECKING:
    from app.tui.app import ConsoleApp


class Command(NamedTuple):
    """One line of the palette."""

    title: str
    help: str
    run: Callable[[], Awaitable[object] | None]


class Palette(CommandPalette):
    """Textual's, with a sign that every terminal has."""

    def on_mount(self) -> None:
        self.query_one(SearchIcon).icon = ">"


class Commands(Provider):
    """Actions of the place one is at, places, views of the list, themes, clouds, things by name."""

    async def discover(self) -> Hits:
        for command in self._console.commands():
            yield DiscoveryHit(Content(command.title), partial(_run, command), command.title, command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in [*self._console.commands(), *self._console.things(query)]:
            score, offsets = matcher.fuzzy_search.match(query, command.title)
            if score > 0:
                shown = Content(command.title)
                for offset in offsets:
                    shown = shown.stylize(matcher.match_style, offset, offset + 1)
                yield Hit(score, shown, partial(_run, command), command.title, command.help)

    @property
    def _console(self) -> "ConsoleApp":
        return cast("ConsoleApp", self.app)


async def _run(command: Command) -> None:
    answer = command.run()
    if isinstance(answer, Awaitable):
        await answer

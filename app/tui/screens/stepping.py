"""What every place does about the past of the cloud: ask for a moment, step about in it, return to now."""

from typing import TYPE_CHECKING

from textual.screen import Screen

from app.api.resources import EventView
from app.tui import looks
from app.tui.moments import EXAMPLES
from app.tui.scene import Scene
from app.tui.session import Session
from app.tui.widgets.menu import Choice, Menu
from app.tui.widgets.timeline import Timeline

if TYPE_CHECKING:
    from app.tui.app import ConsoleApp

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
LENGTHS = {
    "-15m": "15 minutes ago",
    "-1h": "an hour ago",
    "-6h": "six hours ago",
    "yesterday": "yesterday at this time",
}
OTHER = "other"
EVENTS = 8
LONGEST = 80


class Stepping(Screen[None]):
    """Needs `console_app`; the moments themselves are the app's."""

    session: Session

    @property
    def console_app(self) -> "ConsoleApp":
        raise NotImplementedError

    def command_bar(self, text: str = "") -> None:
        """Open the command bar with that text."""
        raise NotImplementedError

    def replay(self) -> None:
        """Offer moments: some by the clock, and those at which something happened last."""
        scene = self.session.scene()
        events = list(self.session.copy.events.values())[-EVENTS:]
        choices = [
            Choice(given=OTHER, title="another moment ...", hint=EXAMPLES),
            *(Choice(given=text, title=said) for text, said in LENGTHS.items()),
            *(
                Choice(given=f"={event.at_ms}", title=scene.clock(event.at_ms), hint=_in_short(event, scene))
                for event in reversed(events)
            ),
        ]
        self.app.push_screen(Menu("Show the cloud as it was", choices), self._picked)

    def _picked(self, given: str | None) -> None:
        if given == OTHER:
            self.command_bar("replay ")
        elif given and given.startswith("="):
            self.console_app.show_moment(int(given[1:]))
        elif given:
            self.console_app.replay(given)

    def leave_past(self) -> None:
        self.console_app.leave_past()

    def on_timeline_picked(self, event: Timeline.Picked) -> None:
        self.console_app.show_moment(event.at_ms)

    def minute_back(self) -> None:
        self.console_app.step(-MINUTE_MS)

    def minute_on(self) -> None:
        self.console_app.step(MINUTE_MS)

    def minutes_back(self) -> None:
        self.console_app.step(-10 * MINUTE_MS)

    def minutes_on(self) -> None:
        self.console_app.step(10 * MINUTE_MS)

    def hour_back(self) -> None:
        self.console_app.step(-HOUR_MS)

    def hour_on(self) -> None:
        self.console_app.step(HOUR_MS)

    def event_back(self) -> None:
        self.console_app.step_event(-1)

    def event_on(self) -> None:
        self.console_app.step_event(1)


def _in_short(event: EventView, scene: Scene) -> str:
    """Say an event in two lines of the menu at most: a tag may be as long as a screen."""
    return scene.fit(scene.plain(looks.told(event)), LONGEST).rstrip()

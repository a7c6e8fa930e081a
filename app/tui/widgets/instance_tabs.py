"""The pages about one instance as a line of tabs: which there are, which one this is, and the key of each."""

from textual.content import Content
from textual.events import Click

from app.tui.session import Session
from app.tui.widgets.bars import Line

TABS = (
    ("instance", "details", "instances.details"),
    ("console", "console", "instances.console"),
    ("output", "output", "instances.output"),
    ("attached", "volumes", "instances.volumes"),
    ("events", "events", "events.of"),
    ("why", "why", "why"),
)
"""Each tab: its place, its title, and the action that leads there."""


class InstanceTabs(Line):
    """May be clicked."""

    DEFAULT_CSS = "InstanceTabs { height: 1; background: $surface; text-wrap: nowrap; text-overflow: clip; }"

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[range, str]] = []

    def draw(self, session: Session, place: str, instance_id: str) -> None:
        """Show the tabs; a dot says whether there is a console to sit at."""
        view = session.copy.instances.get(instance_id)
        full, empty = ("*", "-") if session.ascii_only else ("●", "○")
        dot = full if view is not None and view.state == "running" else empty
        cut = "|" if session.ascii_only else "│"
        self._spots, parts, x = [], [Content(" ")], 1
        for number, (tab, title, action) in enumerate(TABS):
            words = f" {title} {dot} " if tab == "console" else f" {title} "
            key = "" if tab == place else f" {session.key(action)}"
            said = Content.assemble((key, "bold $accent"), (words, "bold reverse" if tab == place else "dim"))
            parts += [Content.styled(cut, "dim")] if number else []
            x += 1 if number else 0
            self._spots.append((range(x, x + said.cell_length), action))
            parts.append(said)
            x += said.cell_length
        self.say(Content("").join(parts))

    async def on_click(self, event: Click) -> None:
        action = next((action for cells, action in self._spots if event.x in cells), "")
        if action:
            await self.run_action(f"screen.do('{action}')")

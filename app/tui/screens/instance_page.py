"""What the pages about one instance share: a line of tabs, and the way from one to the other.

They take each other's place, so that going back leads to the list whatever was looked at; only the first, with the
details, stays below the others.
"""

from app.tui.actions import Action
from app.tui.screens.frame import ConsoleScreen
from app.tui.widgets.instance_tabs import TABS, InstanceTabs

_SHOWN = frozenset(action for _, _, action in TABS)


class InstancePage(ConsoleScreen):
    """Needs `instance_id` and an `InstanceTabs` in its body."""

    instance_id: str

    def draw_frame(self) -> None:
        super().draw_frame()
        self.query_one(InstanceTabs).draw(self.session, self.PLACE, self.instance_id)

    def offered(self) -> list[Action]:
        """Leave out what the tabs show."""
        return [one for one in super().offered() if one.name not in _SHOWN]

    # --- methods of the registry

    async def details(self) -> None:
        await self._turn("instance")

    async def console(self) -> None:
        await self._turn("console")

    async def output(self) -> None:
        await self._turn("output")

    async def volumes(self) -> None:
        await self._turn("attached")

    async def why(self) -> None:
        await self._turn("why")

    async def events_of(self) -> None:
        await self.console_app.go("events", f'about="{self.instance_id}"')

    async def next_page(self) -> None:
        pages = [place for place, _, _ in TABS if place != "events"]  # which is a list of its own
        await self._turn(pages[(pages.index(self.PLACE) + 1) % len(pages)])

    async def _turn(self, place: str) -> None:
        if place != self.PLACE:
            await self.console_app.turn_page(place, self.instance_id)

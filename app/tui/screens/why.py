"""Why one instance is where it is and on no other host, and what it still waits for: as the cloud tells it."""

from collections.abc import Iterable

from textual.content import Content
from textual.widget import Widget

from app.api.why import WhyView
from app.client import why_calls
from app.client.errors import ClientError
from app.tui import reasons
from app.tui.screens.detail import DetailScreen
from app.tui.screens.frame import bindings_of
from app.tui.screens.instance_page import InstancePage
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.instance_tabs import InstanceTabs


class WhyScreen(DetailScreen, InstancePage):
    PLACE = "why"
    BINDINGS = bindings_of("why")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id
        self._found: WhyView | None = None
        self._note = "asking ..."
        self._number = 0  # of the decision that is shown; 0: the newest

    def body(self) -> Iterable[Widget]:
        yield InstanceTabs()
        yield from super().body()

    def trail(self) -> list[str]:
        return ["instances", self.instance_id, "why"]

    def spot(self) -> tuple[str, str]:
        return ("why", self.instance_id)

    def absorb(self, changes: Changes) -> None:
        if changes.link or self.instance_id in changes.ids.get("instance", ()):
            self.reload()

    def forget(self) -> None:
        self._found, self._note, self._number = None, "asking ...", 0

    def reload(self) -> None:
        self._draw()
        self.begin(self._ask, exclusive=True)

    def age(self) -> None:
        self._draw()

    async def _ask(self) -> None:
        try:
            self._found = await self.session.cloud.send(why_calls.why(self.instance_id, self._number))
            self._note = ""
        except ClientError as error:
            self._note = str(error)
        self._draw()

    def _draw(self) -> None:
        scene = self.session.scene()
        lines = [Content.styled(scene.plain(self._note), "$warning")] if self._note else []
        if self._found is not None:
            view = self.session.copy.instances.get(self.instance_id)
            width = max(40, self.size.width - 6)
            lines += reasons.told(self._found, view, self._number or len(self._found.decisions), scene, width)
        self.write(lines)

    # --- methods of the registry

    def earlier_decision(self) -> None:
        self._step(-1)

    def later_decision(self) -> None:
        self._step(1)

    def _step(self, steps: int) -> None:
        if self._found is None:
            return
        most = len(self._found.decisions)
        wanted = (self._number or most) + steps
        if 1 <= wanted <= most:
            self._number = wanted if wanted < most else 0
            self.begin(self._ask, exclusive=True)
        else:
            self.say("there is no earlier decision" if steps < 0 else "this is the newest decision")

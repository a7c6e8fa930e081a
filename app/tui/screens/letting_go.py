"""Asking before something goes for good: what hangs on it is fetched anew, and only that is let go.

The dialog opens at once, since keys may wait already, and takes no answer before the cloud has said what hangs on the
things. The trap: what the console's own copy knows may be old, so it is shown and never relied on.
"""

from collections.abc import Callable, Mapping, Sequence

from app.api.hanging import HangingViews
from app.client import hanging_calls
from app.client.errors import ClientError
from app.tui.screens.frame import ConsoleScreen
from app.tui.widgets.confirm import Confirm, Question
from app.tui.widgets.hanging import Hanging, lines_of, unknown

Versions = Mapping[str, str]


def hung(versions: Versions | None, given: str) -> dict[str, str]:
    """Form what a job is to expect of what hangs on a target; nothing if nobody was asked."""
    version = (versions or {}).get(given, "")
    return {"hanging": version} if version else {}


class LettingGo(ConsoleScreen):
    """A place from which things are let go."""

    def confirmed(self, question: Question, work: Callable[[], None]) -> None:
        """Ask, and do it if the person meant it."""
        self.app.push_screen(Confirm(question), lambda sure: work() if sure else None)

    def let_go(self, question: Question, kind: str, given: Sequence[str], work: Callable[[Versions], None]) -> None:
        """Ask, and call `work` with the versions of what hung on each thing if the person meant it."""
        versions: dict[str, str] = {}

        async def ask() -> Hanging:
            try:
                found = await self.session.cloud.send(hanging_calls.ask(kind, given))
            except ClientError as error:
                return unknown(self.session.scene().plain(str(error)))
            versions.update({one.id: one.version for one in found.items})
            return self._shown(found, given)

        self.app.push_screen(Confirm(question, ask), lambda sure: work(versions) if sure else None)

    def _shown(self, found: HangingViews, given: Sequence[str]) -> Hanging:
        return lines_of(found, given, self.session.scene())

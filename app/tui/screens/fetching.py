"""What lists and pages share that show a kind which is fetched only when somebody looks at it.

It is fetched again after news of it may have been missed. The trap: a cloud that refuses must not be asked with every
tick, and a page may be on top for hours without its list.
"""

from typing import Any

from app.client.errors import ClientError
from app.client.holding_calls import listed
from app.tui.screens.frame import ConsoleScreen
from app.tui.session import Session
from app.tui.store import LATER

MOST = 20_000
AGAIN_S = 5.0
ASKING = "asking the cloud ..."


class Fetching(ConsoleScreen):
    """Needs `kind`; subclasses call `need` whenever they are drawn anew and once a second."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.why_not = ""
        self.more = False
        self._fetching, self._again_s = False, 0.0

    @property
    def kind(self) -> str:
        """The kind that is shown."""
        return ""

    def fetched(self) -> None:
        """Show what came, or why nothing did."""

    @property
    def known(self) -> bool:
        """Tell whether the copy has the kind, and the stream keeps it."""
        return self.kind not in LATER or self.kind in self.session.copy.loaded

    def need(self) -> None:
        """Fetch the kind unless it is there or on its way."""
        late = self.session.clock.monotonic_s() >= self._again_s
        if not self.known and self.session.live and not self._fetching and late:
            self._fetching = True
            self.begin(self._fetch)

    async def _fetch(self) -> None:
        copy = self.session.copy
        copy.expect(self.kind)
        try:
            views = await self._pages()
        except ClientError as error:
            copy.give_up(self.kind)
            self._again_s, self.why_not = self.session.clock.monotonic_s() + AGAIN_S, str(error)
        else:
            copy.arrive(self.kind, views)
            self.why_not = ""
        finally:
            self._fetching = False
        self.fetched()

    async def _pages(self) -> list[Any]:
        found: list[Any] = []
        after: str | None = ""
        while after is not None and len(found) < MOST:
            page = await self.session.cloud.send(listed(self.kind, after=after))
            found += page.items
            after = page.next
        self.more = after is not None
        return found

"""The screens of what accounts hold, all one: a list declared in `app/tui/holdings.py`.

Most kinds are fetched when the list is first looked at, and anew after the stream was lost for too long; from then on
the stream keeps them.
"""

from typing import Any, ClassVar

from app.client.errors import ClientError
from app.client.holding_calls import listed
from app.tui.actions import Danger, named
from app.tui.holdings import LISTED, Deed, Listed
from app.tui.screens.frame import bindings_of
from app.tui.screens.table import TableScreen
from app.tui.session import Session
from app.tui.store import LATER
from app.tui.widgets.confirm import Confirm, Question

MOST = 20_000
AGAIN_S = 5.0
TOLD = 2  # columns up to this rank tell what a thing is


class HoldingScreen(TableScreen):
    """One such list; subclasses are made by `screens`."""

    LISTED: ClassVar[Listed]
    HINT = "name:web account=ana !word"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._fetching, self._again_s, self._more = False, 0.0, False
        self._why_not = ""

    def counted(self, number: int) -> str:
        if not self._known:
            return f"{self.LISTED.many} not known yet"
        words = f"{number} {self.LISTED.one if number == 1 else self.LISTED.many}"
        return f"the first {words}" if self._more else words

    def empty(self) -> str:
        if self._why_not:
            return self.session.scene().plain(f"Not known: {self._why_not}")
        return self.EMPTY if self._known else "Asking the cloud ..."

    def troubled(self, row: Any) -> bool:
        return self.LISTED.troubled(row)

    async def open(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page("thing", f"{self.KIND}/{self.grid.cursor_id}")

    # --- fetching

    @property
    def _known(self) -> bool:
        return self.KIND not in LATER or self.KIND in self.session.copy.loaded

    def reload(self) -> None:
        super().reload()
        self._need()

    def age(self) -> None:
        super().age()
        self._need()

    def _need(self) -> None:
        """Fetch what is not here, once at a time and not again and again where the cloud refuses."""
        late = self.session.clock.monotonic_s() >= self._again_s
        if not self._known and self.session.live and not self._fetching and late:
            self._fetching = True
            self.begin(self._fetch)

    async def _fetch(self) -> None:
        copy = self.session.copy
        copy.expect(self.KIND)
        try:
            views = await self._pages()
        except ClientError as error:
            self._again_s, self._why_not = self.session.clock.monotonic_s() + AGAIN_S, str(error)
        else:
            self._why_not = ""
            copy.arrive(self.KIND, views)
        finally:
            self._fetching = False
        self._summarise()
        self.grid.refresh()

    async def _pages(self) -> list[Any]:
        found: list[Any] = []
        after: str | None = ""
        while after is not None and len(found) < MOST:
            page = await self.session.cloud.send(listed(self.KIND, after=after))
            found += page.items
            after = page.next
        self._more = after is not None
        return found

    # --- methods of the registry

    def delete(self) -> None:
        self._ask(self.LISTED.deeds["delete"])

    def part(self) -> None:
        self._ask(self.LISTED.deeds["part"])

    def enable(self) -> None:
        self._ask(self.LISTED.deeds["enable"])

    def _ask(self, deed: Deed) -> None:
        action, table = named(deed.action), self.session.copy.table(self.KIND)
        ids = [given for given in self.grid.chosen() if given in table]
        if not ids:
            self.say(f"{action.title}: there is nothing that could be meant", bad=True)
            return
        if action.danger <= Danger.REVERSIBLE:
            self._do(deed, ids)
            return
        scene = self.session.scene()
        question = Question(
            action=action,
            ids=[scene.plain(self.LISTED.named(table[given])) for given in ids],
            facts=[self._fact(table[given]) for given in ids],
            warning=deed.warning,
            things=self.LISTED.many,
        )
        self.app.push_screen(Confirm(question), lambda sure: self._do(deed, ids) if sure else None)

    def _fact(self, row: Any) -> str:
        scene = self.session.scene()
        texts = [column.text(row, scene) for column in self.COLUMNS if column.rank <= TOLD]
        return "  ".join(text for text in texts if text not in ("", scene.dash))

    def _do(self, deed: Deed, ids: list[str]) -> None:
        refusal = self.session.refusal(named(deed.action))  # the connection may have gone while the question stood
        if refusal:
            self.say(refusal, bad=True)
            return
        table = self.session.copy.table(self.KIND)
        what = self.LISTED.named(table[ids[0]]) if len(ids) == 1 and ids[0] in table else self.counted(len(ids))
        self.send([deed.call(given) for given in ids], self._take, f"{what}: {deed.done}")

    def _take(self, answer: Any) -> None:
        """Show at once what the cloud answered; what is gone the stream tells."""
        if answer is not None:
            self.session.copy.put(self.KIND, answer)


def screens() -> dict[str, type[HoldingScreen]]:
    """Make the screen of each list, by its place."""
    return {one.place: _screen(one) for one in LISTED}


def _screen(one: Listed) -> type[HoldingScreen]:
    facts = {
        "PLACE": one.place,
        "KIND": one.kind,
        "COLUMNS": one.columns,
        "SORTED": one.sorted_by,
        "EMPTY": one.empty,
        "BINDINGS": bindings_of(one.place),
        "LISTED": one,
    }
    return type("HoldingScreen", (HoldingScreen,), facts)

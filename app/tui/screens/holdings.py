"""The screens of what accounts hold, all one: a list and its actions as `app/tui/holdings.py` declares them."""

from dataclasses import replace
from typing import Any, ClassVar

from app.client.calls import Call
from app.tui.actions import Danger, named
from app.tui.columns.column import Tally
from app.tui.holdings import LISTED, Deed, Listed
from app.tui.screens.fetching import ASKING, Fetching
from app.tui.screens.frame import bindings_of
from app.tui.screens.letting_go import LettingGo, Versions
from app.tui.screens.table import TableScreen
from app.tui.widgets.confirm import Question

TOLD = 2  # columns up to this rank tell what a thing is


class HoldingScreen(TableScreen, Fetching, LettingGo):
    """One such list; subclasses are made by `screens`."""

    LISTED: ClassVar[Listed]
    HINT = "name:web account=ana !word"

    @property
    def kind(self) -> str:
        return self.KIND

    def counted(self, number: int) -> str:
        if not self.known:
            return f"{self.LISTED.many} not known yet"
        words = f"{number} {self.LISTED.one if number == 1 else self.LISTED.many}"
        return f"the first {words}" if self.more else words

    def empty(self) -> str:
        if self.why_not:
            return self.session.scene().plain(f"Not known: {self.why_not}")
        return super().empty() if self.known else ASKING

    def troubled(self, row: Any) -> bool:
        return self.LISTED.troubled(row)

    async def enter(self, given: str) -> None:
        self.console_app.open_page(self.LISTED.page, f"{self.KIND}/{given}")

    def reload(self) -> None:
        super().reload()
        self.need()

    def age(self) -> None:
        super().age()
        self.need()

    def fetched(self) -> None:
        self._summarise()
        self.grid.refresh()

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
        if deed.lets_go or action.danger is Danger.DESTROYS:
            self.let_go(question, self.KIND, ids, lambda versions: self._do(deed, ids, versions))
        else:
            self.confirmed(question, lambda: self._do(deed, ids))

    def _fact(self, row: Any) -> str:
        scene = self.session.scene()
        texts = [column.text(row, scene) for column in self.COLUMNS if column.rank <= TOLD]
        return "  ".join(text for text in texts if text not in ("", scene.dash))

    def _do(self, deed: Deed, ids: list[str], versions: Versions | None = None) -> None:
        refusal = self.session.refusal(named(deed.action))  # the connection may have gone while the question stood
        if refusal:
            self.say(refusal, bad=True)
            return
        table = self.session.copy.table(self.KIND)
        what = self.LISTED.named(table[ids[0]]) if len(ids) == 1 and ids[0] in table else self.counted(len(ids))
        calls = [replace(self._told(deed, given), confirmed=(versions or {}).get(given, "")) for given in ids]
        self.send(calls, self._take, f"{what}: {deed.done}")

    def _told(self, deed: Deed, given: str) -> Call[Any]:
        """Name the thing in the audit as a command does."""
        row = self.session.copy.table(self.KIND).get(given)
        call = deed.call(given)
        return (
            self.told(call, [self.LISTED.named(row)], ACCOUNT=getattr(row, "account", "")) if row is not None else call
        )

    def _take(self, answer: Any) -> None:
        """Show at once what the cloud answered; what is gone the stream tells."""
        if answer is not None:
            self.session.copy.put(self.KIND, answer)


def screens() -> dict[str, type[HoldingScreen]]:
    """Make the screen of each list that has none of its own, by its place."""
    return {one.place: _screen(one) for one in LISTED if not one.own_screen}


def _screen(one: Listed) -> type[HoldingScreen]:
    facts = {
        "PLACE": one.place,
        "KIND": one.kind,
        "COLUMNS": one.columns,
        "TALLY": Tally(one=one.one, many=one.many),
        "SORTED": one.sorted_by,
        "EMPTY": one.empty,
        "BINDINGS": bindings_of(one.place),
        "LISTED": one,
    }
    return type("HoldingScreen", (HoldingScreen,), facts)

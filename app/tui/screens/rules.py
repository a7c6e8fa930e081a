"""The versions of rules, and which of them decides; 1.6.1's policies are among them. Enter opens one in the editor."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from app.api.rulesets import ActiveView, RulesetView
from app.client import rule_calls
from app.client.errors import ClientError
from app.tui.columns.column import Column
from app.tui.columns.rules import COLUMNS
from app.tui.drafts import NEW
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.screens.table import TableScreen
from app.tui.store import Changes

KIND = "ruleset"
NEWS = frozenset({"ruleset", "activation"})


class RollingBack(ConsoleScreen):
    """For every place that offers to go back to what decided before."""

    def roll_back(self) -> None:
        def rolled(active: ActiveView) -> None:
            key = self.session.key("rules.rollback")
            self.say(f"policy {active.policy} ({active.id}) decides again; {key}: return")
            self.redraw()

        self.send([rule_calls.rollback()], rolled, "")


class RulesScreen(TableScreen, RollingBack):
    PLACE = "rules"
    KIND = KIND
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    SORTED = "version"
    EMPTY = "asking ..."
    HINT = "state:decides by:ana word !word"
    BINDINGS = bindings_of("rules")

    def reload(self) -> None:
        super().reload()
        if self.session.live:
            self.begin(self._fetch, exclusive=True)

    def absorb(self, changes: Changes) -> None:
        super().absorb(changes)
        events = self.session.copy.events
        told = (events.get(given) for given in changes.ids.get("event", ()))
        if changes.link or any(event is not None and event.kind in NEWS for event in told):
            self.reload()

    async def _fetch(self) -> None:
        send = self.session.cloud.send
        try:
            kept, active, language = await asyncio.gather(
                send(rule_calls.all_versions()), send(rule_calls.active()), send(rule_calls.language())
            )
        except ClientError as error:
            self.say(f"rules: {error}", bad=True)
            return
        built_in = [_built_in(name, active) for name in language.built_in]
        self.session.copy.load(KIND, [*kept.items, *built_in])
        TableScreen.reload(self)

    def parts(self) -> list[str]:
        waiting = [name for name, draft in self.session.drafts.items() if draft.changed]
        return [f"drafts: {', '.join(waiting)}"] if waiting else []

    async def open(self) -> None:
        if self.grid.cursor_id:
            self.console_app.open_page(KIND, self.grid.cursor_id)

    def new(self) -> None:
        self.console_app.open_page(KIND, NEW)


def _built_in(name: str, active: ActiveView) -> RulesetView:
    """Show a policy of 1.6.1 below the versions."""
    return RulesetView(
        id=name,
        number=0,
        name=name.lower(),
        policy=name.lower(),
        author="1.6.1",
        created_at_ms=0,
        sha256="",
        active=active.id == name,
    )

"""One security group: what it lets through, a rule a line, added as one line and taken away by a key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.api.group_rules import EXAMPLE, LineError, read, under
from app.api.holdings import GroupRuleView, GroupView
from app.client import group_calls
from app.client.errors import ClientError, Refused
from app.tui.actions import named
from app.tui.columns import groups
from app.tui.columns.column import Column
from app.tui.scene import counted
from app.tui.screens.frame import bindings_of
from app.tui.screens.parts import PartsScreen
from app.tui.widgets.form import Entry, Form, Values


class GroupScreen(PartsScreen):
    PLACE = "group"
    EMPTY = "Nothing is let through: <groups.allow> adds a rule."
    BINDINGS = bindings_of("group")

    def trail(self) -> list[str]:
        view = self._view()
        return ["groups", view.name if view else self._thing_id]

    def columns(self) -> Sequence[Column[Any]]:
        return groups.columns(self._named)

    def parts_of(self, view: GroupView) -> Mapping[str, Any]:
        return {rule.id: rule for rule in view.rules}

    def facts_of(self, view: GroupView) -> Iterable[tuple[str, str]]:
        yield "group", f"{view.name}  {view.id}"
        yield "account", view.account or view.account_id
        yield "for", view.description
        yield "rules", f"{counted(len(view.rules), 'rule')}; they hold at once for every instance in the group"

    # --- methods of the registry

    def allow(self) -> None:
        """Ask for a rule as one line."""
        view = self._view()
        if view is None:
            return
        entries = [Entry(key="line", label="Rule", hint=EXAMPLE, check=_wrong)]

        async def submit(values: Values) -> str:
            return await self._allow(view, values["line"])

        title = f"Let through by {self.session.scene().plain(view.name)}"
        self.app.push_screen(Form(title, entries, submit, verb="Allow", ascii_only=self.session.ascii_only))

    def revoke(self) -> None:
        """Take the rule under the cursor away at once: that can be undone."""
        rule = self.part()
        if rule is None:
            self.say("revoke: there is no rule", bad=True)
            return
        command = named("groups.revoke").as_command([self._thing_id], RULE=rule.id)
        call = group_calls.remove_rule(self._thing_id, rule.id, command)
        self.change(call, lambda _: None, f"revoked: {self._said(rule)}")

    async def _allow(self, view: GroupView, text: str) -> str:
        refusal = self.session.refusal(named("groups.allow"))  # the connection may have gone while somebody typed
        if refusal:
            return refusal
        line = read(text)
        command = named("groups.allow").as_command([view.id], RULE=text)
        try:
            _, number = await self.session.cloud.change(group_calls.add_rule(view.id, line.rule, command))
        except Refused as error:
            place = line.place(each.field for each in error.problem.errors)
            why = self.session.scene().plain(error.problem.detail)
            return why if place is None else f"{why}\n{under(text, place)}"
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.say(f"allowed: {text}{self.offer_undo(number)}")
        return ""

    def _said(self, rule: GroupRuleView) -> str:
        scene = self.session.scene()
        return " ".join(column.text(rule, scene) for column in self.columns()[:4])

    def _named(self, peer: str) -> str:
        found = self.session.copy.table("group").get(peer)
        return f"{found.name} ({peer})" if found else peer


def _wrong(text: str) -> str:
    """Say in words what is wrong with a line, and show where."""
    try:
        read(text)
    except LineError as error:
        return f"{error.why}\n{under(text, error.column)}"
    return ""

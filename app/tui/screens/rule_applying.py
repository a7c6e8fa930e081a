"""Keeping a text of rules as a version, and letting it decide: only as it was rehearsed, and only within a minute.

The cloud judges it again: a name is sent along that tells which rehearsal a person has read.
"""

from app.api.remapping import RehearsalView
from app.api.rulesets import ActiveView, AddRuleset, FaultView, RulesetView
from app.client import rule_calls
from app.client.errors import ClientError
from app.tui import rule_report
from app.tui.actions import named
from app.tui.drafts import Draft
from app.tui.screens.rules import RollingBack
from app.tui.widgets.confirm import Confirm, Question


class RuleApplying(RollingBack):
    """Needs the fields, as the editor sets them."""

    source: str
    draft: Draft | None
    rehearsal: RehearsalView | None = None
    rehearsed_text: str
    rehearsed_s: float

    @property
    def faults(self) -> list[FaultView]:
        return []

    def left_s(self) -> float:
        """Return how long the rehearsal still counts, by our clock since it came: the cloud's may show another time."""
        if self.rehearsal is None:
            return 0.0
        return self.rehearsed_s + self.rehearsal.valid_s - self.session.clock.monotonic_s()

    def why_not_applied(self) -> str:
        """Say why these rules can not be applied now; empty if they can."""
        return self.session.keyed(self._why_not())

    def _why_not(self) -> str:
        if any(fault.severity == "error" for fault in self.faults):
            return "there are mistakes (<rules.next>)"
        if self.draft is None or self.rehearsal is None:
            return "rehearse first (<rules.rehearse>)"
        if self.draft.text != self.rehearsed_text:
            return "the text has changed since: rehearse again (<rules.rehearse>)"
        if self.left_s() <= 0:
            return "it is older than a minute: rehearse again (<rules.rehearse>)"
        return ""

    # --- methods of the registry

    def save(self) -> None:
        draft = self.draft
        if draft is None:
            return
        if any(fault.severity == "error" for fault in self.faults):
            said = "not saved: there are mistakes (<rules.next>); <rules.write> writes the text to a file"
            self.say(self.session.keyed(said), bad=True)
            return

        def kept(view: RulesetView) -> None:
            self._settle(draft, view)
            self.say(f"kept as {view.id}; {self.session.key('rules.apply')} lets it decide")

        self.send([self.told(rule_calls.add(_asked(draft, draft.policy)), FILE=f"{draft.name}.rules")], kept, "")

    def apply(self) -> None:
        why = self.why_not_applied()
        draft, found = self.draft, self.rehearsal
        if why or draft is None or found is None:
            self.say(f"apply: {why}", bad=True)
            return
        scene = self.session.scene()
        question = Question(
            action=named("rules.apply"),
            ids=[draft.source if not draft.changed else draft.name],
            facts=[scene.plain(step) for step in rule_report.steps(found.plan, scene)] or ["nothing would be done now"],
            warning=scene.plain(f"Policy {found.policy} decides from then on: {rule_report.summary(found.plan)}."),
        )
        self.app.push_screen(Confirm(question), lambda sure: self._apply(draft, found) if sure else None)

    def _apply(self, draft: Draft, found: RehearsalView) -> None:
        refusal = self.session.refusal(named("rules.apply")) or self.why_not_applied()
        if refusal:  # the connection, or the minute, may have gone while the question stood
            self.say(refusal, bad=True)
        else:
            self.app.run_worker(self._send_apply(draft, found))

    async def _send_apply(self, draft: Draft, found: RehearsalView) -> None:
        send = self.session.cloud.send
        try:
            view = await send(self.told(rule_calls.add(_asked(draft, found.policy)), [draft.name]))
            self._settle(draft, view)
            active = await send(self.told(rule_calls.apply(view.id, found.rehearsed), [view.id]))
        except ClientError as error:
            self.say(f"not applied: {error}", bad=True)
        else:
            self._applied(active)

    def _applied(self, active: ActiveView) -> None:
        self.rehearsal = None
        key = self.session.key("rules.rollback")
        self.say(f"policy {active.policy} ({active.id}) decides from now on; {key}: back")
        self.redraw()

    def _settle(self, draft: Draft, view: RulesetView) -> None:
        draft.settle(view)
        self.session.drafts.pop(self.source, None)
        self.source = view.id
        self.session.drafts[view.id] = draft
        self.redraw()


def _asked(draft: Draft, policy: str) -> AddRuleset:
    return AddRuleset(text=draft.text, name=draft.name, policy=policy)

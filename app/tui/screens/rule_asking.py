"""What the editor asks the cloud about a text: what is wrong with it, what it would do now, what it would have done.

Each question is asked in the background and for a text; an answer about a text that has changed meanwhile is not shown
as one about what stands there now.
"""

from functools import partial

from textual.content import Content
from textual.timer import Timer
from textual.widgets import TextArea

from app.api.remapping import RehearseText, TryRules
from app.api.rulesets import CheckedView, DiffView, FaultView
from app.client import rule_calls
from app.client.errors import ClientError
from app.tui import rule_report
from app.tui.drafts import Draft
from app.tui.scene import counted
from app.tui.screens.rule_applying import RuleApplying
from app.tui.session import Session
from app.tui.widgets.rule_text import RuleText

PAUSE_S = 0.3
WIDE = 110


class RuleAsking(RuleApplying):
    """Needs the widgets of the editor."""

    def __init__(self, session: Session, source: str) -> None:
        super().__init__(session)
        self.source = source
        self.draft: Draft | None = session.drafts.get(source)
        self.rehearsed_text, self.rehearsed_s = "", 0.0
        self.note = self.rehearsing = ""
        self.checked: CheckedView | None = None
        self.checked_text = ""
        self.difference: DiffView | None = None
        self.trial: list[Content] = []
        self.fault = -1
        self._pause: Timer | None = None

    # --- for the editor

    @property
    def written(self) -> RuleText:
        return self.query_one(RuleText)

    @property
    def faults(self) -> list[FaultView]:
        return self.checked.faults if self.checked else []

    @property
    def errors(self) -> int:
        return sum(fault.severity == "error" for fault in self.faults)

    def edit(self) -> None:
        """Put the focus into the text."""

    def show_panes(self) -> None:
        """Make room for an answer."""

    def draw_panes(self) -> None:
        """Draw answers anew."""

    def pane_width(self) -> int:
        """Return how much room a pane has, also before it is shown."""
        return (self.size.width if self.size.width < WIDE else self.size.width * 2 // 5) - 6

    # --- checking while it is typed

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        if self.draft is None:
            return
        self.draft.text = event.text_area.text
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_S, self._look_again)

    def _look_again(self) -> None:
        """Look at the text unless it was checked as it is."""
        if self.note or self.written.text != self.checked_text:
            self.look()

    def look(self) -> None:
        """Have the text checked and compared."""
        if self.draft is not None and not self.session.past:
            self.begin(partial(self._check, self.draft), group="check", exclusive=True)

    async def _check(self, draft: Draft) -> None:
        text, send = draft.text, self.session.cloud.send
        try:
            checked, difference = await send(rule_calls.check(text)), await send(rule_calls.compare(text))
        except ClientError as error:
            self.note = f"not checked: {error}"
        else:
            self.checked, self.checked_text, self.difference, self.note = checked, text, difference, ""
            if draft.text == text:
                self.written.underline(checked.faults)
            self.fault = min(self.fault, len(checked.faults) - 1)
        self.draw_panes()

    def next_fault(self) -> None:
        if self.faults:
            self.fault = (self.fault + 1) % len(self.faults)
            self.edit()
            self.written.go_to(self.faults[self.fault])
            self.draw_panes()
        else:
            self.say("nothing is wrong")

    def fix(self) -> None:
        fault = self.faults[max(0, self.fault)] if self.faults else None
        if self.written.text != self.checked_text:
            self.say("the text is being checked: press it again", bad=True)
        elif fault is None or not fault.nearest:
            self.say("there is no word that would be right for certain", bad=True)
        else:
            self.written.take(fault)

    # --- rehearsing

    def rehearse(self) -> None:
        if self.draft is None or self.errors:
            self.say(f"rehearse: {counted(self.errors, 'mistake')} first ({self.session.key('rules.next')})", bad=True)
        else:
            self.begin(partial(self._rehearse, self.draft), group="rehearse", exclusive=True)

    async def _rehearse(self, draft: Draft) -> None:
        text, self.rehearsing = draft.text, "rehearsing ..."
        self.draw_panes()
        try:
            body = RehearseText(text=text, policy=self._policy(draft))
            self.rehearsal = await self.session.cloud.send(rule_calls.rehearse_text(body))
        except ClientError as error:
            self.rehearsing = str(error)
        else:
            self.rehearsing = ""
            self.rehearsed_text, self.rehearsed_s = text, self.session.clock.monotonic_s()
        self.show_panes()
        self.draw_panes()

    def _policy(self, draft: Draft) -> str:
        """Name the version's policy while the text still has it; the cloud chooses otherwise."""
        return draft.policy if self.checked is not None and draft.policy in self.checked.policies else ""

    # --- trying on the past

    def try_out(self) -> None:
        if self.draft is None or self.errors:
            self.say(self.session.keyed("yesterday: mend the mistakes first (<rules.next>)"), bad=True)
        else:
            self.begin(partial(self._try, self.draft), group="try", exclusive=True)

    async def _try(self, draft: Draft) -> None:
        self.trial = [Content("asking ...")]
        self.show_panes()
        self.draw_panes()
        scene = self.session.scene()
        try:
            body = TryRules(text=draft.text, policy=self._policy(draft))
            found = await self.session.cloud.send(rule_calls.try_out(body))
        except ClientError as error:
            self.trial = [Content(scene.plain(str(error)))]
        else:
            self.trial = rule_report.trial(found, scene, self.pane_width())
        self.draw_panes()

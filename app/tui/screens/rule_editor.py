"""Rules as text: checked while it is typed, rehearsed, compared with what decides, kept and applied.

The trap: while the text has the focus letters are text, so keys of the registry that are letters count only after
escape. What is typed is a draft of the session from the first letter on, so that nothing but a question loses it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static, TextArea

from app.api.remapping import RehearsalView, RehearseText, TryRules
from app.api.rulesets import CheckedView, DiffView, FaultView, RulesetView
from app.client import rule_calls
from app.client.errors import ClientError
from app.tui import rule_report
from app.tui.actions import Action, named
from app.tui.drafts import NEW, Draft, of_nothing, of_version
from app.tui.rule_words import Words
from app.tui.scene import counted
from app.tui.screens.frame import bindings_of
from app.tui.screens.rule_applying import RuleApplying
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.rule_text import RuleText
from app.tui.widgets.unsaved import DISCARD, STAY, Unsaved

PAUSE_S = 0.3
FAULTS_SHOWN = 5
WIDE = 110


class RuleEditorScreen(RuleApplying):
    PLACE = "ruleset"
    BINDINGS = bindings_of("ruleset")

    def __init__(self, session: Session, source: str) -> None:
        super().__init__(session)
        self.source = source
        if source == NEW:
            session.drafts.setdefault(NEW, of_nothing())
        self.draft: Draft | None = session.drafts.get(source)
        self.rehearsal: RehearsalView | None = None
        self.rehearsed_text, self.rehearsed_s = "", 0.0
        self._checked: CheckedView | None = None
        self._difference: DiffView | None = None
        self._note = self._rehearsing = ""
        self._trial: list[Content] = []
        self._fault = -1
        self._panes = False
        self._pause: Timer | None = None

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="summary")
        with Horizontal(id="editor"):
            with Vertical(id="written"):
                text = self.draft.text if self.draft else ""
                yield RuleText(text, read_only=self.draft is None, ascii_only=self.session.ascii_only)
                yield Static("", markup=False, id="faults")
            with Vertical(id="panes"):
                with VerticalScroll(classes="panel", id="rehearsal") as panel:
                    panel.border_title = "rehearsal"
                    yield Static("", markup=False, id="rehearsed")
                with VerticalScroll(classes="panel", id="trial") as panel:
                    panel.border_title = "launches of the last day"
                    yield Static("", markup=False, id="tried")
                with VerticalScroll(classes="panel", id="comparison") as panel:
                    panel.border_title = "compared with what decides"
                    yield Static("", markup=False, id="compared")

    def trail(self) -> list[str]:
        return ["rules", self.draft.source if self.draft else self.source]

    def spot(self) -> tuple[str, str]:
        return ("ruleset", self.source)

    # --- what has the focus

    @property
    def written(self) -> RuleText:
        return self.query_one(RuleText)

    @property
    def writing(self) -> bool:
        """Tell whether letters are text now."""
        return self.focused is self.written

    def home(self) -> Widget:
        return self.query_one("#rehearsal") if self._panes else self.written

    def offered(self) -> list[Action]:
        if not self.writing:
            return super().offered()
        actions = (action for action in super().offered() if not action.typed)
        return [replace(action, title="out of the text") if action.name == "back" else action for action in actions]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "do" and self.writing and named(str(parameters[0])).typed:
            return False
        return super().check_action(action, parameters)

    def edit(self) -> None:
        self._panes = False
        self.draw_frame()
        self.refocus()

    def turn_panes(self) -> None:
        self._panes = not self._panes
        self.draw_frame()
        self.refocus()

    async def back(self) -> None:
        if self._panes:
            self.edit()
        elif self.writing:
            self.set_focus(self.query_one("#rehearsal") if self.size.width >= WIDE else None)
            self.draw_frame()
        elif self.draft is not None and self.draft.changed:
            self.app.push_screen(Unsaved(f"The draft of {self.draft.source}"), self._leave)
        else:
            self._forget()
            await super().back()

    def _leave(self, answer: str | None) -> None:
        if answer in (None, STAY):
            return
        if answer == DISCARD:
            self._forget()
        self.app.run_worker(self.console_app.go_back())

    def _forget(self) -> None:
        self.session.drafts.pop(self.source, None)

    def _show_panes(self) -> None:
        """Show the answer where there is no room for text and panes; else what has the focus keeps it."""
        if self.size.width < WIDE:
            self._panes = True
            self.draw_frame()
            self.refocus()

    # --- opening

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._open(), group="open", exclusive=True)

    async def _open(self) -> None:
        """Fetch the words of the language, and the text unless somebody works on it already."""
        send = self.session.cloud.send
        try:
            self.written.know(Words.of(await send(rule_calls.language())))
            if self.draft is None:
                self._begin_with(await send(rule_calls.version(self.source)))
        except ClientError as error:
            self._note = str(error)
            self.draw_frame()
            return
        self._look()

    def _begin_with(self, view: RulesetView) -> None:
        self.draft = self.session.drafts[self.source] = of_version(view)
        self.written.load_text(self.draft.text)
        self.written.read_only = False

    def absorb(self, changes: Changes) -> None:
        if changes.link and self.session.live:
            self.run_worker(self._open(), group="open", exclusive=True)

    # --- checking while it is typed

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        if self.draft is None:
            return
        self.draft.text = event.text_area.text
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_S, self._look)

    def _look(self) -> None:
        self.run_worker(self._check(), group="check", exclusive=True)

    async def _check(self) -> None:
        if self.draft is None:
            return
        text, send = self.draft.text, self.session.cloud.send
        try:
            self._checked, self._note = await send(rule_calls.check(text)), ""
            self._difference = await send(rule_calls.compare(text))
        except ClientError as error:
            self._note = f"not checked: {error}"
        if self.draft.text == text and self._checked is not None:
            self.written.underline(self._checked.faults)
            self._fault = min(self._fault, len(self._checked.faults) - 1)
        self._draw()

    @property
    def faults(self) -> list[FaultView]:
        return self._checked.faults if self._checked else []

    def next_fault(self) -> None:
        if self.faults:
            self._fault = (self._fault + 1) % len(self.faults)
            self.edit()
            self.written.go_to(self.faults[self._fault])
            self._draw()
        else:
            self.say("nothing is wrong")

    def fix(self) -> None:
        fault = self.faults[max(0, self._fault)] if self.faults else None
        if fault is None or not fault.nearest:
            self.say("there is no word that would be right for certain", bad=True)
        else:
            self.written.take(fault)

    # --- rehearsing

    def rehearse(self) -> None:
        errors = sum(fault.severity == "error" for fault in self.faults)
        if self.draft is None or errors:
            self.say(f"rehearse: {counted(errors, 'mistake')} first (f8)", bad=True)
        else:
            self.run_worker(self._rehearse(self.draft), group="rehearse", exclusive=True)

    async def _rehearse(self, draft: Draft) -> None:
        text = draft.text
        self._rehearsing = "rehearsing ..."
        self._draw()
        try:
            body = RehearseText(text=text, policy=self._policy(draft))
            found = await self.session.cloud.send(rule_calls.rehearse_text(body))
        except ClientError as error:
            self._rehearsing = str(error)
        else:
            self._rehearsing, self.rehearsal = "", found
            self.rehearsed_text, self.rehearsed_s = text, self.session.clock.monotonic_s()
            self._show_panes()
        self.draw_frame()

    def _policy(self, draft: Draft) -> str:
        """Name the version's policy while the text still has it; the cloud chooses otherwise."""
        return draft.policy if self._checked is not None and draft.policy in self._checked.policies else ""

    def try_out(self) -> None:
        if self.draft is None or any(fault.severity == "error" for fault in self.faults):
            self.say("yesterday: mend the mistakes first (f8)", bad=True)
        else:
            self.run_worker(self._try(self.draft), group="try", exclusive=True)

    async def _try(self, draft: Draft) -> None:
        width = self._pane_width()
        self._trial = [Content("asking ...")]
        self._show_panes()
        try:
            body = TryRules(text=draft.text, policy=self._policy(draft))
            found = await self.session.cloud.send(rule_calls.try_out(body))
        except ClientError as error:
            self._trial = [Content(self.session.scene().plain(str(error)))]
        else:
            self._trial = rule_report.trial(found, self.session.scene(), width)
        self._draw()

    # --- drawing

    def reload(self) -> None:
        self._draw()

    def age(self) -> None:
        self._draw()

    def draw_frame(self) -> None:
        super().draw_frame()
        self._draw()

    def _draw(self) -> None:
        narrow, scene = self.size.width < WIDE, self.session.scene()
        self.query_one("#written").display = not (self._panes and narrow)
        self.query_one("#panes").display = self._panes or not narrow
        lines = rule_report.faults(self.faults, self._fault, FAULTS_SHOWN, scene)
        self.query_one("#faults", Static).update(Content("\n").join(lines))
        self.query_one("#faults").display = bool(lines)
        self.query_one("#summary", Static).update(" " + scene.plain(self._summary()))
        self.query_one("#rehearsal").border_title = self._rehearsal_title()
        self.query_one("#rehearsed", Static).update(Content("\n").join(self._rehearsal_lines()))
        self.query_one("#trial").display = bool(self._trial)
        self.query_one("#tried", Static).update(Content("\n").join(self._trial))
        self.query_one("#compared", Static).update(Content("\n").join(self._compared_lines()))

    def _compared_lines(self) -> list[Content]:
        if self._difference is None:
            return [Content.styled("not compared yet", "dim")]
        sound = self._checked is not None and self._checked.sound
        return rule_report.comparison(self._difference, self.session.scene(), sound=sound)

    def _summary(self) -> str:
        draft, found = self.draft, self._checked
        if draft is None:
            return self._note or "asking ..."
        parts = [f"{draft.name}, policy {draft.policy or 'by its title'}", *(["draft"] if draft.changed else [])]
        if self._note:
            parts.append(self._note)
        elif found is not None:
            errors = sum(fault.severity == "error" for fault in found.faults)
            parts.append(counted(len(found.rules), "rule"))
            parts.append(f"{counted(errors, 'error')}, {counted(len(found.faults) - errors, 'warning')}")
        return ("  |  " if self.session.ascii_only else "  ·  ").join(parts)

    def _rehearsal_title(self) -> str:
        if self.rehearsal is None:
            return "rehearsal"
        return f"rehearsal as of {self.session.scene().clock(self.rehearsal.at_ms)}"

    def _rehearsal_lines(self) -> list[Content]:
        found, scene = self.rehearsal, self.session.scene()
        if self._rehearsing:
            return [Content(scene.plain(self._rehearsing))]
        if found is None:
            return [Content.styled("ctrl+r says what these rules would do now", "dim")]
        why = self.why_not_applied()
        state = Content.styled(scene.plain(why), "$warning") if why else Content(self._counts())
        return [state, *rule_report.rehearsal(found, scene, self._pane_width())]

    def _pane_width(self) -> int:
        """Return how much room a pane has, also before it is shown."""
        return (self.size.width if self.size.width < WIDE else self.size.width * 2 // 5) - 6

    def _counts(self) -> str:
        applies = ": A applies it" if self.session.may(named("rules.apply")) else ""
        return f"counts for {self.left_s():.0f} s{applies}"

    # --- files

    def write(self) -> None:
        """Write the text to a file, also while the cloud is lost."""
        stamp = datetime.fromtimestamp(self.session.clock.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path(f"{self.draft.name if self.draft else 'rules'}-{stamp}.rules")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.written.text)
        except OSError as error:
            self.say(f"write: {path}: {error.strerror}", bad=True)
        else:
            self.say(f"wrote {path.resolve()}")

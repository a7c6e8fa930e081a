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
from textual.widget import Widget
from textual.widgets import Static

from app.api.rulesets import RulesetView
from app.client import rule_calls
from app.client.errors import ClientError
from app.tui import rule_report
from app.tui.actions import Action, named
from app.tui.drafts import NEW, of_nothing, of_version
from app.tui.rule_words import Words
from app.tui.scene import counted
from app.tui.screens.frame import bindings_of
from app.tui.screens.rule_asking import WIDE, RuleAsking
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.rule_text import RuleText
from app.tui.widgets.unsaved import DISCARD, STAY, Unsaved

FAULTS_SHOWN = 5


class RuleEditorScreen(RuleAsking):
    PLACE = "ruleset"
    BINDINGS = bindings_of("ruleset")

    def __init__(self, session: Session, source: str) -> None:
        if source == NEW:
            session.drafts.setdefault(NEW, of_nothing())
        super().__init__(session, source)
        self._panes = False

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="summary")
        with Horizontal(id="editor"):
            with Vertical(id="written"):
                text = self.draft.text if self.draft else ""
                yield RuleText(
                    text,
                    read_only=self.draft is None or self.session.past is not None,
                    ascii_only=self.session.ascii_only,
                )
                yield Static("", markup=False, id="faults")
            with Vertical(id="panes"):
                yield from _pane("rehearsal", "rehearsal", "counts", "rehearsed")
                yield from _pane("trial", "launches of the last day", "tried")
                yield from _pane("comparison", "compared with what decides", "compared")

    def trail(self) -> list[str]:
        return ["rules", self.draft.source if self.draft else self.source]

    def spot(self) -> tuple[str, str]:
        return ("ruleset", self.source)

    # --- what has the focus

    @property
    def writing(self) -> bool:
        """Tell whether letters are text now."""
        return self.focused is self.written and not self.session.past

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
        self._turn(panes=False)

    def turn_panes(self) -> None:
        self._turn(panes=not self._panes)

    def show_panes(self) -> None:
        """Show an answer where there is no room for text and panes; else what has the focus keeps it."""
        if self.size.width < WIDE:
            self._turn(panes=True)

    def _turn(self, *, panes: bool) -> None:
        self._panes = panes
        self.draw_frame()
        self.refocus()

    async def back(self) -> None:
        if self.session.past:
            await super().back()
        elif self._panes:
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

    # --- opening

    def on_mount(self) -> None:
        super().on_mount()
        self.begin(self._open, group="open", exclusive=True)

    async def _open(self) -> None:
        """Fetch the words of the language, and the text unless somebody works on it already."""
        send = self.session.cloud.send
        try:
            self.written.know(Words.of(await send(rule_calls.language())))
            if self.draft is None:
                self._begin_with(await send(rule_calls.version(self.source)))
        except ClientError as error:
            self.note = str(error)
            self.draw_frame()
            return
        self.look()

    def _begin_with(self, view: RulesetView) -> None:
        self.draft = self.session.drafts[self.source] = of_version(view)
        self.written.load_text(self.draft.text)
        self.written.read_only = self.session.past is not None

    def absorb(self, changes: Changes) -> None:
        if changes.link and self.session.live:
            self.begin(self._open, group="open", exclusive=True)

    # --- drawing: what ages four times a second, answers when they come

    def reload(self) -> None:
        self.draw_panes()

    def draw_frame(self) -> None:
        super().draw_frame()
        narrow, scene, past = self.size.width < WIDE, self.session.scene(), self.session.past
        self.query_one("#written").display = not (self._panes and narrow)
        self.query_one("#panes").display = not past and (self._panes or not narrow)
        self.query_one("#summary", Static).update(" " + scene.plain(self._summary()))
        self.query_one("#counts", Static).update(self._counts())

    def draw_panes(self) -> None:
        scene = self.session.scene()
        more = self.session.key("rules.next")
        self._show("faults", rule_report.faults(self.faults, self.fault, FAULTS_SHOWN, scene, more))
        self.query_one("#faults").display = bool(self.faults)
        found = self.rehearsal
        self.query_one("#rehearsal").border_title = (
            f"rehearsal as of {scene.clock(found.at_ms)}" if found else "rehearsal"
        )
        self._show("rehearsed", rule_report.rehearsal(found, scene, self.pane_width()) if found else [])
        self._show("tried", self.trial)
        self.query_one("#trial").display = bool(self.trial)
        self._show("compared", self._compared())
        self.draw_frame()

    def _show(self, name: str, lines: list[Content]) -> None:
        self.query_one(f"#{name}", Static).update(Content("\n").join(lines))

    def _compared(self) -> list[Content]:
        if self.difference is None or (self.draft is not None and self.draft.text != self.checked_text):
            return [Content.styled("not compared yet", "dim")]
        sound = self.checked is not None and self.checked.sound
        return rule_report.comparison(self.difference, self.session.scene(), sound=sound)

    def _summary(self) -> str:
        draft, found = self.draft, self.checked
        if draft is None:
            return self.note or "asking ..."
        parts = [f"{draft.name}, policy {draft.policy or 'by its title'}", *(["draft"] if draft.changed else [])]
        if self.note:
            parts.append(self.note)
        elif found is not None:
            parts.append(counted(len(found.rules), "rule"))
            parts.append(f"{counted(self.errors, 'error')}, {counted(len(found.faults) - self.errors, 'warning')}")
        return ("  |  " if self.session.ascii_only else "  ·  ").join(parts)

    def _counts(self) -> Content:
        """Say how long the rehearsal counts, or why it does not."""
        scene = self.session.scene()
        if self.rehearsing:
            return Content(scene.plain(self.rehearsing))
        if self.rehearsal is None:
            return Content.styled(self.session.keyed("<rules.rehearse> says what these rules would do now"), "dim")
        why = self.why_not_applied()
        if why:
            return Content.styled(scene.plain(why), "$warning")
        applies = self.session.keyed(": <rules.apply> applies it") if self.session.may(named("rules.apply")) else ""
        return Content(f"counts for {self.left_s():.0f} s{applies}")

    # --- files

    def write(self) -> None:
        """Write the text to a file, also while the cloud is lost."""
        stamp = datetime.fromtimestamp(self.session.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path(f"{self.draft.name if self.draft else 'rules'}-{stamp}.rules")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.written.text)
        except OSError as error:
            self.say(f"write: {path}: {error.strerror}", bad=True)
        else:
            self.say(f"wrote {path.resolve()}")


def _pane(name: str, title: str, *parts: str) -> Iterable[Widget]:
    with VerticalScroll(classes="panel", id=name) as panel:
        panel.border_title = title
        for part in parts:
            yield Static("", markup=False, id=part)

"""What a guest wrote to its console, asked again every two seconds.

Held still, what comes is counted and not shown, so that reading is never disturbed. A filter hides lines, it
never touches what is saved.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Log, Static

from app.client import calls
from app.client.errors import ClientError
from app.tui.scene import counted, guest_lines
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session
from app.tui.widgets.prompt import Prompt

AGAIN_S = 2.0
LINES_KEPT = 10_000


class OutputScreen(ConsoleScreen):
    PLACE = "output"
    BINDINGS = bindings_of("output")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id
        self._following = True
        self._asking = False
        self._wanted = ""
        self._text = ""
        self._lines: list[str] = []
        self._written: list[str] = []
        self._note = "asking ..."

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="summary")
        yield Log(max_lines=LINES_KEPT, id="output")
        yield Prompt("/", "show only lines that hold this", lambda text: [], id="search")

    def trail(self) -> list[str]:
        return ["instances", self.instance_id, "output"]

    def spot(self) -> tuple[str, str]:
        return ("output", self.instance_id)

    def home(self) -> Widget:
        return self.query_one("#output")

    def on_mount(self) -> None:
        super().on_mount()
        self._summarise()
        self._ask()
        self.set_interval(AGAIN_S, self._ask)

    # --- methods of the registry

    def follow(self) -> None:
        self._following = not self._following
        self._show()

    def search(self) -> None:
        self.query_one("#search", Prompt).open(self._wanted)
        self.draw_frame()

    def save(self) -> None:
        if self.session.ways.in_browser:
            self.say("save: a browser's console writes no files", bad=True)
            return
        stamp = datetime.fromtimestamp(self.session.clock.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        path = Path(f"{self.instance_id}-{stamp}.log")
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(self._text)
        except OSError as error:
            self.say(f"save: {path}: {error.strerror}", bad=True)
        else:
            self.say(f"saved {path.resolve()}")

    async def back(self) -> None:
        if self._wanted:
            self._filter("")
        else:
            await super().back()

    # --- what was typed

    async def on_prompt_edited(self, event: Prompt.Edited) -> None:
        if event.prompt.id != "search":
            await super().on_prompt_edited(event)
            return
        event.stop()
        self._filter(event.text)
        if event.final:
            self.leave(event.prompt)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        if event.prompt.id == "search":
            self._filter("")
        super().on_prompt_left(event)

    def _filter(self, wanted: str) -> None:
        self._wanted = wanted
        self._write()
        self._summarise()

    # --- fetching and drawing

    def _ask(self) -> None:
        if self.session.live and not self._asking:  # an answer may take longer than the pause
            self._asking = True
            self.begin(self._fetch)

    async def _fetch(self) -> None:
        try:
            await self._fetch_once()
        finally:
            self._asking = False

    async def _fetch_once(self) -> None:
        try:
            answer = await self.session.cloud.send(calls.console_output(self.instance_id))
        except ClientError as error:
            self._note = str(error)
        else:
            self._text = answer.text
            self._note = f"as of {self.session.scene().clock(answer.at_ms)}"
        self._show()

    def _show(self) -> None:
        if self._following:
            lines = guest_lines(self._text) if self._text else []
            if self.session.ascii_only:
                lines = [line.encode("ascii", "replace").decode() for line in lines]
            self._lines = lines
            self._write()
        self._summarise()

    def _write(self) -> None:
        wanted, log = self._wanted.casefold(), self.query_one(Log)
        lines = [line for line in self._lines if wanted in line.casefold()] if wanted else self._lines
        kept = len(self._written)
        if lines[:kept] != self._written:
            log.clear()
            kept = 0
        if lines[kept:]:
            log.write_lines(line or " " for line in lines[kept:])  # Log loses empty lines
        self._written = lines

    def _summarise(self) -> None:
        parts = [self.instance_id, counted(len(self._lines), "line") if self._lines else "nothing written yet"]
        if self._wanted:
            parts.append(f"{len(self._written)} with {self._wanted}")
        if not self._following:
            waiting = max(0, len(guest_lines(self._text)) - len(self._lines))
            parts.append(f"held, {counted(waiting, 'line')} waiting (p: follow)")
        scene = self.session.scene()
        cut = "  |  " if scene.ascii_only else "  ·  "
        self.query_one("#summary", Static).update(" " + cut.join(scene.plain(part) for part in [*parts, self._note]))

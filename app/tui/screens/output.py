"""What a guest wrote to its console, asked again every two seconds while following."""

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Log, Static

from app.client import calls
from app.client.errors import ClientError
from app.tui.scene import guest_lines
from app.tui.screens.frame import ConsoleScreen, bindings_of
from app.tui.session import Session

AGAIN_S = 2.0
LINES_KEPT = 10_000


class OutputScreen(ConsoleScreen):
    PLACE = "output"
    BINDINGS = bindings_of("output")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session)
        self.instance_id = instance_id
        self._following = True
        self._lines: list[str] = []

    def body(self) -> Iterable[Widget]:
        yield Static(" asking ...", markup=False, id="summary")
        yield Log(max_lines=LINES_KEPT, id="output")

    def trail(self) -> list[str]:
        return ["instances", self.instance_id, "output"]

    def home(self) -> Widget:
        return self.query_one(Log)

    def on_mount(self) -> None:
        super().on_mount()
        self._ask()
        self.set_interval(AGAIN_S, self._ask_again)

    def follow(self) -> None:
        self._following = not self._following
        self._ask_again()
        self._summarise("" if self._following else "paused; p follows again")

    def _ask_again(self) -> None:
        if self._following and self.session.live:
            self._ask()

    def _ask(self) -> None:
        self.run_worker(self._fetch(), exclusive=True)

    async def _fetch(self) -> None:
        try:
            answer = await self.session.cloud.send(calls.console_output(self.instance_id))
        except ClientError as error:
            self._summarise(str(error))
            return
        self._show(guest_lines(answer.text) if answer.text else [])
        self._summarise(f"as of {self.session.scene().clock(answer.at_ms)}")

    def _show(self, lines: list[str]) -> None:
        if self.session.ascii_only:
            lines = [line.encode("ascii", "replace").decode() for line in lines]
        log = self.query_one(Log)
        kept = len(self._lines)
        # the last line may have been cut, so it is written again with what follows
        if kept > 1 and lines[: kept - 1] == self._lines[:-1] and lines[kept - 1 : kept] == self._lines[-1:]:
            fresh = lines[kept:]
        else:
            log.clear()
            fresh = lines
        self._lines = lines
        if fresh:
            log.write_lines(fresh)

    def _summarise(self, note: str) -> None:
        count = f"{len(self._lines)} lines" if self._lines else "nothing written yet"
        text = f" {self.instance_id}  {count}  {note}"
        self.query_one("#summary", Static).update(self.session.scene().plain(text))

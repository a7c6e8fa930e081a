"""What a guest wrote to its console, asked again every two seconds and put together to one long text."""

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from app.client import calls
from app.client.errors import ClientError
from app.tui.emulator import plain_line
from app.tui.guest_text import continued
from app.tui.scene import counted, guest_lines
from app.tui.screens.frame import bindings_of
from app.tui.screens.reading import Reading
from app.tui.session import Session
from app.tui.widgets.instance_tabs import InstanceTabs

AGAIN_S = 2.0


class OutputScreen(Reading):
    PLACE = "output"
    BINDINGS = bindings_of("output")

    def __init__(self, session: Session, instance_id: str) -> None:
        super().__init__(session, instance_id)
        self._asking = False
        self._text = ""
        self._lines: list[str] = []
        self._told = False
        self._note = "asking the cloud ..."

    def body(self) -> Iterable[Widget]:
        yield InstanceTabs()
        yield Static("", markup=False, id="summary")
        yield from self.reading_body()

    def trail(self) -> list[str]:
        return ["instances", self.instance_id, "output"]

    def spot(self) -> tuple[str, str]:
        return ("output", self.instance_id)

    def home(self) -> Widget:
        return self.reader

    def on_mount(self) -> None:
        super().on_mount()
        self._ask()
        self.set_interval(AGAIN_S, self._ask)

    # --- reading

    def followed_now(self) -> None:
        self.reader.show([plain_line(line) for line in self._lines])

    def waiting(self) -> int:
        return max(0, len(self._lines) - len(self.reader.lines))

    def whole(self, newest: str) -> str:
        self._take(newest)
        return self._text

    # --- fetching and drawing

    def _ask(self) -> None:
        if self.session.live and not self._asking:  # an answer may take longer than the pause
            self._asking = True
            self.begin(self._fetch)

    async def _fetch(self) -> None:
        try:
            answer = await self.session.cloud.send(calls.console_output(self.instance_id))
        except ClientError as error:
            self._note = str(error)
        else:
            self._told = True
            self._take(answer.text)
            self._note = f"as of {self.session.scene().clock(answer.at_ms)}"
        finally:
            self._asking = False
        self.summarise()

    def _take(self, newest: str) -> None:
        text = continued(self._text, newest)
        if text != self._text:
            self._text, self._lines = text, guest_lines(text)
            if not self.held:
                self.followed_now()

    def summarise(self) -> None:
        super().summarise()
        scene = self.session.scene()
        count = counted(len(self.reader.lines), "line") if self._text else "the guest has written nothing yet"
        told = [count] if self._told else []
        parts = [self.instance_id, *told, self._note, *([] if self.held else ["following"])]
        cut = "  |  " if scene.ascii_only else "  ·  "
        self.query_one("#summary", Static).update(" " + cut.join(scene.plain(part) for part in parts))

"""The line below the header while the console shows the past: where that lies between an hour or more ago and now.

A click on it goes there. It says how now is doing, too: the past can be read while the cloud is lost.
"""

from textual.content import Content
from textual.events import Click
from textual.message import Message

from app.tui.scene import Scene
from app.tui.session import Session
from app.tui.widgets.bars import Line

HOUR_MS = 3_600_000
LENGTHS_MS = tuple(hours * HOUR_MS for hours in (1, 6, 24, 72, 168))
LEAST = 8


class Timeline(Line):
    """Hidden in the present, unless it is `always` there or one is on the way out of it."""

    class Picked(Message):
        """A moment was clicked."""

        def __init__(self, at_ms: int) -> None:
            super().__init__()
            self.at_ms = at_ms

    def __init__(self, *, always: bool) -> None:
        super().__init__()
        self.display = self._always = always
        self._cells, self._from_ms, self._to_ms = range(0), 0, 0

    def draw(self, session: Session, heading_ms: int | None) -> None:
        """Draw the moment that is shown; `heading_ms` is one that is asked for."""
        self.display = self._always or session.past is not None or heading_ms is not None
        if not self.display:
            return
        scene = session.now.scene()
        at_ms, oldest_ms = (session.past.at_ms, session.past.oldest_ms) if session.past else (scene.now_ms, 0)
        self._from_ms, self._to_ms = begin(at_ms, oldest_ms, scene.now_ms), scene.now_ms
        left, right = ("<", ">") if session.ascii_only else ("◀", "▶")
        head = f" replay {left} {_end(self._from_ms, scene)} "
        tail = f" {_end(self._to_ms, scene)} {right}  {_remark(session, heading_ms)} "
        width = max(LEAST, self.size.width - len(head) - len(tail))
        self._cells = range(len(head), len(head) + width)
        before, sign, after = _line(self._place(at_ms, width), width, ascii_only=session.ascii_only)
        self.say(Content.assemble(head, before, (sign, "bold"), after, tail))

    def _place(self, at_ms: int, width: int) -> int:
        part = (at_ms - self._from_ms) / max(1, self._to_ms - self._from_ms)
        return min(width - 1, max(0, round(part * (width - 1))))

    def on_click(self, event: Click) -> None:
        if event.x in self._cells:
            part = (event.x - self._cells.start) / max(1, len(self._cells) - 1)
            at_ms = self._from_ms + round(part * (self._to_ms - self._from_ms))
            self.post_message(self.Picked(at_ms))


def begin(at_ms: int, oldest_ms: int, now_ms: int) -> int:
    """Return where the line begins: the shortest of some lengths ago that holds the moment."""
    ago_ms = now_ms - at_ms
    length_ms = next((length for length in LENGTHS_MS if ago_ms <= length), ago_ms)
    return max(now_ms - length_ms, min(oldest_ms, at_ms))


def _remark(session: Session, heading_ms: int | None) -> str:
    """Say what is asked for, else how now is doing while the past is shown."""
    now = session.now
    if heading_ms and not (session.past and session.past.at_ms == heading_ms):
        return f"asking for {now.scene().lately(heading_ms)} ..."
    alive = now.copy.link.text(now.clock.monotonic_s(), ascii_only=session.ascii_only)
    return f"now {alive}" if session.past else ":replay 14:20"


def _end(at_ms: int, scene: Scene) -> str:
    """Say the time of an end of the line, with the day where that is another than today."""
    text = scene.lately(at_ms)
    return text[:5] if text[2] == ":" else text[5:16]


def _line(place: int, width: int, *, ascii_only: bool) -> tuple[str, str, str]:
    rule, sign = ("-", "*") if ascii_only else ("─", "●")
    return rule * place, sign, rule * (width - place - 1)

"""The fixed lines of every screen: where we are and how live it is, what is wrong, which keys there are."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from app.tui.actions import PLACES, ROLES, Action
from app.tui.session import Session
from app.tui.store import LinkState

LEAST_TRAIL = 24
BADGE = "bold $text on $warning"
_LINK_TONES = {
    LinkState.LIVE: "$success",
    LinkState.LOST: "$error",
    LinkState.DENIED: "$error",
    LinkState.CONNECTING: "$warning",
    LinkState.CATCHING_UP: "$warning",
}


class Line(Static):
    """A Static that is only drawn again when it says something else, and laid out when its height may change."""

    WRAPS: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._said: Content | None = None
        self._lines = 0

    def say(self, said: Content) -> None:
        if said != self._said:
            self._said = said
            self.update(said, layout=self.WRAPS or self._lines != said.plain.count("\n"))
            self._lines = said.plain.count("\n")


class Header(Line):
    """cloud ▸ place · rehearsal · role · mode · liveness; the right half is never cut."""

    def draw(self, session: Session, trail: Sequence[str]) -> None:
        """Say where we are and how live it is."""
        scene = session.scene()
        cut = " > " if session.ascii_only else " ▸ "
        overview = session.copy.overview
        places = [overview.name if overview else "cloud", *trail]
        warning = " REHEARSAL " if overview and overview.rehearsal else ""
        said = _replayed(session) if session.past else _live(session)
        rooms = [self.size.width - len(warning) - len(facts) - len(alive) - 3 for facts, alive in said]
        (facts, alive), room = next(
            (one for one in zip(said, rooms, strict=True) if one[1] >= LEAST_TRAIL), (said[-1], rooms[-1])
        )
        tone = BADGE if session.past else _LINK_TONES[session.copy.link.state]
        self.say(
            Content.assemble(
                (scene.fit(_shortened([scene.plain(place) for place in places], cut, room), room), "bold"),
                " ",
                (warning, BADGE),
                " ",
                facts,
                (alive, tone),
                " ",
            )
        )


Said = list[tuple[str, str]]


def _live(session: Session) -> Said:
    """Say who one is, and how old what is shown is; at first at length, then shorter."""
    alive = session.copy.link.text(session.clock.monotonic_s(), ascii_only=session.ascii_only)
    if session.copy.me is None:
        return [("", alive)]
    role, dot = _role(session), _dot(session)
    mode = "read-only" if session.read_only or session.role == ROLES[0] else "read-write"
    at_length = (f"{role}{dot}{mode}{dot}", alive)
    return [at_length] if session.read_only else [at_length, (f"{role}{dot}", alive)]


def _replayed(session: Session) -> Said:
    """Say which moment is shown, that nothing can be done there, and how long ago it is."""
    now, dot, at_ms = session.now.scene(), _dot(session), session.now_ms()
    shown = f" {'<' if session.ascii_only else '◀'} replay {now.lately(at_ms)}"
    ago = f", {now.age(at_ms)} ago "
    mode = f"read-only{dot}"
    return [(f"{_role(session)}{dot}{mode}", shown + ago), (mode, shown + ago), (mode, shown + " ")]


def _role(session: Session) -> str:
    scene = session.scene()
    return scene.plain(session.copy.me.role) if session.copy.me else scene.dash


def _dot(session: Session) -> str:
    return " | " if session.ascii_only else " · "


def _shortened(places: list[str], cut: str, room: int) -> str:
    """Leave out what is farthest from where we are, until it fits."""
    trail = " " + cut.join(places)
    while cell_len(trail) > room and len(places) > 1:
        places = places[1:]
        trail = " .. " + cut.join(places)
    return trail


class Banner(Line):
    """Says what is wrong with the connection while something is."""

    WRAPS = True

    def __init__(self) -> None:
        super().__init__()
        self.display = False

    def draw(self, session: Session) -> None:
        """Say that what is shown may be out of date, and since when."""
        link = session.copy.link
        self.display = link.state in {LinkState.LOST, LinkState.DENIED, LinkState.CONNECTING}
        if not self.display:
            return
        scene = session.scene()
        self.set_class(link.state is LinkState.CONNECTING, "-connecting")
        if link.state is LinkState.CONNECTING:
            self.say(Content(f" connecting to {scene.plain(session.cloud.url)} ..."))
            return
        kept = "" if session.copy.overview is None else f" Shown as of {self._as_of(session)}."
        if link.state is LinkState.LOST:
            what = "Connection lost" if kept else "No connection yet"
            said = f"{what}: {link.detail}.{kept} Actions wait."
        else:
            said = f"Not allowed: {link.detail.rstrip('.')}.{kept} {self._log_in(session)}"
        self.say(Content(" " + scene.plain(said)))

    def _log_in(self, session: Session) -> str:
        path = session.home.contexts_path
        if path is None:
            return "To log in again, start the console with a token that euca credentials gives."
        there = session.keyed("then <go>clouds and <open>.")
        return f"To log in again, put a token that euca credentials gives into {path}, {there}"

    def _as_of(self, session: Session) -> str:
        ago_ms = int((session.clock.monotonic_s() - session.copy.link.heard_s) * 1000)
        return session.scene().clock(session.now_ms() - ago_ms)


class Footer(Line):
    """The keys of this screen, from the registry: what can be done here, below it where one can go. May be clicked."""

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, range, str]] = []

    def draw(self, actions: Sequence[Action]) -> None:
        """Show as many keys as there is room for; help and quit always. What finds no room is in the help."""
        shown = [action for action in actions if action.shown]
        steps = [action for action in shown if action.when == "past"]
        verbs = [action for action in shown if action.screens != PLACES and action not in steps]
        ways = [*steps, *(action for action in shown if action.screens == PLACES)]
        lines = [self._fitting(verbs, ())] if verbs else []
        lines.append(self._fitting(ways, [action for action in ways if action.name in {"help", "quit"}]))
        self._spots, parts = [], list[str | tuple[str, str]]()
        for y, line in enumerate(lines):
            parts.append("\n " if y else " ")
            x = 1
            for action in line:
                self._spots.append((y, range(x, x + _cells(action)), action.name))
                parts += _spelled(action.key_shown, action.title)
                x += _cells(action)
        self.say(Content.assemble(*parts))

    def hint(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show the keys of what has the focus instead."""
        self._spots = []
        parts = [part for key, title in keys for part in _spelled(key, title)]
        self.say(Content.assemble(" ", *parts))

    async def on_click(self, event: Click) -> None:
        for y, cells, name in self._spots:
            if event.y == y and event.x in cells:
                await self.run_action(f"screen.do('{name}')")
                return

    def _fitting(self, actions: Sequence[Action], always: Sequence[Action]) -> list[Action]:
        room = self.size.width - 1 - sum(_cells(action) for action in always)
        found = []
        for action in actions:
            if action not in always:
                room -= _cells(action)
                if room < 0:
                    break
                found.append(action)
        return [*found, *always]


def _cells(action: Action) -> int:
    return len(action.key_shown) + len(action.title) + 3


def _spelled(key: str, title: str) -> list[str | tuple[str, str]]:
    return [(key, "bold $accent"), f" {title}  "]

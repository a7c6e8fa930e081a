"""The fixed lines of every screen: where we are and how live it is, what is wrong, which keys there are."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from app.tui.actions import Action
from app.tui.session import Session
from app.tui.store import LinkState

LEAST_TRAIL = 24
_LINK_TONES = {
    LinkState.LIVE: "$success",
    LinkState.LOST: "$error",
    LinkState.DENIED: "$error",
    LinkState.CONNECTING: "$warning",
    LinkState.CATCHING_UP: "$warning",
}


class Line(Static):
    """A Static that is only drawn again when it says something else."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._said: Content | None = None

    def say(self, said: Content) -> None:
        if said != self._said:
            self._said = said
            self.update(said, layout=False)


class Header(Line):
    """cloud ▸ place · rehearsal · role · mode · liveness; the right half is never cut."""

    def draw(self, session: Session, trail: Sequence[str]) -> None:
        """Say where we are and how live it is."""
        scene = session.scene()
        cut = " > " if session.ascii_only else " ▸ "
        overview = session.copy.overview
        places = [overview.name if overview else "cloud", *trail]
        link = session.copy.link
        alive = link.text(session.clock.monotonic_s(), ascii_only=session.ascii_only)
        mode = "read-only" if session.read_only else "read-write"
        dot = " | " if session.ascii_only else " · "
        facts = f"{scene.plain(session.role)}{dot}{mode}{dot}"
        warning = " REHEARSAL " if overview and overview.rehearsal else ""
        room = self.size.width - len(warning) - len(facts) - len(alive) - 3
        if room < LEAST_TRAIL and not session.read_only:
            facts = f"{scene.plain(session.role)}{dot}"
            room += len(mode) + len(dot)
        self.say(
            Content.assemble(
                (scene.fit(_shortened([scene.plain(place) for place in places], cut, room), room), "bold"),
                " ",
                (warning, "bold reverse $warning"),
                " ",
                facts,
                (alive, _LINK_TONES[link.state]),
                " ",
            )
        )


def _shortened(places: list[str], cut: str, room: int) -> str:
    """Leave out what lies between the cloud and where we are, until it fits."""
    trail = " " + cut.join(places)
    while len(trail) > room and len(places) > 2:
        places = [places[0], *places[2:]]
        trail = " " + cut.join([places[0], "..", *places[1:]])
    return trail


class Banner(Line):
    """One line that is only there while something is wrong with the connection."""

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
        if link.state is LinkState.CONNECTING:
            self.say(Content(f" connecting to {scene.plain(session.cloud.url)} ..."))
            return
        trouble = "Connection lost" if link.state is LinkState.LOST else "Not allowed"
        kept = "" if session.copy.overview is None else f" Shown as of {self._as_of(session)}."
        self.say(Content(" " + scene.plain(f"{trouble}: {link.detail}.{kept} Actions wait.")))

    def _as_of(self, session: Session) -> str:
        ago_ms = int((session.clock.monotonic_s() - session.copy.link.heard_s) * 1000)
        return session.scene().clock(session.clock.now_ms() - ago_ms)


class Footer(Line):
    """The keys of this screen, from the registry; what finds no room is in the help."""

    def draw(self, actions: Sequence[Action]) -> None:
        """Show as many keys as there is room for; help and quit always."""
        parts: list[tuple[str, str]] = []
        last = [action for action in actions if action.name in {"help", "quit"}]
        room = self.size.width - 1 - sum(_cells(action) for action in last)
        for action in actions:
            if action in last or not action.shown:
                continue
            if _cells(action) > room:
                break
            room -= _cells(action)
            parts += _spelled(action)
        for action in last:
            parts += _spelled(action)
        self.say(Content.assemble(" ", *parts))


def _cells(action: Action) -> int:
    return len(action.key_shown) + len(action.title) + 3


def _spelled(action: Action) -> list[tuple[str, str]]:
    return [(action.key_shown, "bold $accent"), (f" {action.title}  ", "")]

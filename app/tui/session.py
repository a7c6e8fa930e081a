"""What every screen of one console shares: the copy, the connection, the clock, and what this person may do."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from app.client.contexts import Context
from app.client.http import Cloud
from app.client.past import PastCloud
from app.tui import looks
from app.tui.actions import Action, Danger, allowed, offered
from app.tui.doings import Doings
from app.tui.drafts import Draft
from app.tui.home import Home
from app.tui.scene import Scene
from app.tui.store import CloudCopy, LinkState


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Wall clock in UTC milliseconds, and one that never goes back, in seconds."""

    now_ms: Callable[[], int]
    monotonic_s: Callable[[], float]
    zone: tzinfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How this console was started. `goes_with_us`: the cloud was started with it and stops with it.

    `in_browser`: the person is at another machine, so that this one's files and known clouds are none of theirs.
    """

    read_only: bool = False
    ascii_only: bool = False
    goes_with_us: bool = False
    in_browser: bool = False


WAYS = Ways()


_NAMED = re.compile(r"<([a-z]+(?:[.-][a-z]+)*)>")
NO_CONTEXT = Context(name="", url="", token="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One cloud as seen by this console; another cloud is another session, so that no answer ends in the wrong copy.

    `drafts` are texts of rules that are worked on, by the version they began with.
    """

    copy: CloudCopy
    cloud: Cloud
    clock: Clock
    ways: Ways = WAYS
    doings: Doings = field(default_factory=Doings)
    drafts: dict[str, Draft] = field(default_factory=dict)
    home: Home = field(default_factory=Home)
    context: Context = NO_CONTEXT
    past: "Past | None" = None

    @property
    def now(self) -> "Session":
        """The session that shows the cloud as it is now."""
        return self.past.now if self.past else self

    @property
    def read_only(self) -> bool:
        return self.past is not None or self.ways.read_only or self.context.read_only

    @property
    def ascii_only(self) -> bool:
        return self.ways.ascii_only or self.home.settings.ascii

    @property
    def goes_with_us(self) -> bool:
        return self.ways.goes_with_us

    @property
    def role(self) -> str:
        return self.copy.me.role if self.copy.me else "viewer"

    @property
    def live(self) -> bool:
        return self.copy.link.state is LinkState.LIVE

    def now_ms(self) -> int:
        """Return the time that the cloud has, whatever this machine's clock says; the moment shown, in the past."""
        return self.clock.now_ms() + self.copy.ahead_ms

    def scene(self) -> Scene:
        return Scene(now_ms=self.now_ms(), ascii_only=self.ascii_only, zone=self.clock.zone, trend=self.copy.trend)

    def offered(self, screen: str) -> list[Action]:
        return offered(screen, self.role, read_only=self.read_only, past=bool(self.past), actions=self.home.actions)

    def word(self, given: str) -> str:
        """Say the state of a host or an instance in a word, `gone` if the copy has neither."""
        copy = self.copy
        if given in copy.instances:
            return looks.of_instance(copy.instances[given]).word
        return looks.of_host(copy.hosts[given]).word if given in copy.hosts else "gone"

    def key(self, name: str) -> str:
        """Return the key of an action as it is written on screen."""
        return next(action.key_shown for action in self.home.actions if action.name == name)

    def keyed(self, text: str) -> str:
        """Put the keys of actions into a text of ours that names them like `<undo> undoes it`; never a user's text."""
        return _NAMED.sub(lambda found: self.key(found[1]), text)

    def may(self, action: Action) -> bool:
        return allowed(action, self.role, read_only=self.read_only, past=bool(self.past))

    def refusal(self, action: Action) -> str:
        """Say why an action can not be done right now; empty if it can."""
        writes = not (self.read_only or self.past)
        if writes and action.danger > Danger.LOOK and not self.live:  # then the role may not be known either
            why = "does not let you in" if self.copy.link.state is LinkState.DENIED else "is not connected"
            return f"{action.title}: not possible while the cloud {why}"
        return "" if self.may(action) else f"{action.title}: not possible, {self._why_not(action)}"

    def _why_not(self, action: Action) -> str:
        if self.past is not None:
            return f"the console shows the past, which is read-only; {self.key('past.leave')} returns to now"
        if action.when == "past":
            return f"the console shows the present; {self.key('replay')} shows another moment"
        return "the console is read-only" if self.read_only else f"your role is {self.role}"


@dataclass(slots=True, kw_only=True)
class Past:
    """The moment that a session shows, how far back one could go (both UTC), and the session of now behind it."""

    at_ms: int
    oldest_ms: int
    now: Session

    def session(self, copy: CloudCopy) -> Session:
        """Make the session that shows this moment: its clock stands, and it reads nothing but the past."""
        now = self.now
        return replace(
            now,
            copy=copy,
            cloud=PastCloud(now.cloud, lambda: self.at_ms),
            clock=replace(now.clock, now_ms=lambda: self.at_ms),
            drafts={},
            past=self,
        )

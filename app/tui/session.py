"""What every screen of one console shares: the copy, the connection, the clock, and what this person may do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from app.client.contexts import Context
from app.client.http import Cloud
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

    @property
    def read_only(self) -> bool:
        return self.ways.read_only or self.context.read_only

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

    def scene(self) -> Scene:
        return Scene(
            now_ms=self.clock.now_ms(), ascii_only=self.ascii_only, zone=self.clock.zone, trend=self.copy.trend
        )

    def offered(self, screen: str) -> list[Action]:
        return offered(screen, self.role, read_only=self.read_only, actions=self.home.actions)

    def key(self, name: str) -> str:
        """Return the key of an action as it is written on screen."""
        return next(action.key_shown for action in self.home.actions if action.name == name)

    def may(self, action: Action) -> bool:
        return allowed(action, self.role, read_only=self.read_only)

    def refusal(self, action: Action) -> str:
        """Say why an action can not be done right now; empty if it can."""
        if not self.may(action):
            why = "the console is read-only" if self.read_only else f"your role is {self.role}"
            return f"{action.title}: not possible, {why}"
        if action.danger > Danger.LOOK and not self.live:
            return f"{action.title}: not possible while the cloud is not connected"
        return ""

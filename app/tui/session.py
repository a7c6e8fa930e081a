"""What every screen of one console shares: the copy, the connection, the clock, and what this person may do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from app.client.http import Cloud
from app.tui.actions import Action, Danger, allowed, offered
from app.tui.doings import Doings
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
    """How this console was started. `goes_with_us`: the cloud was started with it and stops with it."""

    read_only: bool = False
    ascii_only: bool = False
    goes_with_us: bool = False


WAYS = Ways()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    copy: CloudCopy
    cloud: Cloud
    clock: Clock
    ways: Ways = WAYS
    doings: Doings = field(default_factory=Doings)

    @property
    def read_only(self) -> bool:
        return self.ways.read_only

    @property
    def ascii_only(self) -> bool:
        return self.ways.ascii_only

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
        return offered(screen, self.role, read_only=self.read_only)

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

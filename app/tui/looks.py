"""State as glyph + word + tone, so that colour is never alone in saying something."""

from dataclasses import dataclass

from app.api.resources import HostView, InstanceView
from app.tui.scene import Scene

TONES = ("good", "busy", "bad", "off", "calm")


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is one of TONES; `letter` stands for the glyph where only ASCII may be shown."""

    glyph: str
    letter: str
    word: str
    tone: str

    def text(self, scene: Scene) -> str:
        return f"{self.letter if scene.ascii_only else self.glyph} {self.word}"


_INSTANCE = {
    "pending": Look("◐", "+", "pending", "busy"),
    "running": Look("●", "*", "running", "good"),
    "shutting-down": Look("◌", "-", "shutting-down", "busy"),
    "terminated": Look("✕", "x", "terminated", "off"),
    "stopping": Look("◌", "-", "stopping", "busy"),
    "stopped": Look("○", "o", "stopped", "off"),
}
_HOST = {
    ("up", "enabled"): Look("●", "*", "up", "good"),
    ("up", "draining"): Look("◐", "+", "draining", "busy"),
    ("up", "removed"): Look("◌", "-", "leaving", "busy"),
    ("lost", "enabled"): Look("○", "!", "lost", "bad"),
    ("lost", "draining"): Look("○", "!", "lost, drain", "bad"),
    ("lost", "removed"): Look("○", "!", "lost, leaving", "bad"),
}


def of_instance(view: InstanceView) -> Look:
    """Show a running instance whose host is silent as impaired."""
    if view.state == "running" and view.status == "impaired":
        return Look("✕", "!", "impaired", "bad")
    return _INSTANCE.get(view.state) or Look("?", "?", view.state, "calm")


def of_host(view: HostView) -> Look:
    return _HOST.get((view.state, view.wanted)) or Look("◌", "?", view.state, "calm")


def troubled_instance(view: InstanceView) -> bool:
    return bool(view.last_error) or of_instance(view).tone == "bad"


def troubled_host(view: HostView) -> bool:
    return bool(view.last_error) or of_host(view).tone != "good"

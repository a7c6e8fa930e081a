"""State as glyph + word + tone, so that colour is never alone in saying something."""

from dataclasses import dataclass

from app.api.jobs import JobView
from app.api.resources import ClusterView, EventView, HostView, InstanceView
from app.tui.scene import Scene

TONES = ("good", "busy", "bad", "off", "calm")
COLOURS = {"good": "$success", "busy": "$warning", "bad": "$error", "off": "$text-muted", "calm": ""}
NEARLY_FULL, FULL = 0.75, 0.95


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
_THING = {
    "creating": Look("◐", "+", "creating", "busy"),
    "pending": Look("◐", "+", "pending", "busy"),
    "available": Look("●", "*", "available", "good"),
    "in-use": Look("◆", "#", "in-use", "good"),
    "completed": Look("●", "*", "completed", "good"),
    "enabled": Look("●", "*", "enabled", "good"),
    "disabled": Look("○", "o", "disabled", "off"),
    "working": Look("●", "*", "working", "good"),
    "revoked": Look("○", "o", "revoked", "off"),
    "expired": Look("○", "o", "expired", "off"),
    "deleting": Look("◌", "-", "deleting", "busy"),
    "error": Look("✕", "!", "error", "bad"),
    "failed": Look("✕", "!", "failed", "bad"),
}


def of_thing(state: str) -> Look:
    """Show the state of a volume, a snapshot, an image or a user."""
    return _THING.get(state) or Look("?", "?", state, "calm")


_POWER = {
    "asleep": Look("◌", "z", "asleep", "off"),
    "falling-asleep": Look("◌", "z", "falling asleep", "off"),
    "waking": Look("◐", "+", "waking", "busy"),
}


_JOB = {
    "waiting": Look("○", "o", "waiting", "calm"),
    "running": Look("◐", "+", "running", "busy"),
    "paused": Look("=", "=", "paused", "off"),
    "cancelling": Look("◌", "-", "cancelling", "busy"),
    "cancelled": Look("✕", "x", "cancelled", "off"),
    "done": Look("●", "*", "done", "good"),
    "stays": Look("○", "o", "stays", "off"),
    "failed": Look("✕", "!", "failed", "bad"),
}


def of_job(view: JobView) -> Look:
    """Show a job, or one of its targets, by its state."""
    return of_job_state(view.state)


def of_job_state(state: str) -> Look:
    return _JOB.get(state) or Look("◐", "+", state, "busy" if state == "under way" else "bad")


def of_state(state: str) -> Look:
    """Show a state of instances by itself, for sums."""
    return _INSTANCE.get(state) or Look("?", "?", state, "calm")


def of_instance(view: InstanceView) -> Look:
    """Show a running instance whose host is silent as impaired."""
    if view.state == "running" and view.status == "impaired":
        return Look("✕", "!", "impaired", "bad")
    return of_state(view.state)


def of_host(view: HostView) -> Look:
    """Show a host that sleeps as such, and not as one that is lost."""
    asleep = _POWER.get(view.power) if view.state != "up" else None
    return asleep or _HOST.get((view.state, view.wanted)) or Look("◌", "?", view.state, "calm")


def tone_of_load(used: float, whole: float) -> str:
    """Say how near to full something is."""
    part = used / whole if whole > 0 else 0.0
    return "bad" if part >= FULL else "busy" if part >= NEARLY_FULL else "good"


def troubled_instance(view: InstanceView) -> bool:
    return bool(view.last_error) or of_instance(view).tone == "bad"


def of_cluster(view: ClusterView) -> Look:
    """Show how many of its hosts are up."""
    word = f"{view.hosts_up} of {view.hosts} up"
    return Look("●", "*", word, "good") if view.hosts_up == view.hosts else Look("◐", "!", word, "busy")


_GATEWAY = {
    "": Look(" ", " ", "server", "off"),
    "awaited": Look("◐", "+", "awaited", "busy"),
    "up": Look("●", "*", "up", "good"),
    "lost": Look("○", "!", "lost", "bad"),
}


def of_gateway(view: ClusterView) -> Look:
    """Show how the gateway is that makes the network of a cluster; the server does of most."""
    return _GATEWAY.get(view.gateway) or Look("?", "?", view.gateway, "busy")


def troubled_host(view: HostView) -> bool:
    look = of_host(view)
    return look.tone in {"busy", "bad"} or (bool(view.last_error) and look.tone != "off")


def told(view: EventView) -> str:
    """Say an event in a sentence that names its thing, unless that is a number of ours."""
    what = view.text or view.event
    return what if view.resource_id in what or view.resource_id.isdigit() else f"{view.resource_id} {what}"

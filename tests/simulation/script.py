"""What kind of cloud and weather a seed has: every seed leaves some faults out, so that the others are seen alone."""

from dataclasses import dataclass, field
from random import Random

from app.reconcile.limits import Limits

FAULTS = (
    "vanish",
    "power loss",
    "empty return",
    "black hole",
    "connection cut",
    "slow host",
    "refusals",
    "guest power off",
    "guest crash",
    "guest restart",
    "guest pause",
    "domain lost",
    "server crash",
    "crash after commit",
    "crash after action",
    "server stop",
    "disk full",
    "clock jump",
    "capacity change",
)
NET_FAULTS = ("bridge lost", "card loose", "network refuses", "network hangs")
RARE = frozenset({"empty return", "clock jump", "capacity change", "disk full", "domain lost"})
HOUR_S = 3600.0


@dataclass(slots=True, kw_only=True)
class Lies:
    """How far a host's answers can be trusted; `honest` ends all of it."""

    rng: Random
    image_bytes: int = 64 << 20
    lost_events: float = 0.0
    doubled_events: float = 0.0
    late_events: float = 0.0
    lost_answers: float = 0.0
    late_deeds: float = 0.0
    broken: float = 0.0

    def copies(self) -> int:
        """Say how often one event arrives."""
        if self.rng.random() < self.lost_events:
            return 0
        return 2 if self.rng.random() < self.doubled_events else 1

    def event_delay(self) -> float:
        return self.rng.random() * 60.0 if self.rng.random() < self.late_events else 0.0

    def mute(self) -> bool:
        return self.rng.random() < self.lost_answers

    def late(self, action: str) -> float:
        """Say how much later than asked for it is done; the server has given up by then."""
        if action != "hello" and self.rng.random() < self.late_deeds:
            return self.rng.random() * 240.0
        return 0.0

    def breaks(self) -> bool:
        return self.rng.random() < self.broken

    def honest(self) -> None:
        self.lost_events = self.doubled_events = self.late_events = 0.0
        self.lost_answers = self.late_deeds = self.broken = 0.0


@dataclass(slots=True, kw_only=True)
class NetLies:
    """The same for the network of the server's machine, by chances of its own."""

    rng: Random
    lost_answers: float = 0.0
    late_deeds: float = 0.0

    def mute(self) -> bool:
        return self.rng.random() < self.lost_answers

    def late(self) -> float:
        return self.rng.random() * 60.0 if self.rng.random() < self.late_deeds else 0.0

    def honest(self) -> None:
        self.lost_answers = self.late_deeds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetScript:
    """What network the cloud gives its instances, and its weather. An empty `subnet`: the site gives addresses."""

    subnet: str = ""
    every_s: dict[str, float] = field(default_factory=dict)
    lies: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """`every_s`: mean time between two faults of a kind; `think_s`: between two deeds of one user."""

    hosts: int
    clusters: int
    users: int
    think_s: float
    policy: str
    xen: float
    stormy_s: float
    every_s: dict[str, float]
    lies: dict[str, float]
    limits: Limits
    image_has_kernel: bool
    strangers: bool
    operator: bool
    shutdown_terminates: float = field(default=0.2)


def script(rng: Random) -> Script:
    """Draw one."""
    often_s = rng.choice((0.1, 0.3, 1.0)) * HOUR_S
    faults = [fault for fault in FAULTS if rng.random() < 0.6]
    every_s = {fault: often_s * (0.5 + rng.random()) * (8.0 if fault in RARE else 1.0) for fault in faults}
    kinds = ("lost_events", "doubled_events", "late_events", "lost_answers", "late_deeds", "broken")
    lies = {kind: rng.choice((0.001, 0.01, 0.05)) for kind in kinds if rng.random() < 0.5}
    if rng.random() < 0.15:
        every_s, lies = {}, {}
    return Script(
        hosts=rng.randint(1, 4),
        clusters=rng.randint(1, 2),
        users=rng.randint(1, 4),
        think_s=rng.choice((20.0, 60.0, 240.0)),
        policy=rng.choice(("GREEDY", "ROUNDROBIN")),
        xen=rng.choice((0.0, 0.5, 1.0)),
        stormy_s=rng.choice((0.25, 0.5, 1.0)) * HOUR_S,
        every_s=every_s,
        lies=lies,
        limits=_limits(rng),
        image_has_kernel=rng.random() < 0.3,
        strangers=rng.random() < 0.5,
        operator=rng.random() < 0.5,
    )


def net_script(rng: Random) -> NetScript:
    """Draw one, from a stream of its own: what else a seed has does not depend on it."""
    if rng.random() < 0.2:
        return NetScript()
    subnet = f"10.9.0.0/{rng.choice((24, 28, 29))}"
    if rng.random() < 0.15:
        return NetScript(subnet=subnet)
    often_s = rng.choice((0.1, 0.3, 1.0)) * HOUR_S
    return NetScript(
        subnet=subnet,
        every_s={fault: often_s * (0.5 + rng.random()) for fault in NET_FAULTS if rng.random() < 0.6},
        lies={kind: rng.choice((0.001, 0.01, 0.05)) for kind in ("lost_answers", "late_deeds") if rng.random() < 0.5},
    )


def _limits(rng: Random) -> Limits:
    """Heartbeats are made slower than in life, since most of a simulated day would be spent on them."""
    return Limits(
        heartbeat_s=rng.choice((20.0, 60.0, 120.0)),
        resync_s=rng.choice((60.0, 120.0)),
        beat_written_s=60.0,
        concurrency=rng.choice((2, 32)),
        per_host=rng.choice((1, 4)),
        cache_mib=rng.choice((0, 99_999)),
        jitter=rng.random,
    )

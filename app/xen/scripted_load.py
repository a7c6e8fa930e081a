"""What a scripted host and its domains use: rates that a test sets, answered as counters that grow with time.

A domain that is started again counts from 0, as on a real host. The trap: a rate that changes must not change what
was counted before.
"""

from dataclasses import dataclass, field

COUNTED = ("cpu_used", "disk_read_bps", "disk_written_bps", "net_rx_bps", "net_tx_bps")
NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Use:
    """Rates per second (cores for `cpu_used`) since `since_s`, and what they had added up to by then."""

    since_s: float = 0.0
    rates: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0.0))
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0.0))
    memory_mib: int | None = None
    dirty_bps: float = 0.0

    def begin(self, now_s: float) -> None:
        """Count from 0; the rates stay."""
        self.since_s, self.sums = now_s, dict.fromkeys(COUNTED, 0.0)

    def set(self, now_s: float, told: dict[str, float]) -> None:
        """Go on at other rates; those that are not told stay."""
        self.sums = {name: self.sum_of(name, now_s) for name in COUNTED}
        self.since_s = now_s
        self.rates |= {name: float(told[name]) for name in COUNTED if name in told}
        self.memory_mib = int(told["memory_mib"]) if "memory_mib" in told else self.memory_mib
        self.dirty_bps = float(told.get("dirty_bps", self.dirty_bps))

    def sum_of(self, name: str, now_s: float) -> float:
        return self.sums[name] + self.rates[name] * (now_s - self.since_s)

    def busy_ns(self, now_s: float) -> int:
        return round(self.sum_of("cpu_used", now_s) * NS_PER_S)

    def counters(self, now_s: float, memory_mib: int) -> list[float]:
        """Return a domain's load in the order of DomainLoad."""
        memory = (memory_mib if self.memory_mib is None else self.memory_mib) * 2**20
        return [self.busy_ns(now_s), memory, *(int(self.sum_of(name, now_s)) for name in COUNTED[1:]), self.dirty_bps]

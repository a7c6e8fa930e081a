"""How patient the loop is: every waiting time, count and size it works with, in one place."""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Settings of the reconcile loop; a test shortens them, an operator rarely needs to."""

    resync_s: float = 60.0
    """How often every host is asked for all its domains, whatever the journal and the events told."""

    leftovers_s: float = 600.0
    """How often a host's disks are searched for those of instances that are gone."""

    heartbeat_s: float = 7.0
    """How often a host is asked for its facts; this is what finds a host that died silently."""

    probes_per_s: float = 8.0
    sweeps_per_s: float = 5.0
    """Heartbeats and resyncs of all hosts together; with many hosts each has its turn less often."""

    probe_s: float = 10.0
    """Longest wait for one answer to a heartbeat."""

    wake_s: float = 300.0
    """How long a host may take to wake up before it counts as lost (1.6.1's POWER_WAKETHRESH)."""

    wake_again_s: float = 30.0
    """How often a host that wakes up is told to, as long as it is silent."""

    asleep_probe_s: float = 60.0
    """How often a sleeping host is asked whether it woke up by itself."""

    beat_written_s: float = 10.0
    """How often `seen_at_ms` of all hosts is written (in one transaction); more hosts: less often."""

    attempts: int = 5
    """Failed tries of one launch before the loop gives up."""

    move_attempts: int = 2
    """Failed tries of one move before the instance stays where it is."""

    shutdown_grace_s: float = 30.0
    """How long a guest may take to power off before its power is cut."""

    reboot_grace_s: float = 120.0
    """How long a guest may take to obey a reboot before its reset button is pushed."""

    power_off_confirm_s: float = 20.0
    """How long a Xen domain must be off before that counts: a rebooting one shows as off for 12 to 16 s."""

    cache_mib: int = 99_999
    """Room for cached images on each host (1.6.1's NC_CACHE_SIZE); 0 keeps only what is in use."""

    swap_mib: int = 512
    """Size of the swap disk (1.6.1's SWAP_SIZE); 0 makes none."""

    together_s: float = 0.03
    together_most_s: float = 0.25
    """Changes that follow each other within the first time are looked at together, after the second at the latest: a
    burst of requests is answered before the work that it sets off competes with it. The first is what a client takes
    to read an answer of fifty instances and to ask again."""

    concurrency: int = 32
    """Instances worked on at once; one that is stuck on its host for `slow_after_s` no longer counts."""

    per_host: int = 4
    """Instances worked on at once on one host."""

    slow_after_s: float = 2.0
    uploads: int = 4
    """Image uploads at once in the whole server."""

    pass_s: float = 180.0
    """Longest time for one look at one instance; the port's own deadlines are shorter."""

    retry_first_s: float = 0.5
    retry_most_s: float = 60.0
    """First and longest back-off after a failure; it doubles in between."""

    jitter: Callable[[], float] = random.random
    """Return an unpredictable number from 0 to 1; spreads heartbeats and back-offs."""

    stop_s: float = 1.5
    """How long running work may finish when the loop is stopped; it is cancelled then."""

    def heartbeat_of(self, hosts: int) -> float:
        """Return the seconds between two heartbeats of each of so many hosts."""
        return max(self.heartbeat_s, hosts / self.probes_per_s)

    def resync_of(self, hosts: int) -> float:
        """Return the seconds between two resyncs of each of so many hosts."""
        return max(self.resync_s, hosts / self.sweeps_per_s)

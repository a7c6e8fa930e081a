"""Reservations and instances: what was asked beside what was seen, and EC2's state derived from the two.

`public_key` is the key pair's as it was at launch: deleting or replacing the pair changes no instance.
`launches` counts how often somebody asked the instance to run (RunInstances, each StartInstances);
`launched` is the count that the loop has brought up. While they differ, a domain that is off must be
started; once they agree, a domain that is off was powered off by its guest. `reboots` and `rebooted`
work the same way. While an instance moves, `host` is where it goes and `moving_from` where it comes from; it
holds its room on both. `forced` is a stop that does not ask the guest. `metadata_hops` is how far a token of the
metadata service travels (an IP TTL).
"""

from dataclasses import dataclass
from typing import ClassVar

from app.domain.rows import key, observed, secret
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.vmtype import NOTHING, Size

SHOWN_AFTER_END_MS = 60 * 60 * 1000
# What an owner switches on and off, by column; a domain carries it, since nothing else on its host tells of it.
SWITCHES = (
    "disable_api_termination",
    "disable_api_stop",
    "source_dest_check",
    "metadata_enabled",
    "metadata_tokens_required",
    "metadata_tags",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One RunInstances. `client_token` is unique within an account while it is kept; `request_sha256` tells a
    repeat from a reuse with other parameters."""

    id: str = key()
    account_id: str
    user_id: str
    client_token: str = ""
    request_sha256: str = ""
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One virtual machine, from being asked for until an hour after its end.

    `resting`: it is to be off for as long as its disk is read, keeps its room and is started again by itself.
    """

    DERIVED: ClassVar = ("state",)

    id: str = key()
    reservation_id: str
    account_id: str
    launch_index: int
    image_id: str
    kernel_id: str = ""
    ramdisk_id: str = ""
    key_name: str = ""
    group_ids: tuple[str, ...] = ()
    placement_group: str = ""
    partition_number: int = 0
    vmtype: str
    cores: int
    memory_mib: int
    disk_gb: int
    cluster: str
    host: str
    moving_from: str = ""
    disks_from: int = 0
    mac: str
    private_ip: str = ""
    gateway: str = ""
    interface_description: str = ""
    public_key: str = secret("")
    user_data: bytes = secret(b"")
    architecture: str = "x86_64"
    shutdown_behavior: str = "stop"
    monitoring: bool = False
    disable_api_termination: bool = False
    disable_api_stop: bool = False
    source_dest_check: bool = True
    metadata_enabled: bool = True
    metadata_tokens_required: bool = False
    metadata_hops: int = 1
    metadata_tags: bool = False
    placement_reasons: tuple[str, ...] = ()
    wanted: Wanted = Wanted.RUNNING
    forced: bool = False
    launches: int = 1
    reboots: int = 0
    launched_at_ms: int
    created_at_ms: int
    ended_at_ms: int = 0
    resting: bool = False
    state_reason_code: str = ""
    state_reason: str = ""
    transition_reason: str = ""
    seen: Seen = observed(Seen.NOTHING)
    seen_at_ms: int = observed(0)
    launched: int = observed(0)
    rebooted: int = observed(0)
    removed: bool = observed(False)
    impaired_since_ms: int = observed(0)
    attempts: int = observed(0)
    last_error: str = observed("")

    @property
    def size(self) -> Size:
        return Size(cores=self.cores, memory_mib=self.memory_mib, disk_gb=self.disk_gb)

    @property
    def to_be_off(self) -> bool:
        return self.wanted is Wanted.STOPPED or (self.wanted is Wanted.RUNNING and self.resting)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that it may be on."""
        return (self.host, self.moving_from) if self.moving_from else (self.host,)

    @property
    def held(self) -> Size:
        """What the instance takes from each of its hosts: one at rest keeps its disk only, an ended one nothing."""
        if self.wanted is Wanted.TERMINATED and self.removed:
            return NOTHING
        if self._rests:
            return Size(cores=0, memory_mib=0, disk_gb=self.disk_gb)
        return self.size

    @property
    def _rests(self) -> bool:
        """Whether it is off and nothing on its way may wake it; a start that was given up late is stopped again."""
        stays_off = self.wanted is Wanted.STOPPED or (
            self.wanted is Wanted.TERMINATED and self.launched >= self.launches
        )
        return stays_off and self.seen in _AT_REST

    @property
    def address(self) -> str:
        """The private address while the instance holds it; empty if it never had one or gave it back."""
        return "" if self.removed else self.private_ip

    @property
    def state(self) -> InstanceState:
        """Derive EC2's state."""
        match self.wanted:
            case Wanted.TERMINATED:
                return InstanceState.TERMINATED if self.removed else InstanceState.SHUTTING_DOWN
            case Wanted.STOPPED:
                return InstanceState.STOPPED if self.seen in _AT_REST else InstanceState.STOPPING
            case Wanted.RUNNING:
                return InstanceState.RUNNING if self.launched >= self.launches else InstanceState.PENDING

    def hidden(self, now_ms: int) -> bool:
        """Terminated instances stay visible for an hour."""
        return self.state is InstanceState.TERMINATED and now_ms - self.ended_at_ms > SHOWN_AFTER_END_MS


_AT_REST = frozenset({Seen.NOTHING, Seen.OFF, Seen.CRASHED})


def mac_of(instance_id: str) -> str:
    """Form the MAC address that 1.6.1 used: D0:0D and four bytes of the instance's id."""
    digits = instance_id.partition("-")[2][:8]
    return "d0:0d:" + ":".join(digits[i : i + 2] for i in range(0, 8, 2))

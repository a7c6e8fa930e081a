"""Clusters (EC2's availability zones) and their hosts."""

from dataclasses import dataclass, replace

from app.domain.rows import key, observed
from app.domain.states import HostState, HostWanted, Power, PowerWanted
from app.domain.vmtype import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A group of hosts that an EC2 client sees as an availability zone."""

    name: str = key()
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine with a hypervisor that libvirt drives.

    `ordinal` is the order of joining; GREEDY and ROUNDROBIN walk hosts in it. `max_*` of 0 means: what the host itself
    reports. `cpu_ratio` is how many virtual processors a core may carry, `mips` the speed of all cores (0: unknown).
    `fenced`: lost, and somebody made sure that it is switched off.
    """

    name: str = key()
    cluster: str
    uri: str
    ordinal: int
    wanted: HostWanted = HostWanted.ENABLED
    max_cores: int = 0
    max_memory_mib: int = 0
    max_disk_gb: int = 0
    bridge: str = ""
    power_wanted: PowerWanted = PowerWanted.ON
    fenced: bool = False
    rack: str = ""
    tags: tuple[str, ...] = ()
    cpu_ratio: float = 1.0
    mips: float = 0.0
    created_at_ms: int
    state: HostState = observed(HostState.UNKNOWN)
    state_since_ms: int = observed(0)
    seen_at_ms: int = observed(0)
    cores: int = observed(0)
    memory_mib: int = observed(0)
    disk_gb: int = observed(0)
    foreign_cores: int = observed(0)
    foreign_memory_mib: int = observed(0)
    hypervisor: str = observed("")
    architecture: str = observed("")
    last_error: str = observed("")
    power: Power = observed(Power.ON)
    power_since_ms: int = observed(0)
    power_error: str = observed("")

    @property
    def capacity(self) -> Size:
        """The whole of what instances of ours may use: cores are replaced by `max_cores`, the rest only lowered."""
        memory_mib = min(self.memory_mib, self.max_memory_mib) if self.max_memory_mib else self.memory_mib
        disk_gb = min(self.disk_gb, self.max_disk_gb) if self.max_disk_gb else self.disk_gb
        return Size(
            cores=max(0, (self.max_cores or self.cores) - self.foreign_cores),
            memory_mib=max(0, memory_mib - self.foreign_memory_mib),
            disk_gb=disk_gb,
        )

    @property
    def room(self) -> Size:
        """What may be promised to instances of ours: the capacity, with as many virtual processors as cores carry."""
        whole = self.capacity
        return whole if self.cpu_ratio == 1 else replace(whole, cores=int(whole.cores * self.cpu_ratio))

    @property
    def kind(self) -> str:
        """The hypervisor's name in small letters; it is reported with its version behind it."""
        return self.hypervisor.casefold().partition(" ")[0]

    @property
    def is_xen(self) -> bool:
        """True where guests see Xen's disks and console."""
        return self.kind == "xen"

    @property
    def rehearsal(self) -> bool:
        """True where nothing real runs: libvirt's own test driver or the scripted hypervisor."""
        return self.uri.startswith(("test://", "test+", "scripted"))

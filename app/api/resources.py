"""What REST answers and takes: one struct a resource. Times are UTC milliseconds, sizes carry their unit."""

from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Collection(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """A page of things. `cursor`: stream from here without a gap; `next`: query value for the following page."""

    items: list[Item]
    cursor: str
    next: str | None = None


class ClusterLoadView(msgspec.Struct, frozen=True, kw_only=True):
    """The sum over the hosts of a cluster whose load is known and not too old: `hosts` of them with `cores` cores."""

    hosts: int
    cores: int
    memory_mib: int
    cpu_used: float | None = None
    mem_used_mib: float | None = None
    net_rx_bps: float | None = None
    net_tx_bps: float | None = None
    watts: float | None = None


class ClusterView(msgspec.Struct, frozen=True, kw_only=True):
    """`gateway` says how the machine is that is its gateway: awaited, up or lost; empty: the server's own is.

    It is so since `gateway_since_ms`; lost, it was last heard about then. 0: it has not joined, or was not heard yet.
    """

    name: str
    hosts: int
    hosts_up: int
    cores: int
    cores_used: int
    memory_mib: int
    memory_used_mib: int
    instances: int
    gateway: str = ""
    gateway_error: str = ""
    gateway_joined_at_ms: int = 0
    gateway_since_ms: int = 0
    load: ClusterLoadView | None = None
    """Told to who asks; the stream tells it in frames of its own."""


class HostLoadView(msgspec.Struct, frozen=True, kw_only=True):
    """What a host does, null where unknown: busy cores (also smoothed), MiB, bytes per second, watts, °C.

    `stale`: nobody has heard of its processors for longer than rules take it for true; `age_s` says for how long.
    """

    cpu_used: float | None
    cpu_smooth: float | None
    mem_used_mib: float | None
    net_rx_bps: float | None
    net_tx_bps: float | None
    watts: float | None
    temp_c: float | None
    age_s: float | None
    stale: bool


class InstanceLoadView(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance does, null where unknown, as in HostLoadView."""

    cpu_used: float | None
    cpu_smooth: float | None
    mem_used_mib: float | None
    net_bps: float | None
    disk_bps: float | None
    dirty_bps: float | None
    age_s: float | None
    stale: bool


class HostView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cluster: str
    uri: str
    state: str
    wanted: str
    rehearsal: bool
    hypervisor: str
    instances: int
    cores: int
    cores_used: int
    memory_mib: int
    memory_used_mib: int
    disk_gb: int
    disk_used_gb: int
    seen_at_ms: int
    state_since_ms: int
    last_error: str
    power: str
    power_wanted: str
    power_error: str
    fenced: bool
    rack: str = ""
    tags: list[str] = []
    cpu_ratio: float = 1.0
    mips: float = 0.0
    physical_cores: int = 0
    physical_memory_mib: int = 0
    load: HostLoadView | None = None
    """Told to who asks; the stream tells it in frames of its own."""


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    reservation_id: str
    account_id: str
    state: str
    wanted: str
    seen: str
    status: str
    cluster: str
    host: str
    vmtype: str
    cores: int
    memory_mib: int
    disk_gb: int
    image_id: str
    key_name: str
    launch_index: int
    launched_at_ms: int
    ended_at_ms: int
    state_reason: str
    last_error: str
    tags: dict[str, str]
    name: str = ""
    image_name: str = ""
    private_ip: str = ""
    public_ip: str = ""
    placement_group: str = ""
    moving_from: str = ""
    load: InstanceLoadView | None = None
    """Told to who asks; the stream tells it in frames of its own."""


class ImageView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    name: str
    account_id: str
    architecture: str
    state: str
    public: bool
    kernel_id: str
    ramdisk_id: str
    size_bytes: int
    min_memory_mib: int
    sha256: str
    created_at_ms: int
    granted_to: tuple[str, ...] = ()
    """Ids of the accounts that may launch from it besides its owner."""


class TypeView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cores: int
    memory_mib: int
    disk_gb: int
    alias_of: str
    free: int
    most: int


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    cursor: str
    at_ms: int
    event: str
    kind: str
    resource_id: str
    text: str


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """`who` is account and user, `source` an address, `command` what the sender says that it ran.

    `undo` is what undoing it would put back, empty where that is not possible (any more).
    """

    number: int
    at_ms: int
    who: str
    source: str
    action: str
    target: str
    outcome: str
    detail: str
    hash: str
    command: str = ""
    undo: str = ""


class HostVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Why one host was not the one; of the chosen host, what it scored. `feasible`: nothing refused it.

    `score` is null where no rules gave points.
    """

    host: str
    chosen: bool
    words: str
    feasible: bool = True
    score: float | None = None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is placed, moved, restarted, refused or kept; `hosts` is filled for the newest and the one asked for."""

    at_ms: int
    host: str = ""
    reasons: list[str] = []
    number: int = 0
    kind: str = "placed"
    policy: str = ""
    ruleset_id: str = ""
    ruleset_number: int = 0
    origin: str = ""
    hosts: list[HostVerdict] = []


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the bearer token stands for; `role` is admin, operator or viewer. It expires never if that is 0."""

    user: str
    account_id: str
    role: str
    token_id: str = ""
    expires_at_ms: int = 0


class ClusterRoom(msgspec.Struct, frozen=True, kw_only=True):
    """How many instances of a type fit into a cluster now (`free`) and when it is empty (`most`)."""

    cluster: str
    vmtype: str
    free: int
    most: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to "is the cloud well?". `trouble` holds one sentence a thing that needs somebody.

    `watts` is what the hosts draw that it is known of, null if of none; `rooms` tells the room by type and cluster.
    """

    name: str
    version: str
    rehearsal: bool
    clusters: list[ClusterView]
    types: list[TypeView]
    instances_by_state: dict[str, int]
    hosts_by_state: dict[str, int]
    trouble: list[str]
    events: list[EventView]
    cursor: str
    hosts_asleep: int = 0
    watts: float | None = None
    rooms: list[ClusterRoom] = []


class ConsoleOutput(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is decoded with replacement; it comes from a guest and is never markup."""

    instance_id: str
    at_ms: int
    text: str


class AddHost(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    uri: str
    cluster: str
    max_cores: int = 0
    max_memory_mib: int = 0
    max_disk_gb: int = 0
    bridge: str = ""
    rack: str = ""
    tags: list[str] = []
    cpu_ratio: float = 1.0
    mips: float = 0.0


class SetHost(msgspec.Struct, frozen=True, kw_only=True):
    """What is null stays as it is; `tags` replaces all of them."""

    rack: str | None = None
    tags: list[str] | None = None
    cpu_ratio: float | None = None
    mips: float | None = None


class AddCluster(msgspec.Struct, frozen=True, kw_only=True):
    name: str


class SetType(msgspec.Struct, frozen=True, kw_only=True):
    cores: int = 0
    memory_mib: int = 0
    disk_gb: int = 0
    alias_of: str = ""


class LaunchInstances(msgspec.Struct, frozen=True, kw_only=True):
    image_id: str
    count: int = 1
    vmtype: str = "m1.small"
    cluster: str = ""
    placement_group: str = ""
    key_name: str = ""


class ActOnInstances(msgspec.Struct, frozen=True, kw_only=True):
    """`action` is terminate, reboot, stop or start."""

    action: str
    ids: list[str]


class MoveInstance(msgspec.Struct, frozen=True, kw_only=True):
    """`host` is where it is to go."""

    host: str


class RegisterImage(msgspec.Struct, frozen=True, kw_only=True):
    """`sha256` names bytes uploaded before by PUT /api/v1/image-files; smaller types than needed are refused."""

    name: str
    kind: str
    sha256: str
    architecture: str = "x86_64"
    kernel_id: str = ""
    ramdisk_id: str = ""
    description: str = ""
    min_memory_mib: int = 0
    public: bool = True


class ShareImage(msgspec.Struct, frozen=True, kw_only=True):
    """Change who may launch from an image: accounts by name or id, or everybody; what is not said stays."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    public: bool | None = None


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    size_bytes: int

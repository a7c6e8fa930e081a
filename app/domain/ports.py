"""Protocols of what is outside: store, hypervisors, clock, entropy; networks in `fabric.py`, volumes in `storage.py`.

Services and the reconcile loop see these only; `server/wiring.py` hands the real ones in. Every
implementation of a port passes the port's contract suite in `tests/contract/`.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar

from app.domain.account import AccessKey, Account, Token, User
from app.domain.address import Address
from app.domain.answer import Answers
from app.domain.client_token import ClientToken
from app.domain.decision import Decision
from app.domain.gateway import Gateway
from app.domain.group import GroupRule, SecurityGroup
from app.domain.group_network import GroupNetwork
from app.domain.host import Cluster, Host
from app.domain.image import Image
from app.domain.instance import Instance, Reservation
from app.domain.job import Job, JobTarget
from app.domain.journal import AuditEntry, Entry, Said
from app.domain.keypair import KeyPair
from app.domain.launch_template import LaunchTemplate, LaunchTemplateVersion
from app.domain.load import HostLoad
from app.domain.placement_group import PlacementGroup
from app.domain.quota import Quota
from app.domain.records import Records
from app.domain.rows import Writer
from app.domain.ruleset import Activation, Ruleset
from app.domain.states import Seen
from app.domain.tag import Tag
from app.domain.terminal import Terminal
from app.domain.transit import UnderWay
from app.domain.undo import Undo
from app.domain.vmtype import Size, VmType
from app.domain.volume import Snapshot, Volume

Row = TypeVar("Row")
Answer = TypeVar("Answer")


class Clock(Protocol):
    """Time is an input. `now_ms` is wall-clock UTC and may jump; `monotonic_s` never goes back."""

    def now_ms(self) -> int: ...

    def monotonic_s(self) -> float: ...


Entropy = Callable[[int], bytes]
"""Return that many unpredictable bytes."""


# --- store ---------------------------------------------------------------------------------------


class Table(Records[Row], Protocol[Row]):
    """The rows of one entity inside a unit of work. Writes are journalled by the store itself."""

    def put(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        """Update an existing row; only changed columns are written and journalled, none changed: nothing is.

        Raises if a changed column belongs to another writer than the unit's.
        """
        ...

    def remove(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        """Delete; no row is no error."""
        ...


class Decisions(Protocol):
    """Why each instance is where it is. Not journalled: the change that a decision led to is."""

    def add(self, decision: Decision) -> None:
        """Write one down behind those of the same instance; its number is given here."""
        ...

    def of(self, instance_id: str) -> list[Decision]:
        """List those about an instance, oldest first."""
        ...

    def moved_since(self, at_ms: int) -> Mapping[str, int]:
        """Count by instance how often it moved since then."""
        ...

    def forget(self, instance_ids: Sequence[str]) -> None: ...


class Unit(Protocol):
    """One transaction. Rows and journal entries are committed together or not at all."""

    writer: Writer
    now_ms: int
    accounts: Table[Account]
    users: Table[User]
    access_keys: Table[AccessKey]
    tokens: Table[Token]
    clusters: Table[Cluster]
    hosts: Table[Host]
    images: Table[Image]
    vmtypes: Table[VmType]
    keypairs: Table[KeyPair]
    groups: Table[SecurityGroup]
    group_rules: Table[GroupRule]
    gateways: Table[Gateway]
    group_networks: Table[GroupNetwork]
    reservations: Table[Reservation]
    instances: Table[Instance]
    volumes: Table[Volume]
    snapshots: Table[Snapshot]
    tags: Table[Tag]
    client_tokens: Table[ClientToken]
    placement_groups: Table[PlacementGroup]
    quotas: Table[Quota]
    launch_templates: Table[LaunchTemplate]
    launch_template_versions: Table[LaunchTemplateVersion]
    addresses: Table[Address]
    jobs: Table[Job]
    job_targets: Table[JobTarget]
    undos: Table[Undo]
    decisions: Decisions
    answers: Answers

    @property
    def rulesets(self) -> Records[Ruleset]: ...

    @property
    def activations(self) -> Records[Activation]: ...

    def held(self) -> Mapping[str, Size]:
        """Sum by host name what instances hold there (`Instance.held`); one that moves holds it on both hosts."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Count by host name the instances that are not gone from it; one that moves counts on both hosts."""
        ...

    def setting(self, name: str, default: str = "") -> str:
        """Read a small named fact of the cloud (default kernel, round-robin cursor …)."""
        ...

    def set_setting(self, name: str, value: str) -> None: ...

    def note(self, event: str, kind: str, resource_id: str, text: str) -> None:
        """Write a journal entry that no row change stands behind."""
        ...

    def audit(self, said: Said) -> int:
        """Append to the hash-chained audit; return the number of the entry."""
        ...

    def cursor(self) -> int:
        """Return the newest journal cursor that this unit can see."""
        ...

    def entries(self, after: int, limit: int, about: str = "") -> list[Entry]:
        """List journal entries with a greater cursor, oldest first; `about`: only those of that thing."""
        ...

    def oldest_cursor(self) -> int:
        """Return the smallest cursor still kept (0 if the journal is empty)."""
        ...

    def audit_entries(self, after: int, limit: int) -> list[AuditEntry]: ...

    def last_audit_number(self) -> int:
        """Return the number of the newest entry of the audit, 0 if there is none."""
        ...


class Store(Protocol):
    """The cloud's state. Writers are serialised and committed in groups; readers never wait for them."""

    async def write(self, work: Callable[[Unit], Answer], writer: Writer = "services") -> Answer:
        """Run `work` in a transaction on the writer's thread; return its answer once it is durable.

        An exception of `work` rolls back what it did and is raised here.
        """
        ...

    async def read(self, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` on a snapshot; its writes raise."""
        ...

    def glance(self, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` on a snapshot at once, on the caller's thread: for a few rows by key and nothing that may grow."""
        ...

    def version(self, *entities: type) -> int:
        """Return a number that grows with every commit that changed rows of one of these kinds, before it is answered.

        What another program writes into the store does not count.
        """
        ...

    def changes(self) -> AsyncIterator[int]:
        """Yield the newest cursor after each commit that wrote journal entries; a slow reader skips some."""
        ...


# --- hypervisors ---------------------------------------------------------------------------------


class NotSupported(Enum):
    """The driver can not do this; a value, since it is an expected answer and no failure."""

    NOT_SUPPORTED = "not supported"


NOT_SUPPORTED: Final = NotSupported.NOT_SUPPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What a host reports of itself. `foreign` is what domains that are not ours have been given."""

    hypervisor: str
    architecture: str
    capacity: Size
    foreign: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One disk of a domain: a volume of the host's pool under a target name such as `sda1` or `vda`."""

    volume: str
    target: str
    format: str
    serial: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """One network card; an empty bridge means the hypervisor's user-mode or no network."""

    mac: str
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSpec:
    """Everything a domain is defined from; `kernel` and `ramdisk` are volumes of the host's pool, empty: boot the disk.

    `launch` is `Instance.launches` at definition. All but paths is kept in the domain's `<metadata>`, so that instances
    can be rebuilt from hosts (`recovery`: what the domain itself does not need). `overlays`: the operator's changes.
    """

    instance_id: str
    launch: int
    cores: int
    memory_mib: int
    kernel: str
    ramdisk: str
    cmdline: str
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    recovery: Mapping[str, str]
    overlays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSeen:
    """A domain of ours on a host. `reason` is the hypervisor's word for how it came into this state."""

    instance_id: str
    state: Seen
    launch: int
    reason: str
    recovery: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSeen:
    name: str
    capacity_bytes: int
    allocation_bytes: int


class EventKind(StrEnum):
    UP = "up"  # the connection to the host works (again)
    DOWN = "down"  # it was lost; `detail` says why
    DOMAIN = "domain"  # a domain of ours changed


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEvent:
    """Something a host told by itself; may be lost or doubled, so it only wakes the loop."""

    host: str
    kind: EventKind
    instance_id: str = ""
    detail: str = ""


class Hypervisor(Protocol):
    """One host, over one supervised connection; one that hangs delays its own callers only.

    Every method has a deadline and raises Lost, TimedOut (worth retrying) or Broken (refused for good). Every method
    may be repeated: defining twice redefines; starting, stopping, deleting what is started, stopped, gone succeeds."""

    silence_s: float  # how long it may be silent although it is well, where that is longer than usual; else 0

    async def facts(self) -> HostFacts: ...

    async def load(self) -> HostLoad:
        """Return what the host and the running domains of ours have used until now; what a driver lacks is None."""
        ...

    async def domains(self) -> list[DomainSeen]:
        """List the domains that carry our metadata, in any state."""
        ...

    async def domain(self, instance_id: str) -> DomainSeen | None: ...

    async def define(self, spec: DomainSpec) -> None: ...

    async def start(self, instance_id: str) -> None: ...

    async def shutdown(self, instance_id: str) -> NotSupported | None:
        """Ask the guest to power off; return at once, whatever the guest does with it."""
        ...

    async def reboot(self, instance_id: str) -> NotSupported | None:
        """Ask the guest to restart; return at once."""
        ...

    async def reset(self, instance_id: str) -> None:
        """Restart the domain as by its reset button."""
        ...

    async def destroy(self, instance_id: str) -> None:
        """Cut the power; the definition stays."""
        ...

    async def undefine(self, instance_id: str) -> None: ...

    async def migrate(self, instance_id: str, target: "Hypervisor", bridge: str = "") -> NotSupported | UnderWay | None:
        """Move a running domain, or one that was saved for that, to another host of the same kind, state and disks too.

        `bridge`: its card's there, if another. Moved already, nothing is done; a failure leaves it here. What was given
        up as unanswered may still come true, but never after a later call for the instance was answered.
        """
        ...

    async def console(self, instance_id: str) -> bytes | NotSupported:
        """Return the newest 64 KiB of what the domain wrote to its console."""
        ...

    async def open_console(self, instance_id: str) -> Terminal | NotSupported:
        """Open the console of a running domain; Broken if it does not run, or somebody else has its console."""
        ...

    async def described(self, instance_id: str) -> str | NotSupported:
        """Return the domain as libvirt describes it now, in XML and without passwords; empty if there is none."""
        ...

    async def volumes(self) -> list[VolumeSeen]:
        """List the volumes in our pool of this host."""
        ...

    async def upload(self, name: str, source: Path, sha256: str) -> NotSupported | None:
        """Put a file into the pool as a raw volume and check its digest there; a half-done one never counts."""
        ...

    async def download(self, name: str, target: Path) -> NotSupported | None:
        """Write what a guest that is off has on a volume into a file, with what it lies on; Broken if there is none."""
        ...

    async def create_volume(
        self, name: str, capacity_bytes: int, format: Literal["raw", "qcow2"], backing: str = ""
    ) -> None:
        """Make an empty volume, or an overlay on the raw volume `backing`; existing: nothing is changed."""
        ...

    async def delete_volume(self, name: str) -> None: ...

    async def close(self) -> None: ...


class Hypervisors(Protocol):
    """All hosts. Joining never waits for the host; its supervisor connects in the background, again and again."""

    def join(self, name: str, uri: str, listener: Callable[[HostEvent], None], domains: Sequence[DomainSpec]) -> None:
        """Supervise a host; `domains` are what a rehearsal host must be given back, since it forgets. Idempotent."""
        ...

    def host(self, name: str) -> Hypervisor:
        """Return a joined host; Missing otherwise."""
        ...

    async def leave(self, name: str) -> None: ...

    async def close(self) -> None: ...

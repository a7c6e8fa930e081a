"""One simulated host: its domains, volumes and guests, and what they do by themselves.

It answers as the real drivers do (repeating is harmless, a volume that is half there shows as its `.partial` only) and
refuses what a real one refuses: to start a domain whose disks are not there.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.domain.files import PARTIAL
from app.domain.ports import NOT_SUPPORTED, DomainSeen, DomainSpec, HostFacts, VolumeSeen
from app.domain.states import Seen
from app.domain.vmtype import Size
from app.reconcile.disks import CACHED

ON = frozenset({Seen.RUNNING, Seen.PAUSED})
BLINK_S = (12.0, 16.0)
OBEYS_WITHIN_S = 20.0
RESTARTS_AFTER_S = 60.0
STRANGER = "i-00000bad"


class Refusal(Exception):
    """The host says no for good."""


@dataclass(slots=True, eq=False)
class Domain:
    spec: DomainSpec
    state: Seen = Seen.OFF
    reason: str = "defined"
    turns: int = 0
    turned_s: float = 0.0

    @property
    def on(self) -> bool:
        return self.state in ON

    def shown(self) -> DomainSeen:
        spec = self.spec
        return DomainSeen(
            instance_id=spec.instance_id,
            state=self.state,
            launch=spec.launch,
            reason=self.reason,
            recovery=spec.recovery,
        )


@dataclass(slots=True, eq=False)
class Volume:
    capacity_bytes: int
    format: str
    backing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a machine needs of the world: timers, chance, somebody to tell, and the rules' watch over what it does."""

    rng: Random
    now: Callable[[], float]
    later: Callable[..., None]
    turned: Callable[["Machine", Domain], None]
    tell: Callable[["Machine", str, str], None]
    violate: Callable[[str], None]
    bridged: Callable[[str], bool]
    gone: Callable[[str, str], bool]


@dataclass(slots=True, eq=False, kw_only=True)
class Machine:
    """`reachable`: a request gets there; `hung`: what gets there is never answered; `powered` counts its restarts.

    `made`: how often each volume was made: a pool serves one after the other, so a deletion that is late never takes
    what was made after it got there. `emptied_s`: when all its disks were lost.
    """

    name: str
    xen: bool
    capacity: Size
    outside: Outside
    foreign: Size = field(default_factory=lambda: Size(cores=0, memory_mib=0, disk_gb=0))
    domains: dict[str, Domain] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    reachable: bool = True
    hung: bool = False
    slow: float = 1.0
    powered: int = 1
    refusing: dict[str, float] = field(default_factory=dict)
    uploading: set[str] = field(default_factory=set)
    made: Counter[str] = field(default_factory=Counter)
    emptied_s: float = float("-inf")

    def do(self, action: str, request: Mapping[str, Any]) -> Any:
        """Do what a client asked; Refusal if it can not be."""
        if self.outside.rng.random() < self.refusing.get(action, 0.0):
            raise Refusal(f"{action} failed: internal error")
        return ACTIONS[action](self, **request)

    # --- what a client may ask ---

    def facts(self) -> HostFacts:
        hypervisor = "Xen" if self.xen else "QEMU"
        return HostFacts(hypervisor=hypervisor, architecture="x86_64", capacity=self.capacity, foreign=self.foreign)

    def list_domains(self) -> list[DomainSeen]:
        return [domain.shown() for _, domain in sorted(self.domains.items())]

    def domain(self, instance_id: str) -> DomainSeen | None:
        found = self.domains.get(instance_id)
        return None if found is None else found.shown()

    def define(self, spec: DomainSpec) -> None:
        found = self.domains.get(spec.instance_id)
        if found is None:
            domain = self.domains[spec.instance_id] = Domain(spec)
            self.outside.turned(self, domain)
        else:
            found.spec = spec
        self.outside.tell(self, spec.instance_id, "defined")

    def start(self, instance_id: str) -> None:
        domain = self.domains.get(instance_id)
        if domain is None:
            raise Refusal(f"the domain {instance_id} is not defined")
        if domain.state is Seen.RUNNING:
            return
        for name in self.needs(domain):
            if name not in self.volumes or name + PARTIAL in self.volumes:
                raise Refusal(f"cannot access storage file {name}")
        for nic in domain.spec.nics:
            if nic.bridge and not self.outside.bridged(nic.bridge):
                raise Refusal(f"cannot get interface MTU on {nic.bridge}: No such device")
        self.turn(domain, Seen.RUNNING, "booted")

    def shutdown(self, instance_id: str) -> Any:
        return self._asked(instance_id, Seen.OFF, "shutdown")

    def reboot(self, instance_id: str) -> Any:
        return self._asked(instance_id, Seen.RUNNING, "booted")

    def _asked(self, instance_id: str, state: Seen, reason: str) -> Any:
        """Most guests obey in a while, some never, and some can not be asked."""
        domain = self.domains.get(instance_id)
        if domain is None or not domain.on:
            return None
        chance = self.outside.rng.random()
        if chance < 0.05:
            return NOT_SUPPORTED
        if chance < 0.8:
            within = self.outside.rng.random() * OBEYS_WITHIN_S
            self.outside.later(within, self._guest, domain, domain.turns, state, reason)
        return None

    def reset(self, instance_id: str) -> None:
        domain = self.domains.get(instance_id)
        if domain is not None and domain.on:
            self.boot_anew(domain)

    def destroy(self, instance_id: str) -> None:
        domain = self.domains.get(instance_id)
        if domain is not None and domain.state is not Seen.OFF:
            self.turn(domain, Seen.OFF, "destroyed")

    def undefine(self, instance_id: str) -> None:
        self.destroy(instance_id)
        if self.domains.pop(instance_id, None) is not None:
            self.outside.tell(self, instance_id, "undefined")

    def migrate(self, instance_id: str, target: "Machine") -> None:
        """Hand a running guest over in one step; its disks must have been made there."""
        domain, there = self.domains.get(instance_id), target.domains.get(instance_id)
        if domain is None and there is not None and there.on:
            return
        if domain is None or not domain.on:
            raise Refusal(f"the domain {instance_id} does not run here")
        if not target.reachable or target.hung:
            raise Refusal(f"unable to connect to {target.name}")
        for name in self.needs(domain):
            if name not in target.volumes or name + PARTIAL in target.volumes:
                raise Refusal(f"{target.name} has no storage file {name}")
        arrives = Domain(domain.spec)
        state = domain.state
        self.turn(domain, Seen.OFF, "migrated")
        del self.domains[instance_id]
        target.domains[instance_id] = arrives
        target.turn(arrives, state, "migrated")

    def list_volumes(self) -> list[VolumeSeen]:
        return [
            VolumeSeen(name=name, capacity_bytes=volume.capacity_bytes, allocation_bytes=0)
            for name, volume in sorted(self.volumes.items())
            if name + PARTIAL not in self.volumes
        ]

    def create_volume(self, name: str, capacity_bytes: int, format: str, backing: str) -> None:
        if backing and (backing not in self.volumes or backing + PARTIAL in self.volumes):
            raise Refusal(f"there is no volume {backing}")
        self.volumes.setdefault(name, Volume(capacity_bytes, format, backing))
        self.made[name] += 1

    def delete_volume(self, name: str) -> None:
        bare = name.removesuffix(PARTIAL)
        if bare in self.uploading:
            return
        leaning = [
            each
            for each, volume in self.volumes.items()
            if volume.backing == bare and not self.outside.gone(each.partition(".")[0], self.name)
        ]
        if bare.startswith(CACHED) and leaning and bare in self.volumes:
            self.outside.violate(f"{self.name}: {bare[:16]} was deleted under {leaning[0]}")
        self.volumes.pop(bare, None)
        self.volumes.pop(bare + PARTIAL, None)

    def begin_upload(self, name: str, size_bytes: int) -> None:
        self.volumes[name + PARTIAL] = Volume(0, "raw")
        self.volumes[name] = Volume(size_bytes, "raw")
        self.made[name] += 1
        self.uploading.add(name)

    def end_upload(self, name: str, *, whole: bool) -> None:
        """An upload that broke off leaves its mark and half a volume."""
        self.uploading.discard(name)
        if whole:
            self.volumes.pop(name + PARTIAL, None)

    # --- what happens by itself ---

    def needs(self, domain: Domain) -> list[str]:
        spec = domain.spec
        named = [disk.volume for disk in spec.disks] + [name for name in (spec.kernel, spec.ramdisk) if name]
        return named + [volume.backing for name in named if (volume := self.volumes.get(name)) and volume.backing]

    def turn(self, domain: Domain, state: Seen, reason: str) -> None:
        """Change a domain's state; what its guest had in mind is forgotten."""
        domain.state, domain.reason = state, reason
        domain.turns += 1
        domain.turned_s = self.outside.now()
        self.outside.turned(self, domain)
        self.outside.tell(self, domain.spec.instance_id, f"{state} ({reason})")

    def lose_power(self, *, empty: bool) -> None:
        """Restart: guests are off; `empty`: its disks are new, too."""
        self.powered += 1
        for name, domain in list(self.domains.items()):
            if domain.state is not Seen.OFF or domain.reason == "rebooting":
                self.turn(domain, Seen.OFF, "host restarted")
            if empty and name != STRANGER:
                del self.domains[name]
        if empty:
            self.volumes.clear()
            self.emptied_s = self.outside.now()

    def restart_guest(self, domain: Domain) -> None:
        """Let a guest restart by itself, but not twice in a blink: nobody who asks now and then could tell."""
        if self.outside.now() - domain.turned_s > RESTARTS_AFTER_S:
            self.boot_anew(domain)

    def lose_domain(self, domain: Domain) -> None:
        """Forget a definition; the disks stay."""
        self.turn(domain, Seen.OFF, "lost")
        del self.domains[domain.spec.instance_id]

    def _guest(self, domain: Domain, turns: int, state: Seen, reason: str) -> None:
        """A guest obeys, unless its power was cut or it restarted meanwhile."""
        if self.domains.get(domain.spec.instance_id) is not domain or domain.turns != turns or not domain.on:
            return
        if state is Seen.RUNNING:
            self.boot_anew(domain)
        else:
            self.turn(domain, state, reason)

    def boot_anew(self, domain: Domain) -> None:
        """Restart a guest: under Xen its domain shows as off for a while."""
        if not self.xen:
            self.turn(domain, Seen.RUNNING, "booted")
            return
        self.turn(domain, Seen.OFF, "rebooting")
        low, high = BLINK_S
        self.outside.later(low + (high - low) * self.outside.rng.random(), self._blinked, domain, domain.turns)

    def _blinked(self, domain: Domain, turns: int) -> None:
        if self.domains.get(domain.spec.instance_id) is domain and domain.turns == turns:
            self.turn(domain, Seen.RUNNING, "booted")


ACTIONS: Mapping[str, Callable[..., Any]] = {
    "hello": lambda machine: None,
    "facts": Machine.facts,
    "domains": Machine.list_domains,
    "domain": Machine.domain,
    "define": Machine.define,
    "start": Machine.start,
    "shutdown": Machine.shutdown,
    "reboot": Machine.reboot,
    "reset": Machine.reset,
    "destroy": Machine.destroy,
    "undefine": Machine.undefine,
    "migrate": Machine.migrate,
    "volumes": Machine.list_volumes,
    "create_volume": Machine.create_volume,
    "delete_volume": Machine.delete_volume,
}

"""Hosts, domains and volumes of a scripted world, in memory; what the process in `scripted_world.py` serves.

It answers like a hypervisor and keeps a log of what was done to it, so that a test can ask whether one instance ever
ran twice or a foreign domain was touched. The trap: a refusal must leave everything as it was.
"""

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.domain.files import PARTIAL
from app.xen.scripted_load import Use

Answer = dict[str, Any] | list[dict[str, Any]] | str | bool | None
ON = frozenset({"running", "paused"})


class Refused(Exception):
    """The world says no for good."""


@dataclass(slots=True, kw_only=True)
class Domain:
    """A virtual machine that does nothing."""

    instance_id: str
    launch: int
    recovery: dict[str, str]
    cores: int
    memory_mib: int
    state: str = "off"
    reason: str = "defined"
    console: list[str] = field(default_factory=list)
    foreign: bool = False
    use: Use = field(default_factory=Use)

    def become(self, state: str, reason: str) -> None:
        if state == "running" and self.state not in ON:
            self.use.begin(time.monotonic())
        self.state, self.reason = state, reason
        self.console.append(f"launch {self.launch}: {state} ({reason})")

    def shown(self) -> dict[str, Any]:
        return {
            "instance_id": self.instance_id,
            "state": self.state,
            "launch": self.launch,
            "reason": self.reason,
            "recovery": self.recovery,
        }


@dataclass(slots=True, kw_only=True)
class ScriptedMachine:
    """One host. `refusals` counts how often an action is still to be refused (-1: always), with the words to say."""

    name: str
    cores: int
    memory_mib: int
    disk_gb: int
    domains: dict[str, Domain] = field(default_factory=dict)
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: bool = False
    delays_s: dict[str, float] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    use: Use = field(default_factory=Use)
    spent_ns: int = 0

    def refuse_if_told(self, do: str) -> None:
        times, words = self.refusals.get(do, (0, ""))
        if times == 0:
            return
        self.refusals[do] = (times - 1 if times > 0 else times, words)
        raise Refused(words)

    def own(self, instance_id: str) -> Domain | None:
        domain = self.domains.get(instance_id)
        if domain is not None and domain.foreign:
            raise Refused(f"the domain {instance_id} is not of this cloud")
        return domain


class World:
    """Everything behind one socket. `changed` collects what happened, for whoever sends events."""

    def __init__(self) -> None:
        self.machines: dict[str, ScriptedMachine] = {}
        self.log: list[dict[str, Any]] = []
        self.doubles: list[dict[str, Any]] = []
        self.changed: list[dict[str, str]] = []
        self._on: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def machine(self, name: str, request: dict[str, Any]) -> ScriptedMachine:
        """Return a host, made on first mention."""
        machine = self.machines.get(name)
        if machine is None:
            size = request.get("size") or {"cores": 8, "memory_mib": 16384, "disk_gb": 200}
            machine = self.machines[name] = ScriptedMachine(name=name, **size)
        return machine

    def arrived(self, machine: ScriptedMachine, request: dict[str, Any]) -> dict[str, Any]:
        """Log a call as begun; `act` writes its outcome into the entry."""
        do = request["do"]
        instance_id = str(request.get("instance_id") or request.get("spec", {}).get("instance_id", ""))
        entry = {"seq": len(self.log), "host": machine.name, "do": do, "instance_id": instance_id, "outcome": "begun"}
        if do in LOGGED:
            self.log.append(entry)
        return entry

    def act(self, machine: ScriptedMachine, request: dict[str, Any], entry: dict[str, Any]) -> Answer:
        """Do what a client asked; Refused if a script or the world's own rules say so."""
        try:
            machine.refuse_if_told(request["do"])
            answer = ACTIONS[request["do"]](self, machine, request)
        except Refused as refusal:
            entry["outcome"] = str(refusal)
            raise
        entry["outcome"] = "done"
        return answer

    def turn(self, machine: ScriptedMachine, domain: Domain, state: str, reason: str) -> None:
        """Change a domain's state, note instances that run twice, and tell."""
        if domain.state in ON and state not in ON:
            machine.spent_ns += domain.use.busy_ns(time.monotonic())
        domain.become(state, reason)
        hosts = self._on[domain.instance_id]
        hosts[machine.name] = 1 if state in ON else 0
        running = sorted(name for name, count in hosts.items() if count)
        if len(running) > 1 and not domain.foreign:
            self.doubles.append({"seq": len(self.log), "instance_id": domain.instance_id, "hosts": running})
        self.tell(machine, domain.instance_id, f"{state} ({reason})")

    def tell(self, machine: ScriptedMachine, instance_id: str, detail: str) -> None:
        self.changed.append({"event": "domain", "host": machine.name, "instance_id": instance_id, "detail": detail})

    def news(self) -> Iterator[dict[str, str]]:
        """Take what happened since the last time."""
        taken, self.changed = self.changed, []
        yield from taken


def _hello(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return True


def _facts(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    foreign = [domain for domain in machine.domains.values() if domain.foreign and domain.state in ON]
    return {
        "hypervisor": "scripted",
        "architecture": "x86_64",
        "capacity": {"cores": machine.cores, "memory_mib": machine.memory_mib, "disk_gb": machine.disk_gb},
        "foreign": {
            "cores": sum(domain.cores for domain in foreign),
            "memory_mib": sum(domain.memory_mib for domain in foreign),
            "disk_gb": 0,
        },
    }


def _load(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    """Tell what is used; a host's counter goes on when its domains end."""
    now_s = time.monotonic()
    running = [domain for domain in machine.domains.values() if domain.state in ON]
    return {
        "busy_ns": machine.spent_ns + sum(use.busy_ns(now_s) for use in [machine.use, *(each.use for each in running)]),
        "memory_used_bytes": sum(domain.memory_mib for domain in running) * 2**20,
        "domains": {
            domain.instance_id: domain.use.counters(now_s, domain.memory_mib)
            for domain in running
            if not domain.foreign
        },
    }


def _domains(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return [domain.shown() for _, domain in sorted(machine.domains.items()) if not domain.foreign]


def _domain(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    domain = machine.domains.get(request["instance_id"])
    return None if domain is None or domain.foreign else domain.shown()


def _define(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    spec = request["spec"]
    domain = machine.own(spec["instance_id"])
    if domain is None:
        domain = machine.domains[spec["instance_id"]] = Domain(**spec)
    else:
        domain.launch, domain.recovery = spec["launch"], spec["recovery"]
        domain.cores, domain.memory_mib = spec["cores"], spec["memory_mib"]
    world.tell(machine, domain.instance_id, "defined")
    return None


def _start(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    domain = machine.own(request["instance_id"])
    if domain is None:
        raise Refused(f"the domain {request['instance_id']} is not defined")
    if domain.state != "running":
        world.turn(machine, domain, "running", "booted")
    return None


def _shutdown(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return _turn_off(world, machine, request, "shutdown")


def _destroy(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return _turn_off(world, machine, request, "destroyed")


def _turn_off(world: World, machine: ScriptedMachine, request: dict[str, Any], reason: str) -> Answer:
    domain = machine.own(request["instance_id"])
    if domain is not None and domain.state in ON:
        world.turn(machine, domain, "off", reason)
    return None


def _reboot(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    domain = machine.own(request["instance_id"])
    if domain is not None and domain.state in ON:
        world.turn(machine, domain, "running", "booted")
    return None


def _migrate(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    """Hand a running domain over in one step."""
    instance_id, target = request["instance_id"], world.machine(request["target"], {})
    domain, there = machine.own(instance_id), target.own(instance_id)
    if domain is None and there is not None and there.state in ON:
        return None
    if domain is None or domain.state not in ON:
        raise Refused(f"the domain {instance_id} does not run on {machine.name}")
    if target.lost:
        raise Refused(f"the host {target.name} can not be reached")
    if target is machine:
        raise Refused(f"the domain {instance_id} is on {target.name} already")
    state = domain.state
    target.domains[instance_id] = replace(domain, state="off")
    world.turn(machine, domain, "off", "migrated")
    del machine.domains[instance_id]
    world.turn(target, target.domains[instance_id], state, "migrated")
    return None


def _undefine(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    domain = machine.own(request["instance_id"])
    if domain is not None:
        _turn_off(world, machine, request, "destroyed")
        del machine.domains[domain.instance_id]
        world.tell(machine, domain.instance_id, "undefined")
    return None


def _console(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    domain = machine.own(request["instance_id"])
    return "" if domain is None else "\n".join(["*** scripted host: nothing runs here ***", *domain.console])


def _volumes(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    shown = ("name", "capacity_bytes", "allocation_bytes")
    whole = [volume for name, volume in sorted(machine.volumes.items()) if name + PARTIAL not in machine.volumes]
    return [{key: volume[key] for key in shown} for volume in whole]


def _upload(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    content = Path(request["source"]).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != request["sha256"]:
        raise Refused(f"the volume {request['name']} has the digest {digest} and not {request['sha256']}")
    size = len(content)
    machine.volumes[request["name"]] = {
        "name": request["name"],
        "capacity_bytes": size,
        "allocation_bytes": size,
        "format": "raw",
        "source": request["source"],
    }
    machine.volumes.pop(request["name"] + PARTIAL, None)
    return None


def _download(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    """Write what was uploaded below a volume, and zeros up to its size: guests here write nothing."""
    volume = found = machine.volumes.get(request["name"])
    if volume is None or found is None:
        raise Refused(f"there is no volume {request['name']}")
    while found.get("backing"):
        found = machine.volumes[found["backing"]]
    with Path(request["target"]).open("wb") as file:
        if "source" in found:
            file.write(Path(found["source"]).read_bytes())
        file.truncate(volume["capacity_bytes"])
    return None


def _create_volume(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    if request["backing"] and request["backing"] not in machine.volumes:
        raise Refused(f"there is no volume {request['backing']}")
    if request["backing"] + PARTIAL in machine.volumes:
        raise Refused(f"the volume {request['backing']} was not uploaded completely")
    facts = {"capacity_bytes": request["capacity_bytes"], "allocation_bytes": 0, "format": request["format"]}
    facts["backing"] = request["backing"]
    machine.volumes.setdefault(request["name"], {"name": request["name"], **facts})
    return None


def _delete_volume(world: World, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    name = request["name"].removesuffix(PARTIAL)
    for each in (name, name + PARTIAL):
        machine.volumes.pop(each, None)
    return None


ACTIONS = {
    "hello": _hello,
    "facts": _facts,
    "load": _load,
    "domains": _domains,
    "domain": _domain,
    "define": _define,
    "start": _start,
    "shutdown": _shutdown,
    "reboot": _reboot,
    "reset": _reboot,
    "destroy": _destroy,
    "undefine": _undefine,
    "migrate": _migrate,
    "console": _console,
    "volumes": _volumes,
    "upload": _upload,
    "download": _download,
    "create_volume": _create_volume,
    "delete_volume": _delete_volume,
}
LOGGED = frozenset({"define", "start", "shutdown", "reboot", "reset", "destroy", "undefine", "migrate", "upload"}) | {
    "create_volume",
    "delete_volume",
    "download",
}

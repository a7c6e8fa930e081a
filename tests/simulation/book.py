"""What must hold at every moment: a second opinion on the cloud, formed from its journal and from the hosts' deeds.

The book never reads what the services or the loop think; it follows each committed journal entry, so a lost or
invented change shows as a step that no table allows.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from app.domain.states import INSTANCE, InstanceState, Seen, Wanted
from app.domain.vmtype import Size
from app.reconcile.diff import ROOT
from app.reconcile.disks import CACHED
from tests.simulation.machine import ON, STRANGER, Domain, Machine
from tests.simulation.registrar import Registrar
from tests.simulation.store import Disk

NOTHING = Size(cores=0, memory_mib=0, disk_gb=0)
AT_REST = frozenset({Seen.NOTHING, Seen.OFF, Seen.CRASHED})
STEPS = {(before, after) for (before, _), after in INSTANCE.table.items()}
LOOKING_S = 1.0
BY_THE_LAST_LOOK = frozenset({"instance.powered off", "instance.stop asked"})
"""Services know nothing of a start that was carried out since and not heard of; it is found running later."""
RAISING = frozenset({"define", "start", "create_volume", "upload", "reboot", "reset"})
LOWERING = frozenset({"shutdown", "destroy", "undefine"})
KEPT = (
    *("wanted", "seen", "launches", "launched", "reboots", "rebooted", "removed", "attempts"),
    *("host", "moving_from", "reservation_id", "cores", "memory_mib", "disk_gb", "mac", "private_ip"),
)


class Row:
    """An instance as its journal tells it. `until`: when each wish was last in force.

    What follows from the columns is worked out when they change: it is asked for far more often.
    """

    __slots__ = ("columns", "host", "hosts", "seen", "state", "until", "wanted")

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns: dict[str, Any] = {}
        self.until: dict[Wanted, float] = {}
        self.take(columns)

    def take(self, columns: Mapping[str, Any]) -> None:
        """Change columns."""
        self.columns.update(columns)
        self.wanted, self.seen = Wanted(self.columns["wanted"]), Seen(self.columns["seen"])
        self.host, before = str(self.columns["host"]), str(self.columns["moving_from"])
        self.hosts = (self.host, before) if before else (self.host,)
        """Where it may be: on its host and, while it moves, on the one it comes from."""
        self.state = self._state()

    @property
    def size(self) -> Size:
        return Size(**{name: self.columns[name] for name in ("cores", "memory_mib", "disk_gb")})

    def _state(self) -> InstanceState:
        if self.wanted is Wanted.TERMINATED:
            return InstanceState.TERMINATED if self.columns["removed"] else InstanceState.SHUTTING_DOWN
        if self.wanted is Wanted.STOPPED:
            return InstanceState.STOPPED if self.seen in AT_REST else InstanceState.STOPPING
        up = self.columns["launched"] >= self.columns["launches"]
        return InstanceState.RUNNING if up else InstanceState.PENDING

    @property
    def held(self) -> Size:
        begun = self.columns["launched"] >= self.columns["launches"]
        match self.state:
            case InstanceState.TERMINATED:
                return NOTHING
            case InstanceState.SHUTTING_DOWN if not (begun and self.seen in AT_REST):
                return self.size
            case InstanceState.STOPPED | InstanceState.SHUTTING_DOWN:
                return Size(cores=0, memory_mib=0, disk_gb=self.size.disk_gb)
        return self.size

    def wanted_since(self, wish: Wanted, since_s: float) -> bool:
        """Tell whether a wish was in force at some moment after `since_s`."""
        return self.wanted is wish or self.until.get(wish, float("-inf")) >= since_s


class Book:
    """Follows the journal and what is done to hosts; calls `violate` with a sentence."""

    def __init__(
        self, disk: Disk, registrar: Registrar, now: Callable[[], float], violate: Callable[[str], None]
    ) -> None:
        self._disk, self._registrar, self._now, self._violate = disk, registrar, now, violate
        self._cursor = 0
        self.rows: dict[str, Row] = {}
        self._present: dict[str, dict[str, Row]] = {}
        self.hosts: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.strict_room = True
        self.told: Callable[[str, str], None] = lambda event, subject: None
        self._looked: dict[str, float] = {}
        self._running: dict[str, set[str]] = {}
        self._powered_off: dict[str, float] = {}
        self.machines: Mapping[str, Machine] = {}
        self.under_way: Mapping[str, int] = {}
        self.came_late: Mapping[str, float] = {}

    # --- the journal ---

    def committed(self) -> None:
        """Follow what a commit wrote."""
        found = self._disk.execute(
            "SELECT cursor, event, kind, resource_id, data FROM journal WHERE cursor > ? ORDER BY cursor",
            (self._cursor,),
        )
        for cursor, event, kind, subject, data in found.fetchall():
            self._cursor = cursor
            self.told(event, subject)
            match kind:
                case "instance":
                    self._instance(event, subject, json.loads(data))
                case "host":
                    self._host(event, subject, json.loads(data))
                case "reservation":
                    self._reservation(subject, json.loads(data))

    def _instance(self, event: str, name: str, data: dict[str, Any]) -> None:
        row = self.rows.get(name)
        if row is None:
            if "host" not in data:
                self._violate(f"{name} was changed ({event}) before it was added")
                return
            row = self.rows[name] = Row({key: data[key] for key in KEPT})
            self._is_on(name, row)
            self._registrar.added(name, row.columns)
            if row.state is not InstanceState.PENDING:
                self._violate(f"{name} began as {row.state}")
        else:
            self._step(event, name, row, data)
        if event == "instance.move asked" or (event in ("instance.asked", "instance.start asked") and "wanted" in data):
            self._room(event, name, row.host)
        if event == "instance.powered off" and name not in self._powered_off:
            self._violate(f"{name} was stopped as powered off, which it never was since it was started")

    def _step(self, event: str, name: str, row: Row, data: dict[str, Any]) -> None:
        before, wish, launches = row.state, row.wanted, row.columns["launches"]
        if "removed" in data and not data["removed"]:
            self._violate(f"{name} came back from its removal ({event})")
        if data.get("removed"):
            self._registrar.removed(name)
        row.take({key: data[key] for key in KEPT if key in data})
        if data.keys() & {"removed", "host", "moving_from"}:
            self._is_on(name, row)
        if row.wanted is not wish:
            row.until[wish] = self._now()
            if wish is Wanted.TERMINATED:
                self._violate(f"{name} was to be terminated and is wanted {row.wanted} again ({event})")
        if row.state is not before:
            self._became(event, name, row, before)
        if row.columns["launched"] > row.columns["launches"] or row.columns["launches"] < launches:
            self._violate(f"{name} has run {row.columns['launched']} of {row.columns['launches']} launches")

    def _is_on(self, name: str, row: Row) -> None:
        for present in self._present.values():
            present.pop(name, None)
        for host in () if row.columns["removed"] else row.hosts:
            self._present.setdefault(host, {})[name] = row

    def _became(self, event: str, name: str, row: Row, before: InstanceState) -> None:
        if (before, row.state) not in STEPS:
            self._violate(f"{name} went from {before} to {row.state} ({event})")
        machine = self.machines[row.host]
        if self.under_way.get(name) or self.came_late.get(name, float("-inf")) > self._since(name):
            return  # what nobody waited for any more may come true after the host was looked at
        domain = machine.domains.get(name)
        left = [volume for volume in machine.volumes if volume.startswith(name)]
        if row.state is InstanceState.TERMINATED and (domain or left):
            self._violate(
                f"{name} is called terminated and has left {'its domain' if domain else left[0]} on {row.host}"
            )
        if row.state is InstanceState.STOPPED and domain is not None and domain.on and event not in BY_THE_LAST_LOOK:
            self._violate(f"{name} is called stopped and runs on {row.host}")

    def _host(self, event: str, name: str, data: dict[str, Any]) -> None:
        if event == "host.left":
            self.hosts.pop(name, None)
            left = [each for each, row in self.rows.items() if name in row.hosts and not row.columns["removed"]]
            if left:
                self._violate(f"{name} left the cloud with {left[0]} on it")
        elif data:
            self.hosts.setdefault(name, {}).update(data)

    def _reservation(self, name: str, data: dict[str, Any]) -> None:
        token = data.get("client_token", "")
        if not token:
            return
        if self.tokens.setdefault(token, name) != name:
            self._violate(f"the client token {token} made {self.tokens[token]} and {name}")

    def is_gone(self, name: str) -> bool:
        """Tell whether an instance is called terminated; a disk of it may still be made by a slow host."""
        row = self.rows.get(name)
        return row is not None and row.state is InstanceState.TERMINATED

    def is_gone_from(self, name: str, host: str) -> bool:
        """Tell whether an instance has ended, or lives elsewhere: a host that was lost on the way keeps its disks."""
        row = self.rows.get(name)
        return self.is_gone(name) or (row is not None and host not in row.hosts)

    def held(self, host: str) -> Size:
        return sum((row.held for row in self._present.get(host, {}).values()), NOTHING)

    def capacity(self, host: str) -> Size:
        it = self.hosts[host]
        memory, disk = it["memory_mib"], it["disk_gb"]
        return Size(
            cores=(it["max_cores"] or it["cores"]) - it["foreign_cores"],
            memory_mib=min(memory, it["max_memory_mib"] or memory) - it["foreign_memory_mib"],
            disk_gb=min(disk, it["max_disk_gb"] or disk),
        )

    def _room(self, event: str, name: str, host: str) -> None:
        held, capacity = self.held(host), self.capacity(host)
        if held.cores > capacity.cores or held.memory_mib > capacity.memory_mib:
            self._violate(f"{event} {name}: {host} holds {held} and has {capacity}")
        if event != "instance.start asked" and held.disk_gb > capacity.disk_gb:
            self._violate(f"{event} {name}: {host} holds {held.disk_gb} GB of {capacity.disk_gb}")

    # --- what the server does to hosts ---

    def issued(self, host: str, action: str, instance_id: str, name: str) -> None:
        """Judge a request at the moment the server sends it."""
        now = self._now()
        if action == "domain":
            self._looked[instance_id] = now
            return
        owner = instance_id or ("" if name.startswith(CACHED) else name.partition(".")[0])
        if not owner or action in ("facts", "domains", "volumes", "hello"):
            return
        row = self.rows.get(owner)
        if action in ("delete_volume", "undefine") and self.is_gone(owner):
            return  # left on a host that was lost when the instance moved on, or made there too late
        if row is None or host not in row.hosts:
            self._violate(f"{action} on {host} for {owner}, which is not on that host")
        elif row.columns["moving_from"] and action not in ("start", "destroy", "shutdown"):
            self._moves(host, action, owner, row)
        elif action in RAISING and action != "upload" and not row.wanted_since(Wanted.RUNNING, self._since(owner)):
            self._violate(f"{action} for {owner} although it is wanted {row.wanted}")
        elif action == "start":
            self._registrar.starts(owner)
        elif action in LOWERING and not self._may_go(row, owner):
            self._violate(f"{action} for {owner} although it is wanted running")
        elif action == "delete_volume" and row.wanted is not Wanted.TERMINATED:
            self._violate(f"{name} was deleted although {owner} is wanted {row.wanted}")

    def _moves(self, host: str, action: str, owner: str, row: Row) -> None:
        """Judge what is done to an instance that moves: nothing goes from under it, nor the last of its disks."""
        domain = self.machines[host].domains.get(owner)
        others = [self.machines[name] for name in row.hosts if name != host]
        if action in ("undefine", "delete_volume") and domain is not None and domain.on:
            self._violate(f"{action} on {host} for {owner}, which runs there")
        safe = (owner + ROOT in other.volumes or other.emptied_s > self._since(owner) for other in others)
        if action == "delete_volume" and not any(safe):
            self._violate(f"{action} on {host} for {owner}, which has no disk elsewhere")
        if action == "migrate" and row.columns["moving_from"] != host:
            self._violate(f"{owner} is moved away from {host}, where it belongs")

    def _since(self, owner: str) -> float:
        return self._looked.get(owner, 0.0) - LOOKING_S

    def _may_go(self, row: Row, owner: str) -> bool:
        since = self._since(owner)
        return row.wanted_since(Wanted.STOPPED, since) or row.wanted_since(Wanted.TERMINATED, since)

    # --- what hosts do ---

    def turned(self, machine: Machine, domain: Domain) -> None:
        """Judge a domain that began or ceased to run."""
        name = domain.spec.instance_id
        on = self._running.setdefault(name, set())
        if domain.state not in ON:
            on.discard(machine.name)
            if self._looks_powered_off(name, domain.reason):
                self._powered_off[name] = self._now()
            return
        on.add(machine.name)
        self._powered_off.pop(name, None)
        if len(on) > 1:
            self._violate(f"{name} runs on {' and '.join(sorted(on))}")
        if self.strict_room:
            self._physical_room(machine)

    def _looks_powered_off(self, name: str, reason: str) -> bool:
        """Tell what passes for a power-off: also a lost domain that a late request defined again."""
        if reason == "defined":
            return self.rows[name].seen in ON
        return reason not in ("rebooting", "lost", "migrated")

    def _physical_room(self, machine: Machine) -> None:
        running = [each for name, each in machine.domains.items() if each.on and name != STRANGER]
        memory = sum(each.spec.memory_mib for each in running)
        cores = sum(each.spec.cores for each in running)
        if memory > machine.capacity.memory_mib or cores > machine.capacity.cores:
            self._violate(f"{len(running)} domains on {machine.name} take {cores} cores and {memory} MiB")

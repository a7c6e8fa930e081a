"""Small worlds to plan moves in: hosts and machines by a seed, policies put together from a few rules, and time.

Loads are constant: a host's is the sum of its machines', read anew before every round.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.company import Member
from app.rules.moment import Now, Value, Vm
from app.rules.plan import Memory, Plan
from app.rules.power import PowerModel
from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.remap import State, remap
from app.rules.table import HostTable
from app.rules.tree import Phase
from app.rules.walk import Pair, worth

GIB = 2.0**30
RULES = {
    "capacity": """
        require host.mem.free >= vm.mem
        require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio
        forbid host.state in ["down", "lost"] || host.maintenance""",
    "apart": 'applies to vm where "ha" in vm.tags forbid count(host, vm.group) >= 1 forbid count(rack, vm.group) >= 2',
    "together": 'applies to vm where vm.group == "db" require same(rack, vm.group)',
    "fence": 'require !("gold" in host.tags) || vm.user == "alice" forbid vm.user == "alice" && !("gold" in host.tags)',
    "cool": "forbid host.temp > 75degC when host.temp > 80degC migrate vm by vm.cpu.used until host.temp < 70degC",
    "few": "require host.vms < 4",
    "racks": 'applies to vm where vm.user == "alice" forbid rack.vms >= 4',
    "full": "forbid host.cpu.util_with_vm > 85pct && host.vms > 0",
    "drain": "at remap when host.maintenance evacuate host",
    "spread": """prefer 1 - host.cpu.load / host.cpu.cores weight 3  prefer host.cpu.mips
        when host.cpu.load > 0.6 * host.cpu.cores for 2min
          migrate vm by vm.cpu.used until host.cpu.load < 0.4 * host.cpu.cores
        cooldown 5min""",
    "local": """applies to vm where vm.group != ""  prefer share(host, vm.group) weight 4  prefer share(rack, vm.group)
        when vm.group_spread > 1 for 1min migrate vm by vm.mem cooldown 3min""",
    "pack": """prefer host.vms > 0 ? host.cpu.util_with_vm : 0 weight 5  prefer -watts_with(host, vm) weight 2
        when host.cpu.util < 40pct && host.vms > 0 && host.settled > 3min evacuate host
        when host.vms == 0 for 2min power off host
        when cluster.cpu.free < 2 power on host
        cooldown 4min""",
}
LIMITS = ("migrations <= 2 per round", "migrations <= 1 per host", "migrations <= 3 per hour", "migrations <= 1 per vm",
          "migrations <= 1 per link", "downtime <= 20s per vm", "downtime <= 30s per round")  # fmt: skip


def policy(chance: Random, limits: int = 0) -> Prepared:
    """Put a policy together from some of the rules."""
    names = chance.sample(sorted(RULES), chance.randint(2, 6))
    rules = "".join(f"rule {name} {{ {RULES[name]} }}\n" for name in names)
    uses = " ".join(f"use {name}" for name in names)
    budget = "".join(f" budget {limit}" for limit in chance.sample(LIMITS, limits))
    gain = chance.choice(["", "move only if gain > 0.05"])
    outcome = read(f"{rules} policy p {{ {uses} remap every 60s {budget} {gain} }}", "world.rules")
    return prepare(outcome.ruleset, "p", Phase.REMAP)


def shipped(name: str) -> Prepared:
    """Prepare a policy as it is shipped."""
    text = (Path(__file__).parents[2] / f"data/rules/{name}.rules").read_text()
    return prepare(read(text, f"{name}.rules").ruleset, name, Phase.REMAP)


@dataclass
class World:
    """Hosts, machines and the time; `lived` makes a plan true."""

    table: HostTable
    vms: list[Vm]
    pinned: frozenset[str]
    now: Now
    blind: frozenset[int]
    temps: tuple[float, ...]
    memory: Memory = field(default_factory=Memory)
    apart: tuple[Member, ...] = ()

    def planned(self, policy: Prepared) -> Plan:
        state = State(table=self.table, vms=tuple(self.vms), pinned=self.pinned, apart=self.apart)
        return remap(state, policy, self.memory, self.now)

    def move(self, name: str, target: str) -> None:
        """Move one machine."""
        at = next(at for at, vm in enumerate(self.vms) if vm.values["vm.id"] == name)
        vm, row = self.vms[at], self.table.rows[target]
        bare = replace(vm, row=-1)
        for end, change in ((vm.row, self.table.remove), (row, self.table.add)):
            change(bare, end)
            self.table.put(end, "host.settled", self.now.at_s)
        self.vms[at] = replace(vm, row=row)

    def live(self, plan: Plan, seconds: float = 60.0) -> None:
        """Carry a plan out and let time go by."""
        for vm, target in plan.steps:
            self.move(vm, target)
        for power in plan.powers:
            self.table.put(self.table.rows[power.host], "host.power", "on" if power.on else "off")
        self.memory = plan.memory
        self.now = replace(self.now, at_s=self.now.at_s + seconds)
        self.read()

    def read(self) -> None:
        """Read loads, free cores and spreads of groups anew, but on blind hosts."""
        now_s, free = self.now.at_s, 0.0
        for row in range(len(self.table)):
            load = sum((amount(vm, "vm.cpu.used") for vm in self.vms if vm.row == row), 0.0)
            cores, ratio, promised = (self.cell(row, f"host.cpu.{name}") for name in ("cores", "ratio", "promised"))
            if self.cell(row, "host.power") == "on":
                free += max(0.0, cores * ratio - promised)
            if row not in self.blind:
                self.table.put(row, "host.cpu.load", load, now_s)
                self.table.put(row, "host.temp", self.temps[row], now_s)
        for name, value in (("cluster.cpu.free", free), ("cluster.vm_max_vcpus", 2.0), ("cluster.pending", 0.0)):
            self.table.fill(name, np.full(len(self.table), value))
        for at, vm in enumerate(self.vms):
            rows = {other.row for other in self.vms if other.values["vm.group"] == vm.values["vm.group"]}
            self.vms[at] = replace(vm, values={**vm.values, "vm.group_spread": float(len(rows))})

    def cell(self, row: int, name: str) -> Any:
        return self.table.cell(SENSORS[name], row, self.now.at_s)

    def broken(self, policy: Prepared) -> set[tuple[str, str]]:
        """Name machines and the hard clauses that they are known to break, asked one by one in plain Python."""
        found: set[tuple[str, str]] = set()
        for vm in self.vms:
            bare = replace(vm, row=-1)
            self.table.remove(bare, vm.row)
            pair = Pair(self.table, vm.row, bare, self.now)
            for part in policy.parts:
                about = worth(part.rule.applies.test, pair) if part.rule.applies else True
                for gate in part.gates:
                    if about and worth(gate.clause.test, pair) is (not gate.clause.wanted):
                        found.add((str(vm.values["vm.id"]), str(gate)))
            self.table.add(bare, vm.row)
        return found


def amount(vm: Vm, name: str) -> float:
    found = vm.values[name]
    assert isinstance(found, float)
    return found


def world(chance: Random) -> World:
    """Make a few hosts with machines on them, not always where they may be."""
    hosts = chance.randint(2, 6)
    table = HostTable([f"n{row}" for row in range(hosts)])
    for row in range(hosts):
        for name, value in _host(chance, row).items():
            table.put(row, name, value, read_at_s=0.0)
    table.power = PowerModel(np.linspace(100.0, 200.0, hosts * 2).reshape(hosts, 2))
    vms = [_machine(chance, number, chance.randrange(hosts)) for number in range(chance.randint(0, 10))]
    for vm in vms:
        table.add(replace(vm, row=-1), vm.row)
    made = World(
        table=table,
        vms=vms,
        pinned=frozenset(f"i-{number}" for number in range(10) if chance.random() < 0.1),
        now=Now(at_s=10_000.0),
        blind=frozenset(row for row in range(hosts) if chance.random() < 0.1),
        temps=tuple(chance.choice([40.0, 60.0, 78.0, 85.0]) for _ in range(hosts)),
    )
    made.read()
    return made


def _host(chance: Random, row: int) -> dict[str, Value]:
    cores = chance.choice([2.0, 4.0, 8.0])
    return {
        "host.index": float(row),
        "host.name": f"n{row}",
        "host.state": chance.choice(["up"] * 9 + ["lost"]),
        "host.power": chance.choice(["on"] * 6 + ["off"]),
        "host.maintenance": chance.random() < 0.15,
        "host.rack": f"r{row // 2}",
        "host.tags": chance.choice([frozenset[str]()] * 3 + [frozenset({"gold"})]),
        "host.vms": 0.0,
        "rack.vms": 0.0,
        "host.settled": 0.0,
        "host.mem.free": chance.choice([4, 8, 16]) * GIB,
        "host.disk.free": 100 * GIB,
        "host.cpu.cores": cores,
        "host.cpu.ratio": chance.choice([1.0, 2.0]),
        "host.cpu.promised": 0.0,
        "host.cpu.mips": cores * 1000,
    }


def _machine(chance: Random, number: int, row: int) -> Vm:
    cores = chance.choice([1.0, 1.0, 2.0])
    values: dict[str, Value] = {
        "vm.id": f"i-{number}",
        "vm.user": chance.choice(["alice", "bob", "bob"]),
        "vm.group": chance.choice(["", "", "ha", "db"]),
        "vm.tags": chance.choice([frozenset[str](), frozenset({"ha"})]),
        "vm.vcpus": cores,
        "vm.mem": chance.choice([1, 2, 4]) * GIB,
        "vm.disk": 5 * GIB,
        "vm.image": "emi-1",
        "vm.cpu.used": cores * chance.choice([0.1, 0.5, 1.0]),
    }
    return Vm(values=values, row=row)


def drawn(seed: int, limits: int = 0) -> tuple[World, Prepared]:
    """Make a world and a policy by a seed."""
    chance = Random(seed)
    return world(chance), policy(chance, limits)


def first_break(small: World, rules: Prepared) -> tuple[int, str]:
    """Plan a round and go through it; return the number of steps, and the first that broke a rule, if any did."""
    plan, broken = small.planned(rules), small.broken(rules)
    for number, (vm, target) in enumerate(plan.steps):
        small.move(vm, target)
        now = small.broken(rules)
        if not now <= broken:
            return number, f"{vm} to {target}: {now - broken}"
        broken = now
    return len(plan.steps), ""


def last_stir(small: World, rules: Prepared, rounds: int, seconds: float = 60.0) -> int:
    """Live through some rounds; return the number of the last one in which anything was done, 0 if none."""
    last = 0
    for number in range(rounds):
        plan = small.planned(rules)
        if plan.moves or plan.restarts or plan.powers:
            last = number
        small.live(plan, seconds)
    return last

"""A cloud to measure on: hosts that are alike, machines of ten sizes, 16 clauses, one of them anti-affinity."""

from dataclasses import replace
from random import Random

import numpy as np

from app.rules.moment import Now, Value, Vm
from app.rules.power import PowerModel
from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.table import HostTable
from app.rules.tree import Phase

GIB = 2.0**30
CORES, MEMORY = 40.0, 90 * GIB
SIZES = ((1, 2), (1, 4), (2, 2), (2, 4), (2, 8), (4, 4), (4, 8), (4, 16), (8, 16), (8, 24))
NOW = Now(at_s=100_000.0)
TEXT = """
rule capacity {
  require host.mem.free >= vm.mem && host.disk.free >= vm.disk
  require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio
  forbid  host.state in ["down", "lost"] || host.maintenance
  require host.power == "on"
}
rule apart { applies to vm where vm.group != ""  forbid count(host, vm.group) >= 1 }
rule fence { forbid "gold" in host.tags && vm.user != "alice" }
rule known { require host.state == "up" }
rule cool  { forbid known(host.temp) && host.temp > 75degC }
rule fill {
  prefer host.cpu.promised / host.cpu.cores   weight 5
  prefer -host.mem.free
  prefer -host.disk.free                      weight 0.1
  prefer -watts_with(host, vm)                weight 0.1
  prefer cached(host, vm.image) ? 1 : 0       weight 0.1
  prefer host.cpu.mips                        weight 0.1
  prefer share(rack, vm.account)              weight 0.1
  prefer vm.vcpus > 4 && host.cpu.cores > 8 ? 1 : 0
  when host.cpu.promised < 0.97 * host.cpu.cores && host.vms > 0 && host.settled > 15min  evacuate host
}
policy fill { use capacity  use apart  use fence  use known  use cool  use fill  remap every 60s }
"""


def hosts(count: int) -> HostTable:
    """Make hosts that are alike, in racks of 40."""
    table = HostTable([f"n{row}" for row in range(count)])
    table.fill("host.index", np.arange(count))
    for name, value in (
        ("host.vms", 0.0),
        ("host.mem.free", MEMORY),
        ("host.disk.free", 4096 * GIB),
        ("host.cpu.cores", CORES),
        ("host.cpu.ratio", 1.0),
        ("host.cpu.promised", 0.0),
        ("host.cpu.mips", 100_000.0),
        ("host.settled", 0.0),
    ):
        table.fill(name, np.full(count, value))
    for name in ("host.cpu.load", "host.temp"):
        table.fill(name, np.full(count, 20.0 if name == "host.temp" else 0.0), NOW.at_s)
    table.fill("host.maintenance", np.zeros(count, np.bool_))
    for row in range(count):
        for name, word in (("host.state", "up"), ("host.power", "on"), ("host.rack", f"r{row // 40}")):
            table.put(row, name, word)
        table.put(row, "host.tags", frozenset() if row else frozenset({"gold"}))
        table.hold(row, "emi-1", row % 2 == 0)
    table.power = PowerModel.linear(np.full(count, 100.0), np.full(count, 250.0))
    return table


def machines(table: HostTable, count: int, chance: Random) -> list[Vm]:
    """Spread machines over the hosts by chance, as far as they have room."""
    free = [[CORES, MEMORY] for _ in range(len(table))]
    found: list[Vm] = []
    while len(found) < count:
        row, (cores, gib) = chance.randrange(1, len(table)), chance.choice(SIZES)
        made = machine(len(found), cores, gib * GIB)
        if free[row][0] < cores or free[row][1] < gib * GIB or table.crowds.others(made, "vm.group").get(row):
            continue
        free[row][0] -= cores
        free[row][1] -= gib * GIB
        found.append(replace(made, row=row))
        table.add(found[-1], row)
    return found


def machine(number: int, cores: float, memory: float) -> Vm:
    """Make a machine; three of ten belong to a group of nine whose members share no host."""
    values: dict[str, Value] = {
        "vm.id": f"i-{number:08x}",
        "vm.user": "bob",
        "vm.account": f"account{number % 50}",
        "vm.group": f"group{number // 30}" if number % 10 < 3 else "",
        "vm.image": "emi-1",
        "vm.vcpus": float(cores),
        "vm.mem": memory,
        "vm.disk": 10 * GIB,
        "vm.cpu.used": cores / 2,
    }
    return Vm(values=values)


def policy(phase: Phase) -> Prepared:
    outcome = read(TEXT, "fill.rules")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    return prepare(outcome.ruleset, "fill", phase)

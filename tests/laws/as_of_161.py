"""What Eucalyptus 1.6.1's cluster controller chose, written from its description alone, and the same hosts as ours.

GREEDY takes the first node that is up or waking and has room, else the first that sleeps; ROUNDROBIN goes on from the
stored position and takes any that is not down, in one circle; POWERSAVE is GREEDY that wakes the sleeper it has taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from app.domain.vmtype import Size
from app.rules.moment import Now, Vm
from app.rules.place import Room
from app.rules.place import place as place_in_order
from app.rules.placing import NOBODY, place
from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.reservation import settle
from app.rules.table import HostTable

SHIPPED = Path(__file__).parents[2] / "data/rules"
POLICIES = ("GREEDY", "ROUNDROBIN", "POWERSAVE")
NOW = Now(at_s=0.0)
STATES = {"up": ("up", "on"), "down": ("down", "on"), "asleep": ("unknown", "asleep"), "waking": ("unknown", "waking")}


@dataclass(frozen=True)
class Node:
    """A node as the controller knew it: its state and what is free."""

    state: str
    memory: int
    disk: int
    cores: int

    def fits(self, need: "Node") -> bool:
        return self.memory >= need.memory and self.disk >= need.disk and self.cores >= need.cores


@dataclass(frozen=True)
class Case:
    """Nodes that are rather full, a request for some machines of one kind, and the stored position."""

    nodes: tuple[Node, ...]
    need: Node
    count: int
    position: int


def case(chance: Random) -> Case:
    size = chance.randint(1, 12)
    nodes = [Node(chance.choice([*STATES]), *(chance.randrange(low, 6) for low in (0, 0, -1))) for _ in range(size)]
    need = Node("", *(chance.randrange(3) for _ in range(3)))
    return Case(tuple(nodes), need, chance.choice([1, 1, 2, 5]), chance.randrange(size))


def chosen_161(policy: str, given: Case) -> list[int]:
    """Choose as 1.6.1 did, one machine after another; a machine without room changes nothing."""
    nodes, position, found = list(given.nodes), given.position, list[int]()
    for _ in range(given.count):
        at = _round_robin(nodes, given.need, position) if policy == "ROUNDROBIN" else _greedy(nodes, given.need)
        if at == NOBODY:
            continue
        taken, need = nodes[at], given.need
        woken = policy == "POWERSAVE" and taken.state == "asleep"
        left = (taken.memory - need.memory, taken.disk - need.disk, taken.cores - need.cores)
        nodes[at] = Node("waking" if woken else taken.state, *left)
        position = (at + 1) % len(nodes)
        found.append(at)
    return found


def _greedy(nodes: Sequence[Node], need: Node) -> int:
    for states in ({"up", "waking"}, {"asleep"}):
        for index, node in enumerate(nodes):
            if node.state in states and node.fits(need):
                return index
    return NOBODY


def _round_robin(nodes: Sequence[Node], need: Node, position: int) -> int:
    for step in range(len(nodes)):
        index = (position + step) % len(nodes)
        if nodes[index].state != "down" and nodes[index].fits(need):
            return index
    return NOBODY


def shipped(policy: str) -> Prepared:
    name = policy.lower()
    return prepare(read((SHIPPED / f"{name}.rules").read_text(), name).ruleset, name)


def chosen_by_rules(policy: Prepared, given: Case) -> list[int]:
    """Let the engine choose by a file of rules."""
    table, found = _table(given), list[int]()
    need = given.need
    vm = Vm(values={"vm.mem": float(need.memory), "vm.disk": float(need.disk), "vm.vcpus": float(need.cores)})
    for _ in range(given.count):
        placed = place(table, vm, policy, NOW)
        if placed.row != NOBODY:
            found.append(placed.row)
            settle(table, vm, placed.row)
    return found


def chosen_in_order(policy: str, given: Case) -> list[int]:
    """Let the three built-in policies choose."""
    rooms = [*_rooms(given)]
    need = Size(cores=given.need.cores, memory_mib=given.need.memory, disk_gb=given.need.disk)
    decision = place_in_order(rooms, need, given.count, policy, given.position - 1)
    return [int(chosen.host) for chosen in decision.chosen]


def _rooms(given: Case) -> Iterator[Room]:
    for index, node in enumerate(given.nodes):
        yield Room(
            host=str(index),
            cluster="one",
            ordinal=index,
            free=Size(cores=node.cores, memory_mib=node.memory, disk_gb=node.disk),
            closed="down" if node.state == "down" else "",
            asleep=node.state == "asleep",
        )


def _table(given: Case) -> HostTable:
    nodes = given.nodes
    table = HostTable([str(index) for index in range(len(nodes))])
    columns = {
        "host.index": range(len(nodes)),
        "host.mem.free": [node.memory for node in nodes],
        "host.disk.free": [node.disk for node in nodes],
        "host.cpu.promised": [4 - node.cores for node in nodes],
        "host.cpu.cores": [4] * len(nodes),
        "host.cpu.ratio": [1] * len(nodes),
        "host.maintenance": [False] * len(nodes),
        "cluster.next_index": [given.position] * len(nodes),
        "cluster.hosts": [len(nodes)] * len(nodes),
    }
    for name, cells in columns.items():
        table.fill(name, np.array(cells))
    for row, node in enumerate(nodes):
        for name, value in zip(("host.state", "host.power"), STATES[node.state], strict=True):
            table.put(row, name, value)
    return table

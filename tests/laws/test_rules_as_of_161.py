"""The shipped greedy, roundrobin and powersave choose the node that Eucalyptus 1.6.1 would have chosen.

The other side is written from its description alone: GREEDY takes the first node that is up or waking and has room,
else the first that sleeps; ROUNDROBIN goes on from the stored position and takes any that is not down, in one circle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.vmtype import Size
from app.rules.moment import Now, Vm
from app.rules.place import Room
from app.rules.place import place as services_place
from app.rules.placing import place
from app.rules.prepared import prepare
from app.rules.reading import read
from app.rules.reservation import reserve
from app.rules.table import HostTable

SHIPPED = Path(__file__).parents[2] / "data/rules"
NOW = Now(at_s=0.0)
STATES = {"up": ("up", "on"), "down": ("down", "on"), "asleep": ("unknown", "asleep"), "waking": ("unknown", "waking")}


@dataclass(frozen=True)
class Node:
    """A node as 1.6.1's cluster controller knew it: its state and what is free."""

    state: str
    memory: int
    disk: int
    cores: int

    def fits(self, need: "Node") -> bool:
        return self.memory >= need.memory and self.disk >= need.disk and self.cores >= need.cores


def greedy(nodes: Sequence[Node], need: Node, position: int) -> int:
    for states in ({"up", "waking"}, {"asleep"}):
        for index, node in enumerate(nodes):
            if node.state in states and node.fits(need):
                return index
    return -1


def round_robin(nodes: Sequence[Node], need: Node, position: int) -> int:
    for step in range(len(nodes)):
        index = (position + step) % len(nodes)
        if nodes[index].state != "down" and nodes[index].fits(need):
            return index
    return -1


def some_nodes(chance: Random) -> tuple[list[Node], Node, int]:
    """Make a cluster that is rather full, a machine, and the stored position."""
    size = chance.randint(1, 12)

    def node() -> Node:
        return Node(chance.choice([*STATES]), chance.randrange(4), chance.randrange(4), chance.randrange(-1, 4))

    return [node() for _ in range(size)], Node("", *(chance.randrange(3) for _ in range(3))), chance.randrange(size)


def machine(need: Node) -> Vm:
    return Vm(values={"vm.mem": float(need.memory), "vm.disk": float(need.disk), "vm.vcpus": float(need.cores)})


def table_of(nodes: Sequence[Node], position: int) -> HostTable:
    table = HostTable([f"n{index}" for index in range(len(nodes))])
    columns = {
        "host.index": range(len(nodes)),
        "host.mem.free": [node.memory for node in nodes],
        "host.disk.free": [node.disk for node in nodes],
        "host.cpu.promised": [4 - node.cores for node in nodes],
        "host.cpu.cores": [4] * len(nodes),
        "host.cpu.ratio": [1] * len(nodes),
        "host.maintenance": [False] * len(nodes),
        "cluster.next_index": [position] * len(nodes),
        "cluster.hosts": [len(nodes)] * len(nodes),
    }
    for name, cells in columns.items():
        table.fill(name, np.array(cells))
    for row, node in enumerate(nodes):
        for name, value in zip(("host.state", "host.power"), STATES[node.state], strict=True):
            table.put(row, name, value)
    return table


@pytest.mark.parametrize(("policy", "rule"), [("greedy", greedy), ("roundrobin", round_robin), ("powersave", greedy)])
def test_the_shipped_policy_chooses_the_node_of_1_6_1(
    policy: str, rule: Callable[[Sequence[Node], Node, int], int]
) -> None:
    prepared = prepare(read((SHIPPED / f"{policy}.rules").read_text(), policy).ruleset, policy)

    @given(st.integers(0, 2**32))
    def law(seed: int) -> None:
        nodes, need, position = some_nodes(Random(seed))
        assert place(table_of(nodes, position), machine(need), prepared, NOW).row == rule(nodes, need, position)

    law()


@pytest.mark.parametrize(("policy", "words"), [("greedy", "GREEDY"), ("roundrobin", "ROUNDROBIN")])
def test_a_request_for_several_goes_where_the_services_put_it(policy: str, words: str) -> None:
    prepared = prepare(read((SHIPPED / f"{policy}.rules").read_text(), policy).ruleset, policy)

    @given(st.integers(0, 2**32), st.integers(1, 8))
    def law(seed: int, most: int) -> None:
        drawn, need, position = some_nodes(Random(seed))
        nodes = [node if node.state == "up" else replace(node, state="down") for node in drawn]
        table = table_of(nodes, position)
        hosts = [placed.host for placed in reserve(table, [machine(need)] * most, prepared, NOW) if placed.host]
        rooms = [
            Room(
                host=f"n{index}",
                cluster="one",
                ordinal=index,
                free=Size(cores=node.cores, memory_mib=node.memory, disk_gb=node.disk),
                closed=node.state.removeprefix("up"),
            )
            for index, node in enumerate(nodes)
        ]
        size = Size(cores=need.cores, memory_mib=need.memory, disk_gb=need.disk)
        served = services_place(rooms, size, most, words, position - 1)
        assert hosts == [chosen.host for chosen in served.chosen]

    law()

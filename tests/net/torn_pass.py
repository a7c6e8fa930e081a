"""A pass over the network that is killed before its Nth step, in the network namespace that this program is started in.

    python -m tests.net.torn_pass SCENARIO

Prints a line for each step: what had been begun, and whether the next pass of a new process brought all to what an
undisturbed one brings. Each pass is a fork of its own, so that a kill is a kill.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from app.domain.firewall import Firewall
from app.domain.network import Network
from app.network.kernel import KernelFabric
from tests.net.shapes import shape
from tests.net.yard import FIRST, NETWORKS, ONE, SECOND, TWO, let, out, silence

RULES = Firewall(rules={"sg-0a": (out(), let("0.0.0.0/0", "tcp", 22, 22))})
OTHERS = (
    replace(FIRST, gateway="10.9.7.1/24", members=(ONE, replace(TWO, public="203.0.113.78"))),
    replace(SECOND, name="c", bridge="eucabr7"),
)
LENT = (replace(FIRST, bridge="site0"),)
SCENARIOS: dict[str, tuple[Sequence[Network], Sequence[Network]]] = {
    "made": ((), NETWORKS),
    "changed": (NETWORKS, OTHERS),
    "removed": (NETWORKS, ()),
    "lent": (NETWORKS, LENT),
    "given-back": (LENT, ()),
}


def passed(networks: Sequence[Network], die_before: int = -1) -> bool:
    """Make one pass in a process of its own, which dies before that step; tell whether it did."""
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
        return status != 0
    steps = count()

    def passing(text: str) -> None:
        if next(steps) == die_before:
            print(f"{die_before:3} {text}", end=": ", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        fabric = KernelFabric("yard", silence, "pub0")
        fabric.passing = passing
        asyncio.run(fabric.apply(networks, RULES))
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
    os._exit(0)


def main(scenario: str) -> None:
    before, after = SCENARIOS[scenario]
    for line in ("pub0 203.0.113.1/24", "site0 192.0.2.1/24"):
        make_bridge(*line.split())
    for networks in (before, after):
        passed(networks)
    right = shape()
    for step in count():
        passed(before)
        if not passed(after, step):
            return
        passed(after)
        print("survived" if shape() == right else "NOT REPAIRED", flush=True)


def make_bridge(name: str, address: str) -> None:
    for command in (
        ("ip", "link", "add", name, "type", "bridge"),
        ("ip", "link", "set", name, "up"),
        ("ip", "address", "add", address, "dev", name),
    ):
        subprocess.run(command, check=True, timeout=10)


if __name__ == "__main__":
    main(sys.argv[1])

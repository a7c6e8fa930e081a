"""A gateway that is killed before its Nth step of an order, in the network namespace that this program is started in.

    python -m tests.net.torn_gateway SCENARIO FOLDER

Prints a line for each step: whether a new process that hears nothing of the server brought all to what was ordered.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from app.domain.gateway import Wanted
from app.domain.gateway_change import NOTHING, change
from app.domain.network import Network
from app.network.gateway import GatewayEnd
from app.network.gateway_words import Order
from app.network.kernel import KernelFabric
from tests.net.shapes import shape
from tests.net.torn_pass import RULES, SCENARIOS, make_bridge
from tests.net.yard import silence
from tests.unit.reconcile.reaches import RecordedReach


def obeyed(file: Path, networks: Sequence[Network] | None, die_before: int = -1) -> bool:
    """Carry an order out in a process of its own, none: what it was told last; tell whether it died before a step."""
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
        return status != 0
    steps = count()

    def passing(text: object) -> None:
        if next(steps) == die_before:
            print(f"{die_before:3} {str(text)[:40]}", end=": ", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        fabric = KernelFabric("yard", silence, "pub0")
        fabric.passing = passing
        end = GatewayEnd(fabric, RecordedReach(), file, passing)
        if networks is None:
            end.resume()
            asyncio.run(end.repair())
        else:
            wanted = Wanted(networks=tuple(networks), firewall=RULES)
            asyncio.run(end.obey(Order(number=1, change=change(NOTHING, wanted))))
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
    os._exit(0)


def main(scenario: str, folder: Path) -> None:
    before, after = SCENARIOS[scenario]
    for line in ("pub0 203.0.113.1/24", "site0 192.0.2.1/24"):
        make_bridge(*line.split())
    file = folder / "wanted"
    for networks in (before, after):
        obeyed(file, networks)
    right = shape()
    for step in count():
        obeyed(file, before)
        if not obeyed(file, after, step):
            return
        obeyed(file, None)
        print("survived" if shape() == right else "NOT REPAIRED", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

"""Signed DescribeRegions against a bare route of the same framework on the same server, turn by turn.

The signature is verified in every request. Turns alternate, so that what else the machine does meets both.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.ours import ROOT, rehearsal
from bench.peers import Beside
from bench.processes import Started, cpu_s, free_port
from bench.requests import Connection, Endpoint, rate
from bench.table import Goal, Row

TURNS, TURN_S, CONNECTIONS, SINGLES = 7, 1.0, 4, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Answers a second, and the processor's microseconds for each: these a busy machine changes less."""

    rate: float
    cpu_us: float


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    port = free_port()
    command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "bench.bare_route", str(port)]
    with rehearsal(folder, "1x1") as ours, Started(command, port, folder / "bare.log") as route:
        bare = Endpoint(url=f"http://127.0.0.1:{port}")
        turns = [(_turn(ours.endpoint, ours.pid), _turn(bare, route.pid)) for _ in range(TURNS)]
        alone_ms = {"ours": _single_ms(ours.endpoint)}
    alone_ms |= {name: _single_ms(peer) for name, peer in beside.running.items()}
    signed, floor = (_median(each) for each in zip(*turns, strict=True))
    share = median(one.rate / other.rate for one, other in turns)
    told = ", ".join(f"{name} {taken:.1f}" for name, taken in alone_ms.items())
    yield Row(
        figure="DescribeRegions, signed, of a bare route's rate",
        measured=100 * share,
        unit="%",
        goal=Goal.at_least(50, "%"),
        beside=f"ours {signed.rate:.0f}/s, bare {floor.rate:.0f}/s; processor {signed.cpu_us:.0f} and"
        f" {floor.cpu_us:.0f} us each; one by one, ms: {told}",
    )


def _turn(endpoint: Endpoint, pid: int) -> Turn:
    before_s = cpu_s(pid)
    answered = rate(endpoint, endpoint.signed("DescribeRegions"), CONNECTIONS, TURN_S)
    return Turn(rate=answered, cpu_us=1e6 * (cpu_s(pid) - before_s) / (answered * TURN_S))


def _median(turns: Sequence[Turn]) -> Turn:
    return Turn(rate=median(turn.rate for turn in turns), cpu_us=median(turn.cpu_us for turn in turns))


def _single_ms(endpoint: Endpoint) -> float:
    with Connection(endpoint) as connection:
        return 1000 * median(connection.timed(endpoint.signed("DescribeRegions"), SINGLES))

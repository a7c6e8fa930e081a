"""Signed DescribeRegions against a bare route of the same framework on the same server, turn by turn.

The signature is verified in every request. Turns alternate, so that what else the machine does meets both.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.ours import ROOT, rehearsal
from bench.peers import Beside
from bench.processes import Started, cpu_s, free_port
from bench.requests import Connection, Endpoint, rate
from bench.table import Goal, Row

TURNS, TURN_S, CONNECTIONS, SINGLES, CPU_REQUESTS = 7, 1.0, 4, 100, 3000


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    port = free_port()
    command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "bench.bare_route", str(port)]
    with rehearsal(folder, "1x1") as ours, Started(command, port, folder / "bare.log") as route:
        bare = Endpoint(url=f"http://127.0.0.1:{port}")
        pairs = [(_rate(ours.endpoint), _rate(bare)) for _ in range(TURNS)]
        cpu_us = _cpu_us(ours.endpoint, ours.pid), _cpu_us(bare, route.pid)
        alone_ms = {"ours": _single_ms(ours.endpoint)}
    alone_ms |= {name: _single_ms(peer) for name, peer in beside.running.items()}
    signed, floor = (median(each) for each in zip(*pairs, strict=True))
    share = median(ours / bare for ours, bare in pairs)
    told = ", ".join(f"{name} {taken:.1f}" for name, taken in alone_ms.items())
    yield Row(
        figure="DescribeRegions, signed, of a bare route's rate",
        measured=100 * share,
        unit="%",
        goal=Goal.at_least(50, "%"),
        beside=f"ours {signed:.0f}/s, bare {floor:.0f}/s; processor {cpu_us[0]:.0f} and {cpu_us[1]:.0f} us each;"
        f" one by one, ms: {told}",
    )


def _rate(endpoint: Endpoint) -> float:
    return rate(endpoint, endpoint.signed("DescribeRegions"), CONNECTIONS, TURN_S)


def _cpu_us(endpoint: Endpoint, pid: int) -> float:
    """Return the processor's microseconds for each request, which a busy machine changes less than the rate."""
    request = endpoint.signed("DescribeRegions")
    with Connection(endpoint) as connection:
        before_s = cpu_s(pid)
        connection.timed(request, CPU_REQUESTS)
        return 1e6 * (cpu_s(pid) - before_s) / CPU_REQUESTS


def _single_ms(endpoint: Endpoint) -> float:
    with Connection(endpoint) as connection:
        return 1000 * median(connection.timed(endpoint.signed("DescribeRegions"), SINGLES))

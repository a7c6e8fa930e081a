"""10,000 instances on 500 scripted hosts: what the loop, an idle server and a restart cost.

`idle` is measured over one whole resync of all hosts, heartbeats included. `resync` is everything the server did
after a restart until it was quiet again: the imports, 500 greetings, and a look at all 10,000 domains.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from app.reconcile.limits import Limits
from bench.ours import Ours, scripted
from bench.peers import Beside
from bench.processes import cpu_s, rss_mib
from bench.requests import Connection
from bench.table import Goal, Row

HOSTS, INSTANCES, AT_ONCE = 500, 10_000, 50
QUIET, QUIET_FOR_S, SAMPLE_S = 0.05, 3.0, 0.5


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    with scripted(folder, hosts=HOSTS, cores=24) as ours:
        yield _launched(ours)
        _quiet(ours.pid)
        yield _idle(ours)
        yield Row(
            figure=f"memory with {INSTANCES} instances",
            measured=rss_mib(ours.pid),
            unit="MiB",
            goal=Goal.at_most(400, "MiB"),
        )
        yield from _restarted(ours)


def _launched(ours: Ours) -> Row:
    run = ours.endpoint.signed("RunInstances", ImageId=ours.image_id, MinCount=str(AT_ONCE), MaxCount=str(AT_ONCE))
    before_s = cpu_s(ours.pid)
    with Connection(ours.endpoint) as connection:
        began = time.perf_counter()
        connection.timed(run, INSTANCES // AT_ONCE)
        answered = time.perf_counter() - began
        ours.settle(connection)
        taken = time.perf_counter() - began
    cost_ms = 1000 * (cpu_s(ours.pid) - before_s) / INSTANCES
    words = f"answered in {answered:.0f} s, {cost_ms:.1f} ms of a core each"
    return Row(figure=f"{INSTANCES} instances from asked to running", measured=taken, unit="s", beside=words)


def _idle(ours: Ours) -> Row:
    window_s = Limits().resync_of(HOSTS)
    before_s = cpu_s(ours.pid)
    time.sleep(window_s)
    share = 100 * (cpu_s(ours.pid) - before_s) / window_s
    return Row(figure="idle server, of a core", measured=share, unit="%", goal=Goal.at_most(2, "%"))


def _restarted(ours: Ours) -> Iterator[Row]:
    ours.served.stop()
    began = time.perf_counter()
    ours.served.start()
    ready_s = time.perf_counter() - began
    ready_cpu_s = cpu_s(ours.pid)
    _quiet(ours.pid)
    spent_s = cpu_s(ours.pid)
    yield Row(figure="restart to ready", measured=ready_s, unit="s", goal=Goal.at_most(5, "s"))
    yield Row(
        figure=f"full resync of {HOSTS} hosts, of one core",
        measured=spent_s,
        unit="s",
        goal=Goal.at_most(10, "s"),
        beside=f"from its start; {ready_cpu_s:.1f} s until ready",
    )


def _quiet(pid: int, within_s: float = 120.0) -> None:
    """Wait until a process has used little of a core for a while."""
    deadline, quiet_since = time.monotonic() + within_s, time.monotonic()
    before_s = cpu_s(pid)
    while time.monotonic() - quiet_since < QUIET_FOR_S:
        assert time.monotonic() < deadline, "the server does not get quiet"
        time.sleep(SAMPLE_S)
        now_s = cpu_s(pid)
        if now_s - before_s > QUIET * SAMPLE_S:
            quiet_since = time.monotonic()
        before_s = now_s

"""What consoles cost: the server that tells them all, and one console that is told 10,000 instances.

A listener here is a console's stream as the server sees it (all topics), read and thrown away, so that reading costs
nothing beside it. What the server spends without listeners, while the same rows change, is taken off. The console runs
in a process of its own on a cloud in memory, with Textual's driver for tests: no terminal is painted.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from app.tui.feed import TOPICS
from bench.ours import ROOT, Ours, scripted
from bench.peers import Beside
from bench.processes import cpu_s
from bench.requests import Connection, texts
from bench.table import Goal, Row

HOSTS, INSTANCES, AT_ONCE = 500, 10_000, 50
SETTLED_S, ROUND_S, ROUNDS = 5.0, 15.0, 3
CHANGES_PER_S = 500
CONSOLES = 50


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    yield from _console()
    with scripted(folder, hosts=HOSTS, cores=24) as ours:
        _launch(ours)
        yield from _served(ours)


def _console() -> Iterator[Row]:
    """Run the console's own bench and judge what it prints."""
    command = [sys.executable, "-m", "bench.components.console"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout.splitlines()[-1])
    yield _judged("console, 500 changed rows/s, of a core", told["busy_share"] * 100, "%", 15)
    yield _judged("console, key to screen, p95", told["key_p95_ms"], "ms", 60)
    yield _judged("console, memory", told["memory_mib"], "MiB", 250)
    yield _judged("console, start to first full screen", told["start_s"], "s", 1.5)


def _served(ours: Ours) -> Iterator[Row]:
    alone = min(_spent(ours, 0) for _ in range(ROUNDS))
    words = f"{alone:.0f} % without, {CHANGES_PER_S} changed rows/s"
    for consoles, goal in ((1, 10), (CONSOLES, 60)):
        figure = f"server, {consoles} console{'s' if consoles > 1 else ''} connected, of a core"
        spent = min(_spent(ours, consoles) for _ in range(ROUNDS)) - alone
        yield Row(figure=figure, measured=spent, unit="%", goal=Goal.at_most(goal, "%"), beside=words)


def _spent(ours: Ours, consoles: int) -> float:
    """Return percent of a core that the server uses while tags of instances change and so many consoles listen."""
    with ExitStack() as stack:
        for _ in range(consoles):
            stack.enter_context(_listening(ours))
        stack.enter_context(_changing(ours))
        time.sleep(SETTLED_S)
        before_s = cpu_s(ours.pid)
        time.sleep(ROUND_S)
        return 100 * (cpu_s(ours.pid) - before_s) / ROUND_S


@contextmanager
def _listening(ours: Ours) -> Iterator[None]:
    """Read a stream of all topics in a thread until left."""
    named = ours.served.credentials()
    client = httpx.Client(headers={"Authorization": f"Bearer {named['EUCA_TOKEN']}"}, timeout=None, trust_env=False)
    listening = threading.Event()

    def read() -> None:
        try:
            with client.stream("GET", f"{ours.endpoint.url}/api/v1/stream", params={"topics": TOPICS}) as answer:
                for _ in answer.iter_raw():
                    listening.set()
        except (httpx.HTTPError, httpx.StreamError, OSError):
            return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert listening.wait(30), "the live stream does not answer"
    try:
        yield
    finally:
        client.close()
        thread.join(10)


@contextmanager
def _changing(ours: Ours) -> Iterator[None]:
    """Change tags of instances, some hundred rows a request, as fast as they should change."""
    done = threading.Event()

    def change() -> None:
        with Connection(ours.endpoint) as connection:
            ids = texts(connection.ask(ours.endpoint.signed("DescribeInstances")), "instanceId")
            step = 0
            while not done.wait(AT_ONCE / CHANGES_PER_S):
                chosen = [ids[(step * AT_ONCE + number) % len(ids)] for number in range(AT_ONCE)]
                named = {f"ResourceId_{number}": given for number, given in enumerate(chosen, 1)}
                connection.ask(ours.endpoint.signed("CreateTags", Tag_1_Key="step", Tag_1_Value=str(step), **named))
                step += 1

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(30)


def _launch(ours: Ours) -> None:
    run = ours.endpoint.signed("RunInstances", ImageId=ours.image_id, MinCount=str(AT_ONCE), MaxCount=str(AT_ONCE))
    with Connection(ours.endpoint) as connection:
        connection.timed(run, INSTANCES // AT_ONCE)
        ours.settle(connection)


def _judged(figure: str, measured: float, unit: str, most: float) -> Row:
    return Row(figure=figure, measured=measured, unit=unit, goal=Goal.at_most(most, unit))

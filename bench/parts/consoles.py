"""What consoles cost: the server that tells them all, and one console that is told 10,000 instances.

A listener here is a console's stream as the server sees it (all topics), read and thrown away, so that reading costs
nothing beside it. What the server spends without listeners, while the same rows change, is taken off. The console runs
in a process of its own on a cloud in memory, with Textual's driver for tests: no terminal is painted.
"""

import json
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.tui.feed import TOPICS
from bench.ours import ROOT, Ours, scripted
from bench.peers import Beside
from bench.processes import cpu_s
from bench.requests import Connection, texts
from bench.table import Goal, Row

HOSTS, INSTANCES, AT_ONCE = 500, 10_000, 50
OPEN_S, SETTLED_S, ROUND_S, ROUNDS = 30.0, 4.0, 10.0, 2
CHANGES_PER_S = 500
CONSOLES = 50
LEAST_VIEW = 300  # bytes of the view of an instance


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
    token = ours.served.credentials()["EUCA_TOKEN"]
    alone = min(_spent(ours, 0, token) for _ in range(ROUNDS))
    words = f"{alone:.0f} % without, {CHANGES_PER_S} changed rows/s"
    for consoles, goal in ((1, 10), (CONSOLES, 60)):
        figure = f"server, {consoles} console{'s' if consoles > 1 else ''} connected, of a core"
        spent = min(_spent(ours, consoles, token) for _ in range(ROUNDS)) - alone
        yield Row(figure=figure, measured=spent, unit="%", goal=Goal.at_most(goal, "%"), beside=words)


def _spent(ours: Ours, consoles: int, token: str) -> float:
    """Return percent of a core that the server uses while tags of instances change and so many consoles listen."""
    with _listening(ours, consoles, token) as heard, _changing(ours) as changed:
        time.sleep(SETTLED_S)
        before_s, rows_before, bytes_before = cpu_s(ours.pid), changed(), heard()
        time.sleep(ROUND_S)
        told = changed() - rows_before
        assert told > ROUND_S * CHANGES_PER_S / 2, "too few rows change"
        assert heard() - bytes_before >= consoles * told * LEAST_VIEW, "consoles are not told what changed"
        return 100 * (cpu_s(ours.pid) - before_s) / ROUND_S


@contextmanager
def _listening(ours: Ours, consoles: int, token: str) -> Iterator[Callable[[], int]]:
    """Open so many streams of all topics and read them in one thread until left; yield what counts the bytes."""
    host, port = ours.endpoint.address
    head = (
        f"GET /api/v1/stream?topics={TOPICS} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    done, heard = threading.Event(), [0]
    with ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        for _ in range(consoles):
            opened = stack.enter_context(socket.create_connection((host, port), timeout=OPEN_S))
            opened.sendall(head.encode())
            assert opened.recv(1 << 16).startswith(b"HTTP/1.1 200"), "the live stream does not answer"
            waiting.register(opened, selectors.EVENT_READ, opened)

        def read() -> None:
            while not done.is_set():
                for key, _ in waiting.select(timeout=0.2):
                    heard[0] += len(key.data.recv(1 << 18))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield lambda: heard[0]
        finally:
            done.set()
            thread.join()


@contextmanager
def _changing(ours: Ours) -> Iterator[Callable[[], int]]:
    """Change tags of instances, some rows a request, as fast as they should change; yield what counts the rows."""
    done, changed = threading.Event(), [0]

    def change() -> None:
        with Connection(ours.endpoint) as connection:
            ids = texts(connection.ask(ours.endpoint.signed("DescribeInstances")), "instanceId")
            while not done.wait(AT_ONCE / CHANGES_PER_S):
                chosen = [ids[(changed[0] + number) % len(ids)] for number in range(AT_ONCE)]
                named = {f"ResourceId_{number}": given for number, given in enumerate(chosen, 1)}
                value = str(time.time_ns())  # another one each time, or nothing changes
                connection.ask(ours.endpoint.signed("CreateTags", Tag_1_Key="step", Tag_1_Value=value, **named))
                changed[0] += AT_ONCE

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        yield lambda: changed[0]
    finally:
        done.set()
        thread.join()


def _launch(ours: Ours) -> None:
    run = ours.endpoint.signed("RunInstances", ImageId=ours.image_id, MinCount=str(AT_ONCE), MaxCount=str(AT_ONCE))
    with Connection(ours.endpoint) as connection:
        connection.timed(run, INSTANCES // AT_ONCE)
        ours.settle(connection)


def _judged(figure: str, measured: float, unit: str, most: float) -> Row:
    return Row(figure=figure, measured=measured, unit=unit, goal=Goal.at_most(most, unit))

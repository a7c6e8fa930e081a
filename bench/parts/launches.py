"""RunInstances beside the peers: one at a time, and fifty by one request.

Ours answers when the row is in SQLite (WAL, synchronous=FULL) and then starts a domain for each on scripted hosts in
another process; the peers keep everything in memory and start nothing. Turns alternate between the servers. Ours
has answered some before, until SQLite's log has its full length and is written over from then on, as on any day.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.ours import Ours, scripted
from bench.peers import MOTO, Beside
from bench.requests import Connection, Endpoint
from bench.table import Goal, Row

TURNS, ONE_BY_ONE, AT_ONCE, REQUESTS = 5, 40, 50, 4
WARM_UP = 200
IMAGE = "ami-12c6146b"  # one that moto knows; ministack takes any


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    with scripted(folder, hosts=6, cores=1024) as ours, Connection(ours.endpoint) as connection:
        _rate(ours.endpoint, ours.image_id, 1, WARM_UP)
        ours.settle(connection)
        asked = {"ours": (ours.endpoint, ours.image_id)}
        asked |= {name: (endpoint, IMAGE) for name, endpoint in beside.running.items()}
        yield from _one_by_one(ours, asked)
        yield from _many(ours, asked)


def _one_by_one(ours: Ours, asked: dict[str, tuple[Endpoint, str]]) -> Iterator[Row]:
    rates = _rates(ours, asked, count=1, requests=ONE_BY_ONE)
    yield Row(figure="RunInstances one at a time, durable", measured=rates["ours"], unit="/s", beside=_words(rates))
    yield _against("RunInstances one at a time, times moto's", rates, "moto", 10)
    yield _against("RunInstances one at a time, times ministack's", rates, "ministack", 1)


def _many(ours: Ours, asked: dict[str, tuple[Endpoint, str]]) -> Iterator[Row]:
    rates = _rates(ours, asked, count=AT_ONCE, requests=REQUESTS)
    yield Row(figure="RunInstances of 50, instances", measured=rates["ours"], unit="/s", beside=_words(rates))
    yield _against("RunInstances of 50, times moto's", rates, "moto", 15)


def _against(figure: str, rates: dict[str, float], peer: str, times: float) -> Row:
    measured = rates["ours"] / rates[peer] if peer in rates else None
    why = "" if peer in rates else f"{peer} does not run here"
    return Row(figure=figure, measured=measured, unit="times", goal=Goal.at_least(times, "times"), beside=why)


def _rates(ours: Ours, asked: dict[str, tuple[Endpoint, str]], count: int, requests: int) -> dict[str, float]:
    """Return instances a second by server, medians of the turns; ours has started all before the next turn."""
    turns: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(TURNS):
        for name, (endpoint, image_id) in asked.items():
            turns[name].append(_rate(endpoint, image_id, count, 1 if name == MOTO.name and count > 1 else requests))
        with Connection(ours.endpoint) as connection:
            ours.settle(connection)
    return {name: median(each) for name, each in turns.items()}


def _rate(endpoint: Endpoint, image_id: str, count: int, requests: int) -> float:
    run = endpoint.signed("RunInstances", ImageId=image_id, MinCount=str(count), MaxCount=str(count))
    with Connection(endpoint) as connection:
        began = time.perf_counter()
        connection.timed(run, requests)
        return requests * count / (time.perf_counter() - began)


def _words(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:.0f}/s" for name, rate in rates.items() if name != "ours")

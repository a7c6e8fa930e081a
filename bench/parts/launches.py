"""RunInstances beside the peers, one at a time and fifty by one request, in clouds that hold a thousand instances.

Ours answers when the row is in SQLite (WAL, synchronous=FULL) and then starts a domain for each on scripted hosts in
another process; the peers keep everything in memory and start nothing. The goals belong to what boto3 sees, since the
peers' baseline was taken so; raw bytes beside it show the servers without the client. Turns alternate.

The trap is the start: moto gets slower with every instance that it holds, and until SQLite's log has its full length
each commit of ours makes the file longer. So all servers have answered the same requests before the first turn.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.clients import Launch, by_boto3, by_bytes
from bench.disk import flush_ms
from bench.ours import Ours, scripted
from bench.peers import Beside
from bench.requests import Connection, Endpoint
from bench.table import Goal, Row

TURNS, ONE_BY_ONE, AT_ONCE, REQUESTS = 5, 40, 50, 4
FULL, SINGLES = 16, 200  # requests of AT_ONCE and of one: 1,000 instances
IMAGE = "ami-12c6146b"  # one that moto knows; ministack takes any

Asked = Mapping[str, tuple[Endpoint, str]]
Way = Callable[[Endpoint, str], AbstractContextManager[Launch]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Instances a second, and the milliseconds of a processor that the client took for each request."""

    rate: float
    client_ms: float


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    with scripted(folder, hosts=6, cores=1024) as ours:
        asked = {"ours": (ours.endpoint, ours.image_id)}
        asked |= {name: (endpoint, IMAGE) for name, endpoint in beside.running.items()}
        for each in asked.values():
            _turn(by_bytes, each, AT_ONCE, FULL)
            _turn(by_bytes, each, 1, SINGLES)
        _settle(ours)
        yield Row(figure="one flush of the disk", measured=flush_ms(folder), unit="ms")
        yield from _figures("RunInstances one at a time", ours, asked, count=1, moto=10, ministack=1)
        yield from _figures("RunInstances of 50", ours, asked, count=AT_ONCE, moto=15)


def _figures(what: str, ours: Ours, asked: Asked, count: int, **goals: float) -> Iterator[Row]:
    boto3, raw = (_measured(ours, asked, way, count) for way in (by_boto3, by_bytes))
    own_ms = f"; boto3 itself {boto3['ours'].client_ms:.1f} ms of a core each"
    yield Row(figure=f"{what}, by boto3", measured=boto3["ours"].rate, unit="/s", beside=_words(boto3) + own_ms)
    for peer, times in goals.items():
        yield Row(
            figure=f"{what}, by boto3, times {peer}'s",
            measured=boto3["ours"].rate / boto3[peer].rate if peer in boto3 else None,
            unit="times",
            goal=Goal.at_least(times, "times"),
            beside="" if peer in boto3 else f"{peer} does not run here",
        )
    yield Row(figure=f"{what}, raw bytes", measured=raw["ours"].rate, unit="/s", beside=_words(raw))


def _measured(ours: Ours, asked: Asked, way: Way, count: int) -> dict[str, Turn]:
    """Return the medians of the turns by server; ours has started all before the next turn."""
    turns: dict[str, list[Turn]] = {name: [] for name in asked}
    for _ in range(TURNS):
        for name, each in asked.items():
            turns[name].append(_turn(way, each, count, ONE_BY_ONE if count == 1 else REQUESTS))
        _settle(ours)
    return {
        name: Turn(rate=median(turn.rate for turn in each), client_ms=median(turn.client_ms for turn in each))
        for name, each in turns.items()
    }


def _turn(way: Way, asked: tuple[Endpoint, str], count: int, requests: int) -> Turn:
    with way(*asked) as launch:
        began, worked = time.perf_counter(), time.process_time()
        for _ in range(requests):
            launch(count)
        taken_s, worked_s = time.perf_counter() - began, time.process_time() - worked
    return Turn(rate=requests * count / taken_s, client_ms=1000 * worked_s / requests)


def _settle(ours: Ours) -> None:
    with Connection(ours.endpoint) as connection:
        ours.settle(connection)


def _words(turns: Mapping[str, Turn]) -> str:
    return ", ".join(
        f"{name} {turn.rate:.0f}/s ({turns['ours'].rate / turn.rate:.2f} times)"
        for name, turn in turns.items()
        if name != "ours"
    )

"""DescribeInstances of 1,000 and 5,000, of one among them, and whether memory stays flat.

Seconds count from the first byte of the request to the last of the answer, over loopback and unread: the server's
side and a socket. All instances run; the peers get the same number by the same requests. moto is asked for 1,000
once: it takes many seconds, and minutes for more.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.ours import Ours, scripted
from bench.peers import MINISTACK, MOTO, Beside
from bench.processes import rss_mib
from bench.requests import Connection, Endpoint, texts
from bench.table import Goal, Row

IMAGE = "ami-12c6146b"
AT_ONCE, FEW, MANY, ROUNDS, FLAT_ROUNDS, ONE_ROUNDS = 50, 1000, 5000, 9, 40, 50
GROWTH_MIB = 8.0


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    with scripted(folder, hosts=6, cores=1024) as ours, Connection(ours.endpoint) as connection:
        _launch(ours.endpoint, ours.image_id, FEW)
        ours.settle(connection)
        for name in beside.running:
            _launch(beside.running[name], IMAGE, FEW)
        told = _peers(beside, {MOTO.name: 1, MINISTACK.name: 3})
        yield _listing(ours, connection, FEW, most_ms=60, told=told)
        _launch(ours.endpoint, ours.image_id, MANY - FEW)
        ours.settle(connection)
        if MINISTACK.name in beside.running:
            _launch(beside.running[MINISTACK.name], IMAGE, MANY - FEW)
        told = _peers(beside, {MINISTACK.name: 3})
        yield _listing(ours, connection, MANY, most_ms=400, told=told)
        yield from _few(ours, connection)
        yield _flat(ours, connection)
        yield _one(ours, beside)


def _listing(ours: Ours, connection: Connection, count: int, *, most_ms: float, told: str) -> Row:
    request = ours.endpoint.signed("DescribeInstances")
    size = len(connection.ask(request)) / (1 << 20)
    return Row(
        figure=f"DescribeInstances of {count}",
        measured=1000 * median(connection.timed(request, ROUNDS)),
        unit="ms",
        goal=Goal.at_most(most_ms, "ms"),
        beside=f"{size:.1f} MiB; {told}",
    )


def _few(ours: Ours, connection: Connection) -> Iterator[Row]:
    """Ask for a page and for what is not there: neither may cost the whole list."""
    unmet = {"Filter_1_Name": "tag:Name", "Filter_1_Value_1": "*nobody*"}
    for what, asked, most_ms in (("a filter without a match", unmet, 10), ("a page of 5", {"MaxResults": "5"}, 10)):
        request = ours.endpoint.signed("DescribeInstances", **asked)
        yield Row(
            figure=f"DescribeInstances, {what} among {MANY}",
            measured=1000 * median(connection.timed(request, ONE_ROUNDS)),
            unit="ms",
            goal=Goal.at_most(most_ms, "ms"),
        )


def _flat(ours: Ours, connection: Connection) -> Row:
    """Compare the least of two stretches of rounds: between them memory rises and falls by an answer."""
    request = ours.endpoint.signed("DescribeInstances")

    def least_mib(rounds: int) -> float:
        readings = [rss_mib(ours.pid) for _ in range(rounds) if connection.timed(request, 1)]
        return min(readings)

    before, after = least_mib(FLAT_ROUNDS // 2), least_mib(FLAT_ROUNDS)
    return Row(
        figure=f"DescribeInstances of {MANY}, growth in {FLAT_ROUNDS} rounds",
        measured=after - before,
        unit="MiB",
        goal=Goal.at_most(GROWTH_MIB, "MiB"),
        beside=f"resident {after:.0f} MiB",
    )


def _one(ours: Ours, beside: Beside) -> Row:
    others = {name: _one_ms(endpoint, IMAGE) for name, endpoint in beside.running.items()}
    told = ", ".join(f"{name} {taken:.1f} ms" for name, taken in others.items())
    return Row(
        figure=f"DescribeInstances, one id among {MANY}",
        measured=_one_ms(ours.endpoint, ours.image_id),
        unit="ms",
        goal=Goal.at_most(5, "ms"),
        beside=told.replace("moto", f"moto (among {FEW})"),
    )


def _one_ms(endpoint: Endpoint, image_id: str) -> float:
    """Launch one more and ask for it by its id."""
    run = endpoint.signed("RunInstances", ImageId=image_id, MinCount="1", MaxCount="1")
    with Connection(endpoint) as connection:
        newest = texts(connection.ask(run), "instanceId")[0]
        asked = endpoint.signed("DescribeInstances", InstanceId_1=newest)
        return 1000 * median(connection.timed(asked, ONE_ROUNDS))


def _peers(beside: Beside, rounds: dict[str, int]) -> str:
    told = []
    for name, times in rounds.items():
        if name in beside.running:
            endpoint = beside.running[name]
            with Connection(endpoint) as connection:
                taken = connection.timed(endpoint.signed("DescribeInstances"), times)
            told.append(f"{name} {1000 * median(taken):.0f} ms")
    return ", ".join(told)


def _launch(endpoint: Endpoint, image_id: str, count: int) -> None:
    run = endpoint.signed("RunInstances", ImageId=image_id, MinCount=str(AT_ONCE), MaxCount=str(AT_ONCE))
    with Connection(endpoint) as connection:
        connection.timed(run, count // AT_ONCE)

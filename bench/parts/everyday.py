"""The calls of every day beside the peers: the figures that their baseline was taken for, one row a call.

Requests are signed before the clock starts, each of its own where a name must be new. Ours must be five times as fast
as moto and not slower than ministack, with signatures verified and every write durable. The trap: all servers hold the
same number of instances when a list is timed, so that nobody's is shorter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from cryptography.hazmat.primitives.asymmetric import rsa

from bench.ours import scripted
from bench.peers import MINISTACK, MOTO, Beside
from bench.requests import Connection, Endpoint, rate, texts
from bench.table import Goal, Row

IMAGE = "ami-12c6146b"
AT_ONCE, FEW, MORE, MOST = 50, 100, 1000, 5000
WRITES, READS, KEYS, CLIENTS, PARALLEL, TURN_S = 60, 40, 20, 4, 16, 2.0
KEY_SHARE = 1.5  # of bare generation, whose own time varies by more
MOTO_TIMES = 5.0

Asked = Mapping[str, tuple[Endpoint, str]]
Requests = Callable[[Endpoint, str], Sequence[bytes]]


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    with scripted(folder, hosts=6, cores=2048) as ours:
        asked = {"ours": (ours.endpoint, ours.image_id)}
        asked |= {name: (endpoint, IMAGE) for name, endpoint in beside.running.items()}
        yield _compared("DescribeRegions", asked, _same("DescribeRegions"))
        yield _compared("CreateSecurityGroup", asked, _groups)
        yield _keys(ours.endpoint)
        for count, names in ((FEW, asked.keys()), (MORE, asked.keys()), (MOST, asked.keys() - {MOTO.name})):
            there = {name: asked[name] for name in names}
            for each in there.values():
                _fill(*each, count)
            with Connection(ours.endpoint) as connection:
                ours.settle(connection)
            yield from _lists(there, count)
        yield from _crowds(asked)


def _lists(asked: Asked, count: int) -> Iterator[Row]:
    nothing = _same("DescribeInstances", Filter_1_Name="tag:Name", Filter_1_Value_1="nobody")
    if count < MOST:
        yield _compared(f"DescribeInstances of {count}", asked, _same("DescribeInstances", times=5))
    if count > FEW:
        yield _compared(f"DescribeInstances, one id among {count}", asked, _one_id, most_ms=5)
        yield _compared(f"DescribeInstances, a filter without a match among {count}", asked, nothing, most_ms=10)


def _crowds(asked: Asked) -> Iterator[Row]:
    """Several clients at once: the whole rate beside the peers', and beside one client's."""
    run = {name: _run(endpoint, image_id, 1) for name, (endpoint, image_id) in asked.items()}
    rates = {name: rate(asked[name][0], run[name], CLIENTS, TURN_S) for name in asked}
    yield _row(f"RunInstances by {CLIENTS} clients", "/s", rates, _faster(rates))
    endpoint, image_id = asked["ours"]
    for what, request in (("RunInstances", run["ours"]), ("DescribeInstances, one id", _one_id(endpoint, image_id)[0])):
        alone, together = (rate(endpoint, request, clients, TURN_S) for clients in (1, PARALLEL))
        yield Row(
            figure=f"{what}, {PARALLEL} clients of one's rate",
            measured=100 * together / alone,
            unit="%",
            goal=Goal.at_least(100, "%"),
            beside=f"{together:.0f}/s, one client {alone:.0f}/s",
        )


def _keys(endpoint: Endpoint) -> Row:
    """Compare with what any server must do for a key: making it. Turns alternate, for its time varies."""
    made, bare = [], []
    with Connection(endpoint) as connection:
        for number in range(KEYS):
            request = endpoint.signed("CreateKeyPair", KeyName=f"bench-{number}")
            made += connection.timed(request, 1)
            began = perf_counter()
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            bare.append(perf_counter() - began)
    return Row(
        figure="CreateKeyPair, of bare key generation",
        measured=median(made) / median(bare),
        unit="times",
        goal=Goal.at_most(KEY_SHARE, "times"),
        beside=f"ours {1000 * median(made):.0f} ms, bare {1000 * median(bare):.0f} ms",
    )


def _compared(what: str, asked: Asked, requests: Requests, most_ms: float = 0.0) -> Row:
    taken_ms = {
        name: 1000 * _median_s(endpoint, requests(endpoint, image)) for name, (endpoint, image) in asked.items()
    }
    return _row(what, "ms", taken_ms, _quicker(taken_ms, most_ms))


def _row(what: str, unit: str, measured: Mapping[str, float], goal: Goal) -> Row:
    told = ", ".join(f"{name} {value:.1f} {unit}" for name, value in measured.items() if name != "ours")
    return Row(figure=what, measured=measured["ours"], unit=unit, goal=goal, beside=told)


def _quicker(taken_ms: Mapping[str, float], most_ms: float) -> Goal:
    bounds = {MOTO.name: taken_ms.get(MOTO.name, 0.0) / MOTO_TIMES, MINISTACK.name: taken_ms.get(MINISTACK.name, 0.0)}
    least = min([*(bound for bound in bounds.values() if bound), *([most_ms] if most_ms else [])])
    return Goal.at_most(least, "ms")


def _faster(rates: Mapping[str, float]) -> Goal:
    return Goal.at_least(max(MOTO_TIMES * rates.get(MOTO.name, 0.0), rates.get(MINISTACK.name, 0.0)), "/s")


def _median_s(endpoint: Endpoint, requests: Sequence[bytes]) -> float:
    with Connection(endpoint) as connection:
        return median(taken for request in requests for taken in connection.timed(request, 1))


def _same(action: str, times: int = READS, **params: str) -> Requests:
    return lambda endpoint, image_id: [endpoint.signed(action, **params)] * times


def _groups(endpoint: Endpoint, image_id: str) -> list[bytes]:
    return [
        endpoint.signed("CreateSecurityGroup", GroupName=f"bench-{number}", GroupDescription="bench")
        for number in range(WRITES)
    ]


def _one_id(endpoint: Endpoint, image_id: str) -> list[bytes]:
    """Launch one more and ask for it by its id."""
    with Connection(endpoint) as connection:
        newest = texts(connection.ask(_run(endpoint, image_id, 1)), "instanceId")[0]
    return [endpoint.signed("DescribeInstances", InstanceId_1=newest)] * READS


def _fill(endpoint: Endpoint, image_id: str, count: int) -> None:
    """Launch until there are about so many."""
    with Connection(endpoint) as connection:
        there = len(texts(connection.ask(endpoint.signed("DescribeInstances")), "instanceId"))
        connection.timed(_run(endpoint, image_id, AT_ONCE), max(0, count - there) // AT_ONCE)


def _run(endpoint: Endpoint, image_id: str, count: int) -> bytes:
    return endpoint.signed("RunInstances", ImageId=image_id, MinCount=str(count), MaxCount=str(count))

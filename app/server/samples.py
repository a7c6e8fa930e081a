"""The past of sensors over REST: which there are, the span of time that is asked for, and how finely it is told."""

from typing import Annotated

from litestar.params import Parameter, QueryParameter

from app.api.loads import SamplesView, SampleView
from app.domain.errors import Invalid
from app.domain.load import Point
from app.server.desk import Desk

HOUR_MS = 3_600_000
FAR_MS = 1 << 53
"""What every reader of JSON can hold, and far beyond all times that are meant."""
OF_HOSTS = ("host.cpu.load", "host.mem.used", "host.net.rx", "host.net.tx", "host.power_watts", "host.temp")
OF_INSTANCES = ("vm.cpu.used", "vm.mem.used", "vm.net.used", "vm.disk.used", "vm.mem.dirty_rate")

_SENSOR = "Name of the sensor, as in mapping rules."
HostSensor = Annotated[str, Parameter(description=_SENSOR, schema_extra={"enum": [*OF_HOSTS]})]
InstanceSensor = Annotated[str, Parameter(description=_SENSOR, schema_extra={"enum": [*OF_INSTANCES]})]
From = Annotated[
    int | None, QueryParameter(name="from", ge=0, le=FAR_MS, description="UTC milliseconds; by default an hour ago.")
]
To = Annotated[int | None, QueryParameter(name="to", ge=0, le=FAR_MS, description="UTC milliseconds; by default now.")]
Points = Annotated[int, Parameter(ge=1, le=5000, description="How many at most; neighbours are put together.")]


def host_sensor(name: str) -> str:
    """Return the name; Invalid if hosts have no such sensor that is kept."""
    return _known(name, OF_HOSTS)


def instance_sensor(name: str) -> str:
    """Return the name; Invalid if instances have no such sensor that is kept."""
    return _known(name, OF_INSTANCES)


async def samples_of(
    desk: Desk, subject: str, sensor: str, span: tuple[int | None, int | None], most: int
) -> SamplesView:
    """Answer the points of one sensor within a span; who asks has been let to the subject already."""
    from_ms, to_ms = within(desk, *span)
    points = await desk.cloud.sensors.samples.history(subject, sensor, from_ms, to_ms)
    together = -(-len(points) // most) or 1
    shown = [_one(points[start : start + together]) for start in range(0, len(points), together)]
    return SamplesView(subject=subject, sensor=sensor, points=shown)


def within(desk: Desk, since: int | None, until: int | None) -> tuple[int, int]:
    """Return the span in UTC milliseconds, by default the last hour; Invalid if it is empty."""
    now_ms = desk.cloud.clock.now_ms()
    from_ms, to_ms = now_ms - HOUR_MS if since is None else since, now_ms + 1 if until is None else until
    if from_ms >= to_ms:
        raise Invalid("from", from_ms, f"It must lie before {to_ms}, where the span ends.")
    return from_ms, to_ms


def _one(points: list[Point]) -> SampleView:
    mean = sum(point.mean for point in points) / len(points)
    return SampleView(at_ms=points[0].at_ms, mean=mean, most=max(point.most for point in points))


def _known(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise Invalid("sensor", name[:60], f"Kept are {', '.join(names)}.")
    return name

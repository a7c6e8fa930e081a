"""The past of one sensor over REST: which sensors there are, and the span of time that is asked for."""

from typing import Annotated

from litestar.params import Parameter, QueryParameter

from app.api.resources import SamplesView, SampleView
from app.domain.errors import Invalid
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


def host_sensor(name: str) -> str:
    """Return the name; Invalid if hosts have no such sensor that is kept."""
    return _known(name, OF_HOSTS)


def instance_sensor(name: str) -> str:
    """Return the name; Invalid if instances have no such sensor that is kept."""
    return _known(name, OF_INSTANCES)


async def samples_of(desk: Desk, subject: str, sensor: str, since: int | None, until: int | None) -> SamplesView:
    """Answer the points of one sensor; who asks has been let to the subject already."""
    now_ms = desk.cloud.clock.now_ms()
    to_ms = now_ms + 1 if until is None else until
    from_ms = now_ms - HOUR_MS if since is None else since
    points = await desk.cloud.sensors.samples.history(subject, sensor, from_ms, to_ms)
    shown = [SampleView(at_ms=point.at_ms, mean=point.mean, most=point.most) for point in points]
    return SamplesView(subject=subject, sensor=sensor, points=shown)


def _known(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise Invalid("sensor", name[:60], f"Kept are {', '.join(names)}.")
    return name

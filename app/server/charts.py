"""REST: the past of all that is charted of a host, a cluster or an instance, in steps of one length.

The trap: readings come more seldom than the steps of a short chart, so a step without one takes the value before it,
for as long as a reading is good for. What is longer unknown stays unknown, and is never 0.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated

from litestar import Controller, get
from litestar.params import Parameter

from app.api.loads import ChartView, of_cluster
from app.domain.account import Role
from app.domain.load import Point
from app.server.desk import At, Desk, needs
from app.server.loads import STALE_S
from app.server.samples import From, To, within
from app.server.sensors import MIB
from app.services import clusters, hosts, instances

MOST = 1000
FINEST_MS = 1000
Steps = Annotated[int, Parameter(ge=2, le=MOST, description="How many steps at most.")]
Value = float | None
# field of the view, sensor, and what one unit of the field is in the sensor's
Lines = tuple[tuple[str, str, float], ...]
OF_HOST: Lines = (
    ("cpu", "host.cpu.load", 1.0),
    ("memory_mib", "host.mem.used", MIB),
    ("net_in_bps", "host.net.rx", 1.0),
    ("net_out_bps", "host.net.tx", 1.0),
    ("watts", "host.power_watts", 1.0),
)
OF_INSTANCE: Lines = (("cpu", "vm.cpu.used", 1.0), ("memory_mib", "vm.mem.used", MIB), ("net_bps", "vm.net.used", 1.0))


class ChartController(Controller):
    tags = ("charts",)
    opt = needs(Role.VIEWER)

    @get("/hosts/{name:str}/chart", operation_id="ShowHostChart", summary="Its past, for a chart")
    async def host(self, desk: At, name: str, since: From = None, until: To = None, steps: Steps = 120) -> ChartView:
        host = await desk.read(lambda unit: hosts.get(unit, name))
        return await _chart(desk, (host.name, host.name), OF_HOST, within(desk, since, until), steps)

    @get("/clusters/{name:str}/chart", operation_id="ShowClusterChart", summary="The past of its hosts together")
    async def cluster(self, desk: At, name: str, since: From = None, until: To = None, steps: Steps = 120) -> ChartView:
        cluster = await desk.read(lambda unit: clusters.get(unit, name))
        subjects = (cluster.name, of_cluster(cluster.name))
        return await _chart(desk, subjects, OF_HOST, within(desk, since, until), steps)

    @get("/instances/{instance_id:str}/chart", operation_id="ShowInstanceChart", summary="Its past, for a chart")
    async def instance(
        self, desk: At, instance_id: str, since: From = None, until: To = None, steps: Steps = 120
    ) -> ChartView:
        [found] = await desk.read(lambda unit: instances.find(unit, desk.caller, [instance_id]))
        return await _chart(desk, (found.id, found.id), OF_INSTANCE, within(desk, since, until), steps)


async def _chart(desk: Desk, subjects: tuple[str, str], lines: Lines, span: tuple[int, int], steps: int) -> ChartView:
    """Chart a subject (as it is called, and as its samples are) over a span."""
    from_ms, to_ms = span
    step_ms = max(FINEST_MS, -(-(to_ms - from_ms) // (steps * FINEST_MS)) * FINEST_MS)
    sensors = [sensor for _, sensor, _ in lines]
    points = await desk.cloud.sensors.samples.histories(subjects[1], sensors, from_ms, to_ms)
    count = -(-(to_ms - from_ms) // step_ms)
    drawn = {name: in_steps(points[sensor], from_ms, step_ms, count, unit) for name, sensor, unit in lines}
    return _view(subjects[0], from_ms, step_ms, drawn)


def _view(subject: str, from_ms: int, step_ms: int, drawn: Mapping[str, list[Value]]) -> ChartView:
    return ChartView(
        subject=subject,
        from_ms=from_ms,
        step_ms=step_ms,
        cpu=drawn["cpu"],
        memory_mib=drawn["memory_mib"],
        net_in_bps=drawn.get("net_in_bps", []),
        net_out_bps=drawn.get("net_out_bps", []),
        net_bps=drawn.get("net_bps", []),
        watts=drawn.get("watts", []),
    )


def in_steps(points: Sequence[Point], from_ms: int, step_ms: int, count: int, unit: float = 1.0) -> list[Value]:
    """Return the mean of each step in units of `unit`; points are ordered by time."""
    sums: dict[int, list[float]] = {}
    for point in points:
        sums.setdefault((point.at_ms - from_ms) // step_ms, []).append(point.mean)
    reach = _reach_ms(points) // step_ms
    values: list[Value] = []
    last, last_step = 0.0, -reach - 1
    for step in range(count):
        if step in sums:
            last, last_step = sum(sums[step]) / len(sums[step]) / unit, step
        values.append(last if step - last_step <= reach else None)
    return values


def _reach_ms(points: Sequence[Point]) -> int:
    """Return for how long a point is good: until the next of its kind is due."""
    gaps = [later.at_ms - earlier.at_ms for earlier, later in pairwise(points)]
    return max(int(STALE_S * 1000), min(gaps, default=0))

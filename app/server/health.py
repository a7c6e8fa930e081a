"""What watches the cloud from outside: liveness, Prometheus metrics, and 1.6.1's heartbeat text.

These answer without a token, so they tell numbers and no names.
"""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from app.domain.errors import CloudError
from app.server.cloud import Cloud

READ_WITHIN_S = 2.0
COMPONENTS = ("eucalyptus", "cluster", "walrus", "storage")
OFFERED = frozenset({"eucalyptus", "cluster"})
PROMETHEUS = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
"""The framework adds the charset of whatever is text."""


_SILENT = ResponseSpec(data_container=dict[str, str], description="The store does not answer.", generate_examples=False)


@get(
    "/healthz",
    operation_id="Health",
    summary="Does it answer?",
    description="Answers once the store does.",
    tags=["health"],
    responses={503: _SILENT},
)
async def healthz(request: Request[Any, Any, State]) -> Response[dict[str, str]]:
    cloud: Cloud = request.app.state.cloud
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            await cloud.store.read(lambda unit: unit.cursor())
    except (CloudError, TimeoutError):
        return Response({"status": "the store does not answer"}, status_code=503)
    return Response({"status": "ok"})


@get(
    "/metrics",
    operation_id="Metrics",
    summary="Numbers for Prometheus",
    description="Numbers of instances, hosts, requests and listeners; no names of users.",
    tags=["health"],
    media_type=PROMETHEUS,
)
async def metrics(request: Request[Any, Any, State]) -> Response[bytes]:
    cloud: Cloud = request.app.state.cloud
    cloud.metrics.sense(cloud.sensors.fresh("host.cpu.load"), cloud.sensors.fresh("host.power_watts"))
    text = await cloud.store.read(lambda unit: cloud.metrics.render(unit, cloud.feed.listeners))
    return Response(text, media_type=PROMETHEUS)


@get(
    "/services/Heartbeat",
    operation_id="Heartbeat",
    summary="1.6.1's component lines",
    description="One line a component, as 1.6.1's monitoring read it.",
    tags=["health"],
    media_type="text/plain",
)
async def heartbeat() -> Response[str]:
    lines = [_line(name, str(name in OFFERED).lower()) for name in COMPONENTS]
    return Response("".join(lines), media_type="text/plain")


def _line(name: str, there: str) -> str:
    return f"name={name:<20.20} enabled={there:<10.10} local={there:<10.10} initialized={there:<10.10}\n"

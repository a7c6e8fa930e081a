"""The lines of busy cores and of power in the past. Live they come with the stream, which has no past, so here they are
read from the charts of clusters. What can not be had stays unknown, as it is drawn anyhow.
"""

import asyncio
from collections.abc import Sequence

from app.api.loads import MOST_STEPS, POWER, STEP_MS, Trend, of_cluster
from app.client import calls
from app.client.errors import ClientError
from app.client.http import Cloud
from app.tui.screens.subject import added

MOST_CLUSTERS = 20


async def fetch_trends(cloud: Cloud, clusters: Sequence[str], at_ms: int) -> dict[str, Trend]:
    """Read what clusters did until then, and what they drew together."""
    names, begin_ms = clusters[:MOST_CLUSTERS], at_ms - MOST_STEPS * STEP_MS
    wanted = [calls.chart("cluster", name, begin_ms, at_ms, MOST_STEPS) for name in names]
    try:
        charts = await asyncio.gather(*(cloud.send(call) for call in wanted))
    except ClientError:
        return {}
    found = {of_cluster(chart_of): chart.cpu for chart_of, chart in zip(names, charts, strict=True)}
    found[POWER] = added(*(chart.watts for chart in charts))
    return {name: Trend(MOST_STEPS, values, at_ms) for name, values in found.items()}

"""Keeps the console's copy true: fetch everything, follow the stream, and begin anew after a gap.

The order matters: the stream is followed from the cursor of the *first* collection fetched, so that whatever
changed during the fetch comes again as a frame. Knows no screen.
"""

import asyncio

from app.api import events
from app.api.resources import InstanceView
from app.client import calls
from app.client.errors import ClientError, Garbled, Refused, Unreachable
from app.client.http import Cloud
from app.client.job_calls import all_jobs
from app.client.stream import Down, Frame, Gap, News, Patience, Up, follow
from app.tui.session import Clock
from app.tui.store import CloudCopy, LinkState

MOST_INSTANCES = 20_000
OVERVIEW_EVERY_S = 5
TOPICS = ",".join(events.TOPICS)
DENIED_PAUSE_S = 15.0


async def fetch(cloud: Cloud, copy: CloudCopy) -> None:
    """Fill a copy with what every screen needs, all at once when all has come; raises ClientError."""
    send = cloud.send
    overview, me, hosts, images, jobs = await asyncio.gather(
        send(calls.overview()), send(calls.me()), send(calls.hosts()), send(calls.images()), send(all_jobs())
    )
    instances = await _instances(cloud)
    copy.forget_later()
    copy.me = me
    copy.load("host", hosts.items)
    copy.load("image", images.items)
    copy.load("job", jobs.items)
    copy.load("instance", instances)
    copy.load("cluster", overview.clusters)
    copy.load("event", sorted(overview.events, key=lambda event: event.at_ms))
    copy.see(overview)
    copy.cursor = overview.cursor


async def _instances(cloud: Cloud) -> list[InstanceView]:
    found: list[InstanceView] = []
    after = ""
    while len(found) < MOST_INSTANCES:
        page = await cloud.send(calls.instances(after=after))
        found += page.items
        if not page.next or not page.items:
            break
        after = page.next
    return found[:MOST_INSTANCES]


class Feed:
    """One run per console; what time the cloud has it says with every heartbeat."""

    def __init__(self, cloud: Cloud, copy: CloudCopy, clock: Clock, patience: Patience) -> None:
        self._cloud, self._copy, self._clock, self._patience = cloud, copy, clock, patience
        self._stirred = self._told = False

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_overview())
            group.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            try:
                await fetch(self._cloud, self._copy)
                self._patience.reset()
                await self._follow()
            except Refused as error:
                self._copy.set_link(LinkState.DENIED, self._clock.monotonic_s(), str(error))
                await self._patience.sleep(DENIED_PAUSE_S)
            except (Unreachable, Garbled) as error:
                pause_s = self._patience.next_s()
                self._copy.set_link(LinkState.LOST, self._clock.monotonic_s(), error.detail, pause_s)
                await self._patience.wait(pause_s, self._cloud)

    async def _follow(self) -> None:
        """Take news until a gap ends them."""
        async for news in follow(self._cloud, self._copy.cursor, self._patience, TOPICS):
            await self._take(news)

    async def _take(self, news: News) -> None:
        match news:
            case Frame():
                self._copy.apply(news)
                if isinstance(news.data, events.Beat):
                    self._copy.set_clock(news.data.at_ms, self._clock.now_ms())
                self._stirred |= news.kind not in {"heartbeat", "load", "instance-load"}
                self._told |= news.kind == "overview"
                self._copy.set_link(LinkState.LIVE, self._clock.monotonic_s())
            case Up():
                self._told = False
                self._copy.set_link(LinkState.CATCHING_UP, self._clock.monotonic_s())
                self._copy.see(await self._cloud.send(calls.overview()))
                self._copy.set_link(LinkState.LIVE, self._clock.monotonic_s())
            case Down():
                self._copy.set_link(LinkState.LOST, self._clock.monotonic_s(), news.detail, news.retry_in_s)
            case Gap():
                self._copy.set_link(LinkState.CATCHING_UP, self._clock.monotonic_s())

    async def _keep_overview(self) -> None:
        """Where the stream tells no totals, ask for them soon after changes, and now and then."""
        quiet_s = 0
        while True:
            await asyncio.sleep(1)
            quiet_s += 1
            due = self._stirred or quiet_s >= OVERVIEW_EVERY_S
            if not due or self._told or self._copy.link.state is not LinkState.LIVE:
                continue
            quiet_s, self._stirred = 0, False
            try:
                self._copy.see(await self._cloud.send(calls.overview()))
            except ClientError:
                continue  # whether the cloud is lost is the stream's to judge

"""Following the stream: what is missed comes again, silence is a loss, a forgotten cursor is a gap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from app.client.http import Cloud
from app.client.stream import GAP, Down, Frame, News, Patience, Up, follow
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import a_host


async def no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def following(fake: FakeCloud, patience: Patience) -> AsyncIterator[AsyncIterator[News]]:
    async with (
        Cloud("http://127.0.0.1:1", "t", transport=fake.transport()) as cloud,
        asyncio.timeout(60),
        aclosing(follow(cloud, "2", patience)) as news,
    ):
        yield news


async def test_after_a_loss_reading_goes_on_where_it_ended() -> None:
    fake = FakeCloud()
    fake.change("host", a_host("node01"))
    async with following(fake, Patience(sleep=no_pause)) as news:
        assert await anext(news) == Up()
        first = await anext(news)
        assert isinstance(first, Frame)
        assert first.cursor == "3"
        fake.fall()
        fake.change("host", a_host("node02"))
        assert isinstance(await anext(news), Down)
        assert isinstance(await anext(news), Down)
        fake.rise()
        after = [one async for one in _until_frame(news)]
        assert isinstance(after[-1], Frame)
        assert after[-1].data == a_host("node02")


async def _until_frame(news: AsyncIterator[News]) -> AsyncIterator[News]:
    async for one in news:
        yield one
        if isinstance(one, Frame):
            return


async def test_two_heartbeats_missed_is_a_loss() -> None:
    async with following(FakeCloud(), Patience(sleep=no_pause, silence_s=0.02)) as news:
        assert await anext(news) == Up()
        lost = await anext(news)
        assert isinstance(lost, Down)
        assert "heartbeats" in lost.detail
        assert await anext(news) == Up()


async def test_a_forgotten_cursor_ends_in_a_gap() -> None:
    fake = FakeCloud()
    fake.forget()
    async with following(fake, Patience(sleep=no_pause)) as news:
        assert [one async for one in news] == [Up(), GAP]


@given(st.floats(0, 1), st.integers(1, 30))
def test_pauses_grow_to_fifteen_seconds_and_jitter_only_shortens_them(jitter: float, tries: int) -> None:
    patience = Patience(jitter=lambda: jitter)
    pauses = [patience.next_s() for _ in range(tries)]
    assert pauses == sorted(pauses)
    assert all(0.375 <= pause <= 15 for pause in pauses)


async def test_a_long_pause_ends_as_soon_as_the_cloud_is_heard_again() -> None:
    fake = FakeCloud()
    fake.down = True
    slept: list[float] = []

    async def pause(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            fake.rise()

    async with Cloud("http://127.0.0.1:1", "t", transport=fake.transport()) as cloud:
        await Patience(sleep=pause).wait(15.0, cloud)
    assert sum(slept) == 3.0

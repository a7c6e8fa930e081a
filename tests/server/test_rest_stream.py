"""The live stream: no gap, no double, whatever is cut where; a listener that does not read costs its bound only."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.domain.errors import Unavailable
from app.domain.host import Cluster
from app.server.feed import Feed
from app.store.database import Database
from tests.builders import FrozenClock
from tests.deadline import PATIENCE_S, eventually
from tests.served import ServedCloud


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as database:
        yield database


@pytest.fixture
async def feed(store: Database) -> AsyncIterator[Feed]:
    following = Feed(store, FrozenClock(), heartbeat_s=3600, most=4)
    task = asyncio.create_task(following.run())
    yield following
    following.close()
    task.cancel()
    await asyncio.wait([task])


async def add_cluster(store: Database, name: str) -> None:
    await store.write(lambda unit: unit.clusters.add(Cluster(name=name, created_at_ms=0)))


def frames(text: str) -> list[tuple[str, str]]:
    """List (id, event) of every frame."""
    return [
        (
            (re.findall(r"^id: (\d+)$", frame, re.MULTILINE) or [""])[0],
            re.findall(r"^event: (.*)$", frame, re.MULTILINE)[0],
        )
        for frame in text.split("\n\n")
        if frame.strip()
    ]


def event_ids(text: str) -> list[int]:
    return [int(number) for number, event in frames(text) if event == "event"]


async def read_until(stream: AsyncIterator[bytes], word: str) -> str:
    text = ""
    async with asyncio.timeout(PATIENCE_S):
        while word not in text:
            text += (await anext(stream)).decode()
    return text


async def rest(stream: AsyncIterator[bytes]) -> str:
    async with asyncio.timeout(PATIENCE_S):
        return "".join([chunk.decode() async for chunk in stream])


async def test_a_listener_is_told_what_was_and_what_comes(store: Database, feed: Feed) -> None:
    await add_cluster(store, "before")
    stream = await feed.join(0)
    assert event_ids(await read_until(stream, "before")) == [1]
    await add_cluster(store, "after")
    text = await read_until(stream, "after")
    assert event_ids(text) == [2]
    assert ("", "cluster") in frames(text)


@pytest.mark.parametrize("cut", range(6))
async def test_wherever_a_listener_is_cut_it_gets_every_event_once(store: Database, feed: Feed, cut: int) -> None:
    names = [f"cluster-{number}" for number in range(6)]
    for name in names[:3]:
        await add_cluster(store, name)
    first = await feed.join(cut)
    got = event_ids(await read_until(first, names[2])) if cut < 3 else []
    await first.aclose()  # type: ignore[attr-defined]
    for name in names[3:]:
        await add_cluster(store, name)
    second = await feed.join(got[-1] if got else min(cut, 3))
    got += event_ids(await read_until(second, names[5]))
    assert got == list(range(min(cut, 3) + 1, 7))


async def test_many_listeners_are_told_the_same_bytes(store: Database, feed: Feed) -> None:
    streams = [await feed.join(None) for _ in range(5)]
    for stream in streams:
        await anext(stream)
    await add_cluster(store, "shared")
    texts = {await read_until(stream, "shared") for stream in streams}
    assert len(texts) == 1


async def test_a_listener_that_does_not_read_is_told_gap_and_let_go(store: Database, feed: Feed) -> None:
    slow = await feed.join(None)
    await anext(slow)
    for number in range(12):
        await add_cluster(store, f"cluster-{number}")
    quick = await feed.join(0)
    await read_until(quick, "cluster-11")
    assert frames(await rest(slow))[-1] == ("", "gap")
    assert feed.listeners == 1


async def test_who_was_let_go_counts_until_the_stream_has_ended(store: Database) -> None:
    feed = Feed(store, FrozenClock(), heartbeat_s=3600, most=1, most_listeners=1)
    running = asyncio.create_task(feed.run())
    slow = await feed.join(None)
    await anext(slow)
    async with asyncio.timeout(PATIENCE_S):
        while feed.listeners:
            await add_cluster(store, f"cluster-{time.monotonic_ns()}")
    with pytest.raises(Unavailable):
        await feed.join(None)
    await rest(slow)
    await feed.join(None)  # there is room again
    running.cancel()


async def test_a_cursor_that_is_not_kept_is_answered_with_gap(store: Database, feed: Feed) -> None:
    await add_cluster(store, "one")
    assert [event for _, event in frames(await rest(await feed.join(99)))] == ["gap"]
    for number in range(5):
        await add_cluster(store, f"cluster-{number}")
    await store.prune_journal(FrozenClock().now_ms() + 1)
    assert [event for _, event in frames(await rest(await feed.join(1)))] == ["gap"]


async def test_after_a_restore_everything_is_fetched_anew(store: Database, feed: Feed) -> None:
    await add_cluster(store, "one")
    await store.write(lambda unit: unit.note("cloud.restored", "cloud", "cloud", "from a backup"))
    text = await rest(await feed.join(1))
    assert frames(text)[-1][1] == "gap"
    assert event_ids(text) == []


async def test_closing_ends_all_streams(store: Database, feed: Feed) -> None:
    stream = await feed.join(None)
    await anext(stream)
    feed.close()
    assert await rest(stream) == ""


async def test_what_is_gone_is_said_to_be_removed(store: Database, feed: Feed) -> None:
    await add_cluster(store, "brief")
    await store.write(lambda unit: unit.clusters.remove(unit.clusters.where()[0]))
    text = await read_until(await feed.join(0), "cluster.removed")
    assert ("", "removed") in frames(text)
    assert '"kind":"cluster","id":"brief"' in text


class Teller:
    """A topic of its own, which counts how often somebody asked."""

    def __init__(self) -> None:
        self.wholes, self.asked = 0, 0

    async def whole(self) -> bytes:
        self.wholes += 1
        return b"event: load\ndata: whole\n\n"

    async def news(self) -> bytes:
        self.asked += 1
        return b"event: load\ndata: news\n\n"


@pytest.fixture
async def told(store: Database) -> AsyncIterator[tuple[Feed, Teller]]:
    teller = Teller()
    following = Feed(store, FrozenClock(), {"load": teller}, heartbeat_s=3600)
    task = asyncio.create_task(following.run())
    yield following, teller
    following.close()
    task.cancel()
    await asyncio.wait([task])


async def test_who_names_topics_is_told_these_and_where_to_go_on(store: Database, feed: Feed) -> None:
    await add_cluster(store, "one")
    text = await read_until(await feed.join(0, frozenset({"host"})), "id: 1")
    assert [event for _, event in frames(text.removesuffix("id: 1\n\n"))] == ["heartbeat"]
    both = await read_until(await feed.join(0, frozenset({"cluster", "event"})), "id: 1")
    assert [event for _, event in frames(both)] == ["heartbeat", "cluster", "event"]


async def test_loads_come_to_who_names_them_and_are_made_once_for_all(told: tuple[Feed, Teller]) -> None:
    feed, teller = told
    streams = [await feed.join(None, frozenset({"load", "event"})) for _ in range(3)]
    texts = set(await asyncio.gather(*(read_until(stream, "news") for stream in streams)))
    assert len(texts) == 1
    assert texts.pop().index("whole") > 0
    assert (teller.wholes, teller.asked) == (1, 1)


async def test_nothing_is_made_while_nobody_names_the_topic(told: tuple[Feed, Teller], store: Database) -> None:
    feed, teller = told
    plain, asking = await feed.join(None), await feed.join(None, frozenset({"load"}))
    await read_until(asking, "news")
    await asking.aclose()  # type: ignore[attr-defined]
    asked = teller.asked
    await add_cluster(store, "last")
    assert "event: load" not in await read_until(plain, "last")
    assert teller.asked == asked


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("streamed") / "state", rehearse="1x1") as served:
        yield served


def listen(cloud: ServedCloud, cursor: str, until: str) -> list[int]:
    """Read the stream over HTTP from a cursor until an event of this kind; return the ids of all events."""
    headers = {"Authorization": f"Bearer {cloud.credentials()['EUCA_TOKEN']}", "Last-Event-ID": cursor}
    text = ""
    with (
        httpx.Client(timeout=60, trust_env=False) as http,
        http.stream("GET", f"{cloud.url}/api/v1/stream", headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        for chunk in answer.iter_text():
            text += chunk
            if until in text and text.endswith("\n\n"):
                return event_ids(text)
    raise AssertionError(f"the stream ended before {until}: {text[-500:]}")


@pytest.mark.server
def test_a_listener_that_comes_back_after_the_server_was_killed_misses_nothing(own: ServedCloud) -> None:
    own.euca("account", "create", "first")
    got = listen(own, "0", "Account first")
    own.kill()
    own.start()
    own.euca("account", "create", "second")
    got += listen(own, str(got[-1]), "Account second")
    assert got == list(range(1, len(got) + 1))


@pytest.mark.server
def test_a_server_with_listeners_stops_at_once(own: ServedCloud) -> None:
    headers = {"Authorization": f"Bearer {own.credentials()['EUCA_TOKEN']}"}
    with (
        httpx.Client(timeout=60, trust_env=False) as http,
        http.stream("GET", f"{own.url}/api/v1/stream", headers=headers) as answer,
    ):
        chunks = answer.iter_text()
        beat = next(chunks)
        assert json.loads(beat.partition("data: ")[2])["cursor"]
        metrics = httpx.get(f"{own.url}/metrics", trust_env=False).text
        assert "eucalyptus_stream_listeners 1.0" in metrics
        assert own.stop() == 0
    own.start()
    eventually(lambda: httpx.get(f"{own.url}/healthz", trust_env=False).status_code == 200)


@pytest.mark.server
def test_whoever_asks_from_a_cursor_that_is_not_kept_is_told_gap_and_fetches_anew(own: ServedCloud) -> None:
    own.euca("account", "create", "third")
    token = {"Authorization": f"Bearer {own.credentials()['EUCA_TOKEN']}"}
    with httpx.Client(base_url=f"{own.url}/api/v1", headers=token, timeout=60, trust_env=False) as http:
        told = http.get("/stream", headers={"Last-Event-ID": "99999999"}).text  # it ends by itself
        assert [event for _, event in frames(told)] == ["gap"]
        newest = http.get("/accounts").json()["cursor"]
        assert int(json.loads(told.partition("data: ")[2])["cursor"]) <= int(newest)
    own.euca("account", "create", "fourth")
    assert listen(own, newest, "Account fourth")[0] == int(newest) + 1


@pytest.mark.server
def test_a_quiet_stream_beats_every_five_seconds(own: ServedCloud) -> None:
    token = {"Authorization": f"Bearer {own.credentials()['EUCA_TOKEN']}"}
    beats: list[int] = []
    with (
        httpx.Client(timeout=60, headers=token, trust_env=False) as http,
        http.stream("GET", f"{own.url}/api/v1/stream") as answer,
    ):
        for chunk in answer.iter_text():
            beats += [int(at) for at in re.findall(r"event: heartbeat\ndata: .*\"at_ms\":(\d+)", chunk)]
            if len(beats) >= 3:
                break
    assert 4000 < beats[2] - beats[1] < 30_000

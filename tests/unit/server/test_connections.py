"""A request is bounded while it arrives, before anybody reads it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.server.connections import HEAD_BYTES, BoundedProtocol


class Quick(BoundedProtocol):
    HEAD_WITHIN_S = BODY_SILENCE_S = UNREAD_S = 0.2


MUCH = 1 << 24


async def much(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % MUCH)]})
    await send({"type": "http.response.body", "body": b"a" * MUCH, "more_body": True})
    await send({"type": "http.response.body"})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/much":
        await much(send)
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * Quick.BODY_SILENCE_S)
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(hello, log_config=None, lifespan="off")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: Quick(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def answer(port: int, *parts: bytes) -> bytes:
    """Send the parts; return all that comes until the server hangs up or, after an answer, nothing more is due."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
    async with asyncio.timeout(60):
        said = await reader.read(4096)
    writer.close()
    return said


@pytest.mark.parametrize("part", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow:"])
async def test_a_head_that_does_not_end_is_hung_up_on(port: int, part: bytes) -> None:
    assert await answer(port, part) == b""


async def test_a_head_without_end_is_refused(port: int) -> None:
    assert (await answer(port, b"GET / HTTP/1.1\r\nX: ", b"a" * (HEAD_BYTES + 1))).startswith(b"HTTP/1.1 400 ")


async def test_a_long_body_is_no_long_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (2 * HEAD_BYTES)
    assert (await answer(port, head, b"a" * 2 * HEAD_BYTES)).startswith(b"HTTP/1.1 200 ")


async def test_a_second_request_on_a_connection_is_bounded_too(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    async with asyncio.timeout(60):
        assert (await reader.read(4096)).startswith(b"HTTP/1.1 200 ")
        writer.write(b"GET / HT")
        assert await reader.read(4096) == b""
    writer.close()


async def test_a_body_that_stalls_is_hung_up_on(port: int) -> None:
    assert await answer(port, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nstal") == b""


async def test_a_body_may_take_longer_than_a_silence(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n")
    for _ in range(6):
        await asyncio.sleep(Quick.BODY_SILENCE_S / 4)
        writer.write(b"a")
    async with asyncio.timeout(60):
        assert (await reader.read(4096)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_body_that_the_server_does_not_read_is_no_silence(port: int) -> None:
    head = b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (1 << 20)
    assert (await answer(port, head, b"a" * (1 << 20))).startswith(b"HTTP/1.1 200 ")


async def test_who_does_not_read_the_answer_is_cut_off(port: int) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /much HTTP/1.1\r\nHost: h\r\n\r\n")
    async with asyncio.timeout(60):
        with pytest.raises(ConnectionError):
            while True:
                await asyncio.sleep(Quick.UNREAD_S / 10)
                writer.write(b"a")  # nobody reads, so only this shows that the other end is gone
                await writer.drain()
    writer.close()


async def test_an_answer_may_be_read_slowly(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /much HTTP/1.1\r\nHost: h\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(60):
        for _ in range(32):
            await reader.readexactly(MUCH // 32)
            await asyncio.sleep(Quick.UNREAD_S / 5)
    writer.close()

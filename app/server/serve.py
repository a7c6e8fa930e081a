"""Serve a cloud over HTTP until told to stop: the body of `euca serve`.

The traps: uvicorn raises a signal again after it has stopped, which would turn a wanted end into a killed process,
so signals are ours; and live streams never end by themselves, so they are closed before it waits for connections.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import uvicorn
import uvloop

from app.api.console import MOST_FRAME_BYTES
from app.domain.errors import Unavailable
from app.server.application import create_app
from app.server.cloud import Cloud
from app.server.connections import config
from app.server.front import Front
from app.server.query_edge import PATHS, query_app
from app.server.wiring import Around, as_they_are, query_api, running
from app.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 1024
STOP_REQUESTS_S = 1
EXIT_WITHIN_S = 4.6
KEEP_ALIVE_S = 30
THREAD_TURN_S = 0.0005
OBJECTS_BETWEEN_COLLECTIONS = 50_000
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - shown as what to connect to


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to us and says once that it answers."""

    def __init__(self, config: uvicorn.Config, answering: Callable[[], None]) -> None:
        super().__init__(config)
        self._answering = answering

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._answering()


def serve(
    settings: Settings,
    answering: Callable[[str], None],
    reload: Callable[[], Settings],
    around: Around = as_they_are,
) -> None:
    """Serve until SIGTERM or SIGINT; `answering` is told the address once requests are answered.

    `reload` reads the settings anew, for when their file changes.

    Unavailable if the port can not be had, InUse if the state directory can not.
    """
    with listener(settings.listen_host, settings.listen_port) as bound:
        url = url_of(bound, settings.listen_host)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(running(settings, url, reload, around), bound, url, lambda: answering(url)))


def listener(host: str, port: int) -> socket.socket:
    """Bind a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise Unavailable("listener", f"{host}:{port} can not be used: {error.strerror}") from error
    return bound


def url_of(bound: socket.socket, host: str) -> str:
    """Return the address that a client on this machine uses."""
    shown = WILDCARDS.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{bound.getsockname()[1]}"


async def _serve(
    cloud_of: AbstractAsyncContextManager[Cloud], bound: socket.socket, url: str, answering: Callable[[], None]
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _begin_to_stop, stopping)
    async with cloud_of as cloud:
        query = query_app(query_api(cloud, url))
        app: Any = Front(
            create_app(cloud), cloud.entropy, apart=dict.fromkeys(PATHS, query), observe=cloud.metrics.observe
        )
        _tune()
        server = _Server(_config(app), answering)

        async def stop_when_told() -> None:
            await stopping.wait()
            cloud.feed.close()
            cloud.consoles.close()
            server.should_exit = True

        watcher = asyncio.create_task(stop_when_told())
        await server.serve(sockets=[bound])
        watcher.cancel()
    log.info("stopped")


def _tune() -> None:
    """Fit the interpreter to a server: threads that hand over to each other, answers made of many small objects.

    By default a thread that computes keeps the others waiting for 5 ms, several times a request; and the garbage
    collector looks at everything that was ever loaded each time a long list is answered.
    """
    sys.setswitchinterval(THREAD_TURN_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def _begin_to_stop(stopping: asyncio.Event) -> None:
    if not stopping.is_set():
        # State is safe against a kill at any moment, so a part that hangs must not hold up the end.
        timer = threading.Timer(EXIT_WITHIN_S, os._exit, (0,))
        timer.daemon = True
        timer.start()
    stopping.set()


def _config(app: Any) -> uvicorn.Config:
    return config(
        app,
        ws_max_size=MOST_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_REQUESTS_S,
        backlog=BACKLOG,
    )

"""`euca console --web`: the console served to browsers. Loopback unless told otherwise, and never without a login."""

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import click
import uvicorn

from app.server.connections import config
from app.web.host import MOST_MESSAGE_BYTES, create_web

LOOPBACK = "127.0.0.1"
STOP_S = 4


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to us, since it would raise them again."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def serve_web(listen: str, public_url: str, cloud_url: str, flags: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    host, port = _place(listen)
    wide = _is_wide(host)
    if wide and not public_url:
        raise click.ClickException(
            f"{host} is every address of this machine; say by --web-url which one browsers use: https://console.lab"
        )
    try:
        bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise click.ClickException(f"{listen} can not be used: {error.strerror}") from error
    port = bound.getsockname()[1]
    origins = [_origin(public_url)] if public_url else _origins(host, port)
    click.echo(f"console at {origins[0]}; log in with a token or an access key (euca credentials shows yours)")
    if origins[0].startswith("http:") and not _is_loopback(host):
        click.echo("euca: what goes over the network is not encrypted; put TLS in front and give --web-url", err=True)
    with bound:
        asyncio.run(_serve(bound, origins, cloud_url, flags))
    return 0


async def _serve(bound: socket.socket, origins: Sequence[str], cloud_url: str, flags: Sequence[str]) -> None:
    server = _Server(
        config(
            create_web(cloud_url, origins, flags),
            ws_max_size=MOST_MESSAGE_BYTES,
            timeout_graceful_shutdown=STOP_S,
        )
    )

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await server.serve(sockets=[bound])


def _place(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"--web {listen}: it is HOST:PORT or PORT, for example 127.0.0.1:8080")
    return host.strip("[]") or LOOPBACK, int(port)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise click.UsageError(f"--web-url {url}: it is the address that browsers use, for example https://console.lab")
    return f"{parts.scheme}://{parts.netloc}"


def _origins(host: str, port: int) -> list[str]:
    names = [f"[{host}]" if ":" in host else host]
    if _is_loopback(host):
        names += [name for name in (LOOPBACK, "localhost", "[::1]") if name not in names]
    return [f"http://{name}:{port}" for name in names]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_wide(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False

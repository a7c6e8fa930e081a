"""Requests signed once and sent many times over one kept-alive connection, as raw bytes.

What a client library costs would hide the server: signing and parsing with botocore takes longer than some answers.
The same bytes but for the Host header go to every server. The trap: a signature is good for fifteen minutes.
"""

import re
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
VERSION = "2016-11-15"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSED = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that answers EC2, and keys for it; peers take any."""

    url: str
    access_key: str = "testing"
    secret_key: str = "testing"

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    def signed(self, action: str, **params: str) -> bytes:
        """Write a whole request; `_` in names stands for a dot."""
        pairs = {"Action": action, "Version": VERSION, **{name.replace("_", "."): v for name, v in params.items()}}
        body = urlencode(pairs).encode()
        request = AWSRequest(method="POST", url=self.url + "/", data=body, headers={"Content-Type": FORM})
        SigV4Auth(Credentials(self.access_key, self.secret_key), "ec2", REGION).add_auth(request)
        headers = {**dict(request.headers.items()), "Host": urlsplit(self.url).netloc, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


class Connection:
    """One kept-alive connection, made anew where the server closes it; an answer that is not 200 fails the bench."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._socket = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def receive(self) -> bytes:
        """Read one answer to its last byte and return its body."""
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            self._more(data)
        head = bytes(data[: end + 2])
        body = data[end + 4 :]
        if (length := _LENGTH.search(head)) is not None:
            while len(body) < int(length.group(1)):
                self._more(body)
        elif _CHUNKED.search(head):
            while not body.endswith(b"0\r\n\r\n"):
                self._more(body)
        else:
            raise AssertionError(f"an answer without length: {head!r}")
        assert head.startswith(b"HTTP/1.1 200"), head + bytes(body[:500])
        if _CLOSED.search(head):
            self._socket.close()
            self._socket = self._open()
        return bytes(body)

    def ask(self, request: bytes) -> bytes:
        self.send(request)
        return self.receive()

    def timed(self, request: bytes, times: int) -> list[float]:
        """Ask again and again; return the seconds from the first byte sent to the last one read, each."""
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            self.ask(request)
            taken.append(time.perf_counter() - began)
        return taken

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self._endpoint.address, timeout=_TIMEOUT_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _more(self, data: bytearray) -> None:
        chunk = self._socket.recv(1 << 18)
        assert chunk, "the server hung up"
        data += chunk


def rate(endpoint: Endpoint, request: bytes, connections: int, seconds: float) -> float:
    """Keep `connections` busy with one request; return answers a second."""
    opened = [Connection(endpoint) for _ in range(connections)]
    answered = 0
    with selectors.DefaultSelector() as waiting:
        for connection in opened:
            connection.send(request)
            waiting.register(connection, selectors.EVENT_READ, connection)
        began = time.perf_counter()
        while (taken := time.perf_counter() - began) < seconds:
            for key, _ in waiting.select(seconds):
                key.data.receive()
                answered += 1
                key.data.send(request)
    for connection in opened:
        connection.__exit__()
    return answered / taken


def texts(body: bytes, tag: str) -> list[str]:
    """Return what stands in every element of this name."""
    return [found.decode() for found in re.findall(rf"<{tag}>([^<]*)</{tag}>".encode(), body)]


def percentile(taken: Sequence[float], part: float) -> float:
    """Return the value that `part` of all are not above."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * part))]

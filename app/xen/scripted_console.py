"""Consoles of a scripted world, on both sides of its socket: guests that echo, and the port that shows them.

A guest here echoes what is typed and answers each line. As on a real host one has the console at a time, and it is
free again when that one hangs up. Bytes travel as Latin-1 text, so that every one survives JSON.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from app.domain.errors import CloudError, Lost
from app.domain.terminal import MOST_READ_BYTES
from app.xen.scripted_state import ON, Answer, Refused, ScriptedMachine

Event = dict[str, str]


class Consoles:
    """The world's side: who has which console. `Client` is whatever tells clients apart."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], object] = {}
        self._lines: dict[tuple[str, str], str] = {}

    def act(self, machine: ScriptedMachine, request: Mapping[str, Any], client: object) -> Answer:
        """Open, type into or close a console; Refused if that can not be."""
        machine.refuse_if_told(request["do"])
        domain, key = machine.own(request["instance_id"]), (machine.name, str(request["instance_id"]))
        if request["do"] == "close_console":
            self._open.pop(key, None)
            return None
        if domain is None or domain.state not in ON:
            raise Refused(f"the domain {key[1]} does not run")
        if request["do"] == "open_console":
            if key in self._open:
                raise Refused(f"Active console session exists for the domain {key[1]}")
            self._open[key] = client
            return None
        if key not in self._open:
            raise Refused(f"the console of the domain {key[1]} is not open")
        return "".join(self._answers(key, sign, domain.console) for sign in request["data"])

    def ended(self, machines: Mapping[str, ScriptedMachine]) -> Iterator[tuple[object, Event]]:
        """Let go of consoles whose domains do not run any more, and yield whom to tell."""
        for (host, instance_id), client in list(self._open.items()):
            domain = machines[host].domains.get(instance_id)
            if domain is None or domain.state not in ON:
                del self._open[host, instance_id]
                yield client, {"event": "console", "host": host, "instance_id": instance_id, "detail": "ended"}

    def hung_up(self, client: object) -> None:
        """Let go of what a client had open."""
        self._open = {key: other for key, other in self._open.items() if other is not client}

    def _answers(self, key: tuple[str, str], sign: str, transcript: list[str]) -> str:
        line = self._lines.get(key, "")
        if sign != "\r":
            self._lines[key] = (line + sign)[-200:]
            return sign
        self._lines[key] = ""
        transcript.append(f"typed {line}")
        return f"\r\n{line}: not found\r\n{key[1]} login: "


class ScriptedTerminal:
    """The Terminal port of one scripted domain; `ask` sends a request to its world."""

    def __init__(self, host: str, instance_id: str, ask: Callable[..., Awaitable[Any]]) -> None:
        self._host, self.instance_id, self._ask = host, instance_id, ask
        self._told, self._wake = bytearray(), asyncio.Event()
        self._ended = False
        self._lost = ""

    async def read(self) -> bytes:
        while not (self._told or self._ended):
            self._wake.clear()
            await self._wake.wait()
        data = bytes(self._told[:MOST_READ_BYTES])
        del self._told[:MOST_READ_BYTES]
        if self._lost and not data:
            raise Lost(self._host, self._lost)
        return data

    async def write(self, data: bytes) -> None:
        if self._ended:
            raise Lost(self._host, self._lost or "the console has ended")
        said: str = await self._ask("type", instance_id=self.instance_id, data=data.decode("latin-1"))
        self._told += said.encode("latin-1", "replace")
        self._wake.set()

    async def close(self) -> None:
        if not self._ended:
            self.end()
            with suppress(CloudError):
                await self._ask("close_console", instance_id=self.instance_id)

    def end(self, lost: str = "") -> None:
        """Note that nothing comes any more; `lost` says that the host can not be reached."""
        self._ended, self._lost = True, lost
        self._wake.set()

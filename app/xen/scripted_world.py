"""A scripted hypervisor in a process of its own: it survives the server, and does the faults that a test tells it to.

`python -m app.xen.scripted_world SOCKET` serves any number of hosts on one unix socket and prints `ready`. Every line
is a JSON object: `{"id", "host", "do", …}` is answered by `{"id", "answer"}` or `{"id", "refused"}`;
`{"id", "script", …}` is a stage direction (table `SCRIPTS`); `{"event", "host", …}` are sent to everybody. A lost host
answers nothing at all, but a greeting that waits when it is back is answered then: networks repeat those. The trap:
requests of one host overlap, as on a real one, so every answer carries an id; only moves of one domain wait for each
other, so that none comes true after a later one was answered.

Stage directions: `size` (cores, memory_mib, disk_gb), `delay` (what, seconds), `refuse` (what, times, words; -1:
always), `crash`, `power_off`, `pause` (instance_id), `foreign` (instance_id, cores, memory_mib), `foreign_domains`,
`lose` (told: also say so), `back` (empty: without guests and volumes), `repeat` (times: send every event that often,
0: none), `load` (instance_id, or none for the host itself; rates of scripted_load.py), `log`, `doubles`. `what` is an
action of the Hypervisor port, or `hello`.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.xen.scripted_console import Consoles
from app.xen.scripted_state import Answer, Domain, Refused, ScriptedMachine, World

MOST_LINE_BYTES = 16 * 1024 * 1024
ON_CONSOLES = frozenset({"open_console", "type", "close_console"})


class Stage:
    """The server of one world."""

    def __init__(self) -> None:
        self.world = World()
        self.clients: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.repeat = 1
        self.consoles = Consoles()
        self.moving: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.returned: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it hangs up."""
        self.clients.add(writer)
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._serve(json.loads(line), writer))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        except (ConnectionError, ValueError):
            return
        finally:
            self.clients.discard(writer)
            self.consoles.hung_up(writer)
            writer.close()

    async def _serve(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            answer = self._direct(request) if "script" in request else await self._in_turn(request, writer)
            reply = {"id": request["id"], "answer": answer}
        except (Refused, KeyError, TypeError, OSError) as error:
            reply = {"id": request["id"], "refused": str(error) or type(error).__name__}
        machine = self.world.machines.get(request.get("host", ""))
        if machine is None or not machine.lost or "script" in request:
            _say(writer, reply)
        self._spread()

    async def _in_turn(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> Answer:
        if request["do"] != "migrate":
            return await self._act(request, writer)
        async with self.moving[request["instance_id"]]:
            return await self._act(request, writer)

    async def _act(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> Answer:
        machine = self.world.machine(request["host"], request)
        while machine.lost and request["do"] == "hello":
            await self.returned[machine.name].wait()
        entry = None if machine.lost else self.world.arrived(machine, request)
        await asyncio.sleep(machine.delays_s.get(request["do"], 0))
        if request["do"] in ON_CONSOLES:
            return None if machine.lost else self.consoles.act(machine, request, writer)
        return None if machine.lost or entry is None else self.world.act(machine, request, entry)

    def _direct(self, request: dict[str, Any]) -> Answer:
        return SCRIPTS[request["script"]](self, self.world.machine(request.get("host", ""), request), request)

    def _spread(self) -> None:
        """Send what happened, except from lost hosts."""
        for client, event in self.consoles.ended(self.world.machines):
            if not self.world.machines[event["host"]].lost and isinstance(client, asyncio.StreamWriter):
                _say(client, event)
        for event in self.world.news():
            machine = self.world.machines.get(event["host"])
            if machine is not None and machine.lost and event["event"] == "domain":
                continue
            for client in list(self.clients):
                for _ in range(self.repeat):
                    _say(client, event)


def _say(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(message).encode() + b"\n")


def _size(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    machine.cores, machine.memory_mib, machine.disk_gb = (
        request.get(part, getattr(machine, part)) for part in ("cores", "memory_mib", "disk_gb")
    )
    return True


def _delay(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    machine.delays_s[request["what"]] = float(request["seconds"])
    return True


def _refuse(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    machine.refusals[request["what"]] = (int(request.get("times", -1)), request.get("words", "refused by script"))
    return True


def _crash(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    stage.world.turn(machine, machine.domains[request["instance_id"]], "crashed", "crashed")
    return True


def _power_off(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    stage.world.turn(machine, machine.domains[request["instance_id"]], "off", "shutdown")
    return True


def _pause(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    stage.world.turn(machine, machine.domains[request["instance_id"]], "paused", "user")
    return True


def _foreign(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    machine.domains[request["instance_id"]] = Domain(
        instance_id=request["instance_id"],
        launch=0,
        recovery={},
        cores=int(request.get("cores", 1)),
        memory_mib=int(request.get("memory_mib", 512)),
        foreign=True,
        state="running",
        reason="booted",
    )
    return True


def _foreign_domains(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return [domain.shown() for domain in machine.domains.values() if domain.foreign]


def _lose(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    machine.lost = True
    stage.returned[machine.name].clear()
    if request.get("told"):
        stage.world.changed.append({"event": "down", "host": machine.name, "detail": "lost by script"})
    return True


def _back(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    machine.lost = False
    stage.returned[machine.name].set()
    if request.get("empty"):
        for domain in machine.domains.values():
            stage.world.turn(machine, domain, "off", "failed")
        machine.domains.clear()
        machine.volumes.clear()
    return True


def _repeat(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    stage.repeat = int(request["times"])
    return True


def _load(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    instance_id = request.get("instance_id", "")
    use = machine.domains[instance_id].use if instance_id else machine.use
    use.set(time.monotonic(), request)
    return True


def _log(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return stage.world.log


def _doubles(stage: Stage, machine: ScriptedMachine, request: dict[str, Any]) -> Answer:
    return stage.world.doubles


SCRIPTS = {
    "size": _size,
    "delay": _delay,
    "refuse": _refuse,
    "crash": _crash,
    "power_off": _power_off,
    "pause": _pause,
    "foreign": _foreign,
    "foreign_domains": _foreign_domains,
    "lose": _lose,
    "back": _back,
    "repeat": _repeat,
    "load": _load,
    "log": _log,
    "doubles": _doubles,
}


async def serve(path: Path) -> None:
    """Listen until SIGTERM or SIGINT."""
    os.umask(0o077)  # the socket gives whatever files the world may read
    stage = Stage()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await asyncio.start_unix_server(stage.meet, str(path), limit=MOST_LINE_BYTES)
    print("ready", flush=True)
    await ended.wait()
    server.close()
    for client in list(stage.clients):
        client.close()
    with suppress(FileNotFoundError):
        await asyncio.to_thread(path.unlink)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

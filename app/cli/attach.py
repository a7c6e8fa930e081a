"""`euca attach`: this terminal becomes the console of an instance, until ctrl+] is pressed.

The trap: a raw terminal sends ctrl+c to the guest, so nothing but ctrl+] and the end of the console leaves; whatever
happens, the terminal gets its old settings back.
"""

import asyncio
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from app.api.console import Ended, FromServer, Refusal, Resize, Skipped, Standing, Write
from app.cli.harmless import RESET, Harmless
from app.cli.output import printable
from app.cli.remote import check, choose, typed
from app.client.console import Console, open_console
from app.client.errors import Unreachable

LEAVE = b"\x1d"
MOST_KEYS = 4096


@click.command(epilog="Example: euca attach i-0a11beef")
@click.argument("instance_id")
@click.option("--read-only", is_flag=True, help="Watch, and type nothing.")
@click.option("--steal", is_flag=True, help="Type also if somebody else does, who only watches from then on.")
@click.option("--url", default="", help="Address of the cloud (default: EUCA_URL, else the local one).")
@click.option("--context", "context_name", default="", help="Name of a cloud of the contexts file.")
def attach(instance_id: str, read_only: bool, steal: bool, url: str, context_name: str) -> int:
    """Sit down at the console of an instance; ctrl+] leaves."""
    chosen = choose(url, context_name)
    check(chosen)
    watching = read_only or chosen.read_only
    if not watching and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException("typing needs a terminal; --read-only prints what the guest writes")

    async def sit() -> Ended | None:
        async with open_console(chosen.url, chosen.token, instance_id, command=typed()) as console:
            sitting = Sitting(console, steal=steal)
            return await (sitting.watch() if watching else sitting.type())

    try:
        end = asyncio.run(sit())
    except Unreachable as error:
        raise click.ClickException(f"the console was lost: {error.detail}") from error
    if end is None:
        return 0
    _say(end.why)
    return 0 if end.reason in ("stopped", "terminated") else 1


class Sitting:
    """One visit at a console."""

    def __init__(self, console: Console, *, steal: bool) -> None:
        self._console, self._steal = console, steal
        self._filter = Harmless()
        self._standing: Standing | None = None
        self._keys: asyncio.Queue[bytes] = asyncio.Queue()

    async def watch(self) -> Ended | None:
        """Print what the guest writes until the console ends."""
        async for item in self._console:
            self._show(item)
            if isinstance(item, Ended):
                return item
        return None

    async def type(self) -> Ended | None:
        """Let the person type until ctrl+], which gives None, or the end of the console."""
        loop, fd = asyncio.get_running_loop(), sys.stdin.fileno()
        _say("connected; ctrl+] leaves")
        await self._console.ask(Write(steal=self._steal))
        with _raw(fd):
            loop.add_reader(fd, lambda: self._keys.put_nowait(os.read(fd, MOST_KEYS)))
            loop.add_signal_handler(signal.SIGWINCH, lambda: self._keys.put_nowait(b""))
            self._keys.put_nowait(b"")
            tasks = [asyncio.create_task(self.watch()), asyncio.create_task(self._send())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return next(iter(done)).result()
            finally:
                loop.remove_reader(fd)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def _send(self) -> None:
        """Hand keys on; an empty piece means that the window has another size."""
        while True:
            keys = await self._keys.get()
            if not keys:
                size = shutil.get_terminal_size()
                await self._console.ask(Resize(columns=size.columns, rows=size.lines))
                continue
            typed, leave, _ = keys.partition(LEAVE)
            if typed:
                await self._console.type(typed)
            if leave:
                return

    def _show(self, item: bytes | FromServer) -> None:
        match item:
            case bytes():
                sys.stdout.write(self._filter.feed(item))
                sys.stdout.flush()
            case Standing():
                self._tell(item)
                self._standing = item
            case Refusal(why=why):
                _say(why)
            case Skipped(bytes=count):
                _say(f"{count} bytes were left out")

    def _tell(self, now: Standing) -> None:
        before = self._standing
        if before and before.writing and not now.writing:
            _say(f"{now.writer} has taken over; you watch")
        elif now.writing and now.watchers > (before.watchers if before else 0):
            _say(f"{now.watchers} more watch")


@contextmanager
def _raw(fd: int) -> Iterator[None]:
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
        with suppress(OSError):
            sys.stdout.write(f"{RESET}\r\n")
            sys.stdout.flush()


def _say(text: str) -> None:
    click.echo(f"\r[euca: {printable(text)}]\r", err=True)

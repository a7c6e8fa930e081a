"""The operator's own commands for real hosts: what measures them, puts them to sleep and wakes them.

A command is run as a list of arguments without a shell, and told the host by EUCA_HOST and EUCA_URI. The trap: it may
hang for as long as the host does, so it is killed at its deadline, with all that it started.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from app.domain.errors import Broken, Unavailable
from app.domain.host import Host

ANSWER_S = 10.0
TOLD_S = 30.0


class CommandSwitch:
    """The port PowerSwitch by commands. A rehearsal host needs none: it only counts as asleep."""

    def __init__(self, sleep: Sequence[str], wake: Sequence[str]) -> None:
        self._sleep, self._wake = tuple(sleep), tuple(wake)

    async def sleep(self, host: Host) -> None:
        await self._tell(host, self._sleep, "POWER_SLEEP_COMMAND")

    async def wake(self, host: Host) -> None:
        await self._tell(host, self._wake, "POWER_WAKE_COMMAND")

    async def _tell(self, host: Host, command: Sequence[str], key: str) -> None:
        if host.rehearsal:
            return
        if not (self._sleep and self._wake):
            raise Broken(host.name, "POWER_SLEEP_COMMAND and POWER_WAKE_COMMAND are not both set in eucalyptus.conf")
        try:
            await printed(command, host, TOLD_S)
        except (OSError, ValueError, TimeoutError) as error:
            raise Unavailable(host.name, f"{key}: {str(error) or f'no end within {TOLD_S:g} s'}") from error


async def printed(command: Sequence[str], host: Host, deadline_s: float = ANSWER_S) -> bytes:
    """Run a command and return the first line it printed; OSError, ValueError or TimeoutError if it did not work."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "EUCA_HOST": host.name, "EUCA_URI": host.uri},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(deadline_s):
            assert process.stdout is not None
            text = await process.stdout.readline()
            code = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if code:
        raise ValueError(f"it ended with {code}")
    return text

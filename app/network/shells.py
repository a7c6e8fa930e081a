"""Shells of other machines, over the operator's own ssh: its configuration, known hosts and agent are what counts.

One connection to a host is kept and shared by what is asked within a minute. The trap: a host that hangs keeps its
connection open, so every command has a deadline of its own and is killed at it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.domain.errors import TimedOut, Unavailable
from app.domain.far import Shell

COMMAND_S = 10.0
CONNECT_S = 5
KEPT_S = 60
SHOWN = 300
_REFUSED = 255
"""What ssh itself ends with; a command of ours never does."""


class Shells:
    """`options` go to ssh before all others, such as `-F FILE`."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._sockets: Path | None = None
        self._ssh = [
            "ssh",
            *options,
            "-T",
            *("-o", "BatchMode=yes"),
            *("-o", f"ConnectTimeout={CONNECT_S}"),
            *("-o", "ControlMaster=auto"),
            *("-o", f"ControlPersist={KEPT_S}"),
        ]

    async def run(self, shell: Shell, command: str, text: str = "") -> str:
        """Have a host run one of our own commands, give it `text` to read, and return what it writes.

        Unavailable if it can not be reached or the command fails, with what it said; TimedOut after 10 s.
        """
        if self._sockets is None:  # short: a socket's path has about 100 characters
            self._sockets = Path(tempfile.mkdtemp(prefix="euca-"))
        process = await asyncio.create_subprocess_exec(
            *self._ssh,
            *("-o", f"ControlPath={self._sockets}/%C"),
            *(("-p", str(shell.port)) if shell.port else ()),
            *(("-i", shell.key_file) if shell.key_file else ()),
            *(("-l", shell.user) if shell.user else ()),
            "--",
            shell.name,
            command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND_S):
                out, why = await process.communicate(text.encode())
        except TimeoutError:
            raise TimedOut("network", f"ssh to {shell}", COMMAND_S) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            said = " ".join(why.decode(errors="replace").split())[-SHOWN:]
            what = "can not be reached by ssh" if process.returncode == _REFUSED else f"could not do: {command}"
            raise Unavailable("network", f"{shell} {what}: {said}")
        return out.decode(errors="replace")

    async def close(self) -> None:
        """End the connections that are kept."""
        if self._sockets is None:
            return
        for socket in self._sockets.iterdir():
            process = await asyncio.create_subprocess_exec(
                *("ssh", "-o", f"ControlPath={socket}", "-O", "exit", "none"),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            await process.wait()
        shutil.rmtree(self._sockets, ignore_errors=True)

"""The open console of a domain as a port: what a guest's serial line is to whoever sits at it.

A hypervisor gives a console to one at a time, so whoever opened it shares it (`server/consoles.py`). The trap: a serial
line has no size, so there is no resize here; programs in the guest are told theirs by `stty`, if at all.
"""

from typing import Protocol

MOST_READ_BYTES = 64 * 1024


class Terminal(Protocol):
    """Bytes both ways, until either side ends it. One may read while another writes; nobody reads twice at once."""

    async def read(self) -> bytes:
        """Return what the guest wrote next, at most 64 KiB; b"" once the console has ended.

        Not reading holds the guest's output back, as a slow serial line would. Lost if the way to the host is.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Type; raises TimedOut if the guest takes nothing, Lost if the console has ended."""
        ...

    async def close(self) -> None:
        """Let go of the console; repeatable, and ends a `read` that waits."""
        ...

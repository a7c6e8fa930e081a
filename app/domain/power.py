"""The port of whatever switches hosts: a command of the operator's, since a hypervisor that is off answers nobody."""

from typing import Protocol

from app.domain.host import Host


class PowerSwitch(Protocol):
    """Puts hosts to sleep and wakes them; both return when the host was told, not when it did it.

    Unavailable or Broken says why not. Telling a host twice does no harm.
    """

    async def sleep(self, host: Host) -> None: ...

    async def wake(self, host: Host) -> None: ...

"""A move between hosts of libvirt's test driver, which can not migrate: nothing runs there, so nobody notices.

The trap is the order. A kill between two steps must leave the domain running once or, defined at both ends and
cut off here, not at all; the reconcile loop finishes either.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from app.domain.errors import Broken
from app.domain.ports import NOT_SUPPORTED, Hypervisor, NotSupported
from app.domain.states import Seen

_ON = frozenset({Seen.RUNNING, Seen.PAUSED})


class Source(Hypervisor, Protocol):
    async def definition(self, instance_id: str) -> str: ...


async def migrate(
    here: Source, there: Hypervisor, receive: Callable[[str], Awaitable[NotSupported | None]], instance_id: str
) -> NotSupported | None:
    """Move a running domain; Broken if it runs nowhere, or at both ends.

    A start that was refused is made good here; of one that was not answered nobody knows, so it is left half-way.
    """
    runs_here, runs_there = await _runs(here, instance_id), await _runs(there, instance_id)
    if runs_here is runs_there:
        raise Broken("libvirt", f"the domain {instance_id} runs on {'both hosts' if runs_here else 'neither host'}")
    if runs_here:
        if await receive(await here.definition(instance_id)) is NOT_SUPPORTED:
            return NOT_SUPPORTED
        await here.destroy(instance_id)
        await _start(here, there, instance_id)
    await here.undefine(instance_id)
    return None


async def _start(here: Hypervisor, there: Hypervisor, instance_id: str) -> None:
    try:
        await there.start(instance_id)
    except Broken:
        await here.start(instance_id)
        raise


async def _runs(host: Hypervisor, instance_id: str) -> bool:
    domain = await host.domain(instance_id)
    return domain is not None and domain.state in _ON

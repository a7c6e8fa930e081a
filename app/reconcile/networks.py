"""Keep the fabric as the store wants it: who is on the network of real hosts, told whole, again and again.

Nothing is remembered but the last failure, so a kill costs nothing. The trap: an instance's domain must not start
before its bridge is there, so a start waits for a pass that began after it was asked for.
"""

import asyncio
import logging
from contextlib import suppress

from app.domain.errors import CloudError, TimedOut, Unavailable
from app.domain.fabric import Fabric
from app.domain.files import SeedFiles
from app.domain.host import Host
from app.domain.network import Member, NetworkPlan, host_name
from app.domain.ports import Store, Unit
from app.reconcile.shared import SharedCall

log = logging.getLogger(__name__)
PASS_S = 20.0
RETRY_S = 5.0


class Unwoven(Unavailable):
    """The network is not there yet: no fault of the instance that waits for it, nor of its host."""


class Networks:
    """The loop's hold on the fabric; without a network of ours nothing is done but what is left over removed."""

    def __init__(self, store: Store, resync_s: float) -> None:
        self._store, self._resync_s = store, resync_s
        self._fabric: Fabric | None = None
        self.seeds: SeedFiles | None = None
        self._plan = NetworkPlan()
        self._pass = SharedCall(self._apply)
        self._poked = asyncio.Event()
        self._said = ""

    def connect(self, fabric: Fabric, plan: NetworkPlan, seeds: SeedFiles | None = None) -> None:
        self._fabric, self._plan, self.seeds = fabric, plan, seeds

    def is_silent(self, host: Host) -> bool:
        """Tell whether no metadata address answers the instances of a host, so that a disk has to tell them."""
        return self.seeds is not None and not self._plan.ours and not host.rehearsal

    def bridge_of(self, host: Host) -> str:
        """Name the bridge that a host's instances hang on; empty: none."""
        return host.bridge if host.bridge or host.rehearsal else self._plan.bridge

    def poke(self) -> None:
        """Look again soon: who is on the network may have changed."""
        if self._plan.ours:
            self._poked.set()

    async def ready(self, host: Host) -> None:
        """Return once the network is as it is wanted now; raises Unwoven, or Broken if it never will be."""
        if self._fabric is None or not self._plan.ours or host.rehearsal:
            return
        try:
            await self._pass.get()
        except Unavailable as error:
            raise Unwoven(error.port, error.detail) from error

    async def run(self) -> None:
        """Look at changes and, whatever they told, every `resync_s`; runs until cancelled."""
        while self._fabric is not None:
            self._poked.clear()
            pause_s = self._resync_s if await self._try() else min(RETRY_S, self._resync_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), pause_s)

    def close(self) -> None:
        self._pass.cancel()

    async def _try(self) -> bool:
        try:
            await self._pass.get()
        except CloudError as error:
            if str(error) != self._said:
                log.warning("the network is not as it should be", extra={"fields": {"error": str(error)}})
            self._said = str(error)
        except Exception:
            log.exception("looking after the network failed")
        else:
            self._said = ""
            return True
        return False

    async def _apply(self) -> None:
        if self._fabric is None:
            return
        members = await self._store.read(_members) if self._plan.ours else ()
        try:
            async with asyncio.timeout(PASS_S):
                await self._fabric.apply([self._plan.network(members)] if members else [])
        except TimeoutError:
            raise TimedOut("network", "a pass over the bridges", PASS_S) from None


def _members(unit: Unit) -> tuple[Member, ...]:
    """List who holds an address on a real host."""
    real = [host.name for host in unit.hosts.where() if not host.rehearsal]
    rows = unit.instances.where(host=real, removed=False) if real else []
    return tuple(
        Member(instance_id=row.id, mac=row.mac, address=row.address, hostname=host_name(row.address))
        for row in rows
        if row.address
    )

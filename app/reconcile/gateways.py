"""One gateway's hold on its fabric: it is told the whole of what is wanted, at changes and again and again.

Each has a loop of its own, so that one that is dead holds nobody else up. Nothing is remembered that could not be read
again, so a kill costs nothing.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from app.domain.address import Address
from app.domain.errors import CloudError, TimedOut
from app.domain.fabric import Fabric
from app.domain.firewall import Firewall
from app.domain.gateway import Gateway
from app.domain.group import GroupRule, SecurityGroup
from app.domain.instance import Instance
from app.domain.network import Network, NetworkPlan
from app.domain.ports import Store, Unit
from app.domain.tag import Tag
from app.reconcile.joins import met, order
from app.reconcile.repairs import note
from app.reconcile.shared import SharedCall
from app.reconcile.traffic import UNKNOWN

log = logging.getLogger(__name__)
PASS_S = 20.0
RETRY_S = 5.0
_HEARD = (GroupRule, Address)
_HEARD_ELSEWHERE = (*_HEARD, Gateway, Instance, SecurityGroup, Tag)
"""Elsewhere guests are told what was sent along, so that what they are told is waited for, too."""


class GatewayKeeper:
    """Keeps one fabric; `cluster`: whose gateway it is, empty for that of the server's own machine."""

    def __init__(self, store: Store, resync_s: float, fabric: Fabric, plan: NetworkPlan, cluster: str = "") -> None:
        self._store, self._resync_s, self._cluster = store, resync_s, cluster
        self._fabric, self._plan = fabric, plan
        self._pass = SharedCall(self._apply)
        self._poked = asyncio.Event()
        self._said: str | None = None
        self._traffic = UNKNOWN
        self._heard = _HEARD_ELSEWHERE if cluster or len(met(plan, cluster)) > 1 else _HEARD
        self._version = 0

    def hear(self) -> None:
        """Look again at once if a commit has changed what people wait for."""
        if (version := self._store.version(*self._heard)) != self._version:
            self._version = version
            self.poke()

    def poke(self) -> None:
        self._poked.set()

    async def ready(self) -> None:
        """Return once the network is as it is wanted now; raises what the fabric raises."""
        await self._pass.get()

    async def turn(self) -> float:
        """Make a pass and tell for how many seconds that does."""
        self._poked.clear()
        return self._resync_s if await self._try() else min(RETRY_S, self._resync_s)

    async def rest(self, pause_s: float) -> None:
        """Wait for that long, or until something has changed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._poked.wait()

    async def run(self) -> None:
        """Make passes until cancelled."""
        while True:
            await self.rest(await self.turn())

    def close(self) -> None:
        self._pass.cancel()

    async def _try(self) -> bool:
        try:
            error = await self._outcome()
            await self._tell(error)
        except Exception:
            log.exception("looking after the network failed")
            return False
        return not error

    async def _outcome(self) -> str:
        """Make a pass and tell what was wrong; empty: nothing."""
        try:
            await self._pass.get()
        except CloudError as error:
            return str(error)
        return ""

    async def _tell(self, error: str) -> None:
        """Say what is wrong, once; of a gateway elsewhere in its row, too."""
        if error == self._said:
            return
        if error:
            log.warning("the network is not as it should be", extra={"fields": {"error": error}})
        if self._cluster:
            await self._store.write(lambda unit: _note_state(unit, self._cluster, error), writer="reconcile")
        self._said = error

    async def _apply(self) -> None:
        networks, firewall = await self._store.read(self._wanted)
        try:
            async with asyncio.timeout(PASS_S):
                repaired = await self._fabric.apply(networks, firewall)
        except TimeoutError:
            raise TimedOut("network", "a pass over the bridges", PASS_S) from None
        where = f"cluster {self._cluster}: " if self._cluster else ""
        await note(self._store, [where + what for what in repaired])

    def _wanted(self, unit: Unit) -> tuple[list[Network], Firewall]:
        self._traffic, networks, firewall = order(unit, self._plan, self._cluster, self._traffic)
        return networks, firewall


def _note_state(unit: Unit, cluster: str, error: str) -> None:
    row = unit.gateways.get(cluster)
    if row is None:
        return
    event, how = ("gateway.lost", f"does not do its work: {error}") if error else ("gateway.up", "is up")
    text = f"The gateway of cluster {cluster} {how}"
    since_ms = row.since_ms if row.since_ms and row.up == (not error) else unit.now_ms
    unit.gateways.put(replace(row, up=not error, error=error, since_ms=since_ms), event=event, text=text)

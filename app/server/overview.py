"""REST: the cloud at a glance, and who the caller is. Consoles are told the first by the stream, made once for all."""

import msgspec
from litestar import Controller, get

from app.api.resources import Me, Overview
from app.domain.account import Role
from app.domain.ports import Clock, Store
from app.server.desk import At, needs
from app.server.frames import frame
from app.server.sensors import Sensors
from app.services.overview import overview

RESTS = 40
"""How many times as long as a sum took nobody is told another one."""


class Glance:
    """Sums the cloud up, and tells it to the live stream when something happened (the port Teller).

    In a large cloud the sum takes a while, so that it rests in between: listeners never take more than a small share.
    """

    def __init__(self, store: Store, sensors: Sensors, clock: Clock, version: str) -> None:
        self._store, self._sensors, self._clock, self._version = store, sensors, clock, version
        self._told, self._rests_until_s = -1, 0.0

    async def now(self) -> Overview:
        """Sum up the cloud."""
        summed = await self._store.read(lambda unit: overview(unit, self._version))
        watts = list(self._sensors.fresh("host.power_watts"))
        return msgspec.structs.replace(summed, watts=sum(watts) if watts else None)

    async def whole(self) -> bytes:
        return frame("overview", await self.now())

    async def news(self) -> bytes:
        began_s = self._clock.monotonic_s()
        if began_s < self._rests_until_s or await self._store.read(lambda unit: unit.cursor()) == self._told:
            return b""
        summed = await self.now()
        self._told = int(summed.cursor)
        ended_s = self._clock.monotonic_s()
        self._rests_until_s = ended_s + RESTS * (ended_s - began_s)
        return frame("overview", summed)


class OverviewController(Controller):
    tags = ("overview",)
    opt = needs(Role.VIEWER)

    @get("/overview", operation_id="GetOverview", summary="Is the cloud well?")
    async def overview(self, desk: At) -> Overview:
        """One answer to start a day with: clusters, room by instance type, what needs somebody, the newest events."""
        return await Glance(desk.cloud.store, desk.cloud.sensors, desk.cloud.clock, desk.cloud.version).now()

    @get("/me", operation_id="GetMe", summary="Whom this token stands for")
    async def me(self, desk: At) -> Me:
        """Tells the user, the account, the role and when the token expires; it never shows the token."""
        caller = desk.caller
        token = await desk.now.store.read(lambda unit: unit.tokens.get(caller.token_id))
        return Me(
            user=caller.user_name,
            account_id=caller.account_id,
            role=caller.role or "",
            token_id=caller.token_id,
            expires_at_ms=token.expires_at_ms if token else 0,
        )

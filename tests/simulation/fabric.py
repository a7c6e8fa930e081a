"""The Fabric port of one life of the server, on the network of the world."""

import asyncio
from collections.abc import Sequence

from app.domain.errors import CloudError, TimedOut
from app.domain.firewall import SHUT, Firewall
from app.domain.network import Network
from tests.simulation.ground import Errand, Ground
from tests.simulation.registrar import Registrar

NETLINK_S = 10.0


class SimFabric:
    """As the real one: it waits only so long, and a pass given up before it began is not carried out."""

    def __init__(self, ground: Ground, registrar: Registrar) -> None:
        self._ground, self._registrar = ground, registrar

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        self._registrar.asked(networks)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(error: CloudError | None) -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(None)
            else:
                answer.set_exception(error)

        errand = Errand(networks, told)
        self._ground.send(errand)
        try:
            async with asyncio.timeout(NETLINK_S):
                await answer
            return ()
        except TimeoutError:
            raise TimedOut("network", "the kernel", NETLINK_S) from None
        finally:
            errand.dead = True

    async def close(self) -> None:
        """Nothing of it ends with the server."""

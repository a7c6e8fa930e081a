"""Ways to hosts that are other machines, as records: who was told what, and who is dead."""

import asyncio
from collections.abc import Sequence

from app.domain.far import Shell
from app.domain.network import Network


class RecordedReach:
    """The port `Reach` as records; `dead` ones never answer."""

    def __init__(self) -> None:
        self.told: dict[Shell, list[Network]] = {}
        self.times = 0
        self.dead: set[Shell] = set()
        self.broken: list[str] = []
        self.news = asyncio.Event()

    async def reach(self, shell: Shell, networks: Sequence[Network]) -> Sequence[str]:
        if shell in self.dead:
            await asyncio.Event().wait()
        self.told[shell] = list(networks)
        self.times += 1
        self.news.set()
        return self.broken

    async def close(self) -> None:
        """There is nothing to end."""

    async def comes(self, times: int) -> None:
        """Wait until it was asked that often."""
        async with asyncio.timeout(60):
            while self.times < times:
                self.news.clear()
                await self.news.wait()

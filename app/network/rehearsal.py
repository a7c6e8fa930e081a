"""The Fabric of a rehearsal: it keeps what it was told and touches nothing."""

from collections.abc import Sequence

from app.domain.network import Network


class RehearsedFabric:
    """The port `Fabric` as records."""

    def __init__(self) -> None:
        self.networks: tuple[Network, ...] = ()

    async def apply(self, networks: Sequence[Network]) -> None:
        self.networks = tuple(networks)

    async def bridges(self) -> list[str]:
        return sorted(network.bridge for network in self.networks)

    async def close(self) -> None:
        pass

"""Fabrics that touch nothing: one that keeps what it was told, and one that fails the first times it is asked."""

from collections.abc import Sequence

from app.domain.errors import CloudError, Unavailable
from app.domain.network import Network


class RecordedFabric:
    """The port `Fabric` as records."""

    def __init__(self) -> None:
        self.networks: tuple[Network, ...] = ()

    async def apply(self, networks: Sequence[Network]) -> None:
        self.networks = tuple(networks)

    async def bridges(self) -> list[str]:
        return sorted(network.bridge for network in self.networks)

    async def close(self) -> None:
        """There is nothing to end."""


class Refusing(RecordedFabric):
    """Refuses `left` more times with `error`, as a machine does whose network is being seen to."""

    def __init__(self, left: int, error: CloudError | None = None) -> None:
        super().__init__()
        self.left, self.error = left, error or Unavailable("network", "busy")

    async def apply(self, networks: Sequence[Network]) -> None:
        if self.left:
            self.left -= 1
            raise self.error
        await super().apply(networks)

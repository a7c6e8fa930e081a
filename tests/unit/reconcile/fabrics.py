"""Fabrics that touch nothing: one that keeps what it was told, and one that fails the first times it is asked."""

from collections.abc import Sequence

from app.domain.errors import CloudError, Unavailable
from app.domain.firewall import SHUT, Firewall
from app.domain.network import Network


class RecordedFabric:
    """The port `Fabric` as records; `broken` is what the next pass finds."""

    def __init__(self) -> None:
        self.networks: tuple[Network, ...] = ()
        self.firewall = SHUT
        self.broken: list[str] = []

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        self.networks, self.firewall = tuple(networks), firewall
        found, self.broken = self.broken, []
        return found

    async def bridges(self) -> list[str]:
        return sorted(network.bridge for network in self.networks)

    async def close(self) -> None:
        """There is nothing to end."""


class Refusing(RecordedFabric):
    """Refuses `left` more times with `error`, as a machine does whose network is being seen to."""

    def __init__(self, left: int, error: CloudError | None = None) -> None:
        super().__init__()
        self.left, self.error = left, error or Unavailable("network", "busy")

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        if self.left:
            self.left -= 1
            raise self.error
        return await super().apply(networks, firewall)

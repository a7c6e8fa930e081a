"""A fabric that fails the first times it is asked, as a machine does whose network is being seen to."""

from collections.abc import Sequence

from app.domain.errors import CloudError, Unavailable
from app.domain.network import Network
from app.network.rehearsal import RehearsedFabric


class Refusing(RehearsedFabric):
    """Refuses `left` more times with `error`."""

    def __init__(self, left: int, error: CloudError | None = None) -> None:
        super().__init__()
        self.left, self.error = left, error or Unavailable("network", "busy")

    async def apply(self, networks: Sequence[Network]) -> None:
        if self.left:
            self.left -= 1
            raise self.error
        await super().apply(networks)

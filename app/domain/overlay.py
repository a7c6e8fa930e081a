"""What an operator adds to the definitions of domains, and for which of them: the hook of 1.6.1's XML templates.

A value only: what may stand in the text is for whoever defines domains to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """`text` goes over the domains of these clusters, hosts and images; an empty list means all of them."""

    text: str
    clusters: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    def covers(self, cluster: str, host: str, image_id: str) -> bool:
        told = ((self.clusters, cluster), (self.hosts, host), (self.images, image_id))
        return all(not names or name in names for names, name in told)


def covering(overlays: Iterable[Overlay], cluster: str, host: str, image_id: str) -> tuple[str, ...]:
    """Return the texts that go over a domain, in their order: of what two say differently the later one holds."""
    return tuple(overlay.text for overlay in overlays if overlay.covers(cluster, host, image_id))

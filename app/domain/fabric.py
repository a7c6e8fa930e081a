"""The port to the networks of instances, and to whoever answers a guest that asks the metadata address.

Like every port it has a contract suite in `tests/contract/`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from app.domain.firewall import SHUT, Firewall
from app.domain.network import GuestAnswer, GuestRequest, Network

GuestDesk = Callable[[GuestRequest], Awaitable[GuestAnswer]]
"""Answer what a guest asked the metadata address."""


class Fabric(Protocol):
    """The networks of instances on the server's machine: bridges, addresses by DHCP, metadata, who may reach whom.

    It is told the whole of what is wanted, again and again, so that nothing has to be remembered: what is missing
    is made, what differs is repaired, what is ours and no longer wanted goes; anything else is left alone. What was
    given up may still be carried out, but never after what was asked for later.
    """

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        """Make the networks be these and no others, and let pass what the firewall lets pass and nothing else.

        Return what was right before and was found broken, each as a clause; it is repaired. Unavailable or Broken says
        what could not be done.
        """
        ...

    async def close(self) -> None:
        """Stop answering guests; bridges and addresses stay for the guests that run."""
        ...

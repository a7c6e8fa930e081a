"""A guest on its way between two hosts: what a hypervisor answers meanwhile, and how it shows the guest.

The trap: at its new host it stands there as a paused domain from the beginning of a move, long before it lives there;
and at its old one it is paused, too, once its memory has been sent.
"""

from enum import Enum
from typing import Final

from app.domain.states import Seen

_BETWEEN = frozenset({"migration", "starting up"})  # hypervisors' words for why such a domain is paused


class UnderWay(Enum):
    """It is being moved and has not arrived; a value, since that takes as long as it takes."""

    UNDER_WAY = "under way"


UNDER_WAY: Final = UnderWay.UNDER_WAY


def in_transit(state: Seen, reason: str) -> bool:
    """Tell whether a domain stands still between two hosts: sent away by the one, or still coming in at the other."""
    return state is Seen.PAUSED and reason in _BETWEEN

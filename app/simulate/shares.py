"""Who gets how much of a host: full demand while it fits, the same fraction for all when it does not, less in a move.

The trap: a machine in a move stands on two hosts. At the source it gets 90 % of its share and the host still works for
all of it; the target keeps 10 % free for it and counts as owing the rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.simulate.fleet import Fleet, Floats, Ints

LEAVING = 0.9
ARRIVING = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """Which machine stands on which host, one entry a pair, in each host's order of arrival."""

    vm: Ints
    host: Ints
    arriving: NDArray[np.bool_]
    leaving: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """MIPS given to each pair, used and asked for on each host, and the hosts with more work than capacity."""

    given: Floats
    used: Floats
    asked: Floats
    crowded: NDArray[np.bool_]


def divide(fleet: Fleet, tenancy: Tenancy, asked: Floats) -> Shares:
    """Divide each host among its machines; `asked` is the demand of each pair in MIPS."""
    host, arriving, leaving = tenancy.host, tenancy.arriving, tenancy.leaving
    capped = np.minimum(asked, fleet.core_mips[host])
    wanted = _by_host(fleet, host, np.where(arriving, capped * ARRIVING, capped))
    fraction = np.where(arriving, ARRIVING, np.where(leaving, LEAVING, 1.0))
    given = capped * fraction
    crowded = wanted > fleet.capacity
    if crowded.any():
        scale = fleet.capacity / np.where(crowded, wanted, fleet.capacity)
        given = np.where(crowded[host], np.floor(capped * scale[host] * fraction), given)
    used = np.where(leaving, given / LEAVING, given)
    return Shares(
        given=given,
        used=_by_host(fleet, host, used),
        asked=_by_host(fleet, host, asked),
        crowded=crowded,
    )


def _by_host(fleet: Fleet, host: Ints, values: Floats) -> Floats:
    return np.asarray(np.bincount(host, values, minlength=len(fleet)), dtype=np.float64)

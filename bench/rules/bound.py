"""The fewest hosts that could hold some machines, if machines could be cut up: no packing needs less.

This is the linear program of shares (each resource must suffice in the sum of the hosts used), not the one over
patterns that column generation solves; that one is never below this, so what holds against this holds against that.
"""

from itertools import product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STEPS = 20


def fewest(needs: Floats, hosts: Floats) -> int:
    """Return the bound; one row a machine and a host, the same resources in the columns.

    Resources are weighed against one another in many ways: in each, the hosts that are worth most come first.
    """
    scale = hosts.sum(axis=0)
    asked, held = needs.sum(axis=0) / scale, hosts / scale
    return max(_enough(asked @ weights, held @ weights) for weights in _weights(hosts.shape[1]))


def _enough(asked: float, held: Floats) -> int:
    """Count the hosts that it takes, the greatest first."""
    return int(np.searchsorted(np.cumsum(-np.sort(-held)), asked * (1 - 1e-12))) + 1


def _weights(resources: int) -> Floats:
    drawn = [each for each in product(range(STEPS + 1), repeat=resources) if sum(each) == STEPS]
    return np.array(drawn) / STEPS

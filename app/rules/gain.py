"""The score of a mapping: how well the machines are where they are, by the policy's preferences.

On declared ranges and never scaled over candidates, so that of two mappings always the same one is better; only then a
gain above 0 means that moves come to an end.
"""

import numpy as np

from app.rules.fleet import Fleet, Pairs
from app.rules.moment import Now
from app.rules.placing import Rows, concerned_in
from app.rules.prepared import Prepared
from app.rules.table import HostTable


def score(table: HostTable, fleet: Fleet, who: Rows, policy: Prepared, now: Now) -> float:
    """Return the points of some machines where they are; what is unknown gives nothing."""
    scene = Pairs(table, fleet, who, now)
    total = 0.0
    with np.errstate(all="ignore"):
        for part in policy.parts:
            about = concerned_in(scene, part, if_unknown=False) if part.wishes else False
            for wish in part.wishes if about is not False else ():
                cells, unknown = wish.kernel(scene)
                share = np.broadcast_to(wish.span.share(np.asarray(cells, np.float64)), len(who))
                counts = np.logical_not(unknown) & np.isfinite(share) & about
                total += wish.weight * float(np.where(counts, share, 0.0).sum())
    return total

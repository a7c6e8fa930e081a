"""Rules tried on launches of the past, in a process that is begun for it: rounds and requests must not wait.

One at a time, since each costs a core for as long as it takes.
"""

from app.domain.errors import Unavailable
from app.server.orders import Trial, Tried
from app.server.planner import Planner

WITHIN_S = 60.0


class Trials:
    """Lives as long as the server."""

    def __init__(self) -> None:
        self._busy = False

    async def take(self, trial: Trial) -> Tried:
        """Try rules; Unavailable while somebody else does, TimedOut if it takes too long."""
        if self._busy:
            raise Unavailable("planner", "somebody else tries rules right now: ask again in a moment")
        self._busy, planner = True, Planner(WITHIN_S)
        try:
            return await planner.try_out(trial)
        finally:
            self._busy = False
            await planner.close()

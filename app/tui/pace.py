"""How often the screen is brought up to date: four times a second, less where nobody looks or the line is slow. Pure.

A slow line is one on which the terminal has not taken the last picture when the next is due; it counts as slow for a
while, since a picture that got through says little about the next one.
"""

from dataclasses import dataclass

TICK_S = 0.25
SLOW_S = 0.5
UNSEEN_S = 1.0
SLOW_FOR_S = 10.0


@dataclass(slots=True)
class Pace:
    """Times are seconds of the monotonic clock."""

    _drawn_s: float = float("-inf")
    _slow_until_s: float = float("-inf")
    _waited: bool = False

    def due(self, now_s: float, *, seen: bool, waiting: bool) -> bool:
        """Tell whether to draw now; `waiting`: the terminal has not taken everything yet."""
        if waiting and self._waited:  # once may be chance
            self._slow_until_s = now_s + SLOW_FOR_S
        self._waited = waiting
        pause_s = UNSEEN_S if not seen else SLOW_S if self.slow(now_s) else TICK_S
        if waiting or now_s - self._drawn_s < pause_s - TICK_S / 2:
            return False
        self._drawn_s = now_s
        return True

    def slow(self, now_s: float) -> bool:
        return now_s < self._slow_until_s

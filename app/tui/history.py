"""Where a person has been, as in a browser: back and forth, and to and fro between the last two."""

from dataclasses import dataclass, field

MOST = 50


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, and the pages opened above it as (kind, id)."""

    place: str
    pages: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class History:
    """`note` wherever one arrives; the others say where to go and remember that one goes there."""

    _spots: list[Spot] = field(default_factory=list)
    _at: int = -1

    def note(self, spot: Spot) -> None:
        """Remember that one is there; what lay ahead is forgotten unless it is the same spot."""
        if self._spots and self._spots[self._at] == spot:
            return
        self._spots = [*self._spots[: self._at + 1], spot][-MOST:]
        self._at = len(self._spots) - 1

    def step(self, steps: int) -> Spot | None:
        """Go back (-1) or forth (+1); None at the end."""
        if not 0 <= self._at + steps < len(self._spots):
            return None
        self._at += steps
        return self._spots[self._at]

    def last(self) -> Spot | None:
        """Return the spot one came from; going there notes it, so that again leads back."""
        return self._spots[self._at - 1] if self._at > 0 else None

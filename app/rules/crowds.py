"""Who is where by what they have in common: how many machines of each group, user, image, … a host carries.

Kept sparse, since most groups live on few hosts. The empty text is nobody's group.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Self

from app.rules.catalogue import TRAITS
from app.rules.moment import Vm


class Crowds:
    """Counts machines by row and trait."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Counter[int]] = {}

    def copy(self) -> Self:
        other = type(self)()
        other._rows = {key: counter.copy() for key, counter in self._rows.items()}
        return other

    def change(self, vm: Vm, row: int, by: int) -> None:
        """Count a machine in (`by` 1) or out (-1)."""
        for trait in TRAITS:
            value = vm.trait(trait)
            if value:
                counter = self._rows.setdefault((trait, value), Counter())
                counter[row] += by
                if not counter[row]:
                    del counter[row]

    def others(self, vm: Vm, trait: str) -> Mapping[int, int]:
        """Count by row those that share a trait with `vm`, without itself."""
        value = vm.trait(trait)
        counter = self._rows.get((trait, value)) if value else None
        if not counter:
            return {}
        if vm.row in counter:
            counter = counter.copy()
            counter[vm.row] -= 1
        return counter

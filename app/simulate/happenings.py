"""What happens to the hosts in the middle of a day: one fails, some are added, another policy takes over.

The trap: added hosts are in all columns from the beginning, so that an index means the same all day; until they are
there they are not `up`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.simulate.workload import WorkloadError

FAIL, ADD, POLICY = "fail", "add", "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """`fail` a host (its index), `add` hosts (how many), or hand over to a `policy` (its name), so many seconds in."""

    at_s: float
    kind: str
    what: str

    @property
    def number(self) -> int:
        return int(self.what)


def read_happenings(path: Path) -> tuple[Happening, ...]:
    """Read lines like `3600 fail 17`, in any order, `#` begins a remark; WorkloadError names a line that is not one."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        happening = _happening(words)
        if happening is None:
            raise WorkloadError(
                f"{path}:{number}: {line.strip()!r} is not like: 3600 fail 17 | add 4 | policy lr-mmt-1.2"
            )
        found.append(happening)
    return tuple(sorted(found, key=lambda happening: happening.at_s))


def added(happenings: Sequence[Happening]) -> int:
    """Give the number of hosts that come in all."""
    return sum(happening.number for happening in happenings if happening.kind == ADD)


def _happening(words: list[str]) -> Happening | None:
    if len(words) != 3 or words[1] not in {FAIL, ADD, POLICY} or not words[0].isdecimal():
        return None
    if words[1] != POLICY and not words[2].isdecimal():
        return None
    return Happening(at_s=float(words[0]), kind=words[1], what=words[2])

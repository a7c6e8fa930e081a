"""What a policy allows to be moved, and what is used up: counted per hour, machine, host, round and pair of hosts.

Per hour and per machine, moves of the last hour count too. Per host counts what comes and what leaves in a round; a
host that is emptied may be left by all, or it could never be.
"""

from collections import Counter
from collections.abc import Sequence

from app.rules.plan import Memory, Moved
from app.rules.table import Flags
from app.rules.tree import Limit

HOUR_S = 3600.0
_RESENT = 5
_ROUNDING = 1e-9
_Spent = tuple[str, int, int, float, bool]
_Key = str | tuple[int, int]


def downtime_s(memory_bytes: float, dirty_bps: float | None, link_bps: float) -> float:
    """Estimate how long a machine stands still: what is left to send after some passes over what it wrote meanwhile.

    If nobody knows how fast it writes, the whole memory is left.
    """
    ratio = 1.0 if dirty_bps is None else min(dirty_bps / link_bps, 1.0)
    return float(memory_bytes / link_bps * ratio**_RESENT)


class Budget:
    """Counts moves against limits."""

    def __init__(self, limits: Sequence[Limit], memory: Memory, now_s: float) -> None:
        self.recent = tuple(moved for moved in memory.moved if moved.at_s > now_s - HOUR_S)
        self._limits, self._now_s = limits, now_s
        self._used: Counter[tuple[str, str, _Key]] = Counter()
        self._spent: list[_Spent] = []
        for moved in self.recent:
            for what, amount in (("migrations", 1.0), ("downtime", moved.downtime_s)):
                self._use(what, "hour", "", amount)
                self._use(what, "vm", moved.vm, amount if what == "migrations" else 0.0)

    def refuses(self, vm: str, source: int, downtime: float, emptied: bool) -> str:
        """Name the limit that keeps a machine where it is, wherever it would go; empty: none does."""
        for limit in self._limits:
            keys: dict[str, _Key] = {"vm": vm, "host": (source, source)}
            known = limit.per in {"hour", "round", "vm"} or (limit.per == "host" and not emptied)
            if (
                known
                and self._used[limit.what, limit.per, keys.get(limit.per, "")] + _amount(limit.what, downtime)
                > limit.most + _ROUNDING
            ):
                return f"budget {limit.what} <= {limit.most:g} per {limit.per}"
        return ""

    def close(self, among: Flags, source: int) -> None:
        """Take away the hosts that can get no more machines in this round."""
        for limit in self._limits:
            if limit.per not in {"host", "link"}:
                continue
            if limit.most < 1:
                among[:] = False
            for (what, per, key), used in self._used.items():
                full = (what, per) == (limit.what, limit.per) and used + 1 > limit.most
                if full and isinstance(key, tuple) and (per == "host" or key[0] == source):
                    among[key[1]] = False

    def spend(self, vm: str, source: int, target: int, downtime: float, emptied: bool) -> None:
        """Count a move."""
        self._spent.append((vm, source, target, downtime, emptied))
        self._count(self._spent[-1], 1)

    def refund(self, count: int) -> None:
        """Count the last moves out again."""
        for _ in range(count):
            self._count(self._spent.pop(), -1)

    def moved(self) -> tuple[Moved, ...]:
        """Return what the next round must know."""
        return self.recent + tuple(Moved(self._now_s, vm, downtime) for vm, _, _, downtime, _ in self._spent)

    def _count(self, spent: _Spent, sign: int) -> None:
        vm, source, target, downtime, emptied = spent
        for what in ("migrations", "downtime"):
            amount = sign * _amount(what, downtime)
            self._use(what, "hour", "", amount)
            self._use(what, "round", "", amount)
            self._use(what, "vm", vm, amount)
            self._use(what, "host", (target, target), amount)
            self._use(what, "link", (source, target), amount)
            if not emptied:
                self._use(what, "host", (source, source), amount)

    def _use(self, what: str, per: str, key: _Key, amount: float) -> None:
        self._used[what, per, key] += amount  # type: ignore[assignment]


def _amount(what: str, downtime: float) -> float:
    return 1.0 if what == "migrations" else downtime

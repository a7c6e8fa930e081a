"""What placement groups promise of hosts, beside whatever policy is in force: where one more of a group may go.

Instances of a spread group share no host (or no rack), those of different partitions share no host, those of a cluster
group are in one zone and as near as there is room. The trap: one at rest keeps its host, since it starts there again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.host import Host
from app.domain.placement_group import PlacementGroup, SpreadLevel, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An instance of a group: those with different parts share no host, or with `by_rack` no rack."""

    id: str
    group: str
    part: str
    hosts: tuple[str, ...]
    by_rack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to place an instance: `closed` says of hosts why it may not go there."""

    partition: int
    closed: Mapping[str, str]


class Company:
    """The members of one group, and what that leaves to the next; `partition` 0: whichever has the fewest."""

    def __init__(
        self, group: PlacementGroup, members: Iterable[tuple[int, str]], hosts: Iterable[Host], partition: int = 0
    ) -> None:
        self._group, self._members, self._partition = group, list(members), partition
        self._hosts = {host.name: host for host in hosts}

    def add(self, partition: int, host: str) -> None:
        """Take a member for placed."""
        self._members.append((partition, host))

    def options(self) -> Iterator[Option]:
        """Yield the ways to place one more, the best first."""
        match self._group.strategy:
            case Strategy.SPREAD:
                yield Option(partition=0, closed=self._closed(self._all, f"has an instance of {self._group.name}"))
            case Strategy.PARTITION:
                yield from map(self._in_partition, self._partitions())
            case Strategy.CLUSTER:
                yield from self._near()

    @property
    def _all(self) -> list[str]:
        return [host for _, host in self._members]

    def _partitions(self) -> Sequence[int]:
        if self._partition:
            return (self._partition,)
        sizes = Counter(partition for partition, _ in self._members)
        return sorted(range(1, self._group.partitions + 1), key=lambda number: (sizes[number], number))

    def _in_partition(self, number: int) -> Option:
        others = [host for partition, host in self._members if partition != number]
        return Option(
            partition=number, closed=self._closed(others, f"has another partition than {number} of {self._group.name}")
        )

    def _closed(self, taken: Iterable[str], why: str) -> dict[str, str]:
        by_rack = self._group.spread_level is SpreadLevel.RACK
        places = {_place(self._hosts[host], by_rack=by_rack) for host in taken if host in self._hosts}
        return {name: why for name, host in self._hosts.items() if _place(host, by_rack=by_rack) in places}

    def _near(self) -> Iterator[Option]:
        """On a host of the group, else in a rack of it, else in its zone."""
        known = [self._hosts[host] for host in self._all if host in self._hosts]
        if known:
            yield self._only({host.name for host in known}, "is no host")
            racks = {_place(host, by_rack=True) for host in known}
            near = {name for name, host in self._hosts.items() if _place(host, by_rack=True) in racks}
            yield self._only(near, "is in no rack")
        zones = {host.cluster for host in known}
        there = {name for name, host in self._hosts.items() if not zones or host.cluster in zones}
        yield self._only(there, "is not in the zone")

    def _only(self, near: set[str], why: str) -> Option:
        closed = {name: f"{why} of {self._group.name}" for name in self._hosts if name not in near}
        return Option(partition=0, closed=closed)


def _place(host: Host, *, by_rack: bool) -> tuple[str, ...]:
    """Name what instances share on a host; one that nobody has put into a rack is a rack of its own."""
    return ("rack", host.rack) if by_rack and host.rack else (host.name,)

"""The one host table of the cloud, kept in memory: what rules read of hosts and of the machines on them.

It is caught up from the journal, inside the transaction of whoever asks, since only that sees what was written before.
The traps: a transaction that is undone takes its entries with it and their cursors come again, so the newest entry that
was read is compared each time; and sensors write from the event loop, so it is changed under the guard only, which is
never held while the store is read.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Protocol

from app.domain.journal import Entry
from app.domain.load import Sampled
from app.domain.ports import Unit
from app.rules.moment import Now
from app.rules.remap import State
from app.services import placement_groups
from app.services.books import Books
from app.services.machines import all_machines, machines
from app.services.placing_order import cursor

MOST_ENTRIES = 500
PENDING_S = 300.0
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


Periods = frozenset[tuple[str, float]]


class Averages(Protocol):
    """Who keeps means of sensors; on the thread that senses."""

    def means(self, periods: Periods) -> None: ...

    def mean(self, subject: str, sensor: str, period_s: float, now_s: float) -> float | None: ...


class Fleet:
    """Lives as long as the server. `guard` is a lock; `watts` is what a host draws idle and fully busy."""

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        guard: AbstractContextManager[object],
        watts: tuple[float, float] | None = None,
    ) -> None:
        self._monotonic_s, self._guard, self._watts = monotonic_s, guard, watts
        self._books: Books | None = None
        self._newest: Entry | None = None
        self._zero_s: float | None = None
        self._most_vcpus = 0.0
        self._averages: Averages | None = None
        self._periods = self._kept = Periods()
        self._missed: deque[tuple[float, str, int]] = deque()

    def now(self, unit: Unit) -> Now:
        """Return the time as rules ask for it."""
        local = datetime.fromtimestamp(unit.now_ms / 1000, UTC).astimezone()
        return Now(at_s=self._monotonic_s(), hour=local.hour, weekday=DAYS[local.weekday()])

    @contextmanager
    def current(self, unit: Unit) -> Iterator[Books]:
        """Lend the table as the writer's transaction sees it; it must not be changed, nor kept, nor held for long."""
        books = self._caught_up(unit)
        with self._guard:
            books.forget_averages(self._monotonic_s())
            books.sum_up(cursor(unit), self._pending(), self._most_vcpus)
            yield books

    def snapshot(self, unit: Unit) -> State:
        """Copy hosts and machines, for whoever plans, rehearses or explains."""
        moves, apart = unit.decisions.moved_since(unit.now_ms - 3_600_000), placement_groups.apart(unit)
        of_xen = {host.name for host in unit.hosts.where() if host.is_xen}
        with self.current(unit) as books:
            found = books.machines.items()
            return State(
                table=books.table.copy(),
                vms=books.running(moves),
                pinned=frozenset(one for one, machine in found if not machine.movable),
                standing=frozenset(one for one, machine in found if of_xen.intersection(machine.hosts)),
                apart=apart,
            )

    def sensed(self, sample: Sampled) -> None:
        """Take a look at a host, smoothed: one busy moment is no reason to move anything (the port Sensing)."""
        machines = {name: reading.smooth for name, reading in sample.of_instances.items()}
        self.sense(sample.host, sample.of_host.smooth, sample.at_s, machines)
        self._average(sample)

    def averaged_by(self, averages: Averages) -> None:
        """Say who keeps means; it must be told of a sample before this is."""
        self._averages = averages

    def average(self, periods: Periods) -> None:
        """Have these means of sensors kept from the next sample on, and no others."""
        self._periods = periods

    def _average(self, sample: Sampled) -> None:
        if self._averages is None:
            return
        if self._kept != self._periods:
            self._kept = self._periods
            self._averages.means(self._kept)
        subjects = (sample.host, *sample.of_instances) if self._kept else ()
        mean, at_s = self._averages.mean, sample.at_s
        means = {one: {key: mean(one, *key, at_s) for key in self._kept} for one in subjects}
        with self._guard:
            if self._books is not None:
                for subject, found in means.items():
                    self._books.average(subject, found, at_s)

    def sense(
        self, host: str, readings: Mapping[str, float], at_s: float, machines: Mapping[str, Mapping[str, float]]
    ) -> None:
        """Take what was measured on a host and of its machines, by the names of sensors, on the monotonic clock."""
        with self._guard:
            if self._books is not None:
                self._books.sense_host(host, readings, at_s)
                for instance_id, read in machines.items():
                    self._books.sense_machine(instance_id, read, at_s)

    def missed(self, cluster: str, count: int) -> None:
        """Note that machines found no host in a cluster ("": in none); for a while they are waited for."""
        with self._guard:
            self._missed.append((self._monotonic_s(), cluster, count))

    def _pending(self) -> Mapping[str, int]:
        while self._missed and self._missed[0][0] < self._monotonic_s() - PENDING_S:
            self._missed.popleft()
        waiting: Counter[str] = Counter()
        for _, cluster, count in self._missed:
            waiting[cluster] += count
        return waiting

    def _caught_up(self, unit: Unit) -> Books:
        """Return the books as they stand now; what fails halfway leaves them behind, to be built anew."""
        books, news = self._books, self._news(unit)
        try:
            if books is None or news is None or not self._follow(unit, books, news):
                books = self._anew(unit)
        except BaseException:
            self._books = None
            raise
        return books

    def _news(self, unit: Unit) -> list[Entry] | None:
        """List what was written since, None if the journal is not the one that was read."""
        after = self._newest.cursor - 1 if self._newest else 0
        entries = unit.entries(after, MOST_ENTRIES + 1)
        if self._newest is not None and entries[:1] != [self._newest]:
            return None
        return None if len(entries) > MOST_ENTRIES else entries[1 if self._newest else 0 :]

    def _follow(self, unit: Unit, books: Books, news: list[Entry]) -> bool:
        """Write what changed; False if that takes a table of other rows."""
        if not news:
            return True
        changed: dict[str, dict[str, int]] = {"host": {}, "instance": {}, "type": {}}
        for entry in news:
            kind = "instance" if entry.kind == "tag" else entry.kind
            changed.setdefault(kind, {})[entry.resource_id] = entry.at_ms
        hosts = unit.hosts.where(name=tuple(changed["host"]))
        if len(hosts) < len(changed["host"]) or not all(books.fits(host) for host in hosts):
            return False
        ids = changed["instance"]
        found = machines(unit, unit.instances.where(id=tuple(ids)))
        with self._guard:
            for host in hosts:
                books.change_host(host)
            for instance_id, at_ms in ids.items():
                books.change_machine(instance_id, found.get(instance_id), at_ms)
        if changed["type"]:
            self._most_vcpus = _most_vcpus(unit)
        self._newest = news[-1]
        return True

    def _anew(self, unit: Unit) -> Books:
        if self._zero_s is None:
            self._zero_s = self._monotonic_s() - unit.now_ms / 1000
        books = Books(unit.hosts.where(), self._zero_s, self._watts)
        found = all_machines(unit)
        for instance_id in sorted(found, key=lambda one: found[one].began_ms):
            books.change_machine(instance_id, found[instance_id], found[instance_id].began_ms)
        with self._guard:
            if self._books is not None:
                books.adopt(self._books)
            self._books = books
        self._newest = next(iter(unit.entries(unit.cursor() - 1, 1)), None)
        self._most_vcpus = _most_vcpus(unit)
        return books


def _most_vcpus(unit: Unit) -> float:
    return float(max((row.cores for row in unit.vmtypes.where()), default=0))

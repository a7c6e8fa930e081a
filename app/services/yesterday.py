"""The launches of the last day, taken again by other rules: for how many they would have chosen otherwise, or nobody.

Each launch is asked about on the cloud as it was then, with the others where they really were, so that one different
choice does not hide what the next would have been. The trap: the store does not keep how hosts were, only where
instances were and when. What is assumed instead is told with the answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf

from app.domain.decision import Deed
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, Power, PowerWanted, Wanted
from app.rules.explaining import nowhere, why
from app.rules.moment import Now, Vm
from app.rules.placing import NOBODY, place
from app.rules.prepared import Prepared, unremembered
from app.services.books import Books
from app.services.fleet import DAYS
from app.services.machines import Machine, machines

MOST_LAUNCHES = 2000
MOST_INSTANCES = 20_000
_ALWAYS = (
    "every host was up, switched on and open to new instances, and as it is described today",
    "every instance kept all of its virtual processors busy, and a stopped one went on",
    "no launch asked for a zone or a placement group",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Hosts, and what came, moved and went; `launched` are those to be asked about, by the time of their launch."""

    hosts: tuple[Host, ...]
    machines: Mapping[str, Machine]
    steps: tuple["Step", ...]
    launched: frozenset[str]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instance came to a host, or ended (host empty)."""

    at_ms: int
    instance_id: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One launch: where it went, and where these rules would have put it (empty: nowhere)."""

    instance_id: str
    at_ms: int
    host: str
    would: str
    why: tuple[str, ...]


def remembered(unit: Unit, since_ms: int) -> Past:
    """Gather what the store remembers since then; of very many launches the newest."""
    rows = sorted(unit.instances.where(), key=lambda row: row.created_at_ms)[-MOST_INSTANCES:]
    there = [row for row in rows if not row.removed or row.ended_at_ms > since_ms]
    hosts = unit.hosts.where()
    names = {host.name for host in hosts}
    fresh = [row.id for row in there if row.created_at_ms >= since_ms]
    moved = unit.decisions.moved_since(0)
    steps = [step for row in there for step in _steps(unit, row, moved=row.id in moved or row.launches > 1)]
    first = {step.instance_id: step.host for step in reversed(steps) if step.host}
    known = [one for one in fresh if first[one] in names][-MOST_LAUNCHES:]
    return Past(
        hosts=tuple(_open(host) for host in hosts),
        machines=machines(unit, [replace(row, wanted=Wanted.RUNNING, removed=False) for row in there]),
        steps=tuple(sorted(steps, key=lambda step: step.at_ms)),
        launched=frozenset(known),
        left_out=len(fresh) - len(known),
    )


def taken_again(past: Past, policy: Prepared) -> list[Taken]:
    """Ask of every launch where rules would have put it, oldest first."""
    books = Books(past.hosts, zero_s=0.0)
    most = max((float(machine.facts["vm.vcpus"]) for machine in past.machines.values()), default=0.0)  # type: ignore[arg-type]
    for row in range(len(books.table)):
        books.table.put(row, "host.cpu.load", 0.0, inf)
    found, last = [], -1
    for step in past.steps:
        if step.instance_id in past.launched and step.instance_id not in books.machines and step.host:
            books.sum_up(last, {}, most)
            found.append(_taken(books, past, step, policy))
            last = books.hosts[step.host].ordinal
        machine = replace(past.machines[step.instance_id], hosts=(step.host,)) if step.host else None
        books.change_machine(step.instance_id, machine, step.at_ms)
    return found


def differing(found: Sequence[Taken]) -> list[Taken]:
    """Return those that would have gone elsewhere or nowhere, the newest first."""
    return [each for each in reversed(found) if each.would != each.host]


def assumed(policy: Prepared) -> list[str]:
    """Say what was taken for granted; sensors that these rules read and nobody remembers are named."""
    return [*_ALWAYS, *(f"{name} is not remembered, so it was unknown" for name in unremembered(policy))]


def _steps(unit: Unit, row: Instance, *, moved: bool) -> Iterator[Step]:
    """Tell where an instance was from when on, until it ended; of one that never moved without a look at decisions."""
    went = [each for each in unit.decisions.of(row.id) if each.kind is not Deed.PLACED] if moved else []
    origin = next((each.origin for each in went if each.origin), row.host)
    hosts = [(row.created_at_ms, origin), *((each.at_ms, each.host) for each in went)]
    yield from (Step(at_ms=at_ms, instance_id=row.id, host=host) for at_ms, host in hosts)
    if row.removed:
        yield Step(at_ms=row.ended_at_ms, instance_id=row.id, host="")


def _taken(books: Books, past: Past, step: Step, policy: Prepared) -> Taken:
    local = datetime.fromtimestamp(step.at_ms / 1000, UTC).astimezone()
    now = Now(at_s=step.at_ms / 1000, hour=local.hour, weekday=DAYS[local.weekday()])
    facts = past.machines[step.instance_id].facts
    vm = Vm(values={**facts, "vm.id": "", "vm.age": now.at_s, "vm.migrations_1h": 0.0})
    vm = replace(vm, values={**vm.values, "vm.group_spread": books.spread(vm)})
    placed = place(books.table, vm, policy, now)
    reasons = (nowhere(placed),) if placed.row == NOBODY else why(placed)
    return Taken(instance_id=step.instance_id, at_ms=step.at_ms, host=step.host, would=placed.host, why=reasons)


def _open(host: Host) -> Host:
    return replace(
        host,
        state=HostState.UP,
        wanted=HostWanted.ENABLED,
        power=Power.ON,
        power_wanted=PowerWanted.ON,
        fenced=False,
        state_since_ms=host.created_at_ms,
    )

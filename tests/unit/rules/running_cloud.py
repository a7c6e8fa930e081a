"""The small cloud with machines running on it, and rounds of a policy over them."""

from dataclasses import replace

from app.rules.moment import Now, Value, Vm
from app.rules.plan import Memory, Plan
from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.remap import State, remap
from app.rules.table import HostTable
from app.rules.tree import Phase
from tests.unit.rules.small_cloud import NOW, cloud, vm

FITS = "require host.mem.free >= vm.mem && host.cpu.promised + vm.vcpus <= host.cpu.cores"


class Running:
    """Four hosts of eight cores and 16 GiB: n0 and n1 in rack r0, n2 and n3 in r1; machines come by `run`."""

    def __init__(self) -> None:
        self.table: HostTable = cloud()
        self.vms: list[Vm] = []
        self.pinned: frozenset[str] = frozenset()
        self.standing: frozenset[str] = frozenset()
        self.memory = Memory()

    def run(self, host: str, **own: Value) -> str:
        """Let one more machine run on a host."""
        name = f"i-{len(self.vms)}"
        made = vm(id=name, **own)
        row = self.table.rows[host]
        self.table.add(made, row)
        self.vms.append(replace(made, row=row))
        return name

    def show(self, host: str, name: str, value: Value | None) -> None:
        """Set a sensor of one host."""
        self.table.put(self.table.rows[host], name, value, read_at_s=NOW.at_s)

    def plan(self, policy: Prepared, after_s: float = 0.0) -> Plan:
        """Plan a round, and remember it."""
        now = Now(at_s=NOW.at_s + after_s, hour=NOW.hour, weekday=NOW.weekday)
        state = State(table=self.table, vms=self.vms, pinned=self.pinned, standing=self.standing)
        plan = remap(state, policy, self.memory, now)
        self.memory = plan.memory
        return plan


def rules(*clauses: str, line: str = "remap every 60s") -> Prepared:
    """Prepare a policy of one rule for rounds; `line` stands in the policy."""
    text = "rule example {\n" + "\n".join(clauses) + f"\n}}\npolicy p {{ use example {line} }}"
    outcome = read(text, "example.rules")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    return prepare(outcome.ruleset, "p", Phase.REMAP)


def moves(plan: Plan) -> list[tuple[str, str, str]]:
    """Name machines with the hosts they leave and come to, in order."""
    return [(move.vm, move.source, move.target) for move in plan.moves]

"""A small cloud for rules: four hosts in two clusters and two racks, and who launches there."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.ruleset import Ruleset
from app.services import rulesets
from tests.builders import a_caller, a_host

ANA = a_caller(admin=True)
CAPACITY = """
rule capacity {
  require host.mem.free >= vm.mem && host.disk.free >= vm.disk
  require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio
  forbid  host.state in ["down", "lost"] || host.maintenance
}
"""
Launch = Callable[..., Awaitable[list[Instance]]]


def hosts() -> list[Host]:
    places = [("n1", "one", "r1"), ("n2", "one", "r1"), ("n3", "one", "r2"), ("n4", "two", "")]
    return [
        replace(a_host(name, cluster=cluster, ordinal=number, cores=8), rack=rack)
        for number, (name, cluster, rack) in enumerate(places, 1)
    ]


def apply(unit: Unit, text: str, number: int = 1) -> None:
    ruleset = Ruleset(
        id=f"rs-{number}", number=number, name="t", text=text, sha256="", policy="p", author="a", created_at_ms=0
    )
    unit.rulesets.add(ruleset)
    rulesets.activate(unit, ruleset.id, "a test")

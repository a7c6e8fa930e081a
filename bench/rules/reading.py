"""What people wait for who write rules: reading a hundred of them, and asking why a machine is where it is."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.rules.explaining import every_host, why
from app.rules.placing import place
from app.rules.reading import read
from app.rules.tree import Phase
from bench.rules.clouds import GIB, NOW, hosts, machine, policy
from bench.table import Goal, Row

SHIPPED = Path(__file__).parents[2] / "data/rules"
RULES, HOSTS = 100, 10_000


def rows() -> Iterator[Row]:
    text = hundred()
    yield Row(figure=f"read and check {RULES} rules", measured=_seconds(lambda: _checked(text)), unit="s",
              goal=Goal.at_most(0.5, "s"), beside=f"{len(text) / 1000:.0f} kB")  # fmt: skip
    table, ready, vm = hosts(HOSTS), policy(Phase.PLACE), machine(1, 4, 4 * GIB)

    def explained() -> None:
        placed = place(table, vm, ready, NOW)
        assert len(every_host(placed, table)) == HOSTS
        assert why(placed)

    yield Row(figure=f"explain one machine on {HOSTS} hosts", measured=1000 * _seconds(explained), unit="ms",
              goal=Goal.at_most(50, "ms"))  # fmt: skip


def hundred() -> str:
    """Write the shipped rules again and again under other names, and one policy that uses them all."""
    shipped = "".join(path.read_text() for path in sorted(SHIPPED.glob("*.rules")))
    bodies = re.findall(r"^rule \S+ ((?:.*\n)*?^\})$", shipped, re.MULTILINE)
    rules = [f"rule r{number} {bodies[number % len(bodies)]}\n" for number in range(RULES)]
    uses = "".join(f"  use r{number}\n" for number in range(RULES))
    return "".join(rules) + f"policy all {{\n{uses}  remap every 60s\n}}\n"


def _checked(text: str) -> None:
    outcome = read(text, "hundred.rules")
    assert outcome.sound, str(outcome.faults[0])
    assert len(outcome.ruleset.rules) == RULES


def _seconds(done: Callable[[], None]) -> float:
    began = time.process_time()
    done()
    return time.process_time() - began

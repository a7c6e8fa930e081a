"""docs/rules.md says what is so: its rules are read, its faults are told word for word, its tables are complete."""

import re
from math import inf
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from app.cli.rules import rules
from app.rules.catalogue import BUDGETS, FUNCTIONS, SENSORS
from app.rules.prepared import prepare
from app.rules.quantities import UNITS
from app.rules.reading import read
from app.rules.telling import told
from app.rules.tree import Phase
from tests.unit.rules.running_cloud import Running

PAGE = (Path(__file__).parents[3] / "docs/rules.md").read_text()
GOOD = re.findall(r"```rules\n(.*?)```", PAGE, re.DOTALL)
FAULTY = re.findall(r"```faulty\n(.*?)```\n\n```output\n(.*?)```", PAGE, re.DOTALL)
ROUNDS = re.findall(r"```round\n(.*?)```.*?```plan\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", GOOD)
def test_an_example_is_without_fault(text: str) -> None:
    assert [str(fault) for fault in read(text, "docs.rules").faults] == []


@pytest.mark.parametrize(("text", "output"), FAULTY)
def test_a_faulty_example_is_told_of_as_the_page_says(
    text: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hot.rules").write_text(text)
    done = CliRunner().invoke(rules, ["check", "hot.rules"], standalone_mode=False)
    assert (done.output, done.return_value) == (output, 1)


@pytest.mark.parametrize(("text", "output"), ROUNDS)
def test_a_round_plans_what_the_page_says(text: str, output: str) -> None:
    running = Running()
    for _ in range(2):
        running.run("n0", cpu_used=3.0)
    running.table.fill("cluster.cpu.free", np.full(4, 28.0))
    plan = running.plan(prepare(read(text, "docs.rules").ruleset, "p", Phase.REMAP))
    assert "\n".join([*told(plan), ""]) == output


def test_the_page_has_all_its_examples() -> None:
    assert PAGE.count("```") == 2 * (len(GOOD) + 2 * len(FAULTY) + 2 * len(ROUNDS))


@pytest.mark.parametrize("name", SENSORS)
def test_the_page_lists_a_sensor(name: str) -> None:
    sensor = SENSORS[name]
    kind = ", ".join(f'"{value}"' for value in sensor.values) or sensor.type
    age = f"{sensor.max_age_s:g} s" if sensor.max_age_s < inf else ""
    meaning = f"{sensor.meaning}: `{sensor.formula}`" if sensor.formula else sensor.meaning
    assert f"| `{name}` | {kind} | {age} | {meaning} |\n" in PAGE


def test_the_page_lists_functions_units_and_budgets() -> None:
    assert [each.name for each in FUNCTIONS.values() if f"| `{each.example}` | {each.meaning} |" not in PAGE] == []
    assert [unit for unit in UNITS if not re.search(rf"[` ]{unit}[` ]", PAGE)] == []
    assert [name for name in BUDGETS if f"`{name}` per " not in PAGE] == []


def test_the_examples_of_functions_and_budgets_can_be_typed_as_they_are() -> None:
    for function in FUNCTIONS.values():
        clause = (
            f"require {function.example}"
            if function.name in {"same", "cached", "known"}
            else f"prefer {function.example}"
        )
        assert read(f"rule r {{ {clause} }} policy p {{ use r }}", "example.rules").faults == ()
    for budget in BUDGETS.values():
        assert read(f"rule r {{ prefer 1 }} policy p {{ use r budget {budget.example} }}", "example.rules").faults == ()

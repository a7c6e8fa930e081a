"""ARCHITECTURE.md shows the machines as they are, in Mermaid that can be drawn."""

import re

from app.domain.states import MACHINES
from tests.house.diagrams import COMMAND, DOCUMENT, renewed

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
LINES = [
    re.compile(r"stateDiagram-v2"),
    re.compile(rf' {{4}}state "[^"]+" as {NAME}'),
    re.compile(rf" {{4}}(\[\*\]|{NAME}) --> {NAME}(: [A-Za-z ]+)?"),
]


def test_the_diagrams_are_those_of_the_machines() -> None:
    document = DOCUMENT.read_text()
    assert renewed(document) == document, f"ARCHITECTURE.md is behind the machines; type: .venv/bin/{COMMAND}"


def test_every_line_of_a_diagram_is_one_that_mermaid_can_draw() -> None:
    lines = [line for machine in MACHINES for line in machine.mermaid().splitlines()]
    assert [line for line in lines if not any(form.fullmatch(line) for form in LINES)] == []

"""What people type, and what they are told: each message names the fix. The table is `mistakes.txt` beside this file.

A block holds a text of one line, then for every fault a caret line and the message; `?` marks a warning.
"""

from pathlib import Path

import pytest

from app.rules.faults import Fault, Severity
from app.rules.reading import read

BLOCKS = (Path(__file__).parent / "mistakes.txt").read_text().strip("\n").split("\n\n")


def told(fault: Fault) -> str:
    sign = "=" if fault.severity is Severity.ERROR else "?"
    return f"{' ' * (fault.at.column - 1)}{'^' * fault.at.width}\n{sign} {fault.message}"


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n", 1)[0] for block in BLOCKS])
def test_a_mistake_gets_the_message_that_names_its_fix(block: str) -> None:
    text = block.split("\n", 1)[0]
    assert "\n".join([text, *(told(fault) for fault in read(text, "day.rules").faults)]) == block


def test_the_table_is_long_enough() -> None:
    assert len(set(BLOCKS)) >= 40

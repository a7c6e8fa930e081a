"""docs/ec2.md says of every operation what the server does with it."""

import re

from app.wire.models import Models
from tests.house.ec2_table import COMMAND, DOCUMENT, OFFERED, document


def test_the_page_is_what_the_operations_say() -> None:
    assert DOCUMENT.read_text() == document(), f"docs/ec2.md is behind the operations; type: .venv/bin/{COMMAND}"


def test_every_operation_of_amazon_stands_in_it_once() -> None:
    supported, refused = DOCUMENT.read_text().split("\n## Refused\n")
    rows = re.findall(r"^\| `(\w+)` \|.*\|.*\|.*\|$", supported, re.MULTILINE)
    lines = re.findall(r"^- `(\w+)`$", refused, re.MULTILINE)
    assert sorted(rows) == sorted(OFFERED)
    assert sorted([*rows, *lines]) == sorted(Models().newest("ec2").operations)

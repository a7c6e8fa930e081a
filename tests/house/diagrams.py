"""The state diagrams of ARCHITECTURE.md, drawn from the machines: `python -m tests.house.diagrams --write`."""

import re
import sys
from pathlib import Path

from app.domain.states import MACHINES

DOCUMENT = Path(__file__).parents[2] / "ARCHITECTURE.md"
COMMAND = "python -m tests.house.diagrams --write"
BLOCK = re.compile(r"(<!-- states: generated .*?-->\n).*?(<!-- states: end -->)", re.DOTALL)


def drawn() -> str:
    """Draw all machines, one Mermaid block each."""
    return "".join(f"\n**{machine.name}**\n\n```mermaid\n{machine.mermaid()}\n```\n" for machine in MACHINES) + "\n"


def renewed(document: str) -> str:
    """Return the document with the block between its marks replaced; its marks must be there once."""
    text, blocks = BLOCK.subn(lambda found: found.group(1) + drawn() + found.group(2), document)
    if blocks != 1:
        raise ValueError(f"{DOCUMENT.name} has {blocks} blocks of state diagrams, 1 is needed")
    return text


def main() -> int:
    document = DOCUMENT.read_text()
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(renewed(document))
        return 0
    return int(renewed(document) != document)


if __name__ == "__main__":
    sys.exit(main())

"""Print the table of the mapping rules: `python -m bench.rules [--traces DIR] [PART …]`."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.rules import laws, packing, placing, reading, remapping
from bench.table import Row, head, summary

Part = Callable[[Path | None], Iterator[Row]]
PARTS: dict[str, Part] = {
    "place": lambda _: placing.rows(),
    "remap": lambda _: remapping.rows(),
    "text": lambda _: reading.rows(),
    "packing": packing.rows,
    "laws": lambda _: laws.rows(),
}


def main(words: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench.rules", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--traces", type=Path, default=os.environ.get("EUCALYPTUS_TRACES"))
    given = parser.parse_args(words)
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    print(head(), flush=True)
    found: list[Row] = []
    for name in given.parts or PARTS:
        for row in PARTS[name](given.traces):
            found.append(row)
            print(row.line(), flush=True)
    print(f"\n{summary(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Print the speed table: `python -m bench` all of it, `python -m bench NAME …` some parts."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.ours import scratch
from bench.parts import consoles, everyday, fleet, launches, listings, networks, regions, running
from bench.peers import PEERS, Beside, beside
from bench.table import Row, head, summary

Part = Callable[[Path, Beside], Iterator[Row]]
PARTS: dict[str, Part] = {
    "regions": regions.rows,
    "launches": launches.rows,
    "everyday": everyday.rows,
    "listings": listings.rows,
    "running": running.rows,
    "fleet": fleet.rows,
    "consoles": consoles.rows,
    "networks": networks.rows,
}


def main(names: Sequence[str]) -> int:
    unknown = set(names) - PARTS.keys()
    if unknown:
        print(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(head([f"{peer.name} {peer.version}" for peer in PEERS]), flush=True)
    found: list[Row] = []
    with scratch() as folder, beside(folder) as peers:
        for name in names or PARTS:
            (home := folder / name).mkdir()
            for row in PARTS[name](home, peers):
                found.append(row)
                print(row.line(), flush=True)
    print(f"\n{summary(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

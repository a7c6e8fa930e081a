"""`make test-clients`: every client against one served cloud, as a table of client × step.

Ends with 1 if a cell failed. A client that could not be installed counts where CI=true; one whose interpreter (Python
2.7, node) the machine lacks never does.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.clients.clients import CLIENTS
from tests.clients.matrix import Row, live, table
from tests.served import ServedCloud


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("names", nargs="*", help="only clients whose name has one of these words")
    asked = parser.parse_args().names
    chosen = [one for one in CLIENTS if not asked or any(word.lower() in one.name.lower() for word in asked)]
    with tempfile.TemporaryDirectory() as folder, ServedCloud(Path(folder) / "state") as cloud:
        credentials, rows = cloud.credentials(), []
        for client in chosen:
            print(f"{client.name} …", file=sys.stderr, flush=True)
            rows.append(live(client, credentials))
    print(table(rows))
    return int(any(fails(row, strictly=os.environ.get("CI") == "true") for row in rows))


def fails(row: Row, *, strictly: bool) -> bool:
    """Tell whether a client's row is a failure of the whole; `strictly`: also one that could not be installed."""
    failed = any(cell.status == "failed" for cell in row.cells.values())
    return failed and (strictly or not row.missing)


if __name__ == "__main__":
    sys.exit(main())

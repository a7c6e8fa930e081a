"""A cloud of rehearsal hosts whose server dies at a named point: `python -m tests.crash.doomed_rehearsal POINT STATE
HOST:PORT`. Its volumes are rehearsed: only such hosts have any. A POINT that there is not is never reached.
"""

import os
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from app import settings
from app.server.serve import serve
from tests.crash.points import doomed
from tests.served import ServedCloud

REHEARSE = "1x1"
NOWHERE = "nowhere"


class DoomedRehearsal(ServedCloud):
    def __init__(self, state: Path) -> None:
        super().__init__(state, rehearse=REHEARSE)

    def command(self, point: str = NOWHERE) -> list[str]:
        return [sys.executable, "-m", "tests.crash.doomed_rehearsal", point, str(self.state), self.listen]

    def unsettled(self) -> int:
        """Count the volumes and snapshots that the loop has not done away with, whatever users see of them."""
        with closing(sqlite3.connect(f"file:{self.state / 'cloud.sqlite3'}?mode=ro", uri=True)) as file:
            (count,) = file.execute(
                "SELECT (SELECT count(*) FROM volumes WHERE NOT removed)"
                " + (SELECT count(*) FROM snapshots WHERE NOT removed)"
            ).fetchone()
        return int(count)


def main(point: str, state: str, listen: str) -> None:
    given = settings.load({"state_dir": state, "listen": listen, "rehearse": REHEARSE}, os.environ)
    serve(given, lambda url: print(f"ready {url}", flush=True), lambda: given, partial(doomed, point))


if __name__ == "__main__":
    main(*sys.argv[1:])

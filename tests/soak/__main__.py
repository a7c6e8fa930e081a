"""`python -m tests.soak --minutes 60`: the whole soak, with a line a minute; 1 if a promise was broken."""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.guest.built_image import guest_image
from tests.soak.gauges import risen
from tests.soak.run import soak
from tests.soak.stage import staged
from tests.soak.user import Violated


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--hosts", type=int, default=50, help="scripted hosts, beside two real ones")
    parser.add_argument("--pause", type=float, default=1.0, help="mean seconds between two actions of a client")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    say = partial(print, flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="euca-soak-") as folder,
        staged(Path(folder), guest_image(), given.hosts) as stage,
    ):
        long_s = given.minutes * 60
        says_every_s = min(60.0, long_s / 12)
        try:
            readings = soak(
                stage, long_s=long_s, seed=given.seed, pause_s=given.pause, says_every_s=says_every_s, say=say
            )
            rose = risen(readings)
        except (Violated, AssertionError) as broken:
            rose = [str(broken)]
    say("all invariants held; memory, files, threads and database stayed flat" if not rose else "\n".join(rose))
    return 1 if rose else 0


if __name__ == "__main__":
    sys.exit(main())

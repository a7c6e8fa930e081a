"""`python -m tests.simulation --seed 7 --days 1`: replay one seed exactly, or run many until one fails."""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.planted import PLANTS, plant

if TYPE_CHECKING:
    from tests.simulation.run import Verdict

GATE_DAYS = 0.04
TOLD_EVERY = 50
TAIL = 60


def main() -> int:
    """Run what the command line names; 1 if an invariant was violated."""
    parser = argparse.ArgumentParser(prog="simtest", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one and print how it ended")
    parser.add_argument("--seeds", default="", help="FIRST-LAST: run these")
    parser.add_argument("--days", type=float, default=GATE_DAYS, help="virtual days for each seed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tail", type=int, default=TAIL, help="lines of the trace to print on failure")
    parser.add_argument("--all", action="store_true", help="go on after a failure")
    parser.add_argument("--no-network", action="store_true", help="no instance gets an address")
    parser.add_argument("--no-moves", action="store_true", help="no instance moves")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="with this bug planted")
    given = parser.parse_args()
    if given.plant:
        plant(given.plant)
    from tests.simulation.run import simulate  # after the plant

    if given.seeds:
        return _many(given)
    seed = 1 if given.seed is None else given.seed
    return _report(simulate(seed, given.days, network=not given.no_network, moves=not given.no_moves), given.tail)


def _report(verdict: "Verdict", tail: int) -> int:
    if verdict.violated:
        print(*(verdict.tail[-tail:] if tail else ()), sep="\n")
        print(f"violated: {verdict.violated}")
    print(
        f"seed {verdict.seed}: {'FAILED' if verdict.violated else 'ok'} after {verdict.days:.3f} days,"
        f" {verdict.steps} steps, {verdict.lives} lives, {verdict.instances} instances"
    )
    print(f"digest {verdict.digest}")
    if verdict.violated:
        print(f"again: make simtest SEED={verdict.seed} DAYS={max(verdict.days, GATE_DAYS):.4g}")
    return 1 if verdict.violated else 0


def _many(given: argparse.Namespace) -> int:
    from tests.simulation.run import simulate

    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    began, days, failed = time.monotonic(), 0.0, 0
    with ProcessPoolExecutor(given.workers) as pool:
        run = partial(simulate, days=given.days, network=not given.no_network, moves=not given.no_moves)
        for done, verdict in enumerate(pool.map(run, seeds), 1):
            days += verdict.days
            if verdict.violated:
                failed += 1
                print(f"seed {verdict.seed} at day {verdict.days:.4f}: {verdict.violated}", flush=True)
                if not given.all:
                    pool.shutdown(cancel_futures=True)
                    return _report(verdict, given.tail)
            if done % TOLD_EVERY == 0 or done == len(seeds):
                took_s = time.monotonic() - began
                print(
                    f"{done} of {len(seeds)} seeds, {failed} failed, {days:.1f} cloud-days in {took_s:.0f} s"
                    f" ({days * 86400 / took_s:.0f} times as fast as life)",
                    flush=True,
                )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

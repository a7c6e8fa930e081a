"""A server's loop in a process of its own, to be killed: `python -m tests.unit.reconcile.loop_process DATABASE`."""

import asyncio
import sys
from pathlib import Path

from app.clock import SystemClock
from app.reconcile.loop import Reconciler
from app.store.database import Database
from app.xen.hosts import Hosts
from tests.unit.reconcile.cloud import QUICK, QUICK_TIMING, Files, Services


async def serve(database: Path) -> None:
    """Work until killed."""
    store = Database.open(database, clock=SystemClock())
    reconciler = Reconciler(
        store=store,
        hypervisors=Hosts(timing=QUICK_TIMING),
        images=Files(),
        clock=SystemClock(),
        outcomes=Services(),
        limits=QUICK,
    )
    await reconciler.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

"""How long one flush of the disk takes here and now: the floor under every durable answer."""

import os
import time
from pathlib import Path
from statistics import median

PAGE, PAGES, TIMES = 4120, 17, 60  # what one RunInstances adds to SQLite's log


def flush_ms(folder: Path) -> float:
    """Write over a file that has its length, and flush; return the median of the flushes."""
    taken = []
    with (folder / "flushed").open("w+b", buffering=0) as file:
        file.write(bytes(PAGE * PAGES * TIMES))
        os.fsync(file)
        file.seek(0)
        for _ in range(TIMES):
            file.write(b"x" * PAGE * PAGES)
            began = time.perf_counter()
            os.fdatasync(file)
            taken.append(time.perf_counter() - began)
    return 1000 * median(taken)

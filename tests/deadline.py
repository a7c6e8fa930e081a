"""Wait for something real to happen: poll a condition until a deadline, never sleep and hope.

A deadline costs nothing when what is waited for comes, so it is one that a machine misses only if it never comes.
"""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_S = 90.0


def eventually(check: Callable[[], Found], within_s: float = PATIENCE_S, every_s: float = 0.05) -> Found:
    """Return the first truthy answer of `check`; the last one is shown if none came in time."""
    deadline = time.monotonic() + within_s
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {within_s:g} s; last seen: {found!r}")
        time.sleep(every_s)

"""The Clock port on this machine's clocks; everything below the edges is handed one instead of reading the time."""

import time


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

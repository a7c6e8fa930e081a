"""Takes control strings out of what a guest writes: titles, clipboards (OSC 52), DCS, APC and their like.

No serial console needs them, and the emulator knows only some: of the rest it would show the inside as text, or gather
what never ends. The trap: a string may begin in one piece and end in a later one, as may each of its signs.
"""

import re

MOST_BYTES = 4096
"""So much of a string that does not end is swallowed; then it was none."""
_BEGIN = re.compile(rb"\x1b(?:[PX^_]|\](?![RP]))")  # ESC ] R and ESC ] P are Linux's and have no end
_END = re.compile(rb"\x1b\\|(?=\x1b)|[\x07\x18\x1a]")
_OPEN = (b"\x1b", b"\x1b]")


class Unstrung:
    """Filters one stream of bytes, piece by piece."""

    def __init__(self) -> None:
        self._kept = b""
        self._left = 0  # of the string that we are in

    def __call__(self, piece: bytes) -> bytes:
        """Return the piece without strings; what may be the beginning of one is kept for the next."""
        data, self._kept = self._kept + piece, b""
        tail = next((sign for sign in _OPEN if data.endswith(sign)), b"")
        if tail:
            data, self._kept = data[: -len(tail)], tail
        found, at = bytearray(), 0
        while at < len(data):
            at = self._inside(data, at) if self._left else self._outside(data, at, found)
        return bytes(found)

    def _outside(self, data: bytes, at: int, found: bytearray) -> int:
        begin = _BEGIN.search(data, at)
        if begin is None:
            found += data[at:]
            return len(data)
        found += data[at : begin.start()]
        self._left = MOST_BYTES
        return begin.end()

    def _inside(self, data: bytes, at: int) -> int:
        until = min(len(data), at + self._left)
        end = _END.search(data, at, until)
        self._left = 0 if end else self._left - (until - at)
        return end.end() if end else until

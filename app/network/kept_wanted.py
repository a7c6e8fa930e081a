"""The file by which a gateway knows what was wanted last: all of it once, then each change, added at the end.

A change is carried out once it is kept, so that keeping one must not cost as much as keeping all. The trap: whoever is
killed while adding leaves half a change behind. It was never carried out, so reading ends before it; and the next to be
kept is the whole again, in a file that takes the place of that one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from app.domain.errors import Broken, Unavailable
from app.domain.gateway import Visit, Wanted
from app.domain.gateway_change import NOTHING, Change, change, changed
from app.network.private_file import keep, kept

LEAST_ROOM = 1 << 20
_LENGTH, _DIGEST = 4, sha256().digest_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a gateway goes on with by itself: what is wanted, and the hosts to see to."""

    wanted: Wanted = NOTHING
    visits: tuple[Visit, ...] = ()


class _Added(msgspec.Struct, frozen=True, kw_only=True):
    """What is new; `visits` are all of them, None: the same as before."""

    change: Change
    visits: tuple[Visit, ...] | None = None


class KeptWanted:
    """Blocking; one call at a time."""

    def __init__(self, file: Path) -> None:
        self._file, self._room = file, 0

    def read(self) -> Known | None:
        """Return what was kept last; None if nothing was, Broken if the file is damaged."""
        packed = kept(self._file)
        try:
            found = [msgspec.msgpack.decode(each, type=_Added) for each in _whole_ones(packed)]
        except msgspec.DecodeError as error:
            raise self._damaged(str(error)) from error
        if packed and not found:
            raise self._damaged("it ends before its first part does")
        known = Known()
        for added in found:
            visits = known.visits if added.visits is None else added.visits
            known = Known(wanted=changed(known.wanted, added.change), visits=visits)
        return known if found else None

    def keep(self, known: Known, new: Change, *, visits: bool = False) -> None:
        """Keep what is known from now on, of which this is new; Unavailable says why that can not be."""
        added = _packed(_Added(change=new, visits=known.visits if visits else None))
        room, self._room = self._room - len(added), 0  # what fails is followed by the whole
        if room < 0 or not self._file.exists():
            added = _packed(_Added(change=change(NOTHING, known.wanted), visits=known.visits))
            keep(self._file, added)
            room = max(len(added), LEAST_ROOM)
        else:
            self._add(added)
        self._room = room

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    def _add(self, packed: bytes) -> None:
        try:
            with self._file.open("ab") as out:
                out.write(packed)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise Unavailable("file", f"{self._file} can not be written: {error.strerror}") from error

    def _damaged(self, how: str) -> Broken:
        return Broken("gateway", f"{self._file} is damaged ({how}); remove it, and the server tells all of it again")


def _packed(added: _Added) -> bytes:
    packed = msgspec.msgpack.encode(added)
    return len(packed).to_bytes(_LENGTH) + sha256(packed).digest() + packed


def _whole_ones(packed: bytes) -> Iterator[bytes]:
    """Yield the parts up to the first that is not all there."""
    at = 0
    while at < len(packed):
        begin = at + _LENGTH + _DIGEST
        length, digest = int.from_bytes(packed[at : at + _LENGTH]), packed[at + _LENGTH : begin]
        part, at = packed[begin : begin + length], begin + length
        if sha256(part).digest() != digest:
            return
        yield part

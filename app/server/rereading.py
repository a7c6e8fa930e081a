"""eucalyptus.conf read again when it changes: new NODES join and SCHEDPOLICY counts from the next launch on.

Everything else waits for the next start. The traps: an editor may leave a half-written file for a moment, so what can
not be used is told and changes nothing; and a node that is no longer named stays, since instances may run there.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from app.domain.errors import CloudError
from app.domain.ports import Store
from app.server import seeding
from app.settings import Settings

log = logging.getLogger(__name__)
EVERY_S = 2.0


class LiveSettings:
    """The settings as the file has them now; `reload` reads them anew, raising SettingsError."""

    def __init__(self, first: Settings, reload: Callable[[], Settings]) -> None:
        self._settings, self._reload = first, reload
        self._stamp = _stamp(first.config)

    async def follow(self, store: Store, every_s: float = EVERY_S) -> None:
        """Look again and again whether the file changed; runs until cancelled."""
        while self._settings.config is not None:
            await asyncio.sleep(every_s)
            stamp = await asyncio.to_thread(_stamp, self._settings.config)
            if stamp != self._stamp:
                self._stamp = stamp
                await self._take(store)

    async def _take(self, store: Store) -> None:
        fields = {"file": self._settings.config}
        try:
            new = await asyncio.to_thread(self._reload)
            await store.write(lambda unit: seeding.follow(unit, new))
        except CloudError as error:
            log.warning("a changed file of settings is not used", extra={"fields": {**fields, "error": str(error)}})
            return
        self._settings = new
        log.info("a changed file of settings was read", extra={"fields": fields})


def _stamp(file: Path | None) -> tuple[int, int, int]:
    """Tell one content of a file from another; zeros if there is none."""
    try:
        found = file.stat() if file else None
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found else (0, 0, 0)

"""eucalyptus.conf and the rules it names, read again when they change: new NODES join, placement counts from then on.

Everything else waits for the next start. The traps: an editor may leave a half-written file for a moment, so it must
look the same twice, and what can not be used is told and changes nothing; and a node that is no longer named stays,
since instances may run there.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.domain.errors import CloudError
from app.domain.ports import Store
from app.server import rule_files, seeding
from app.services import rulesets
from app.settings import Settings

log = logging.getLogger(__name__)
EVERY_S = 2.0
Stamp = tuple[tuple[str, int, int, int], ...]


class LiveSettings:
    """The settings as the file has them now; `reload` reads them anew, raising SettingsError."""

    def __init__(self, first: Settings, reload: Callable[[], Settings]) -> None:
        self._settings, self._reload = first, reload
        self._taken = self._seen = self._stamps()

    @property
    def settings(self) -> Settings:
        """The settings as they were last taken over."""
        return self._settings

    async def follow(self, store: Store, every_s: float = EVERY_S) -> None:
        """Look again and again whether a file changed; runs until cancelled."""
        while self._files():
            await asyncio.sleep(every_s)
            await self.look(store)

    async def look(self, store: Store) -> None:
        """Take the files over if they changed since they were taken and not since the last look."""
        before, self._seen = self._seen, await asyncio.to_thread(self._stamps)
        if self._seen != self._taken and self._seen == before:
            self._taken = self._seen
            await self._take(store)

    async def _take(self, store: Store) -> None:
        fields = {"file": self._settings.config}
        try:
            new = await asyncio.to_thread(self._reload)
            said = await asyncio.to_thread(rule_files.said, new)
            await store.write(lambda unit: seeding.follow(unit, new, said))
        except CloudError as error:
            log.warning("a changed file of settings is not used", extra={"fields": {**fields, "error": str(error)}})
            await store.write(partial(rulesets.refuse, why=error))
            return
        self._settings = new
        if said.refused is not None:
            log.warning("changed rules are not used", extra={"fields": {**fields, "error": str(said.refused)}})
        log.info("a changed file of settings was read", extra={"fields": fields})

    def _files(self) -> list[Path]:
        config, rules = self._settings.config, rule_files.named_by(self._settings)
        return [*([config] if config else []), *([rules, *_listed(rules)] if rules else [])]

    def _stamps(self) -> Stamp:
        """Tell one content of the files from another."""
        return tuple(_stamp(file) for file in self._files())


def _listed(path: Path) -> list[Path]:
    try:
        return rule_files.files(path)
    except OSError:
        return []


def _stamp(file: Path) -> tuple[str, int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (str(file), 0, 0, 0)
    return (str(file), found.st_ino, found.st_mtime_ns, found.st_size)

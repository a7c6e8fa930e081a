"""What has to be done now and then so that a cloud can run for years: old journal entries and ended instances go.

The trap: a portion a transaction, so that requests never wait for it; a full disk today is no reason to stop for ever.
"""

import asyncio
import logging
from typing import Protocol

from app.domain.errors import CloudError
from app.domain.ports import Clock, Store
from app.services import expiry

log = logging.getLogger(__name__)
EVERY_S = 3600.0
JOURNAL_KEPT_MS = 7 * 24 * 60 * 60 * 1000


class PrunedStore(Store, Protocol):
    async def prune_journal(self, before_ms: int) -> int: ...


async def keep_tidy(store: PrunedStore, clock: Clock, every_s: float = EVERY_S) -> None:
    """Tidy at once and every `every_s` seconds; runs until cancelled."""
    while True:
        try:
            await tidy(store, clock)
        except CloudError as error:
            log.warning("the store could not be tidied", extra={"fields": {"error": str(error)}})
        await asyncio.sleep(every_s)


async def tidy(store: PrunedStore, clock: Clock) -> None:
    """Drop what is too old, once."""
    while await store.write(expiry.drop_ended):
        pass
    await store.prune_journal(clock.now_ms() - JOURNAL_KEPT_MS)

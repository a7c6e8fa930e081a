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
MOST_EVERY_S = 3600.0


class PrunedStore(Store, Protocol):
    async def prune_journal(self, before_ms: int) -> int: ...


async def keep_tidy(store: PrunedStore, clock: Clock, kept_s: int) -> None:
    """Drop what is older than `kept_s`, at once and again and again; runs until cancelled."""
    while True:
        try:
            await tidy(store, clock, kept_s * 1000)
        except CloudError as error:
            log.warning("the store could not be tidied", extra={"fields": {"error": str(error)}})
        await asyncio.sleep(min(MOST_EVERY_S, kept_s / 4))


async def tidy(store: PrunedStore, clock: Clock, kept_ms: int) -> None:
    """Drop what is older, once."""
    while await store.write(lambda unit: expiry.drop_ended(unit, kept_ms)):
        pass
    await store.prune_journal(clock.now_ms() - kept_ms)

"""Carries jobs out: looks what is due whenever something was committed, and takes the steps of a few targets at a time.

Everything that is known of a job stands in the store, so a server that is started anew goes on where the one before
was killed. The trap: a store that does not answer is no reason to call a target failed; it is asked again.
"""

import asyncio
import logging
from contextlib import suppress
from functools import partial

from app.domain.errors import CloudError, Unavailable
from app.domain.ports import Store
from app.services import job_turns
from app.services.mapping import Mapping

log = logging.getLogger(__name__)
TICK_S = 5.0
TOGETHER_S = 0.1


class JobRunner:
    """Lives as long as the server."""

    def __init__(self, store: Store, mapping: Mapping) -> None:
        self._store, self._mapping = store, mapping

    async def run(self) -> None:
        """Carry jobs out until cancelled."""
        while True:
            changes = self._store.changes()  # before the look, so that no commit falls in between
            try:
                while await self.go_on():
                    pass
            except CloudError as error:
                log.warning("jobs wait", extra={"fields": {"error": str(error)}})
            except Exception:
                log.exception("jobs could not be looked after")
            with suppress(TimeoutError, StopAsyncIteration):
                await asyncio.wait_for(anext(changes), TICK_S)
            await asyncio.sleep(TOGETHER_S)

    async def go_on(self) -> bool:
        """Take all steps that are due now; return whether there were any."""
        due = await self._store.read(job_turns.due)
        for job_id in due.settle:
            await self._store.write(partial(job_turns.settle, job_id=job_id))
        await asyncio.gather(*(self._begin(job_id, target) for job_id, target in due.begin))
        return bool(due.settle or due.begin)

    async def _begin(self, job_id: str, target: str) -> None:
        work = partial(job_turns.begin, job_id=job_id, target_id=target, mapping=self._mapping)
        try:
            await self._store.write(work)
        except Unavailable:
            raise
        except CloudError as error:
            why = str(error)
            await self._store.write(partial(job_turns.refuse, job_id=job_id, target_id=target, why=why))

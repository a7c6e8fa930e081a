"""Tells the sensors which means the active rules ask for: looked up again whenever another version is active."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from app.domain.errors import CloudError
from app.domain.ports import Store
from app.domain.ruleset import Ruleset
from app.rules.averaged import averaged
from app.rules.reading import read
from app.services import rulesets

log = logging.getLogger(__name__)
EVERY_S = 5.0
Keep = Callable[[Iterable[tuple[str, float]]], None]


async def keep_averages(store: Store, keep: Keep, every_s: float = EVERY_S) -> None:
    """Follow what is active until cancelled."""
    known = ""
    while True:
        try:
            now = await store.read(rulesets.active_id)
            if now != known:
                active = await store.read(rulesets.active)
                keep(await asyncio.to_thread(_asked, active.ruleset) if active.ruleset else ())
                known = now
        except CloudError as error:
            log.warning("the active rules can not be read", extra={"fields": {"error": str(error)}})
        await asyncio.sleep(every_s)


def _asked(ruleset: Ruleset) -> frozenset[tuple[str, float]]:
    outcome = read(ruleset.text, ruleset.name)
    return averaged(outcome.ruleset, ruleset.policy) if ruleset.policy in outcome.ruleset.policies else frozenset()

"""The metadata service of the server's own network: guests are told what stands in the store."""

from collections.abc import Sequence

from app.domain.gateway import GuestFacts
from app.domain.network import GuestAnswer, GuestRequest
from app.domain.ports import Clock, Entropy, Store, Unit
from app.server.eucarc import REGION
from app.server.guest_answers import Answers
from app.server.metadata_tree import pages_of, tree_of


class Metadata:
    """Tells guests what stands in the store."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy) -> None:
        self._store, self._answers = store, Answers(clock, entropy)

    async def answer(self, asked: GuestRequest) -> GuestAnswer:
        """Answer one request of the instance that the fabric recognised."""
        told = await self._store.read(lambda unit: facts_of(unit, (asked.instance_id,)))
        return self._answers.answer(asked, told.get(asked.instance_id))


def facts_of(unit: Unit, instance_ids: Sequence[str]) -> dict[str, GuestFacts]:
    """Gather what instances are told; who has gone is left out."""
    return {
        row.id: GuestFacts(
            enabled=row.metadata_enabled,
            tokens_required=row.metadata_tokens_required,
            hops=row.metadata_hops,
            pages=pages_of(tree_of(unit, row, REGION)),
        )
        for row in unit.instances.where(id=tuple(instance_ids), removed=False)
    }

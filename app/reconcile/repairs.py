"""What somebody else broke of the network and was put right, as entries of the journal."""

from collections.abc import Sequence

from app.domain.ports import Store, Unit


async def note(store: Store, repaired: Sequence[str]) -> None:
    """Write an entry for each clause; without any nothing is written."""

    def work(unit: Unit) -> None:
        for what in repaired:
            unit.note("network.repaired", "network", "", f"{what}; that is put right")

    if repaired:
        await store.write(work, writer="reconcile")

"""Bugs planted on purpose, one at a time: a line of the product is exchanged while it is imported, no file is touched.

A simulation that finds nothing proves nothing until it has found these. `python -m tests.simulation --plant NAME
--seeds 1-40` shows one; the trap: the module must not have been imported before.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """`right` stands exactly once in `module`, and becomes `wrong`; `found_by` is the first seed that showed it."""

    module: str
    right: str
    wrong: str
    means: str
    found_by: int = 1
    moves: bool = False


PLANTS = {
    "start-unwanted": Plant(
        module="app.reconcile.diff",
        right="        case Seen.OFF:\n            return [*marks, Undefine()]",
        wrong="        case Seen.OFF:\n            return [*marks, Start()]",
        means="a stopped instance is started without a look at what is wanted",
    ),
    "seen-before-action": Plant(
        module="app.reconcile.diff",
        right="    actions: list[Action] = []\n    if observed.domain is not None and observed.domain.state",
        wrong="    actions: list[Action] = [Mark(seen=Seen.NOTHING, removed=True)]\n"
        "    if observed.domain is not None and observed.domain.state",
        means="an instance is written down as gone before anything was taken off its host",
    ),
    "disks-too-soon": Plant(
        module="app.reconcile.diff",
        right="            return [*marks, Undefine()]",
        wrong="            return [*marks, DeleteDisks(names=(instance.id + ROOT,)), Undefine()]",
        means="a stopped instance loses its disk",
    ),
    "free-too-early": Plant(
        module="app.store.migrations",
        right="{source} WHERE NOT ({row}.wanted = 'terminated' AND {row}.removed)",
        wrong="{source} WHERE NOT ({row}.wanted = 'terminated')",
        means="room is given away while a terminated instance still runs there",
        found_by=4,
    ),
    "token-ignored": Plant(
        module="app.services.instances",
        right="        if earlier is not None:\n            return earlier",
        wrong="        if earlier is not None and not command.client_token:\n            return earlier",
        means="a repeated request launches again",
        found_by=2,
    ),
    "blink-is-off": Plant(
        module="app.reconcile.diff",
        right="    if observed.blinks and left_s > 0:",
        wrong="    if False and observed.blinks and left_s > 0:",
        means="a Xen guest that restarts is taken for one that switched itself off",
        found_by=3,
    ),
    "answered-though-lost": Plant(
        module="app.store.writing",
        right="            job.error = _failure(error)\n",
        wrong="            job.error = None\n",
        means="callers of a group that was not committed are told that all is well",
        found_by=122,
    ),
    "image-under-disk": Plant(
        module="app.reconcile.loop",
        right="        return {CACHED + digest for digest in digests}",
        wrong="        return {CACHED + digest for digest in digests if not digest}",
        means="an image is deleted from a host while disks build on it",
        found_by=11,
    ),
    "leftovers-stay": Plant(
        module="app.reconcile.loop",
        right="        await self._leftovers.sweep(host.name)\n",
        wrong="",
        means="a disk that a slow host made when its instance was gone stays for ever",
        found_by=33,
    ),
    "sweep-forgets": Plant(
        module="app.reconcile.sweep",
        right="    rows = {row.id: row for row in present(unit, host)}",
        wrong='    rows = {row.id: row for row in present(unit, host) if row.wanted == "running"}',
        means="a host's sweep overlooks what is to be stopped or ended",
    ),
    "lease-stays": Plant(
        module="app.reconcile.traffic",
        right="[row for row in (unit.instances.where(host=real, removed=False) if real else ()) if row.address]\n",
        wrong="[__import__('dataclasses').replace(row, removed=False) for row in"
        " (unit.instances.where(host=real) if real else ()) if row.private_ip]\n",
        means="a lease is not withdrawn when its instance is gone",
    ),
    "lease-too-short": Plant(
        module="app.reconcile.traffic",
        right=" if row.address]\n",
        wrong=' if row.address and row.wanted != "terminated"]\n',
        means="a lease is withdrawn while its instance still shuts down",
    ),
    "address-too-soon": Plant(
        module="app.services.addresses",
        right="for _, address in batch], gateway=gateway, removed=False)",
        wrong='for _, address in batch], gateway=gateway, removed=False, wanted=("running", "stopped"))',
        means="an address is handed out again while its old holder is still shutting down",
        found_by=24,
    ),
    "start-before-network": Plant(
        module="app.reconcile.execute",
        right="                await self._networks.ready(job.host)\n",
        wrong="",
        means="a guest is started before its network knows it",
    ),
    "answer-of-before": Plant(
        module="app.reconcile.shared",
        right="        if self._next is None:\n",
        wrong="        if self._running is not None and not self._running.done():\n"
        "            return await asyncio.shield(self._running)\n        if self._next is None:\n",
        means="who asks while a pass over the network runs is told its outcome, though it knew nothing of him",
        found_by=28,
        moves=True,
    ),
    "room-left-too-soon": Plant(
        module="app.store.migrations",
        right="""moves = f" AND {row}.moving_from <> ''\"""",
        wrong="""moves = f" AND {row}.moving_from = '-'\"""",
        means="room is given away while the instance that held it has not moved yet",
        found_by=7,
        moves=True,
    ),
    "disks-before-guest": Plant(
        module="app.reconcile.moving",
        right="    return [StageImages(), MakeDisks(), Migrate()]",
        wrong="    gone = Before(action=DeleteDisks(names=(instance.id + ROOT,)))\n"
        "    return [StageImages(), MakeDisks(), gone, Migrate()]",
        means="a guest that moves loses its disk before it has left",
        moves=True,
    ),
    "drift-stays": Plant(
        module="app.reconcile.gateways",
        right="        return self._resync_s if",
        wrong="        return 1e9 if",
        means="a bridge that vanished is only missed when somebody launches or ends an instance",
    ),
}


class _Planting(SourceFileLoader):
    """Loads one module with its line exchanged, past any compiled copy."""

    plant: Plant

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        source = self.get_data(path).decode()
        if source.count(self.plant.right) != 1:
            raise RuntimeError(f"{fullname} does not have the line of the plant exactly once: {self.plant.right!r}")
        return compile(source.replace(self.plant.right, self.plant.wrong), path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._plant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            return None
        loader = _Planting(fullname, spec.origin)
        loader.plant = self._plant
        spec.loader = loader
        return spec


def plant(name: str) -> None:
    """Exchange the line of a plant for everybody who imports its module from now on."""
    wanted = PLANTS[name]
    if wanted.module in sys.modules:
        raise RuntimeError(f"{wanted.module} was imported before the plant")
    sys.meta_path.insert(0, _Finder(wanted))

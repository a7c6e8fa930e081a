"""Laws of volumes: whatever is asked in whatever order, and whatever fails or dies on the way, all of it settles.

Real SQLite, real services, real steps, the rehearsed storage. A call of the storage may be refused, unanswered before
or after it was done, or be the last thing that a server did. Nothing is doubled, nothing is lost, states only change
along the arrows of their machines, and what the storage has in the end is what is wanted.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.domain.commands import CreateVolume
from app.domain.errors import Broken, CloudError, Lost, TimedOut
from app.domain.ports import Unit
from app.domain.states import ATTACHMENT, SNAPSHOT, VOLUME, Kept, Machine, Seen, SnapshotState, VolumeState, Wanted
from app.domain.storage import StoredVolume
from app.domain.volume import Snapshot, Volume
from app.reconcile.limits import Limits
from app.reconcile.volume_steps import Hand, Progress, SnapshotSteps, Steps, VolumeSteps, advance
from app.server.outcomes import Outcomes
from app.services import attachments, snapshots, volumes
from app.services.attachments import Detachment
from app.services.snapshots import Label
from app.storage.rehearsed_volumes import RehearsedVolumes
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_caller, a_host, an_instance, furnish

ANA = a_caller()
INSTANCES = ("i-00000001", "i-00000002")
DEVICES = ("/dev/sdf", "/dev/sdg")
LIMITS = Limits(attempts=2)
MOST_STEPS = 60
FAULTS = ("refused", "lost", "unanswered", "killed before", "killed after")
numbers = st.integers(0, 20)


class Killed(BaseException):
    """The server died here."""


class FaultyStorage:
    """The storage, with something that happens at its next calls, or nothing."""

    def __init__(self, inner: RehearsedVolumes) -> None:
        self._inner = inner
        self.faults: list[str] = []
        self.refusals = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._inner, name)

        async def troubled(*given: Any, **named: Any) -> Any:
            fault = self.faults.pop() if self.faults else ""
            if fault == "refused":
                self.refusals += 1
                raise Broken("storage", "no")
            if fault == "lost":
                raise Lost("storage", "gone")
            if fault == "killed before":
                raise Killed
            answer = await call(*given, **named)
            if fault == "unanswered":
                raise TimedOut("storage", name, 1)
            if fault == "killed after":
                raise Killed
            return answer

        return troubled


def reachable(machine: Machine, before: str, after: str) -> bool:
    """Tell whether arrows lead from one state to another; what hangs on nothing may hang anew."""
    known, fresh = set[str](), {before}
    while fresh:
        known |= fresh
        fresh = {to for (at, _), to in machine.table.items() if at in known} - known
    return after in known


class VolumeLife(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.run(self._open())
        self.states: dict[str, str] = {}
        self.lost: set[str] = set()
        for size_gib in (1, 2):
            self.create(size_gib)
        self.settle()
        self.snapshot(0)
        self.settle()

    async def _open(self) -> None:
        self.store = Database.open(Path(self.folder.name) / "cloud.sqlite3", clock=FrozenClock())
        self.storage = RehearsedVolumes(Path(self.folder.name) / "volumes")
        self.faulty: Any = FaultyStorage(self.storage)
        self.hand = Hand(store=self.store, storage=self.faulty, outcomes=Outcomes())
        self.entropy = CountingEntropy()

        def work(unit: Unit) -> None:
            furnish(unit, a_host("host1"))
            for name in INSTANCES:
                unit.instances.add(an_instance(name, seen=Seen.RUNNING, launched=1))

        await self.store.write(work)

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self.faulty.faults.clear()
            self.settle()
            self.what_is_stored_is_what_is_wanted()
        finally:
            self.run(self.storage.aclose())
            self.run(self.store.close())
            self.runner.close()
            self.folder.cleanup()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def ask(self, work: Callable[[Unit], object]) -> None:
        """Ask for something as a user does, who may be refused."""
        with suppress(CloudError):
            self.run(self.store.write(work))

    def rows(self) -> tuple[list[Volume], list[Snapshot]]:
        found: tuple[list[Volume], list[Snapshot]] = self.run(
            self.store.read(lambda unit: (unit.volumes.where(), unit.snapshots.where()))
        )
        return found

    def pick(self, number: int) -> str:
        names = [volume.id for volume in self.rows()[0]]
        return names[number % len(names)] if names else "vol-00000000"

    def pick_snapshot(self, number: int) -> str:
        names = [snapshot.id for snapshot in self.rows()[1]]
        return names[number % len(names)] if names else "snap-00000000"

    # --- what users ask ---

    @rule(size_gib=st.integers(1, 4))
    def create(self, size_gib: int) -> None:
        self.ask(lambda u: volumes.create(u, ANA, CreateVolume(cluster="one", size_gib=size_gib), self.entropy))

    @rule(number=numbers)
    def clone(self, number: int) -> None:
        command = CreateVolume(cluster="one", snapshot_id=self.pick_snapshot(number))
        self.ask(lambda u: volumes.create(u, ANA, command, self.entropy))

    @rule(number=numbers, instance_id=st.sampled_from(INSTANCES), device=st.sampled_from(DEVICES))
    def attach(self, number: int, instance_id: str, device: str) -> None:
        self.ask(lambda u: attachments.attach(u, ANA, self.pick_in(u, number), instance_id, device))

    @staticmethod
    def pick_in(unit: Unit, number: int) -> str:
        names = [volume.id for volume in unit.volumes.where()]
        return names[number % len(names)] if names else "vol-00000000"

    @rule(number=numbers, force=st.booleans())
    def detach(self, number: int, force: bool) -> None:
        asked = Detachment(volume_id=self.pick(number), force=force)
        self.ask(lambda u: attachments.detach(u, ANA, asked))

    @rule(number=numbers)
    def delete(self, number: int) -> None:
        self.ask(lambda u: volumes.delete(u, ANA, self.pick_in(u, number)))

    @rule(number=numbers, size_gib=st.integers(1, 9))
    def modify(self, number: int, size_gib: int) -> None:
        self.ask(lambda u: volumes.modify(u, ANA, self.pick_in(u, number), size_gib, ""))

    @rule(number=numbers)
    def snapshot(self, number: int) -> None:
        source = self.pick(number)
        self.ask(lambda u: snapshots.take(u, ANA, volumes.find(u, ANA, (source,)), Label(), self.entropy))

    @rule(number=numbers)
    def keep_a_snapshot_only(self, number: int) -> None:
        self.snapshot(number)
        self.delete(number)

    @rule(number=numbers)
    def copy_snapshot(self, number: int) -> None:
        source = self.pick_snapshot(number)
        self.ask(lambda u: snapshots.copy(u, ANA, source, Label(), self.entropy))

    @rule(number=numbers)
    def delete_snapshot(self, number: int) -> None:
        gone = self.pick_snapshot(number)
        self.ask(lambda u: snapshots.delete(u, ANA, gone))

    @rule(instance_id=st.sampled_from(INSTANCES), with_it=st.booleans())
    def end_instance(self, instance_id: str, with_it: bool) -> None:
        """The instance ends and another one comes in its place; its volumes go with it or stay."""

        def end(unit: Unit) -> None:
            row = unit.instances.get(instance_id)
            assert row is not None
            unit.instances.put(replace(row, wanted=Wanted.TERMINATED))
            for volume in unit.volumes.where(instance_id=instance_id):
                unit.volumes.put(replace(volume, delete_on_termination=with_it))

        def gone(unit: Unit) -> None:
            row = unit.instances.get(instance_id)
            assert row is not None
            unit.instances.put(replace(row, removed=True, seen=Seen.NOTHING))

        self.run(self.store.write(end))
        self.run(self.store.write(gone, writer="reconcile"))
        self.faulty.faults.clear()
        self.settle()
        self.run(self.store.write(lambda u: _anew(u, instance_id)))

    # --- what the loop does, and what happens to it ---

    @rule(number=numbers, faults=st.lists(st.sampled_from(FAULTS), max_size=3), steps=st.integers(1, 6))
    def look(self, number: int, faults: list[str], steps: int) -> None:
        found = [row.id for rows in self.rows() for row in rows]
        if found:
            self.faulty.faults[:] = faults
            self.some_steps(found[number % len(found)], steps)

    @rule(number=numbers)
    def storage_drops_a_hold(self, number: int) -> None:
        self.run(self.storage.detach(self.pick(number), force=True))

    @rule(number=numbers)
    def storage_loses_a_volume(self, number: int) -> None:
        name = self.pick(number)
        if self.run(self.storage.volume(name)) is not None and self.seen(name):
            self.run(self.storage.detach(name, force=True))
            self.run(self.storage.delete(name))
            self.lost.add(name)

    def seen(self, name: str) -> bool:
        return any(volume.id == name and volume.seen_gib for volume in self.rows()[0])

    @rule()
    def all_is_looked_after(self) -> None:
        self.faulty.faults.clear()
        self.settle()

    def some_steps(self, name: str, most: int) -> Progress:
        kind: Callable[[Hand, str], Steps[Any]] = SnapshotSteps if name.startswith("snap") else VolumeSteps
        progress = Progress.MOVED
        for _ in range(most):
            with suppress(CloudError, Killed):
                progress = self.run(advance(kind(self.hand, name), LIMITS))
            if progress is Progress.SETTLED:
                break
        return progress

    def settle(self) -> None:
        unsettled: list[str] = []
        for _ in range(4):
            left = [row.id for rows in self.rows() for row in rows]
            unsettled = [name for name in left if self.some_steps(name, MOST_STEPS) is not Progress.SETTLED]
            if not unsettled:
                return
        raise AssertionError(f"never settles: {unsettled}")

    # --- what always holds ---

    @invariant()
    def states_change_along_arrows(self) -> None:
        if not hasattr(self, "states"):
            return
        found_volumes, found_snapshots = self.rows()
        now: dict[str, str] = {}
        for volume in found_volumes:
            now[volume.id] = volume.state
            if volume.instance_id:
                now[f"{volume.id} {volume.attaches}"] = volume.attachment
        now |= {snapshot.id: snapshot.state for snapshot in found_snapshots}
        for name, state in now.items():
            machine = SNAPSHOT if name.startswith("snap") else ATTACHMENT if " " in name else VOLUME
            before = self.states.get(name, machine.start)
            assert reachable(machine, before, state), f"{name}: {before} became {state}"
        self.states |= now

    @invariant()
    def no_instance_has_two_volumes_under_one_name(self) -> None:
        if hasattr(self, "runner"):
            places = [(v.instance_id, v.device) for v in self.rows()[0] if v.instance_id]
            assert len(places) == len(set(places))

    def what_is_stored_is_what_is_wanted(self) -> None:
        found_volumes, found_snapshots = self.rows()
        kept = {v.id: v for v in found_volumes if v.wanted is Kept.KEPT and not v.failed}
        stored: dict[str, StoredVolume] = {seen.volume_id: seen for seen in self.run(self.storage.volumes())}
        failed = {v.id for v in found_volumes if v.failed and v.wanted is Kept.KEPT}
        assert stored.keys() - failed == kept.keys()
        for name, volume in kept.items():
            hold = stored[name].hold
            assert stored[name].size_gib == volume.size_gib
            assert (hold.instance_id if hold else "") == volume.instance_id
            assert volume.state is (VolumeState.IN_USE if volume.instance_id else VolumeState.AVAILABLE)
        whole = {s.id for s in found_snapshots if s.state is SnapshotState.COMPLETED}
        in_error = {s.id for s in found_snapshots if s.state is SnapshotState.ERROR}
        assert {seen.snapshot_id for seen in self.run(self.storage.snapshots())} - in_error == whole
        assert not [s for s in found_snapshots if s.state is SnapshotState.PENDING]
        assert self.faulty.refusals or (failed <= self.lost and (self.lost or not in_error))
        assert not self.lost & kept.keys()


def _anew(unit: Unit, instance_id: str) -> None:
    row = unit.instances.get(instance_id)
    assert row is not None
    assert not unit.volumes.where(instance_id=instance_id)
    unit.instances.remove(row)
    unit.instances.add(an_instance(instance_id, seen=Seen.RUNNING, launched=1))


TestVolumeLife = VolumeLife.TestCase
TestVolumeLife.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)

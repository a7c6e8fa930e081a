"""Carry one action out on the host, or write what was seen; every action may be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.errors import CloudError, Unavailable
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.overlay import Overlay, covering
from app.domain.ports import NOT_SUPPORTED, Hypervisor, Hypervisors, Store, Unit
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.transit import UNDER_WAY
from app.reconcile.actions import (
    Action,
    AskReboot,
    AskShutdown,
    Before,
    Define,
    DeleteDisks,
    Destroy,
    MakeDisks,
    Mark,
    Migrate,
    Reset,
    StageImages,
    Start,
    Undefine,
)
from app.reconcile.cases import Case
from app.reconcile.disks import Plan, plan
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory
from app.reconcile.networks import Networks
from app.reconcile.seeds import sow
from app.reconcile.staging import Spoilt, Staging


class Hopeless(CloudError):
    """This launch can never work; its text is for the user."""


class Staged(Exception):
    """Images are on their way; the instance is woken when they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One look at one instance: its rows, its host, what is remembered of it; `source`: where it comes from."""

    case: Case
    host: Host
    memory: Memory
    now_s: float
    source: Host | None = None


class Executor:
    def __init__(
        self, store: Store, hypervisors: Hypervisors, staging: Staging, networks: Networks, limits: Limits
    ) -> None:
        self._store, self._hypervisors = store, hypervisors
        self._staging, self._networks, self._limits = staging, networks, limits
        self.overlays: Sequence[Overlay] = ()

    async def run(self, action: Action, job: Job) -> None:
        """Do it; raises Staged, Hopeless, or what the host answered."""
        match action:
            case Mark():
                await self.mark(job.case.instance, action)
            case StageImages():
                await self._stage(job)
            case MakeDisks() | Define() | Start():
                await self._raise_up(action, job)
            case Destroy() | Undefine() | DeleteDisks():
                await self._take_down(action, job)
            case Before(action=inner) if job.source is not None:
                await self.run(inner, replace(job, host=job.source, source=None))
            case Migrate() if job.source is not None:
                await self._migrate(job, job.source)
            case _:
                await self._ask(action, job)

    async def mark(self, instance: Instance, mark: Mark) -> None:
        """Write what was seen, all in one transaction; nothing is written if nothing changed."""
        await self._store.write(lambda unit: _mark(unit, instance.id, mark), writer="reconcile")
        if mark.removed or mark.launched is not None:  # a card that has just come is not kept apart yet
            self._networks.poke(instance.host)

    def moved(self, instance: Instance) -> None:
        """Have both hosts of a move that is over looked at: what has just come there is not kept apart yet."""
        for host in instance.hosts:
            self._networks.poke(host)

    async def _stage(self, job: Job) -> None:
        if not job.host.rehearsal:
            _require_bytes(job.case)
        needs = self._plan(job).needs
        try:
            staged = not needs or await self._staging.stage(job.host.name, job.case.instance.id, needs)
        except Spoilt as error:
            raise Hopeless(f"the file of the image {_image_of(job.case, error.sha256)} {error.why}") from error
        if not staged:
            raise Staged

    async def _raise_up(self, action: MakeDisks | Define | Start, job: Job) -> None:
        hypervisor, instance = self._hypervisor(job), job.case.instance
        match action:
            case MakeDisks():
                made = self._plan(job)
                for volume in made.volumes:
                    await hypervisor.create_volume(volume.name, volume.capacity_bytes, volume.format, volume.backing)
                if made.seed and self._networks.seeds:
                    await sow(self._networks.seeds, hypervisor, instance, made.seed)
            case Define(launch=launch):
                overlays = covering(self.overlays, instance.cluster, job.host.name, instance.image_id)
                await hypervisor.define(replace(self._plan(job).spec, launch=launch, overlays=overlays))
            case Start(reboot=number):
                await self._networks.ready(job.host)
                await hypervisor.start(instance.id)
                if number:
                    job.memory.did_reboot(number)

    async def _take_down(self, action: Destroy | Undefine | DeleteDisks, job: Job) -> None:
        hypervisor, instance_id = self._hypervisor(job), job.case.instance.id
        match action:
            case Destroy():
                await hypervisor.destroy(instance_id)
            case Undefine():
                await hypervisor.undefine(instance_id)
            case DeleteDisks(names=names):
                for name in names:
                    await hypervisor.delete_volume(name)

    async def _migrate(self, job: Job, source: Host) -> None:
        """Have it moved; a refusal is remembered as one only if it is an answer, and so is its end."""
        await self._networks.ready(job.host)
        here, there = self._hypervisors.host(source.name), self._hypervisor(job)
        job.memory.move_asked()
        try:
            bridge = self._networks.bridge_of(job.host, job.case.instance.private_ip)
            answer = await here.migrate(job.case.instance.id, there, bridge)
        except CloudError as error:
            job.memory.move_answered = not isinstance(error, Unavailable)
            raise
        job.memory.move_under_way = answer is UNDER_WAY
        job.memory.move_answered = answer is not UNDER_WAY
        if answer is NOT_SUPPORTED:
            why = f"nothing moves from {source.name} to {job.host.name}: not supported"
            job.memory.move_refused(why, self._limits.move_attempts)

    async def _ask(self, action: Action, job: Job) -> None:
        hypervisor, instance_id = self._hypervisor(job), job.case.instance.id
        match action:
            case AskShutdown():
                answer = await hypervisor.shutdown(instance_id)
                job.memory.asked_shutdown(job.now_s, refused=answer is NOT_SUPPORTED)
            case AskReboot(number=number):
                job.memory.asked_reboot(number, job.now_s, refused=False)
                if await hypervisor.reboot(instance_id) is NOT_SUPPORTED:
                    job.memory.asked_reboot(number, job.now_s, refused=True)
            case Reset(number=number):
                await hypervisor.reset(instance_id)
                job.memory.did_reboot(number)

    def _hypervisor(self, job: Job) -> Hypervisor:
        return self._hypervisors.host(job.host.name)

    def _plan(self, job: Job) -> Plan:
        host = replace(job.host, bridge=self._networks.bridge_of(job.host, job.case.instance.private_ip))
        return plan(job.case, host, self._limits.swap_mib, seeded=self._networks.is_silent(job.host))


def _require_bytes(case: Case) -> None:
    for image_id, image in case.images:
        if image is None:
            raise Hopeless(f"the image {image_id} is no longer registered")
        if not image.sha256:
            raise Hopeless(f"the image {image_id} is registered, but its bytes were never uploaded to this cloud")


def _image_of(case: Case, sha256: str) -> str:
    return next((image_id for image_id, image in case.images if image is not None and image.sha256 == sha256), sha256)


def _mark(unit: Unit, instance_id: str, mark: Mark) -> None:
    row = unit.instances.get(instance_id)
    if row is None:
        return
    changes: dict[str, Any] = {"seen": mark.seen, "impaired_since_ms": 0}
    if mark.launched is not None:
        launched = max(row.launched, min(mark.launched, row.launches))
        changes |= {"launched": launched, "attempts": 0, "last_error": ""}
    if mark.rebooted is not None:
        changes["rebooted"] = min(mark.rebooted, row.reboots)
    if mark.removed:
        changes["removed"] = True
    if row.wanted is Wanted.STOPPED and mark.seen is Seen.NOTHING:
        changes["attempts"] = 0
    new = replace(row, **changes)
    if new == row:
        return
    event, text = _said(row, new)
    unit.instances.put(replace(new, seen_at_ms=unit.now_ms), event=event, text=text)


def _said(row: Instance, new: Instance) -> tuple[str | None, str]:
    """Name the change as a user sees it."""
    if new.state is not row.state:
        texts = {
            InstanceState.RUNNING: f"{row.id} runs on {row.host}",
            InstanceState.STOPPED: f"{row.id} is stopped",
            InstanceState.TERMINATED: f"{row.id} is gone from {row.host}",
        }
        return f"instance.{new.state}", texts.get(new.state, "")
    if new.rebooted != row.rebooted:
        return "instance.rebooted", f"{row.id} rebooted"
    return None, ""

"""A store with instances on a few hosts, a loop that makes wanted things so at once, and jobs on them."""

from dataclasses import dataclass, replace

from app.api.jobs import JobTargetAsked
from app.domain.account import Caller, Role, User
from app.domain.job import Job, JobTarget
from app.domain.ports import Unit
from app.domain.states import Power, Seen, Wanted
from app.server.job_runner import JobRunner
from app.services import job_turns, jobs, moves
from app.services.job_steps import Doer
from app.services.mapping import Mapping
from app.store.database import Database
from tests.builders import OURS, CountingEntropy, a_host, an_instance

USER = "AIDAUSER"
OPERATOR = Caller(account_id=OURS, user_id=USER, user_name="ana", admin=True, role=Role.OPERATOR)
ADMIN = replace(OPERATOR, role=Role.ADMIN)


def one(number: int) -> str:
    return f"i-{number:08x}"


@dataclass(slots=True)
class JobWorld:
    store: Database
    mapping: Mapping
    entropy: CountingEntropy

    async def furnish(self, instances: int = 4) -> None:
        """Add the operator, two hosts beside the first, and instances that run on the first."""

        def work(unit: Unit) -> None:
            unit.users.add(User(id=USER, account_id=OURS, name="ana", created_at_ms=0))
            for ordinal in (2, 3):
                unit.hosts.add(a_host(f"host{ordinal}", ordinal=ordinal))
            for number in range(1, instances + 1):
                unit.instances.add(an_instance(one(number), seen=Seen.RUNNING, launched=1))

        await self.store.write(work)

    async def ask(self, kind: str, *targets: JobTargetAsked | str, caller: Caller = OPERATOR, **given: object) -> Job:
        asked = jobs.Asked(
            kind=kind,
            targets=[JobTargetAsked(id=each) if isinstance(each, str) else each for each in targets],
            **given,  # type: ignore[arg-type]
        )
        doer = Doer(caller=caller, mapping=self.mapping)
        return await self.store.write(lambda unit: jobs.start(unit, doer, asked, self.entropy))

    async def step(self) -> bool:
        """Let the server take the steps that are due."""
        return await JobRunner(self.store, self.mapping).go_on()

    async def see(self) -> None:
        """Let what is wanted come to be."""
        await self.store.write(_done_moving)
        await self.store.write(_as_wanted, "reconcile")

    async def finish(self) -> None:
        await self.see()
        while await self.step():
            await self.see()

    async def job(self, job: Job) -> Job:
        return await self.store.read(lambda unit: job_turns.get(unit, job.id))

    async def targets(self, job: Job) -> list[JobTarget]:
        return await self.store.read(lambda unit: jobs.targets_of(unit, job))

    async def states(self, job: Job) -> list[str]:
        return [str(target.state) for target in await self.targets(job)]


def _done_moving(unit: Unit) -> None:
    for row in unit.instances.where():
        moves.done(unit, row.id)


def _as_wanted(unit: Unit) -> None:
    for row in unit.instances.where():
        seen = row
        match row.wanted:
            case Wanted.TERMINATED:
                seen = replace(row, seen=Seen.NOTHING, removed=True)
            case Wanted.STOPPED:
                seen = replace(row, seen=Seen.OFF)
            case Wanted.RUNNING:
                seen = replace(row, seen=Seen.RUNNING, launched=row.launches, rebooted=row.reboots)
        unit.instances.put(seen)
    for host in unit.hosts.where():
        unit.hosts.put(replace(host, power=Power(host.power_wanted)))

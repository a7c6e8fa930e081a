"""One run and many: a day, a policy, a mode in; figures out. Runs are independent, so several may go at once.

The trap: a worker process gets names, not objects. Whatever a run needs must be made again from its `Task`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from app.simulate.baselines import Contender, contender
from app.simulate.engine import HONEST, MODES, Engine, Mode, Sample
from app.simulate.fleet import Fleet, fleet_of
from app.simulate.happenings import Happening, added
from app.simulate.meter import JOULES_PER_KWH
from app.simulate.workload import GENERATED, Workload, generated, planetlab

MACHINES_PER_HOST = 1.3
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one run is made of, in names and numbers only."""

    policy: str
    day: str
    hosts: int
    mode: str
    seed: int
    traces: Path | None
    until_h: float | None = None
    happenings: tuple[Happening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The figures of one run; ratios are fractions; `slatah_crowded` leaves out time that is owed to arriving
    machines only, `down_s` is machine-seconds without a host after one failed."""

    policy: str
    day: str
    mode: str
    hosts: int
    vms: int
    seed: int | None
    energy_kwh: float
    bound_kwh: float
    migrations: int
    slatah: float
    pdm: float
    slav: float
    esv: float
    slatah_crowded: float
    overall_sla: float
    hosts_on_mean: float
    host_shutdowns: int
    refused: int
    restarts: int
    down_s: float
    decision_s: float
    wall_s: float
    series: tuple[Sample, ...] = field(repr=False)


def run(
    workload: Workload,
    entry: Contender,
    *,
    hosts: int = 800,
    mode: Mode = HONEST,
    happenings: Sequence[Happening] = (),
    progress: Callable[[float], None] = lambda done: None,
) -> Run:
    """Play one day with one policy; PolicyError when the policy answers something impossible."""
    began = perf_counter()
    fleet = fleet_of(hosts + added(happenings))
    engine = Engine(workload, fleet, entry, mode, happenings)
    engine.play(progress)
    meter = engine.meter
    energy_kwh = meter.energy_j / JOULES_PER_KWH
    slatah = _ratio(meter.owing_s, meter.on_s)
    pdm = _ratio(meter.lost_in_moves, meter.asked)
    return Run(
        policy=entry.name,
        day=workload.day,
        mode=mode.name,
        hosts=hosts,
        vms=len(workload.guests),
        seed=None,
        energy_kwh=energy_kwh,
        bound_kwh=bound_kwh(workload, fleet),
        migrations=engine.moves,
        slatah=slatah,
        pdm=pdm,
        slav=slatah * pdm,
        esv=energy_kwh * slatah * pdm,
        slatah_crowded=_ratio(meter.crowded_s, meter.on_s),
        overall_sla=_ratio(meter.asked - meter.given, meter.asked),
        hosts_on_mean=float(hosts) if entry.full_power else _ratio(meter.on_s, meter.watched_s),
        host_shutdowns=meter.shutdowns,
        refused=engine.refused,
        restarts=engine.restarts,
        down_s=meter.waiting_s,
        decision_s=engine.decision_s,
        wall_s=perf_counter() - began,
        series=tuple(engine.series),
    )


def bound_kwh(workload: Workload, fleet: Fleet) -> float:
    """Give what no honest policy can go below: all demand served by fully used hosts of the most frugal kind."""
    joules_per_mips_s = float((fleet.watts[:, -1] / fleet.capacity).min())
    return joules_per_mips_s * workload.demand_mips_s() / JOULES_PER_KWH


def carry_out(task: Task, progress: Callable[[float], None] = lambda done: None) -> Run:
    """Make what the task names and run it."""
    if task.traces is None or task.day == GENERATED:
        workload = generated(round(task.hosts * MACHINES_PER_HOST), task.seed)
    else:
        workload = planetlab(task.traces, task.day)
    played = run(
        workload if task.until_h is None else workload.until(task.until_h),
        contender(task.policy),
        hosts=task.hosts,
        mode=MODES[task.mode],
        happenings=task.happenings,
        progress=progress,
    )
    return replace(played, seed=task.seed) if workload.day == GENERATED else played


def carry_out_all(
    work: Callable[[T, Callable[[float], None]], R], tasks: Sequence[T], jobs: int, progress: Callable[[float], None]
) -> list[R]:
    """Do this work for all tasks, `jobs` at a time, and give the figures in the order of the tasks."""
    if jobs == 1:
        return [work(task, _part(progress, before, len(tasks))) for before, task in enumerate(tasks)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(work, task, _silent) for task in tasks]
        for done, _ in enumerate(_ended(futures), 1):
            progress(done / len(tasks))
        return [future.result() for future in futures]


def _part(progress: Callable[[float], None], before: int, tasks: int) -> Callable[[float], None]:
    return lambda done: progress((before + done) / tasks)


def _silent(done: float) -> None:
    pass


def _ended(futures: Sequence[Future[R]]) -> Iterator[Future[R]]:
    try:
        yield from as_completed(futures)
    finally:
        for future in futures:
            future.cancel()


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0

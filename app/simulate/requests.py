"""Requests that come and go: batch logs in SWF, the openb cluster, or generated; one request is a group of machines.

The trap: these logs hold jobs, not machines. A job of p processors becomes a group of p machines of one core with equal
life; rows without a run time are left out, and memory is not known, so every core is promised the same share.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.simulate.fleet import Floats, Ints
from app.simulate.workload import GENERATED, WorkloadError

CORES, MEMORY, GPUS = range(3)
SWF_LOGS = {
    "nasa": "NASA-iPSC-1993-3.1-cln.swf.gz",
    "lcg": "LCG-2005-1.swf.gz",
    "hpc2n": "HPC2N-2002-head.swf.gz",
    "lublin": "lublin_256.swf.gz",
}
OPENB, OPENB_STAY = "openb", "openb-stay"
HOST_CORES, HOST_MEMORY_MB = 4, 8192
HOST_WATTS = (41.6, 113.0)  # IBM x3250 with Xeon X3470 (SPECpower), taken as straight between
HOSTS = {"nasa": 32, "lcg": 1000, "hpc2n": 60, "lublin": 64, GENERATED: 40}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """One entry a request in each column, in order of arrival; `need` is cores, memory and GPUs of one machine.

    `hosts` has the same three columns for each host, `watts` is what one draws without load and with full load, if that
    is known. Requests that find no room wait in line, or are refused.
    """

    name: str
    arrives_s: Floats
    runs_s: Floats
    machines: Ints
    need: Floats
    hosts: Floats
    watts: tuple[float, float] | None
    wait: bool

    def __len__(self) -> int:
        return len(self.arrives_s)

    def until(self, hours: float) -> "Requests":
        """Give those that arrive within so many hours of the first one, at least that one."""
        count = int(np.searchsorted(self.arrives_s, self.arrives_s[0] + hours * 3600, side="right"))
        columns = {name: getattr(self, name)[:count] for name in ("arrives_s", "runs_s", "machines", "need")}
        return replace(self, **columns)


def requests_of(name: str, traces: Path | None, hosts: int | None, seed: int) -> Requests:
    """Read or generate the named requests; WorkloadError when they are not there."""
    if name == GENERATED:
        return generated_requests(hosts or HOSTS[GENERATED], seed)
    if traces is None:
        raise WorkloadError(f"requests of {name} need --traces")
    if name in {OPENB, OPENB_STAY}:
        return openb(traces / OPENB, hosts, stay=name == OPENB_STAY)
    if name not in SWF_LOGS:
        raise WorkloadError(
            f"there are no requests {name}; there are {', '.join([*SWF_LOGS, OPENB, OPENB_STAY, GENERATED])}"
        )
    return swf(name, traces / "swf" / SWF_LOGS[name], hosts or HOSTS[name])


def swf(name: str, path: Path, hosts: int) -> Requests:
    """Read a log of the Parallel Workloads Archive."""
    rows = [line.split() for line in _lines(path) if line.strip() and not line.startswith(";")]
    jobs = np.array([[float(row[1]), float(row[3]), float(row[4])] for row in rows])
    jobs = jobs[(jobs[:, 1] > 0) & (jobs[:, 2] > 0)]
    return _uniform(name, jobs[np.argsort(jobs[:, 0], kind="stable")], hosts)


def openb(folder: Path, hosts: int | None, *, stay: bool) -> Requests:
    """Read the requests to a GPU cluster, and its hosts; what finds no room is refused; with `stay`, nothing ends.

    Shares of a GPU are added up over the GPUs of a host, as if a share could lie on two of them.
    """
    nodes = list(csv.DictReader(_lines(folder / "openb_node_list_all_node.csv.gz")))[:hosts]
    pods = list(csv.DictReader(_lines(folder / "openb_pod_list_default.csv.gz")))
    pods.sort(key=lambda pod: float(pod["creation_time"]))
    arrives_s = np.array([float(pod["creation_time"]) for pod in pods])
    ends_s = np.array([float(pod["deletion_time"]) for pod in pods])
    gpus = [float(pod["num_gpu"]) * float(pod["gpu_milli"]) / 1000 for pod in pods]
    return Requests(
        name=OPENB_STAY if stay else OPENB,
        arrives_s=arrives_s,
        runs_s=(ends_s.max() if stay else ends_s) - arrives_s,
        machines=np.ones(len(pods), dtype=np.int64),
        need=np.array(
            [
                [float(pod["cpu_milli"]) / 1000, float(pod["memory_mib"]), gpu]
                for pod, gpu in zip(pods, gpus, strict=True)
            ]
        ),
        hosts=np.array(
            [[float(node["cpu_milli"]) / 1000, float(node["memory_mib"]), float(node["gpu"])] for node in nodes]
        ),
        watts=None,
        wait=False,
    )


def generated_requests(hosts: int, seed: int) -> Requests:
    """Make three days of groups of one to sixteen machines that fill about half of the hosts."""
    rng = np.random.default_rng(seed)
    span_s, mean_s = 3 * 86_400.0, 7200.0
    sizes = 2 ** rng.integers(0, 5, size=round(0.5 * hosts * HOST_CORES * span_s / (mean_s * 6.2)))
    arrives_s = np.sort(rng.uniform(0, span_s, len(sizes)))
    return _uniform(GENERATED, np.column_stack([arrives_s, rng.exponential(mean_s, len(sizes)) + 60, sizes]), hosts)


def _uniform(name: str, jobs: Floats, hosts: int) -> Requests:
    most = jobs[:, 2].max()
    if most > hosts * HOST_CORES:
        raise WorkloadError(
            f"{hosts} hosts of {HOST_CORES} cores are too few: a request of {name} needs {most:.0f} cores"
        )
    return Requests(
        name=name,
        arrives_s=jobs[:, 0],
        runs_s=jobs[:, 1],
        machines=jobs[:, 2].astype(np.int64),
        need=np.tile([1.0, HOST_MEMORY_MB / HOST_CORES, 0.0], (len(jobs), 1)),
        hosts=np.tile([float(HOST_CORES), HOST_MEMORY_MB, 0.0], (hosts, 1)),
        watts=HOST_WATTS,
        wait=True,
    )


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise WorkloadError(f"there is no trace at {path}")
    with gzip.open(path, "rt") as file:
        yield from file

"""Logs of requests: what of them becomes machines, and what is said when they are not there."""

import gzip
from pathlib import Path

import pytest

from app.simulate.requests import openb, requests_of, swf
from app.simulate.workload import WorkloadError

LOG = """; MaxProcs: 8
; a header line
 1 0 -1 100 2 -1 -1 2 -1 -1 1 7 1 -1 -1 -1 -1 -1
 3 9 -1 50 1 -1 -1 1 -1 -1 1 7 1 -1 -1 -1 -1 -1
 2 5 -1 0 4 -1 -1 4 -1 -1 1 7 1 -1 -1 -1 -1 -1
"""
NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,262144,2,P100\nn1,16000,131072,0,\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
    "late,4000,1024,1,500,,LS,Running,20,50,20\n"
    "early,1000,2048,0,0,,LS,Running,10,30,10\n"
)


def packed(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.write(text)
    return path


def test_a_job_becomes_as_many_machines_as_it_had_processors_and_one_without_run_time_is_left_out(
    tmp_path: Path,
) -> None:
    log = swf("small", packed(tmp_path / "log.swf.gz", LOG), hosts=2)
    assert (log.arrives_s.tolist(), log.runs_s.tolist(), log.machines.tolist()) == ([0, 9], [100, 50], [2, 1])
    assert log.need[0].tolist() == [1.0, 2048.0, 0.0]


def test_a_log_with_a_job_that_never_fits_is_refused_with_the_number_of_cores(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="needs 9 cores"):
        swf("big", packed(tmp_path / "log.swf.gz", " 1 0 -1 100 9\n"), hosts=2)


@pytest.mark.parametrize(("stay", "runs_s"), [(False, [20, 30]), (True, [40, 30])])
def test_openb_comes_in_order_of_creation_with_shares_of_gpus(tmp_path: Path, stay: bool, runs_s: list[float]) -> None:
    packed(tmp_path / "openb_node_list_all_node.csv.gz", NODES)
    packed(tmp_path / "openb_pod_list_default.csv.gz", PODS)
    log = openb(tmp_path, None, stay=stay)
    assert log.hosts.tolist() == [[32, 262144, 2], [16, 131072, 0]]
    assert log.need.tolist() == [[1, 2048, 0], [4, 1024, 0.5]]
    assert log.runs_s.tolist() == runs_s


def test_a_log_can_be_cut_after_so_many_hours() -> None:
    log = requests_of("generated", None, 10, seed=1)
    short = log.until(12)
    assert 0 < len(short) < len(log)
    assert short.arrives_s.max() <= log.arrives_s[0] + 12 * 3600
    assert len(short.need) == len(short)


def test_the_same_seed_generates_the_same_requests() -> None:
    one, same, other = (requests_of("generated", None, 10, seed) for seed in (1, 1, 2))
    assert (one.arrives_s == same.arrives_s).all()
    assert len(one) != len(other) or (one.arrives_s != other.arrives_s).any()


@pytest.mark.parametrize(
    ("name", "traces", "complaint"),
    [
        ("nasa", None, "need --traces"),
        ("nasa", Path("/nowhere"), "no trace at"),
        ("sdsc", Path("/nowhere"), "no requests sdsc"),
    ],
)
def test_requests_that_are_not_there_are_named_in_the_error(name: str, traces: Path | None, complaint: str) -> None:
    with pytest.raises(WorkloadError, match=complaint):
        requests_of(name, traces, None, 1)

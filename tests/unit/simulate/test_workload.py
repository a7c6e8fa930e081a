"""Days of load: read, generated, and between two samples."""

from pathlib import Path

import numpy as np
import pytest

from app.simulate.workload import DAY_S, WorkloadError, days, generated, planetlab, workload_of


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    percent = np.tile(np.arange(3, dtype=np.uint8)[:, None] * 10, (1, 288))
    (tmp_path / "planetlab").mkdir()
    np.savez(tmp_path / "planetlab" / "planetlab-2011.npz", cpu_20110101=percent, vm_20110101=np.array(["b", "a", "B"]))
    return tmp_path


def test_rows_come_in_the_byte_order_of_their_names(traces: Path) -> None:
    assert planetlab(traces, "20110101").use[:, 0].tolist() == [0.2, 0.1, 0.0]


def test_the_days_of_a_directory_are_named(traces: Path) -> None:
    assert days(traces) == ["20110101"]


def test_a_day_that_is_not_there_is_named_in_the_error(traces: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="20991231"):
        planetlab(traces, "20991231")
    with pytest.raises(WorkloadError, match="no PlanetLab traces at"):
        days(tmp_path / "nowhere")


def test_use_is_exact_at_a_sample_and_straight_between_two() -> None:
    percent = np.zeros((1, 288), dtype=np.uint8)
    percent[0, 1:3] = 30, 60
    day = workload_of("d", percent)
    assert [day.use_at(now_s)[0] for now_s in (300.0, 400.0, 600.0)] == pytest.approx([0.3, 0.4, 0.6])


def test_the_last_sample_holds_to_the_end_of_the_day() -> None:
    percent = np.full((1, 288), 40, dtype=np.uint8)
    assert workload_of("d", percent).use_at(DAY_S)[0] == 0.4


def test_the_same_seed_generates_the_same_day_and_another_seed_another_one() -> None:
    assert (generated(20, seed=5).use == generated(20, seed=5).use).all()
    assert (generated(20, seed=5).use != generated(20, seed=6).use).any()

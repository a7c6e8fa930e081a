"""Watts and machine types of the published platform."""

import numpy as np
import pytest

from app.simulate.fleet import fleet_of, guests_of


def test_the_two_servers_take_turns_and_draw_126_watts_at_full_load_in_the_mean() -> None:
    fleet = fleet_of(800)
    assert fleet.capacity[:3].tolist() == [3720, 5320, 3720]
    assert fleet.power_w(np.ones(800)).mean() == 126


@pytest.mark.parametrize(("load", "watts"), [(0.0, 86.0), (0.1, 89.4), (0.25, 94.3), (0.95, 115.5), (1.0, 117.0)])
def test_watts_are_read_from_the_table_and_straight_between_its_points(load: float, watts: float) -> None:
    assert fleet_of(1).power_w(np.array([load])) == pytest.approx([watts])


def test_watts_can_be_asked_of_some_hosts_only() -> None:
    assert fleet_of(4).power_w(np.array([0.0, 1.0]), np.array([1, 2])).tolist() == [93.7, 117.0]


def test_each_quarter_of_the_machines_has_its_type() -> None:
    assert guests_of(6).mips.tolist() == [2500, 2500, 2000, 2000, 1000, 1000]
    assert guests_of(8).memory_mb.tolist() == [870, 870, 1740, 1740, 1740, 1740, 613, 613]

"""The table of the mapping rules can be made, and its bound is one."""

import numpy as np
import pytest

from bench.rules.__main__ import PARTS, main
from bench.rules.bound import fewest


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["nonsense"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in PARTS)


@pytest.mark.parametrize(
    ("needs", "hosts", "bound"),
    [
        ([(2, 1)] * 8, [(4, 8)] * 9, 4),
        ([(1, 4)] * 8, [(4, 8)] * 9, 4),
        ([(1, 1)] * 9, [(4, 8)] * 9, 3),
        ([(4, 1)] * 3, [(2, 9), (8, 9), (4, 9)], 2),
        ([(1, 3), (3, 1)] * 2, [(6, 2), (2, 6), (4, 4)], 2),
    ],
)
def test_the_bound_is_what_the_scarcest_resource_needs_of_the_largest_hosts(
    needs: list[tuple[int, int]], hosts: list[tuple[int, int]], bound: int
) -> None:
    assert fewest(np.array(needs, np.float64), np.array(hosts, np.float64)) == bound

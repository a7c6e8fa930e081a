"""Laws of room on a host: sums, differences and how often something fits."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.vmtype import Size


def sizes(least: int, most: int = 1_000_000) -> st.SearchStrategy[Size]:
    amount = st.integers(least, most)
    return st.builds(Size, cores=amount, memory_mib=amount, disk_gb=amount)


def repeated(size: Size, count: int) -> Size:
    return Size(cores=size.cores * count, memory_mib=size.memory_mib * count, disk_gb=size.disk_gb * count)


@given(sizes(-1000), sizes(-1000), sizes(-1000))
def test_sizes_add_in_any_order_and_what_was_added_can_be_taken_away(a: Size, b: Size, c: Size) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert (a + b) - b == a


@given(sizes(0), sizes(0))
def test_a_sum_covers_its_parts(a: Size, b: Size) -> None:
    assert (a + b).covers(a)
    assert (a + b).covers(b)


@given(sizes(-1000, 10_000), sizes(0, 100).filter(lambda need: max(need.cores, need.memory_mib, need.disk_gb) > 0))
def test_what_fits_so_many_times_fits_no_time_more(free: Size, need: Size) -> None:
    fits = free.times(need)
    assert fits >= 0
    assert (fits > 0) == free.covers(need)
    assert fits == 0 or free.covers(repeated(need, fits))
    assert not free.covers(repeated(need, fits + 1))

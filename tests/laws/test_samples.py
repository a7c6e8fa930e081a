"""From counters to rates, from readings to coarser ones, and means over periods: what must hold whatever was read."""

import sqlite3
from collections.abc import Iterator
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.load import DomainLoad, HostLoad, Point, Reading, Sampled
from app.reconcile.means import Means
from app.reconcile.rates import SMOOTH_S, HostRates, Smoothing, rate
from app.store.sample_levels import HOUR_MS, HOURS, MINUTE_MS, MINUTES, RAW, Level, Levels, open_file
from app.store.sample_rows import merged, pack, rolled_up, summed_up, unpack

COUNTS = st.integers(0, 2**62)
SECONDS = st.floats(0.1, 1e5)
AMOUNTS = st.floats(0, 2.0**40, width=32)
SERIES = st.dictionaries(
    st.sampled_from(["", "i-00000001", "i-00000002"]),
    st.dictionaries(
        st.sampled_from(["vm.cpu.used", "vm.net.used"]),
        st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=8).map(lambda pairs: [v for p in pairs for v in p]),
        min_size=1,
    ),
)


@given(COUNTS, COUNTS, SECONDS)
def test_a_rate_times_the_time_is_what_was_counted(before: int, grown: int, seconds: float) -> None:
    found = rate(before, before + grown, seconds)
    assert found is not None
    assert found * seconds == pytest.approx(grown)
    assert (rate(before + grown, before, seconds) is None) == (grown > 0)
    assert rate(None, grown, seconds) is rate(before, None, seconds) is rate(before, before, 0) is None


@given(st.lists(st.tuples(SECONDS, st.none() | COUNTS), min_size=2, max_size=12))
def test_a_counter_that_went_back_is_unknown_exactly_once(looks: list[tuple[float, int | None]]) -> None:
    rates, at_s, before = HostRates(), 0.0, None
    for passed_s, count in looks:
        at_s += passed_s
        load = HostLoad(count, None, {"i-00000001": DomainLoad(cpu_ns=count)}, {})
        of_host, of_machines = rates.rates(at_s, load)
        known = before is not None and count is not None and before <= count
        assert ("host.cpu.load" in of_host) == ("vm.cpu.used" in of_machines["i-00000001"]) == known
        before = count


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(COUNTS, COUNTS)), st.integers(0, 10**15))
def test_a_host_that_does_not_count_is_as_busy_as_its_domains(grown: dict[str, tuple[int, int]], dom0: int) -> None:
    rates = HostRates()
    rates.rates(1.0, HostLoad(None, None, {name: DomainLoad(cpu_ns=was) for name, (was, _) in grown.items()}, {"0": 0}))
    now = {name: DomainLoad(cpu_ns=was + more) for name, (was, more) in grown.items()}
    of_host, _ = rates.rates(11.0, HostLoad(None, None, now, {"0": dom0}))
    assert of_host["host.cpu.load"] == pytest.approx((sum(more for _, more in grown.values()) + dom0) / 10e9)


@given(st.lists(st.tuples(SECONDS, AMOUNTS), min_size=1, max_size=20))
def test_what_is_smoothed_stays_between_what_was_read(readings: list[tuple[float, float]]) -> None:
    smoothing, at_s = Smoothing(), 0.0
    for number, (passed_s, value) in enumerate(readings):
        at_s += passed_s
        found = smoothing.reading(at_s, {"x": value}).smooth["x"]
        seen = [value for _, value in readings[: number + 1]]
        assert min(seen) - 1e-6 * max(seen) <= found <= max(seen) * (1 + 1e-6)
    assert smoothing.reading(at_s + 1, {}).smooth == {}


@given(SECONDS)
def test_a_lasting_change_comes_through_with_the_time_constant(passed_s: float) -> None:
    smoothing = Smoothing()
    smoothing.reading(0.0, {"x": 0.0})
    assert smoothing.reading(passed_s, {"x": 1.0}).smooth["x"] == pytest.approx(1 - exp(-passed_s / SMOOTH_S))


@given(SERIES)
def test_series_come_back_as_they_were_packed(series: dict[str, dict[str, list[float]]]) -> None:
    assert unpack(pack(series)) == series


@given(st.lists(SERIES, min_size=1, max_size=5))
def test_rolled_up_nothing_greater_and_nothing_smaller_than_before(
    parts: list[dict[str, dict[str, list[float]]]],
) -> None:
    summaries = [summed_up(part) for part in parts]
    hour = rolled_up(summaries)
    assert hour.keys() == {subject for part in parts for subject in part}
    for subject, sensors in hour.items():
        for sensor, (mean, most) in sensors.items():
            readings = [value for part in parts for value in part.get(subject, {}).get(sensor, [])[1::2]]
            assert most == max(readings)
            assert min(readings) * (1 - 1e-9) <= mean <= most * (1 + 1e-9)


def points(levels: Levels, subject: str, sensor: str, to_ms: int, level: Level) -> list[Point]:
    return [point for _, point in levels.points(subject, [sensor], 0, to_ms, level)]


@given(st.lists(st.tuples(st.integers(0, 59), AMOUNTS), min_size=1, max_size=30, unique_by=lambda pair: pair[0]))
def test_a_minute_flushed_in_parts_is_the_minute_flushed_at_once(readings: list[tuple[int, float]]) -> None:
    readings.sort()
    levels = Levels(open_file(None))
    for offset_s, value in readings:
        levels.add("h", 0, {"i-00000001": {"vm.cpu.used": [offset_s, value]}})
    raw = points(levels, "i-00000001", "vm.cpu.used", MINUTE_MS, RAW)
    assert raw == [Point(at_ms=offset_s * 1000, mean=value, most=value) for offset_s, value in readings]
    [minute] = points(levels, "i-00000001", "vm.cpu.used", MINUTE_MS, MINUTES)
    assert minute.mean == pytest.approx(sum(value for _, value in readings) / len(readings))
    assert minute.most == max(value for _, value in readings)
    levels.connection.close()


@pytest.fixture
def levels() -> Iterator[Levels]:
    made = Levels(open_file(None))
    yield made
    made.connection.close()


def kept(levels: Levels) -> dict[int, int]:
    connection: sqlite3.Connection = levels.connection
    return dict(connection.execute("SELECT level, count(*) FROM kept GROUP BY level"))


def test_each_level_is_kept_for_its_time_and_no_longer(levels: Levels) -> None:
    day_minutes = 24 * 60
    for minute in range(2 * day_minutes):
        levels.add("h", minute * MINUTE_MS, {"": {"host.cpu.load": [0.0, float(minute % 60)]}})
        if minute % 60 == 0:
            levels.tend("h", minute * MINUTE_MS)
    now_ms = 2 * day_minutes * MINUTE_MS
    levels.tend("h", now_ms)
    assert kept(levels)[RAW.number] == 61
    assert kept(levels)[MINUTES.number] == day_minutes + 1
    hours = points(levels, "h", "host.cpu.load", now_ms, HOURS)
    assert [point.at_ms for point in hours] == [hour * HOUR_MS for hour in range(48)]
    assert {(point.mean, point.most) for point in hours} == {(29.5, 59.0)}
    levels.tend("h", now_ms + 91 * 24 * HOUR_MS)
    assert kept(levels) == {}


def test_a_machine_that_moved_has_one_history(levels: Levels) -> None:
    for minute, host in enumerate(["h1", "h2", "h1"]):
        levels.add(host, minute * MINUTE_MS, {"i-00000001": {"vm.cpu.used": [0.0, float(minute)]}})
    found = points(levels, "i-00000001", "vm.cpu.used", HOUR_MS, RAW)
    assert sorted(point.mean for point in found) == [0.0, 1.0, 2.0]
    assert merged({}, {"a": {"x": [1.0]}}) == {"a": {"x": [1.0]}}


@given(st.lists(AMOUNTS, min_size=40, max_size=60))
def test_a_mean_is_known_once_the_whole_period_was_watched(values: list[float]) -> None:
    means = Means()
    means.means([("host.cpu.load", 300.0)])
    for number, value in enumerate(values):
        at_s = 10.0 * number
        means.sensed(
            Sampled(host="h", at_s=at_s, at_ms=0, of_host=Reading(raw={"host.cpu.load": value}), of_instances={})
        )
        found = means.mean("h", "host.cpu.load", 300.0, at_s)
        assert (found is None) == (at_s < 300.0)
        if found is not None:
            assert found == pytest.approx(sum(values[number - 29 : number + 1]) / 30)
    assert means.mean("h", "host.cpu.load", 300.0, 10.0 * len(values) + 31) is None
    assert means.mean("h", "host.cpu.load", 60.0, 10.0 * len(values)) is None

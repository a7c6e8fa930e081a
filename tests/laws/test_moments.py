"""Moments as people write them: whatever is typed is a moment that was, or refused in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.moments import EXAMPLES, NoMoment, moment

NOW = datetime(2026, 11, 23, 14, 51, 7, 500_000, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
seconds_ago = st.integers(0, 20 * 365 * 86_400)


@given(seconds_ago, zones)
def test_a_moment_that_was_written_out_is_found_again(ago_s: int, zone: timezone) -> None:
    at = (NOW - timedelta(seconds=ago_s)).replace(microsecond=0)
    assert moment(f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}", NOW_MS, zone) == int(at.timestamp() * 1000)


@given(st.integers(0, 86_399), zones)
def test_a_time_of_day_is_the_last_one_that_was(second: int, zone: timezone) -> None:
    text = f"{second // 3600}:{second // 60 % 60:02}:{second % 60:02}"
    at = datetime.fromtimestamp(moment(text, NOW_MS, zone) / 1000, zone)
    assert (at.hour, at.minute, at.second) == (second // 3600, second // 60 % 60, second % 60)
    assert timedelta(0) <= NOW - at < timedelta(days=1)


@given(st.integers(0, 9), st.integers(0, 99), st.integers(0, 999), st.integers(1, 999), zones)
def test_a_length_of_time_counts_back_from_now(
    days: int, hours: int, minutes: int, seconds: int, zone: timezone
) -> None:
    length_s = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    for text in (f"-{days}d{hours}h{minutes}m{seconds}s", f"{days}d {hours}h {minutes}min {seconds}s ago"):
        assert moment(text, NOW_MS, zone) == NOW_MS - 1000 * length_s


@given(st.text(max_size=30) | st.from_regex(r"-?[0-9]{1,12}[dhms]|[0-9:\- ]{1,20}", fullmatch=True), zones)
def test_nothing_that_is_typed_lies_ahead_or_breaks_anything(text: str, zone: timezone) -> None:
    try:
        assert moment(text, NOW_MS, zone) <= NOW_MS
    except NoMoment as refused:
        assert str(refused)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("14:20", "2026-11-23 14:20:00"),
        ("  Yesterday   14:20 ", "2026-11-22 14:20:00"),
        ("yesterday", "2026-11-22 14:51:07"),
        ("today 09:00", "2026-11-23 09:00:00"),
        ("15:00", "2026-11-22 15:00:00"),
        ("2026-11-20", "2026-11-20 00:00:00"),
        ("2026-11-20T09:00", "2026-11-20 09:00:00"),
        ("30m", "2026-11-23 14:21:07"),
        ("2 hours 3 minutes ago", "2026-11-23 12:48:07"),
    ],
)
def test_what_is_meant(text: str, meant: str) -> None:
    assert f"{datetime.fromtimestamp(moment(text, NOW_MS, UTC) / 1000, UTC):%Y-%m-%d %H:%M:%S}" == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", f"soon is no moment; type {EXAMPLES}"),
        ("25:00", f"there is no 25:00; type {EXAMPLES}"),
        ("2026-02-30 09:00", f"there is no 2026-02-30 09:00; type {EXAMPLES}"),
        ("today 15:00", "today 15:00 lies ahead; it is 2026-11-23 14:51"),
        ("99999999999d", f"there is no 99999999999d; type {EXAMPLES}"),
    ],
)
def test_what_is_no_moment_is_refused_with_what_would_be_one(text: str, why: str) -> None:
    with pytest.raises(NoMoment) as refused:
        moment(text, NOW_MS, UTC)
    assert str(refused.value) == why

"""Moments of the past as a person writes them: 14:20, -30m, yesterday 14:20, 2026-11-20 09:00.

Read in the zone of the console's clocks. A time of day without a date is the last one that was, so that nothing that is
written by habit lies ahead.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

EXAMPLES = "14:20, -30m, yesterday 14:20 or 2026-11-20 09:00"
_AGO = re.compile(
    r"-?((?P<days>\d+) ?d(ays?)?)? ?((?P<hours>\d+) ?h(ours?)?)?"
    r" ?((?P<minutes>\d+) ?m(in(utes?)?)?)? ?((?P<seconds>\d+) ?s(econds?)?)?( ago)?"
)
_TIME = re.compile(r"(?:(?P<day>.*?)[ t]+)??(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class NoMoment(Exception):
    """What was written is no moment that was; its text says why."""


def moment(text: str, now_ms: int, zone: tzinfo | None) -> int:
    """Return the moment in UTC milliseconds; raises NoMoment."""
    words = " ".join(text.lower().split())
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    try:
        found = _ago(words, now) or _on_a_day(words, now)
        at_ms = int(found.timestamp() * 1000) if found else 0
    except (ValueError, OverflowError):
        raise NoMoment(f"there is no {text}; type {EXAMPLES}") from None
    if found is None:
        raise NoMoment(f"{text} is no moment; type {EXAMPLES}")
    if at_ms > now_ms:
        raise NoMoment(f"{text} lies ahead; it is {now:%Y-%m-%d %H:%M}")
    return at_ms


def _ago(words: str, now: datetime) -> datetime | None:
    match = _AGO.fullmatch(words)
    lengths = {unit: int(count) for unit, count in match.groupdict().items() if count} if match else {}
    return now - timedelta(**lengths) if lengths else None


def _on_a_day(words: str, now: datetime) -> datetime | None:
    match = _TIME.fullmatch(words)
    day = (match["day"] or "") if match else words
    clock = time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0)) if match else None
    if not day and clock:
        found = datetime.combine(now.date(), clock, now.tzinfo)
        return found if found <= now else found - timedelta(days=1)
    if day == "today" and clock:
        return datetime.combine(now.date(), clock, now.tzinfo)
    if day == "yesterday":
        return datetime.combine(now.date() - timedelta(days=1), clock or now.time(), now.tzinfo)
    if _DATE.fullmatch(day):
        return datetime.combine(date.fromisoformat(day), clock or time(), now.tzinfo)
    return None

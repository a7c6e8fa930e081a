"""The file of samples: three levels, each coarser and kept longer than the one before, a row a host and stretch.

`stays` remembers which hosts a machine was on, so that its history reads a few rows and not everybody's. Times are
UTC milliseconds. The trap: a host that is never heard of again is tended like the others, or its rows stay for ever.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.domain.load import Point
from app.store.connection import make_file
from app.store.sample_rows import HOST, Series, merged, pack, rolled_up, summed_up, unpack

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
VERSION: Final = 1
MOST_PAGES: Final = 1 << 20  # of 4 KiB: a bound for a clock or a cloud that runs wild
SCHEMA = (
    "CREATE TABLE hosts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE kept (level INTEGER NOT NULL, host INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (level, host, at)) STRICT",
    "CREATE TABLE stays (subject TEXT NOT NULL, host INTEGER NOT NULL, last INTEGER NOT NULL,"
    " PRIMARY KEY (subject, host)) STRICT, WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a host ("") or a machine on it was known to do, and since when; coarse levels tell it as of their end."""

    host: str
    subject: str
    at_ms: int
    values: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One resolution: how long the stretch of a row is, and how long rows are kept."""

    number: int
    row_ms: int
    kept_ms: int


RAW = Level(number=0, row_ms=MINUTE_MS, kept_ms=HOUR_MS)
MINUTES = Level(number=1, row_ms=MINUTE_MS, kept_ms=DAY_MS)
HOURS = Level(number=2, row_ms=HOUR_MS, kept_ms=90 * DAY_MS)
LEVELS = (RAW, MINUTES, HOURS)


def open_file(file: Path | None) -> sqlite3.Connection:
    """Open or make the file (None: memory); sqlite3.Error or OSError if it can not be used."""
    if file is not None:
        make_file(file)
    connection = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "trusted_schema = OFF", "busy_timeout = 5000"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute(f"PRAGMA max_page_count = {MOST_PAGES}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute("COMMIT")
        elif version != VERSION:
            raise sqlite3.DatabaseError(f"it is of version {version}")
        connection.execute("SELECT count(*) FROM stays").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


class Levels:
    """Reads and writes the rows, on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._ids: dict[str, int] = dict(connection.execute("SELECT name, id FROM hosts"))
        self._stays = set(connection.execute("SELECT subject, host FROM stays"))

    @property
    def hosts(self) -> list[str]:
        return list(self._ids)

    def add(self, host: str, minute_ms: int, readings: Series) -> None:
        """Keep readings of one minute, or more of them."""
        key = self._id(host)
        begun = self._row(RAW, key, minute_ms)
        whole = merged(begun, readings) if begun else readings
        self._put(RAW, key, minute_ms, whole)
        self._put(MINUTES, key, minute_ms, summed_up(whole))
        new = [(subject, key) for subject in readings if subject != HOST and (subject, key) not in self._stays]
        self.connection.executemany(
            "INSERT OR REPLACE INTO stays VALUES (?, ?, ?)", [(*stay, minute_ms) for stay in new]
        )
        self._stays.update(new)

    def tend(self, host: str, now_ms: int) -> None:
        """Roll the finished hours of a host up, and drop what is too old."""
        key = self._id(host)
        for hour_ms in self._unfinished(key, now_ms):
            rows = [series for _, series in self._rows(MINUTES, key, hour_ms, hour_ms + HOUR_MS)]
            if rows:
                hour = rolled_up(rows)
                self._put(HOURS, key, hour_ms, hour)
                stays = [(hour_ms, subject, key) for subject in hour]
                self.connection.executemany("UPDATE stays SET last = ? WHERE subject = ? AND host = ?", stays)
        for level in LEVELS:
            self.connection.execute(
                "DELETE FROM kept WHERE level = ? AND host = ? AND at < ?",
                (level.number, key, now_ms - level.kept_ms - level.row_ms),
            )
        old = (key, now_ms - HOURS.kept_ms)
        gone = self.connection.execute("DELETE FROM stays WHERE host = ? AND last < ? RETURNING subject, host", old)
        self._stays.difference_update(gone.fetchall())

    def points(
        self, subject: str, sensors: Sequence[str], from_ms: int, to_ms: int, level: Level
    ) -> Iterator[tuple[str, Point]]:
        """Yield the points of one level by sensor, host by host."""
        for key, name in self._where(subject, sensors[0]):
            for at_ms, series in self._rows(level, key, from_ms - level.row_ms, to_ms):
                known = series.get(name, {})
                for sensor in sensors:
                    for point in _points(known.get(sensor, []), at_ms, level):
                        if from_ms <= point.at_ms < to_ms:
                            yield sensor, point

    def last(self, at_ms: int, level: Level) -> Iterator[Heard]:
        """Yield what each host and machine was last known to do by a moment."""
        for host, key in self._ids.items():
            for row_ms, series in self._rows(level, key, at_ms - 2 * level.row_ms, at_ms + 1):
                for subject, sensors in series.items():
                    known = {sensor: _last(pairs, row_ms, level, at_ms) for sensor, pairs in sensors.items()}
                    values = {sensor: found[1] for sensor, found in known.items() if found}
                    if values:
                        heard_ms = max(found[0] for found in known.values() if found)
                        yield Heard(host=host, subject=subject, at_ms=heard_ms, values=values)

    def _where(self, subject: str, sensor: str) -> list[tuple[int, str]]:
        """List the hosts' keys whose rows hold a subject, and how it is called there."""
        if sensor.startswith("host."):
            return [(self._ids[subject], HOST)] if subject in self._ids else []
        stays = self.connection.execute("SELECT host FROM stays WHERE subject = ?", (subject,))
        return [(host, subject) for (host,) in stays]

    def _unfinished(self, key: int, now_ms: int) -> range:
        """Return the finished hours that are not rolled up yet."""
        [last] = self.connection.execute(
            "SELECT max(at) FROM kept WHERE level = ? AND host = ?", (HOURS.number, key)
        ).fetchone()
        [first] = self.connection.execute(
            "SELECT min(at) FROM kept WHERE level = ? AND host = ?", (MINUTES.number, key)
        ).fetchone()
        begin = last + HOUR_MS if last is not None else first if first is not None else now_ms
        return range(begin - begin % HOUR_MS, now_ms - now_ms % HOUR_MS, HOUR_MS)

    def _id(self, host: str) -> int:
        if host not in self._ids:
            [(self._ids[host],)] = self.connection.execute("INSERT INTO hosts (name) VALUES (?) RETURNING id", (host,))
        return self._ids[host]

    def _row(self, level: Level, key: int, at_ms: int) -> Series:
        return next((series for _, series in self._rows(level, key, at_ms, at_ms + 1)), {})

    def _rows(self, level: Level, key: int, from_ms: int, to_ms: int) -> list[tuple[int, Series]]:
        found = self.connection.execute(
            "SELECT at, data FROM kept WHERE level = ? AND host = ? AND at >= ? AND at < ? ORDER BY at",
            (level.number, key, from_ms, to_ms),
        )
        return [(at_ms, unpack(data)) for at_ms, data in found]

    def _put(self, level: Level, key: int, at_ms: int, series: Series) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", (level.number, key, at_ms, pack(series))
        )


def _points(pairs: list[float], at_ms: int, level: Level) -> Iterator[Point]:
    for first, second in zip(pairs[::2], pairs[1::2], strict=True):
        if level is RAW:
            yield Point(at_ms=at_ms + round(first * 1000), mean=second, most=second)
        else:
            yield Point(at_ms=at_ms, mean=first, most=second)


def _last(pairs: list[float], row_ms: int, level: Level, until_ms: int) -> tuple[int, float] | None:
    """Return when the newest value of a series was good, and the value; None if all are of later."""
    if level is not RAW:
        return min(row_ms + level.row_ms, until_ms), pairs[0]
    for place in range(len(pairs) - 2, -1, -2):
        at_ms = row_ms + round(pairs[place] * 1000)
        if at_ms <= until_ms:
            return at_ms, pairs[place + 1]
    return None

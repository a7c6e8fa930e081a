"""How samples lie in a row: all series of one host over one stretch of time, packed together.

A row a value would be some thousand rows a second with 10,000 machines; packed it is two rows a host and minute. The
key of a series is the instance's id, "" for the host itself, then the sensor's name. Values are single precision.
"""

import zlib
from array import array
from collections.abc import Iterable, Iterator

import msgspec

Series = dict[str, dict[str, list[float]]]
"""By subject and sensor: (seconds into the stretch, value) pairs of readings, or (mean, most) of a whole stretch."""

HOST = ""
_PACKED = dict[str, dict[str, bytes]]


def pack(series: Series) -> bytes:
    plain = {
        subject: {sensor: array("f", values).tobytes() for sensor, values in sensors.items()}
        for subject, sensors in series.items()
    }
    return zlib.compress(msgspec.msgpack.encode(plain), 1)


def unpack(data: bytes) -> Series:
    plain = msgspec.msgpack.decode(zlib.decompress(data), type=_PACKED)
    return {
        subject: {sensor: list(array("f", values)) for sensor, values in sensors.items()}
        for subject, sensors in plain.items()
    }


def merged(earlier: Series, later: Series) -> Series:
    """Put readings of the same stretch one behind the other."""
    both = {subject: dict(sensors) for subject, sensors in earlier.items()}
    for subject, sensor, values in _each(later):
        mine = both.setdefault(subject, {})
        mine[sensor] = mine.get(sensor, []) + values
    return both


def summed_up(readings: Series) -> Series:
    """Return mean and greatest value of each series of readings."""
    return {
        subject: {sensor: _summary(pairs[1::2], pairs[1::2]) for sensor, pairs in sensors.items()}
        for subject, sensors in readings.items()
    }


def rolled_up(stretches: Iterable[Series]) -> Series:
    """Return mean of the means and greatest of the greatest over several stretches of one length."""
    gathered: Series = {}
    for stretch in stretches:
        gathered = merged(gathered, stretch)
    return {
        subject: {sensor: _summary(pairs[::2], pairs[1::2]) for sensor, pairs in sensors.items()}
        for subject, sensors in gathered.items()
    }


def _summary(means: list[float], most: list[float]) -> list[float]:
    return [sum(means) / len(means), max(most)]


def _each(series: Series) -> Iterator[tuple[str, str, list[float]]]:
    for subject, sensors in series.items():
        for sensor, values in sensors.items():
            yield subject, sensor, values

"""When is a host overloaded: four published tests, each for hosts as booked or with one machine more.

The trap: the three tests that learn need a past. A host whose machines have run for fewer rounds is tested against
70 % instead. The regression is a plain one: the published weights are computed, but never reach the fit.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.simulate.bookings import Bookings
from app.simulate.fleet import Floats, Ints

YOUNG_LIMIT = 0.7
WINDOW = 10
ENOUGH = 12


class Overload(Protocol):
    """A test for overload; with `vm`, as if that machine were on each of the hosts too."""

    def __call__(self, bookings: Bookings, hosts: Ints, vm: int | None = None) -> NDArray[np.bool_]: ...


def _load(bookings: Bookings, hosts: Ints, vm: int | None) -> Floats:
    asked = bookings.asked[hosts] + (0.0 if vm is None else bookings.demand[vm])
    return np.asarray(asked / bookings.fleet.capacity[hosts])


def _past(bookings: Bookings, hosts: Ints, vm: int | None) -> Floats:
    return bookings.past[hosts] if vm is None else bookings.past_with(vm, hosts)


class Threshold:
    """Overloaded above a fixed load."""

    def __init__(self, limit: float) -> None:
        self._limit = limit

    def __call__(self, bookings: Bookings, hosts: Ints, vm: int | None = None) -> NDArray[np.bool_]:
        return np.asarray(_load(bookings, hosts, vm) > self._limit)


class Spread:
    """Overloaded above 1 - safety x spread of the past loads; subclasses say what spread is."""

    def __init__(self, safety: float) -> None:
        self._safety = safety

    def __call__(self, bookings: Bookings, hosts: Ints, vm: int | None = None) -> NDArray[np.bool_]:
        past = _past(bookings, hosts, vm)
        limit = np.full(len(hosts), YOUNG_LIMIT)
        old = past[:, ENOUGH - 1 :].any(axis=1)
        if old.any():
            limit[old] = 1 - self._safety * self.spread(past[old])
        return np.asarray(_load(bookings, hosts, vm) > limit)

    def spread(self, past: Floats) -> Floats:
        raise NotImplementedError


class MedianDeviation(Spread):
    """Spread is the median absolute deviation."""

    def spread(self, past: Floats) -> Floats:
        length = _length(past)
        return _median(np.abs(past - _median(past, length)[:, None]), length)


class QuartileRange(Spread):
    """Spread is the distance between the first and the third quartile."""

    def spread(self, past: Floats) -> Floats:
        length = _length(past)
        ordered = _ordered(past, length)
        rows = np.arange(len(past))
        low, high = (np.floor(share * (length + 1) + 0.5).astype(np.int64) - 1 for share in (0.25, 0.75))
        return np.asarray(ordered[rows, high] - ordered[rows, low])


class Regression:
    """Overloaded when safety x the load expected one round ahead, on the line through the last ten, reaches 1."""

    def __init__(self, safety: float) -> None:
        age = np.arange(WINDOW, 0, -1.0)  # the newest stands first
        middle = (WINDOW + 1) / 2
        ahead = WINDOW + 1 - middle
        self._weights = safety * (1 / WINDOW + ahead * (age - middle) / ((age - middle) ** 2).sum())

    def __call__(self, bookings: Bookings, hosts: Ints, vm: int | None = None) -> NDArray[np.bool_]:
        past = _past(bookings, hosts, vm)
        young = _load(bookings, hosts, vm) > YOUNG_LIMIT
        old = past[:, WINDOW - 1 :].any(axis=1)
        return np.where(old, (past[:, :WINDOW] * self._weights).sum(axis=1) >= 1, young)


def _length(past: Floats) -> Ints:
    return np.asarray(past.shape[1] - np.argmax(past[:, ::-1] != 0, axis=1))


def _ordered(values: Floats, length: Ints) -> Floats:
    return np.sort(np.where(np.arange(values.shape[1]) < length[:, None], values, np.inf), axis=1)


def _median(values: Floats, length: Ints) -> Floats:
    ordered = _ordered(values, length)
    rows = np.arange(len(values))
    low = ordered[rows, (length - 1) // 2]
    return np.asarray(low + 0.5 * (ordered[rows, length // 2] - low))

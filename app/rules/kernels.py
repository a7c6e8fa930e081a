"""Kernels and how they are put together: a kernel looks at all hosts at once for one machine.

It answers a pair: what it found, and where that is unknown (False: nowhere). Host values are arrays, those of the
machine and of the time plain values, and numpy's broadcasting does the rest. The trap is the one convention:
**where a flag is unknown its cell is False**, so that a condition is met exactly where its cell is True.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from app.rules.catalogue import Sensor
from app.rules.moment import Now, Vm
from app.rules.places import crowd, watts_with
from app.rules.quantities import Kind
from app.rules.table import Cells, Flags, Floats, HostTable, Unknown
from app.rules.terms import Crowd

Found = tuple[Any, Unknown]


class Hosts(Protocol):
    """What kernels read of hosts: a table, or some view of one."""

    @property
    def tags(self) -> dict[str, Flags]: ...
    @property
    def averages(self) -> dict[tuple[str, float], Floats]: ...
    def __len__(self) -> int: ...
    def column(self, sensor: Sensor, now_s: float) -> tuple[Cells, Unknown]: ...
    def ages_s(self, sensor: Sensor, now_s: float) -> tuple[Floats, Unknown]: ...
    def code(self, word: str) -> int: ...


class Scene:
    """One evaluation: the table or a view of it, the machine in question and the time; readings are fetched once."""

    def __init__(self, table: HostTable, vm: Vm, now: Now, view: Hosts | None = None) -> None:
        self.whole = table
        self.table: Hosts = table if view is None else view
        self.vm = vm
        self.now = now
        self.fetched: dict[str, Found] = {}

    def reading(self, sensor: Sensor) -> Found:
        """Read a sensor of the machine."""
        return plain(self.vm.value(sensor, self.now.at_s), sensor.type.kind)

    def mean(self, sensor: Sensor, seconds: float) -> Found:
        """Return the mean of a sensor of the machine."""
        return plain(self.vm.mean(sensor, seconds), Kind.NUMBER)

    def age(self, sensor: Sensor) -> Found:
        """Return how long ago a sensor of the machine was read."""
        return plain(self.vm.age_s(sensor, self.now.at_s), Kind.NUMBER)

    def cached(self) -> Found:
        """Tell which hosts hold the machine's image."""
        image = self.vm.trait("vm.image")
        held = self.whole.images.get(image) if image is not None else None
        return (False if held is None else held), image is None

    def crowd(self, asked: Crowd) -> Found:
        """Answer count, share or same."""
        return crowd(self.whole, self.vm, asked, self.now.at_s)

    def watts(self) -> Found:
        """Return what the hosts would draw with the machine on them."""
        return watts_with(self.whole, self.vm, self.now.at_s)


Kernel = Callable[[Scene], Found]
_NEUTRAL: dict[Kind, Any] = {Kind.NUMBER: np.nan, Kind.FLAG: False, Kind.TEXT: "", Kind.TEXTS: frozenset()}


def constant(value: Any) -> Kernel:
    """Answer the same everywhere."""
    return lambda scene: (value, False)


def plain(value: Any, kind: Kind) -> Found:
    return (_NEUTRAL[kind], True) if value is None else (value, False)


def once(name: str, kernel: Kernel) -> Kernel:
    def fetch(scene: Scene) -> Found:
        if name not in scene.fetched:
            scene.fetched[name] = kernel(scene)
        return scene.fetched[name]

    return fetch


def either_unknown(one: Unknown, other: Unknown) -> Unknown:
    """Join two masks without touching arrays where one is known everywhere."""
    if one is False:
        return other
    if other is False:
        return one
    return one | other


def where_known(flags: Any, unknown: Unknown) -> Found:
    """Keep the convention: an unknown flag's cell is False."""
    return (flags, False) if unknown is False else (flags & np.logical_not(unknown), unknown)


# ---- logic: what is known decides, as in CEL: false && unknown is false, true || unknown is true


def negation(operand: Kernel) -> Kernel:
    def negate(scene: Scene) -> Found:
        cells, unknown = operand(scene)
        return where_known(np.logical_not(cells), unknown)

    return negate


def both(left: Kernel, right: Kernel) -> Kernel:
    def conjunction(scene: Scene) -> Found:
        (one, one_unknown), (other, other_unknown) = left(scene), right(scene)
        cells = np.logical_and(one, other)
        unknown = either_unknown(one_unknown, other_unknown)
        if unknown is False:
            return cells, False
        ruled_out = np.logical_not(one | np.asarray(one_unknown)) | np.logical_not(other | np.asarray(other_unknown))
        return cells, unknown & np.logical_not(ruled_out)

    return conjunction


def either(left: Kernel, right: Kernel) -> Kernel:
    def disjunction(scene: Scene) -> Found:
        (one, one_unknown), (other, other_unknown) = left(scene), right(scene)
        cells = np.logical_or(one, other)
        unknown = either_unknown(one_unknown, other_unknown)
        return cells, (False if unknown is False else unknown & np.logical_not(cells))

    return disjunction


def choice(test: Kernel, yes: Kernel, no: Kernel, kind: Kind) -> Kernel:
    def choose(scene: Scene) -> Found:
        (asked, asked_unknown), (one, one_unknown), (other, other_unknown) = test(scene), yes(scene), no(scene)
        cells = np.where(asked, one, other)
        if asked_unknown is False and one_unknown is False and other_unknown is False:
            return cells, False
        unknown = either_unknown(asked_unknown, np.where(asked, one_unknown, other_unknown))
        return where_known(cells, unknown) if kind is Kind.FLAG else (cells, unknown)

    return choose


# ---- numbers


def negative(operand: Kernel) -> Kernel:
    def negate(scene: Scene) -> Found:
        cells, unknown = operand(scene)
        return np.negative(cells), unknown

    return negate


def folded(function: Callable[[Any, Any], Any], first: Kernel, *rest: Kernel) -> Kernel:
    def fold(scene: Scene) -> Found:
        cells, unknown = first(scene)
        for kernel in rest:
            other, other_unknown = kernel(scene)
            cells, unknown = function(cells, other), either_unknown(unknown, other_unknown)
        return cells, unknown

    return fold

"""Expressions compiled to numpy: a term becomes one kernel, its parts the kernels inside."""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.rules.kernels import (
    Found,
    Kernel,
    Scene,
    both,
    choice,
    constant,
    either,
    either_unknown,
    folded,
    negation,
    negative,
    once,
    where_known,
)
from app.rules.quantities import Kind
from app.rules.terms import (
    Age,
    Among,
    Arithmetic,
    Average,
    Cached,
    Call,
    Choice,
    Compare,
    Crowd,
    Expr,
    Known,
    Literal,
    Logic,
    Negative,
    Not,
    Numbers,
    Reading,
    Texts,
    WattsWith,
)

_ARITHMETIC = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_COMPARISON = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def compiled(term: Expr) -> Kernel:
    """Compile a term. Run its kernel where numpy is told to be silent on divisions by 0 (`np.errstate`)."""
    return _KERNELS[type(term)](term)


def _reading(term: Reading) -> Kernel:
    sensor = term.sensor

    def of_hosts(scene: Scene) -> Found:
        cells, unknown = scene.table.column(sensor, scene.now.at_s)
        if sensor.type.kind is Kind.TEXTS:
            return scene.table.tags, unknown
        return where_known(cells, unknown) if sensor.type.kind is Kind.FLAG else (cells, unknown)

    if term.formula is not None:
        return once(sensor.name, compiled(term.formula))
    if sensor.scope == "now":
        return lambda scene: (scene.now.value(sensor), False)
    return once(sensor.name, (lambda scene: scene.reading(sensor)) if sensor.scope == "vm" else of_hosts)


def _average(term: Average) -> Kernel:
    key = term.sensor.name, term.seconds

    def means(scene: Scene) -> Found:
        if term.sensor.scope == "vm":
            return scene.mean(term.sensor, term.seconds)
        found = scene.table.averages.get(key)
        return (np.nan, True) if found is None else (found, np.isnan(found))

    return means


def _age(term: Age) -> Kernel:
    def ages(scene: Scene) -> Found:
        if term.sensor.scope == "vm":
            return scene.age(term.sensor)
        if term.sensor.scope == "now":
            return 0.0, False
        return scene.table.ages_s(term.sensor, scene.now.at_s)

    return ages


def _known(reading: Kernel) -> Kernel:
    return lambda scene: (np.logical_not(reading(scene)[1]), False)


def _comparison(term: Compare) -> Kernel:
    left, right, compare = compiled(term.left), compiled(term.right), _COMPARISON[term.operator]
    texts = term.left.type.kind is Kind.TEXT

    def relate(scene: Scene) -> Found:
        (one, one_unknown), (other, other_unknown) = left(scene), right(scene)
        if texts:
            one, other = _comparable(scene, one, other)
        return where_known(compare(one, other), either_unknown(one_unknown, other_unknown))

    return relate


def _comparable(scene: Scene, one: Any, other: Any) -> tuple[Any, Any]:
    """Turn a text into its code where the other side is a column of codes; two texts need none of the table's."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other, True
    return _coded(scene, one), _coded(scene, other)


def _coded(scene: Scene, text: Any) -> Any:
    return scene.table.code(text) if isinstance(text, str) else text


def _among(term: Among) -> Kernel:
    item, among = compiled(term.item), compiled(term.among)

    def find(scene: Scene) -> Found:
        (one, one_unknown), (many, many_unknown) = item(scene), among(scene)
        found = _tagged(scene, one, many) if isinstance(many, dict) else _listed(scene, one, many)
        return where_known(found, either_unknown(one_unknown, many_unknown))

    return find


def _listed(scene: Scene, one: Any, many: Any) -> Any:
    if not isinstance(one, np.ndarray):
        return one in many
    found = np.zeros(one.shape, np.bool_)
    for each in many:
        found |= one == _coded(scene, each)
    return found


def _tagged(scene: Scene, one: Any, tags: dict[str, Any]) -> Any:
    """Look a text up in every host's own set."""
    if isinstance(one, str):
        return tags.get(one, False)
    found = np.zeros(len(scene.table), np.bool_)
    for tag, flags in tags.items():
        found |= flags & (one == scene.table.code(tag))
    return found


def _logic(term: Logic) -> Kernel:
    return (both if term.operator == "&&" else either)(compiled(term.left), compiled(term.right))


def _arithmetic(term: Arithmetic) -> Kernel:
    return folded(_ARITHMETIC[term.operator], compiled(term.left), compiled(term.right))


def _choice(term: Choice) -> Kernel:
    return choice(compiled(term.test), compiled(term.yes), compiled(term.no), term.type.kind)


def _call(term: Call) -> Kernel:
    arguments = [compiled(each) for each in term.arguments]
    match term.function:
        case "min":
            return folded(np.minimum, *arguments)
        case "max":
            return folded(np.maximum, *arguments)
        case "cyclic":
            return folded(np.mod, *arguments)
        case _:
            value, low, high = arguments
            return folded(np.minimum, folded(np.maximum, value, low), high)


_KERNELS: dict[type, Callable[[Any], Kernel]] = {
    Literal: lambda term: constant(term.value),
    Texts: lambda term: constant(term.values),
    Numbers: lambda term: constant(term.values),
    Reading: _reading,
    Not: lambda term: negation(compiled(term.operand)),
    Negative: lambda term: negative(compiled(term.operand)),
    Logic: _logic,
    Compare: _comparison,
    Among: _among,
    Arithmetic: _arithmetic,
    Choice: _choice,
    Call: _call,
    Crowd: lambda term: lambda scene: scene.crowd(term),
    Cached: lambda term: lambda scene: scene.cached(),
    WattsWith: lambda term: lambda scene: scene.watts(),
    Average: _average,
    Age: _age,
    Known: lambda term: _known(compiled(term.reading)),
}

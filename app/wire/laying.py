"""Parameters laid under those of a request: where both say something, the request counts.

What is under is kept by the model's member names, a request is a tree of names on the wire. A list counts as a whole,
members of a structure one by one; the trap are things that may be said in two ways, by id or by name.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.errors import Unsupported
from app.wire import markup
from app.wire.models import Model, Ref
from app.wire.query import Tree

_EITHER = (
    frozenset({"SecurityGroup", "SecurityGroupId", "SecurityGroups", "SecurityGroupIds"}),
    frozenset({"GroupName", "GroupId"}),
    frozenset({"AvailabilityZone", "AvailabilityZoneId"}),
)


def laid_over(own: Mapping[str, Any], under: Mapping[str, Any]) -> dict[str, Any]:
    """Join two trees; what `own` says, in whichever way, counts."""
    hidden = frozenset[str]().union(*(either for either in _EITHER if not either.isdisjoint(own)))
    joined = {name: value for name, value in under.items() if name not in hidden}
    for name, value in own.items():
        below = joined.get(name)
        inner = isinstance(value, dict) and isinstance(below, dict) and not _is_list(value)
        joined[name] = laid_over(value, below) if inner and below else value
    return joined


def unfold(model: Model, operation: str, values: Mapping[str, Any]) -> Tree:
    """Form the tree of a request from values by member names; Unsupported names what the operation has not."""
    return _structure(model, model.inputs(operation), values, operation)


def _structure(model: Model, members: Mapping[str, Ref], values: Mapping[str, Any], path: str) -> Tree:
    tree: Tree = {}
    for name, value in values.items():
        ref = members.get(name)
        if ref is None:
            raise Unsupported(f"The parameter {name}", f"{path} does not have it")
        tree[model.asked_as(name, ref)] = _value(model, ref, value, name)
    return tree


def _value(model: Model, ref: Ref, value: Any, path: str) -> "str | Tree":
    shape = model.shape(ref)
    if isinstance(value, dict):
        return _structure(model, shape.members, value, path)
    if isinstance(value, list):
        assert shape.member is not None
        return {str(number): _value(model, shape.member, item, path) for number, item in enumerate(value, 1)}
    if shape.type == "timestamp":
        return markup.timestamp(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_list(tree: Mapping[str, Any]) -> bool:
    return all(name.isdigit() for name in tree)

"""Walk real answers along botocore's model: what it does not know, what is not of its type, what was filled."""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from app.wire.dates import Dates

# Amazon writes `return` beside the output of these, the models do not know.
_RETURNING = Dates.load().returning
# How a value of each type is written.
FORMS = {
    "boolean": re.compile("true|false"),
    "integer": re.compile("-?[0-9]{1,10}"),
    "long": re.compile("-?[0-9]{1,19}"),
    "float": re.compile(r"-?[0-9]+(\.[0-9]+)?"),
    "double": re.compile(r"-?[0-9]+(\.[0-9]+)?"),
    "timestamp": re.compile("[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]{3}Z"),
    "blob": re.compile("[A-Za-z0-9+/]*={0,2}"),
}
# Types are the operator's to name, the table that 1.6.1 shows for `verbose` stands in states of zones, and groups that
# were made today have strategies of today for old clients, too.
FREE = {"InstanceType", "AvailabilityZoneState", "PlacementStrategy"}
# What Amazon says by its documentation, though its model has not the word.
ALSO = {
    ("AttachmentStatus", "available"),  # of an internet gateway
    ("ImageState", "pending"),  # of one that CreateImage makes, also before 2015
}


class Walk:
    """Collects over many answers of one service model; older ones do not have all `words` of an enumeration."""

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self.unknown: set[str] = set()
        self.wrong: set[str] = set()
        self.filled: set[str] = set()

    def answer(self, operation: OperationModel, body: bytes) -> None:
        """Take one answer's document in."""
        root = ElementTree.fromstring(body)
        namespace = root.tag[1 : root.tag.index("}")]
        assert root.tag == f"{{{namespace}}}{operation.name}Response"
        for element in list(root):
            name = _local(element)
            if name == "requestId" or (name == "return" and _has_none(operation)):
                root.remove(element)
        if operation.output_shape is None:
            assert [_local(element) for element in root] == ["return"]
            return
        self._structure(root, operation.output_shape, operation.name)

    def _structure(self, element: Any, shape: Any, path: str) -> None:
        by_element = {_spelling(name, member): (name, member) for name, member in shape.members.items()}
        for child in element:
            known = by_element.get(_local(child))
            if known is None:
                self.unknown.add(f"{path}.{_local(child)}")
            else:
                self._value(child, known[1], f"{path}.{known[0]}")

    def _value(self, element: Any, shape: Shape, path: str) -> None:
        if isinstance(shape, StructureShape):
            self._structure(element, shape, path)
        elif isinstance(shape, ListShape):
            for item in element:
                if _local(item) != (shape.member.serialization.get("name") or "member"):
                    self.unknown.add(f"{path}[{_local(item)}]")
                self._value(item, shape.member, path)
                self.filled.add(path)
            return
        else:
            self._leaf(element.text or "", shape, path)
        if (element.text or "").strip() or len(element):
            self.filled.add(path)

    def _leaf(self, text: str, shape: Shape, path: str) -> None:
        form = FORMS.get(shape.type_name)
        words = getattr(shape, "enum", None) if self._words and shape.name not in FREE else None
        if (form and not form.fullmatch(text)) or (words and text not in words and (shape.name, text) not in ALSO):
            self.wrong.add(f"{path}: {text!r} is no {shape.name} ({shape.type_name})")


def members(operation: OperationModel) -> Iterator[str]:
    """Name every output member of an operation, outer ones first; a list and its members share a path."""
    if operation.output_shape is not None:
        yield from _members(operation.output_shape, operation.name, ())


def _members(shape: Any, path: str, above: tuple[str, ...]) -> Iterator[str]:
    if shape.name in above:
        return
    if isinstance(shape, ListShape):
        yield from _members(shape.member, path, above)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield f"{path}.{name}"
            yield from _members(member, f"{path}.{name}", (*above, shape.name))


def _has_none(operation: OperationModel) -> bool:
    """Tell whether `return` is written though the model has no place for it."""
    output = operation.output_shape
    return operation.name in _RETURNING and output is not None and "Return" not in output.members


def _local(element: Any) -> str:
    tag: str = element.tag
    return tag.rpartition("}")[2]


def _spelling(name: str, member: Shape) -> str:
    spelled: str = member.serialization.get("name", name)
    return spelled

"""Decoding: the flat parameters of a Query request become the struct that a handler declared.

`Placement.AvailabilityZone=z` and `InstanceId.1=i-…` are folded into a tree, and the tree is read by the
operation's input shape and the struct together, compiled once an operation and date. Nothing is dropped
silently: what the model does not know is Unknown, what it knows and we do not offer is Unsupported, unless
the amendments call it harmless. Lists may begin at 0 (libcloud), have holes, and come in any order.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import inspect

from app.domain.errors import Absent, Invalid, Unknown, Unsupported
from app.wire import scalars
from app.wire.amendments import Amendment
from app.wire.models import Model, Ref, Shape
from app.wire.names import nearest, snake

Tree = dict[str, "str | Tree"]
Known = TypeVar("Known")
Reader = Callable[["str | Tree", str], object]
Decode = Callable[[Tree], msgspec.Struct]

_INDEX = re.compile(r"[0-9]{1,9}")
_FIELD = re.compile(r"`\$\.([^.\[`]+)")
_DEEPEST = 16
_LONGEST_SHOWN = 128


def fold(params: Sequence[tuple[str, str]]) -> Tree:
    """Fold dotted names into a tree; a name that comes twice is Invalid."""
    tree: Tree = {}
    for name, value in params:
        *above, last = name.split(".")
        if len(above) > _DEEPEST:
            raise Unknown("parameter", _shown(name))
        node = tree
        for word in above:
            child = node.setdefault(word, {})
            if isinstance(child, str):
                raise Invalid(_shown(name), _shown(value), "The same name carries a value of its own.")
            node = child
        if last in node:
            raise Invalid(_shown(name), _shown(value), "The parameter was sent more than once.")
        node[last] = value
    return tree


def compile_request(
    model: Model, operation: str, struct: type[msgspec.Struct], amendment: Amendment, *, strict: bool
) -> Decode:
    """Return the decoder of an operation; with `strict`, a field that the model lacks raises LookupError now."""
    compiler = _Compiler(model, amendment, strict)
    extra = {name: Ref(shape=shape) for name, shape in amendment.parameters.items()}
    read = compiler.structure({**model.inputs(operation), **extra}, struct, "")

    def decode(tree: Tree) -> msgspec.Struct:
        made = read(tree, "")
        assert isinstance(made, msgspec.Struct)
        return made

    return decode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    field: str
    read: Reader


class _Compiler:
    def __init__(self, model: Model, amendment: Amendment, strict: bool) -> None:
        self._model, self._amendment, self._strict = model, amendment, strict

    def structure(self, members: Mapping[str, Ref], struct: type[msgspec.Struct], path: str) -> "_Structure":
        fields = {field.name: field for field in _fields(struct)}
        asked = {self._model.asked_as(name, ref): (snake(name), ref) for name, ref in members.items()}
        missing = fields.keys() - {name for name, _ in asked.values()}
        if missing and self._strict:
            raise LookupError(f"{struct.__name__} declares {sorted(missing)}, which {path or 'the input'} has not")
        read = {
            wire: _Member(field=fields[name].encode_name, read=self._reader(ref, fields[name].type, _join(path, wire)))
            for wire, (name, ref) in asked.items()
            if name in fields
        }
        needed = [(fields[name].encode_name, wire) for wire, (name, _) in asked.items() if _needed(fields.get(name))]
        refusal = _Refusal(self._model, self._amendment, {wire: ref for wire, (_, ref) in asked.items()}, path)
        defaults = {} if path else {read[w].field: v for w, v in self._amendment.defaults.items() if w in read}
        return _Structure(struct=struct, members=read, needed=needed, refusal=refusal, defaults=defaults)

    def _reader(self, ref: Ref, field: inspect.Type, path: str) -> Reader:
        shape, wanted = self._model.shape(ref), _bare(field)
        if isinstance(wanted, inspect.DictType):
            return self._whole(ref)
        if shape.type == "structure":
            if not isinstance(wanted, inspect.StructType):
                raise LookupError(f"{path} is a structure: declare a struct for it")
            return self.structure(shape.members, wanted.cls, path)
        if shape.type == "list":
            assert shape.member is not None
            if not isinstance(wanted, inspect.ListType | inspect.VarTupleType):
                raise LookupError(f"{path} is a list: declare list[…] for it")
            item = self._reader(shape.member, wanted.item_type, path)
            return _list_reader(item, _list_word(self._model, shape))
        read = scalars.blob if isinstance(wanted, inspect.BytesType) else scalars.READERS[shape.type]
        if path == "MaxResults" and self._amendment.page:
            read = _bounded(read, *self._amendment.page)
        # What is meant as bytes (user data, keys) is not repeated in refusals, whatever the date's model says of it.
        return _scalar_reader(read, shape.sensitive or isinstance(wanted, inspect.BytesType))

    def _whole(self, ref: Ref) -> Reader:
        """Read all that the model has, as an answer would say it: for a field that is declared as a dictionary."""
        shape = self._model.shape(ref)
        if shape.type == "structure":
            members = {self._model.asked_as(name, member): (name, member) for name, member in shape.members.items()}
            return _whole_reader({wire: (name, self._whole(member)) for wire, (name, member) in members.items()})
        if shape.type == "list":
            assert shape.member is not None
            return _list_reader(self._whole(shape.member), _list_word(self._model, shape))
        read = scalars.milliseconds if shape.type == "timestamp" else scalars.READERS[shape.type]
        return _scalar_reader(read, shape.sensitive)


class _Structure:
    """Reads one structure into its struct."""

    def __init__(
        self,
        *,
        struct: type[msgspec.Struct],
        members: Mapping[str, _Member],
        needed: Sequence[tuple[str, str]],
        refusal: "_Refusal",
        defaults: Mapping[str, object],
    ) -> None:
        self._struct, self._members, self._needed = struct, members, needed
        self._refusal, self._defaults = refusal, defaults

    def __call__(self, node: "str | Tree", at: str) -> msgspec.Struct:
        if isinstance(node, str):
            raise Invalid(at, _shown(node), "It has members of its own, written behind a dot.")
        values: dict[str, object] = dict(self._defaults)
        for name, child in node.items():
            member = self._members.get(name)
            if member is None:
                self._refusal.check(name, child, _join(at, name))
            else:
                values[member.field] = member.read(child, _join(at, name))
        for field, wire in self._needed:
            if field not in values:
                raise Absent(_join(at, wire))
        return self._build(values, at)

    def _build(self, values: dict[str, object], at: str) -> msgspec.Struct:
        """Check what the struct's own annotations demand (ranges, enumerations)."""
        try:
            return msgspec.convert(values, self._struct)
        except msgspec.ValidationError as error:
            found = _FIELD.search(str(error))
            field = found.group(1) if found else ""
            wire = next((wire for wire, member in self._members.items() if member.field == field), field)
            why = str(error).partition(" - at ")[0]
            raise Invalid(_join(at, wire), _shown(str(values.get(field, ""))), f"{why}.") from None


class _Refusal:
    """What to say of a parameter that the struct does not declare."""

    def __init__(self, model: Model, amendment: Amendment, members: Mapping[str, Ref], path: str) -> None:
        self._model, self._amendment, self._members, self._path = model, amendment, members, path

    def check(self, name: str, node: "str | Tree", at: str) -> None:
        """Return if the parameter is harmless; raise Unknown or Unsupported otherwise."""
        ref = _known(self._members, name, at)
        refused = [
            leaf
            for leaf, path, value in self._leaves(ref, node, at, _join(self._path, name))
            if not self._amendment.ignores(path, value)
        ]
        if refused:
            raise Unsupported(f"The parameter {refused[0]}")

    def _leaves(self, ref: Ref, node: "str | Tree", at: str, path: str) -> Iterator[tuple[str, str, str]]:
        """Yield (as the client spelled it, without indexes, value) of everything below."""
        if isinstance(node, str):
            yield at, path, node
            return
        shape = self._model.shape(ref)
        if shape.type == "list":
            assert shape.member is not None
            for _, child, spelled in _elements(node, at, _list_word(self._model, shape)):
                yield from self._leaves(shape.member, child, spelled, path)
            return
        members = {self._model.asked_as(name, member): member for name, member in shape.members.items()}
        for name, child in node.items():
            member = _known(members, name, _join(at, name))
            yield from self._leaves(member, child, _join(at, name), _join(path, name))


def _whole_reader(members: Mapping[str, tuple[str, Reader]]) -> Reader:
    def read(node: "str | Tree", at: str) -> dict[str, object]:
        if isinstance(node, str):
            raise Invalid(at, _shown(node), "It has members of its own, written behind a dot.")
        found = {}
        for wire, child in node.items():
            name, member = _known(members, wire, _join(at, wire))
            found[name] = member(child, _join(at, wire))
        return found

    return read


def _known(members: Mapping[str, Known], name: str, at: str) -> Known:
    try:
        return members[name]
    except KeyError:
        close = nearest(name, members)
        above = at[: len(at) - len(name)]
        raise Unknown("parameter", _shown(at), close and above + close) from None


def _scalar_reader(read: Callable[[str], object], sensitive: bool) -> Reader:
    def scalar(node: "str | Tree", at: str) -> object:
        text = _sole(node, at)
        try:
            return read(text)
        except ValueError as error:
            raise Invalid(at, "(not shown)" if sensitive else _shown(text), str(error)) from None

    return scalar


def _sole(node: "str | Tree", at: str) -> str:
    """Return the text of a single value; boto 1.9 writes some as a list of one, `InstanceId.1`."""
    if isinstance(node, str):
        return node
    index, value = next(iter(node.items()))
    if len(node) == 1 and _INDEX.fullmatch(index) and isinstance(value, str):
        return value
    raise Unknown("parameter", _shown(_join(at, index)), at)


def _list_reader(item: Reader, word: str) -> Reader:
    def read(node: "str | Tree", at: str) -> list[object]:
        if isinstance(node, str):
            # The Query protocol writes an empty list as an empty value; a lone value is a list of one.
            return [item(node, at)] if node else []
        return [item(child, spelled) for _, child, spelled in sorted(_elements(node, at, word), key=_by_index)]

    return read


def _by_index(element: tuple[int, object, str]) -> int:
    return element[0]


def _elements(node: Tree, at: str, word: str) -> Iterator[tuple[int, "str | Tree", str]]:
    """Yield (index, element, spelling); `word` is what stands before the index, if anything."""
    if word:
        wrapped = node.get(word)
        if len(node) != 1 or not isinstance(wrapped, dict):
            raise Unknown("parameter", _shown(_join(at, next(iter(node)))), _join(at, f"{word}.1"))
        node, at = wrapped, _join(at, word)
    seen: set[int] = set()
    for index, child in node.items():
        spelled = _join(at, index)
        if not _INDEX.fullmatch(index):
            raise Unknown("parameter", _shown(spelled), _join(at, "1"))
        if int(index) in seen:
            raise Invalid(_shown(spelled), "", "The list has this index more than once.")
        seen.add(int(index))
        yield int(index), child, spelled


def _list_word(model: Model, shape: Shape) -> str:
    assert shape.member is not None
    return "" if model.is_ec2 else model.answered_as("member", shape.member)


def _bounded(read: Callable[[str], object], least: int, most: int) -> Callable[[str], object]:
    def bounded(text: str) -> object:
        number = read(text)
        if not isinstance(number, int) or not least <= number <= most:
            raise ValueError(f"A number between {least} and {most} is expected.")
        return number

    return bounded


def _bare(field: inspect.Type) -> inspect.Type:
    """Strip what stands around a type: constraints' metadata and `| None`."""
    if isinstance(field, inspect.Metadata):
        return _bare(field.type)
    if isinstance(field, inspect.UnionType):
        inner = [kind for kind in field.types if not isinstance(kind, inspect.NoneType)]
        return _bare(inner[0]) if len(inner) == 1 else field
    return field


def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return described.fields


def _needed(field: inspect.Field | None) -> bool:
    return field is not None and field.required


def _join(above: str, name: str) -> str:
    return f"{above}.{name}" if above else name


def _shown(text: str) -> str:
    """Cut what a client sent to what fits into a sentence."""
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"

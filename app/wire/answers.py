"""Encoding: an answer keyed by the models' member names becomes the XML that its date's clients read.

Compiled once an operation and date into nested closures. A member that the newest model does not know is a
mistake of ours and raises; older dates drop what they can not say. Members that are None are left out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from app.wire import markup
from app.wire.models import Model, Ref
from app.wire.moulds import Cast, Fill, Mould, template

Writer = Callable[[Any, list[str]], None]
Encode = Callable[[Mapping[str, object], str, str], bytes]

_LEAVES: dict[str, Callable[[object], str]] = {
    "string": markup.text,
    "character": markup.text,
    "integer": markup.number,
    "long": markup.number,
    "float": markup.number,
    "double": markup.number,
    "boolean": markup.boolean,
    "timestamp": markup.timestamp,
    "blob": markup.blob,
}


def compile_answer(model: Model, operation: str, *, strict: bool, returning: bool = False) -> Encode:
    """Return the encoder of an operation's answers: (answer, namespace, request id) → document.

    `returning`: `return` is written beside the output, whether or not the model knows it.
    """
    output = model.operations[operation].output
    returning = returning and (output is None or "Return" not in model.shape(output).members)
    write = _Compiler(model, strict).structure(output) if output else _only_return(strict)
    if model.is_ec2:
        return _ec2_envelope(operation, write, told=model.request_id, returning=returning)
    return _query_envelope(operation, output.result_wrapper if output else None, write)


def _ec2_envelope(operation: str, write: Writer, *, told: bool, returning: bool) -> Encode:
    """Write EC2's documents; `told` is whether the request id is."""

    def encode(answer: Mapping[str, object], namespace: str, request_id: str) -> bytes:
        parts = [f'{markup.DECLARATION}<{operation}Response xmlns="{namespace}">']
        if told:
            parts.append(f"<requestId>{markup.text(request_id)}</requestId>")
        if returning:
            parts.append(f"<return>{markup.boolean(answer.get('Return', True))}</return>")
        write(answer, parts)
        parts.append(f"</{operation}Response>")
        return "".join(parts).encode()

    return encode


def _query_envelope(operation: str, wrapper: str | None, write: Writer) -> Encode:
    opened, closed = (f"<{wrapper}>", f"</{wrapper}>") if wrapper else ("", "")

    def encode(answer: Mapping[str, object], namespace: str, request_id: str) -> bytes:
        parts = [f'{markup.DECLARATION}<{operation}Response xmlns="{namespace}">', opened]
        if wrapper:
            write(answer, parts)
        parts.append(f"{closed}<ResponseMetadata><RequestId>{markup.text(request_id)}</RequestId></ResponseMetadata>")
        parts.append(f"</{operation}Response>")
        return "".join(parts).encode()

    return encode


def _only_return(strict: bool) -> Writer:
    """EC2 operations that the models give no output answer `return`, which old clients read."""

    def write(value: object, parts: list[str]) -> None:
        assert isinstance(value, Mapping)
        if strict and value.keys() - {"Return"}:
            raise LookupError(f"an answer without output shape can not say {sorted(value.keys() - {'Return'})}")
        parts.append(f"<return>{markup.boolean(value.get('Return', True))}</return>")

    return write


class _Compiler:
    """Turns shapes into writers, each shape once; shapes may contain themselves."""

    def __init__(self, model: Model, strict: bool) -> None:
        self._model, self._strict = model, strict
        self._structures: dict[str, Writer] = {}

    def structure(self, ref: Ref) -> Writer:
        known = self._structures.get(ref.shape)
        if known is not None:
            return known
        members: dict[str, Writer] = {}
        write = self._structures[ref.shape] = _structure_writer(ref.shape, members, self._strict)
        for name, member in self._model.shape(ref).members.items():
            members[name] = self._element(self._model.answered_as(name, member), member)
        return write

    def _element(self, tag: str, ref: Ref) -> Writer:
        """Write a value between its tags."""
        shape = self._model.shape(ref)
        match shape.type:
            case "structure":
                return _wrapped(tag, self.structure(ref))
            case "list":
                assert shape.member is not None
                item = self._model.answered_as("member", shape.member)
                return _list_writer(tag, self._element(item, shape.member))
            case "map":
                assert shape.key is not None and shape.value is not None
                key = self._element(self._model.answered_as("key", shape.key), shape.key)
                return _map_writer(tag, key, self._element(self._model.answered_as("value", shape.value), shape.value))
            case leaf:
                return _leaf_writer(tag, _LEAVES[leaf])


def _structure_writer(shape: str, members: Mapping[str, Writer], strict: bool) -> Writer:
    filled: WeakKeyDictionary[Mould, Fill] = WeakKeyDictionary()

    def cast(value: Cast, parts: list[str]) -> None:
        fill = filled.get(value.mould)
        if fill is None:
            sample: list[str] = []
            write(value.mould.sample, sample)
            fill = filled[value.mould] = template("".join(sample))
        parts.append(fill(value.texts))

    def write(value: Mapping[str, object] | Cast, parts: list[str]) -> None:
        if isinstance(value, Cast):
            cast(value, parts)
            value = value.beside
        for name, member in value.items():
            if member is None:
                continue
            writer = members.get(name)
            if writer is not None:
                writer(member, parts)
            elif strict:
                raise LookupError(f"{shape} has no member {name}")

    return write


def _wrapped(tag: str, write: Writer) -> Writer:
    opened, closed = f"<{tag}>", f"</{tag}>"

    def write_wrapped(value: object, parts: list[str]) -> None:
        parts.append(opened)
        write(value, parts)
        parts.append(closed)

    return write_wrapped


def _list_writer(tag: str, item: Writer) -> Writer:
    opened, closed, empty = f"<{tag}>", f"</{tag}>", f"<{tag}/>"

    def write(value: Sequence[object], parts: list[str]) -> None:
        if not isinstance(value, (list, tuple)):  # whose check costs nothing; an answer has thousands of lists
            raise TypeError(f"{tag} needs a list, not {type(value).__name__}")
        if not value:
            parts.append(empty)
            return
        parts.append(opened)
        for element in value:
            item(element, parts)
        parts.append(closed)

    return write


def _map_writer(tag: str, key: Writer, entry: Writer) -> Writer:
    def write(value: object, parts: list[str]) -> None:
        assert isinstance(value, Mapping)
        parts.append(f"<{tag}>")
        for name, element in value.items():
            parts.append("<entry>")
            key(name, parts)
            entry(element, parts)
            parts.append("</entry>")
        parts.append(f"</{tag}>")

    return write


def _leaf_writer(tag: str, render: Callable[[object], str]) -> Writer:
    opened, closed = f"<{tag}>", f"</{tag}>"

    def write(value: object, parts: list[str]) -> None:
        parts.append(opened + render(value) + closed)

    return write

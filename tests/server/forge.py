"""Requests that nobody would write: right by the model, over every operation, and then damaged."""

import base64
import json
import random
from collections.abc import Callable, Mapping
from functools import cache
from gzip import decompress
from importlib.util import find_spec
from pathlib import Path

from msgspec.structs import fields as fields_of

from app.server.query import OPERATIONS
from app.wire.amendments import Amendments
from app.wire.models import Model, Models, Ref

Pairs = list[tuple[str, str]]
MODELS, AMENDMENTS = Models(), Amendments.load()
OFFERED = {operation.name: operation.request for operation in OPERATIONS if operation.service == "ec2"}
UNKNOWN = ["CreateVpnGateway", "Frobnicate", "describeInstances", "RunInstances ", "", "\0", "RequestSpotFleet"]
TEXTS = [
    *("", "a", " ", "*", "?", "\\", "-1", "0", "1", "5", "1000", "2147483648", "9" * 25, "true", "1e3", "NaN", "é😀"),
    *("\0", "\r\n", "\ufffe", "<x/>", "]]>", "&amp;", "../../etc/passwd", "'; DROP TABLE instances; --", "%s{0}"),
    *("x" * 300, "i-", "i-12345678", "I-1234567890ABCDEF0", "emi-12345678", "ami-zzzzzzzz", "sg-1", "default", "aws:x"),
    *("self", "all", "library/" + "0" * 64 + "/x", "library/../x", "bucket/x.manifest.xml", "AQ==", "====", "ppk"),
    *("WzFd", "W10=", "WzEsImEiXQ==", "WzEsImEiLDFd", "WzFlMzBd", "2026-01-01T00:00:00Z", "terminate", "10.0.0.0/8"),
    *("0.0.0.0/0", "::/0", "tcp", "-1", "65536", "vpc-", "vol-12345678", "snap-12345678", "2008-02-01", "/dev/sdf"),
]
VERSIONS = ["2016-11-15", "2016-11-15", "2016-11-15", "2014-09-01", "2015-10-01", "2009-11-30", "2099-12-31"]
READING = ("Describe", "Get")


class Forge:
    """Makes requests from the shapes of the model; `known` are values that mean something to this cloud, by word."""

    def __init__(self, seed: int, known: Mapping[str, list[str]]) -> None:
        self.dice = random.Random(seed)
        self._known = known
        self._ids = [one for word, ids in known.items() if word.islower() for one in ids]

    def request(self) -> Pairs:
        """Make one; now and then it is damaged."""
        dice = self.dice
        operation = dice.choice(UNKNOWN) if dice.random() < 0.03 else dice.choice(sorted(OFFERED))
        pairs = self._asked(operation) if operation in OFFERED else []
        pairs = [("Action", operation), ("Version", dice.choice(VERSIONS)), *pairs]
        for _ in range(dice.choice([0, 0, 0, 1, 3])):
            pairs = dice.choice(DAMAGES)(dice, pairs)
        return pairs

    def _asked(self, operation: str) -> Pairs:
        model, pairs = MODELS.newest("ec2"), []
        for name, ref in model.inputs(operation).items():
            if self.dice.random() < _appetite(operation, name):
                wire = model.asked_as(name, ref)
                pairs += self._filters(operation) if name == "Filters" else self._value(model, ref, wire, 0)
        return pairs

    def _filters(self, operation: str) -> Pairs:
        known = sorted(AMENDMENTS.filters(operation)) or ["none"]
        pairs = []
        for n in range(1, self.dice.choice([2, 2, 3])):
            name = self.dice.choice([*known * 3, "colour"])
            pairs.append((f"Filter.{n}.Name", name.replace("tag:", "tag:Name")))
            pairs.append((f"Filter.{n}.Value.1", self.dice.choice([*self._ids, *TEXTS])))
        return pairs

    def _value(self, model: Model, ref: Ref, name: str, depth: int) -> Pairs:
        shape, dice = model.shape(ref), self.dice
        if shape.type == "structure" and depth < 4:
            chosen = [(member, inner) for member, inner in shape.members.items() if dice.random() < 0.5]
            return [
                pair
                for member, inner in chosen
                for pair in self._value(model, inner, f"{name}.{model.asked_as(member, inner)}", depth + 1)
            ]
        if shape.type == "list" and shape.member:
            indexes = dice.choice([[1], [1, 2], [0], [3, 7], [2, 1]])
            return [pair for i in indexes for pair in self._value(model, shape.member, f"{name}.{i}", depth + 1)]
        return [(name, self._leaf(shape.type, ref.shape, name))]

    def _leaf(self, kind: str, shape: str, name: str) -> str:
        dice = self.dice
        if dice.random() < 0.08:
            return dice.choice(TEXTS)
        match kind:
            case "integer" | "long":
                return str(dice.choice([1, 1, 1, 5]) if "Count" in name else dice.choice([5, 22, 1000]))
            case "boolean":
                return dice.choice(["true", "false"])
            case "blob":
                return base64.b64encode(dice.randbytes(dice.randrange(40))).decode()
            case _:
                return dice.choice(self._meant(name) or list(enumerations().get(shape, ())) or [*self._ids, *TEXTS])

    def _meant(self, name: str) -> list[str]:
        """Find what a parameter of this name may stand for: by its last word, or an id by the kind of thing in it."""
        word = next(word for word in reversed(name.split(".")) if not word.isdigit())
        if word in self._known:
            return self._known[word]
        kind = word.lower().removesuffix("s").removesuffix("id")
        return [one for known, ids in self._known.items() if known.islower() and kind in known for one in ids]


@cache
def enumerations() -> dict[str, tuple[str, ...]]:
    """Read from botocore's model which words a shape has."""
    found = find_spec("botocore")
    assert found is not None and found.submodule_search_locations
    file = Path(found.submodule_search_locations[0]) / "data/ec2/2016-11-15/service-2.json.gz"
    shapes = json.loads(decompress(file.read_bytes()))["shapes"]
    return {name: tuple(shape["enum"]) for name, shape in shapes.items() if "enum" in shape}


@cache
def _appetite(operation: str, name: str) -> float:
    """Take what the operation needs nearly always, what it understands now and then, the rest hardly ever."""
    fields = {field.name.replace("_", ""): field.required for field in fields_of(OFFERED[operation])}
    needed = fields.get(name.lower())
    return 0.01 if needed is None else 0.97 if needed else 0.15


def _drop(dice: random.Random, pairs: Pairs) -> Pairs:
    gone = dice.randrange(len(pairs))
    return pairs[:gone] + pairs[gone + 1 :] or [("Action", "")]


def _twice(dice: random.Random, pairs: Pairs) -> Pairs:
    return [*pairs, dice.choice(pairs)]


def _other_value(dice: random.Random, pairs: Pairs) -> Pairs:
    at = dice.randrange(len(pairs))
    return [(name, dice.choice(TEXTS) if i == at else value) for i, (name, value) in enumerate(pairs)]


def _other_name(dice: random.Random, pairs: Pairs) -> Pairs:
    at = dice.randrange(len(pairs))
    change = dice.choice([".1", ".x", ".", ".0.", "s", ".1.1.1", ".member.1", "." * 40, "\0", "é"])
    return [(name + change if i == at else name, value) for i, (name, value) in enumerate(pairs)]


def _intruder(dice: random.Random, pairs: Pairs) -> Pairs:
    return [*pairs, (dice.choice(TEXTS), dice.choice(TEXTS))]


DAMAGES: list[Callable[[random.Random, Pairs], Pairs]] = [_drop, _twice, _other_value, _other_name, _intruder]

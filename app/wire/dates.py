"""EC2 before botocore's oldest model: what each date brought, read from `dates.toml`.

A date's model is made from botocore's oldest by taking away what came later, so that nothing else has to know of it.
The trap is old parsers: they go by the names of elements alone, and a nested set that they never saw overwrites what
they read before.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec

from app.wire.models import Metadata, Model, Shape


class Date(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One date; see `dates.toml` for what the fields mean."""

    date: str
    operations: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    request_id: bool = False


class Dates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All dates, oldest first. `returning` are operations that answered nothing but `return` once."""

    dates: tuple[Date, ...]
    returning: tuple[str, ...] = ()
    words: dict[str, str] = {}

    @classmethod
    def load(cls) -> Self:
        return msgspec.convert(tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")), cls)

    @property
    def oldest(self) -> str:
        return self.dates[0].date

    def nearest(self, asked: str) -> str:
        """Return the date that answers: the last that is not after the one asked for."""
        return self.dates[max(0, bisect_right(self.dates, asked, key=lambda known: known.date) - 1)].date

    def today(self, operation: str, name: str) -> str:
        """Return today's name of a parameter of old."""
        return self.words.get(f"{operation}.{name}", name)

    def model(self, date: str, oldest: Model) -> Model:
        """Make the model of a date from botocore's oldest; LookupError if a name here is not known there."""
        later = [known for known in self.dates if known.date > date]
        gone = {name for known in later for name in known.members}
        tags = {name: tag for known in later for name, tag in known.renamed.items()}
        if missing := {name for name in gone | tags.keys() if not _has(oldest, name)}:
            raise LookupError(f"dates.toml names {sorted(missing)}, which the model of {oldest.date} has not")
        refused = {name for known in later for name in known.operations}
        namespace = oldest.metadata.xml_namespace.replace(oldest.date, date)
        return Model(
            metadata=Metadata(api_version=date, protocol=oldest.metadata.protocol, xml_namespace=namespace),
            operations={name: operation for name, operation in oldest.operations.items() if name not in refused},
            shapes=dict(_shapes(oldest, gone, tags)),
            request_id=not any(known.request_id for known in later),
        )


def _has(model: Model, name: str) -> bool:
    shape, _, member = name.partition(".")
    return shape in model.shapes and member in model.shapes[shape].members


def _shapes(model: Model, gone: set[str], tags: dict[str, str]) -> Iterator[tuple[str, Shape]]:
    """Yield the shapes, those without what is gone and with the older tags that are concerned."""
    concerned = {name.partition(".")[0] for name in gone | tags.keys()}
    for name, shape in model.shapes.items():
        if name not in concerned:
            yield name, shape
            continue
        members = {
            member: msgspec.structs.replace(ref, location_name=tags.get(f"{name}.{member}", ref.location_name))
            for member, ref in shape.members.items()
            if f"{name}.{member}" not in gone
        }
        yield name, msgspec.structs.replace(shape, members=members)

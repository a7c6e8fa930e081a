"""The service models that today's clients are made from, read from botocore's data files.

Only the data is taken: no session, no client, no import of botocore itself. The trap is size: EC2's newest
model is 4 MiB of JSON, most of it documentation, so it is decoded into structs that do not have a place for
documentation, and older dates are read only when somebody asks in them.
"""

import gzip
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec


class Ref(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A use of a shape: by a member, as a list's element, as input or output."""

    shape: str
    location_name: str | None = None
    query_name: str | None = None
    result_wrapper: str | None = None


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """One shape. `members` belong to structures, `member` to lists, `key` and `value` to maps."""

    type: str
    members: dict[str, Ref] = {}
    member: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None
    location_name: str | None = None
    sensitive: bool = False


class Operation(msgspec.Struct, frozen=True, gc=False):
    input: Ref | None = None
    output: Ref | None = None


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    api_version: str
    protocol: str
    xml_namespace: str


class Model(msgspec.Struct, frozen=True):
    """A service at one date: what may be asked and what is answered. `request_id`: whether answers carry one."""

    metadata: Metadata
    operations: dict[str, Operation]
    shapes: dict[str, Shape]
    request_id: bool = True

    @property
    def date(self) -> str:
        return self.metadata.api_version

    @property
    def namespace(self) -> str:
        return self.metadata.xml_namespace

    @property
    def is_ec2(self) -> bool:
        """True for EC2's dialect of the Query protocol (flat lists, capitalised names, no result wrapper)."""
        return self.metadata.protocol == "ec2"

    def shape(self, ref: Ref) -> Shape:
        return self.shapes[ref.shape]

    def inputs(self, operation: str) -> Mapping[str, Ref]:
        """Return the input's members by member name; an operation without input has none."""
        ref = self.operations[operation].input
        return self.shape(ref).members if ref else {}

    def asked_as(self, member: str, ref: Ref) -> str:
        """Return the name that a member carries in requests."""
        if not self.is_ec2:
            return ref.location_name or self.shape(ref).location_name or member
        if ref.query_name:
            return ref.query_name
        name = ref.location_name or self.shape(ref).location_name or member
        return name[0].upper() + name[1:]

    def answered_as(self, member: str, ref: Ref) -> str:
        """Return the tag that a member carries in answers."""
        return ref.location_name or self.shape(ref).location_name or member


class Models:
    """The models that were asked for so far."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or _botocore_data()
        self._loaded: dict[tuple[str, str], Model] = {}
        self._dates: dict[str, tuple[str, ...]] = {}

    def dates(self, service: str) -> tuple[str, ...]:
        """List the dates at which a service is described, oldest first."""
        if service not in self._dates:
            found = (path.name for path in (self._directory / service).iterdir() if path.is_dir())
            self._dates[service] = tuple(sorted(found))
        return self._dates[service]

    def load(self, service: str, date: str) -> Model:
        """Return the model of a service at a date; FileNotFoundError if botocore has none."""
        known = self._loaded.get((service, date))
        if known is None:
            known = msgspec.json.decode(_read(self._directory / service / date), type=Model)
            self._loaded[service, date] = known
        return known

    def newest(self, service: str) -> Model:
        return self.load(service, self.dates(service)[-1])


def _botocore_data() -> Path:
    found = find_spec("botocore")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("botocore is not installed: its service models describe the EC2 wire format")
    return Path(found.submodule_search_locations[0]) / "data"


def _read(directory: Path) -> bytes:
    """Read the model, packed (wheels) or plain (distributions)."""
    packed = directory / "service-2.json.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (directory / "service-2.json").read_bytes()

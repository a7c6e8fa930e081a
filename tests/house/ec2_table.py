"""`docs/ec2.md`, made from the operations and the models: `python -m tests.house.ec2_table --write`."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
from msgspec.structs import fields

from app.server.ec2.operation import Operation
from app.server.query import OPERATIONS
from app.wire.amendments import Amendment, Amendments
from app.wire.models import Model, Models, Ref
from app.wire.names import snake
from tests.house.working_filters import working_filters

DOCUMENT = Path(__file__).parents[2] / "docs" / "ec2.md"
COMMAND = "python -m tests.house.ec2_table --write"
OFFERED = {operation.name: operation for operation in OPERATIONS if operation.service == "ec2"}
# Names of what an operation is about, the first that fits; what fits none is the last family's.
FAMILIES = {
    "Address pools and IP address management": r"Ipam|Byoip|PublicIpv4Pool|CoipPool|CoipCidr|Ipv6Pool|MovingAddress",
    "Capacity, fleets and dedicated hosts": r"Capacity|Fleet|Hosts?$|HostReservation|InstanceTypesFromInstance|Outpost",
    "Client VPN and Verified Access": r"ClientVpn|VerifiedAccess",
    "Images and snapshots": r"Image|Snapshot|Fpga|BundleTask|ExportTask|ImportTask|ConversionTask|StoreImage|Import",
    "Insights and traffic mirrors": r"NetworkInsights|TrafficMirror|AwsNetworkPerformance|FlowLog|Declarative",
    "Instances": r"Instance|Iam|Mac|Console|Password|LaunchTemplate|Scheduled|PlacementGroup|KeyPair|Monitor",
    "Local, carrier and transit gateways": r"LocalGateway|CarrierGateway|TransitGateway|RouteServer",
    "Reserved and spot instances": r"Reserved|Spot",
    "Virtual private clouds": (
        r"Vpc|Subnet|Route|Gateway|NetworkAcl|NetworkInterface|DhcpOptions|Vpn|PrefixList|SecurityGroup|Address|Trunk"
    ),
    "Volumes": r"Volume|Ebs",
    "Anything else": "",
}
HEAD = """# EC2: what is supported

Every operation of Amazon EC2 that botocore knows ({version}), and what this cloud does with it. Made by
`.venv/bin/{command}`; a test compares.

| | operations |
|---|---|
| supported | {supported} |
| refused | {refused} |
| known to Amazon's clients | {known} |

- **Refused** operations answer `UnsupportedOperation`, one that Amazon does not know either `InvalidAction`.
- **Parameters** have the names that they have in a request; a client's own spelling may differ (`Filter` is `Filters`
  in boto3 and `--filters` on the command line). A name in brackets is a part of the parameter before it. `DryRun` works
  with every operation that has it at Amazon.
- **Passed over** parameters may be sent and change nothing: what they ask for is done anyway, or means nothing here.
  With `=value` only that value may be sent.
- **Refused** parameters answer `UnsupportedOperation` and the request does nothing. A parameter that Amazon does not
  know answers `UnknownParameter`.
- **Filters**: those in the last column are known and match nothing, since nothing here has what they look at. Any other
  filter answers `InvalidParameterValue`. Values may hold `*` and `?`.

Beside EC2 the same address answers, of Amazon's token service, {beside}.
"""
Tree = dict[str, Any]


def document() -> str:
    """Write the whole page."""
    model, amendments, works = Models().newest("ec2"), Amendments.load(), working_filters()
    refused = sorted(model.operations.keys() - OFFERED.keys())
    head = HEAD.format(
        version=model.date,
        command=COMMAND,
        supported=len(OFFERED),
        refused=len(refused),
        known=len(model.operations),
        beside=", ".join(f"`{operation.name}`" for operation in OPERATIONS if operation.service == "sts"),
    )
    parts = [head, "\n## Supported\n"]
    for area, operations in _areas().items():
        parts.append(f"\n### {area}\n\n{_parameters(operations, model, amendments)}")
        parts.append(_filters(operations, amendments, works))
    return "".join([*parts, "\n## Refused\n", *_families(refused)])


def _areas() -> dict[str, list[Operation]]:
    """Group what is offered by the module that answers it."""
    found: dict[str, list[Operation]] = {}
    for operation in sorted(OFFERED.values(), key=lambda op: op.name):
        module = operation.handle.__module__.rpartition(".")[2]
        found.setdefault(module.replace("_", " ").capitalize(), []).append(operation)
    return dict(sorted(found.items()))


def _parameters(operations: list[Operation], model: Model, amendments: Amendments) -> str:
    lines = ["| operation | parameters | passed over | refused |", "|---|---|---|---|"]
    for operation in operations:
        amendment = amendments.of(operation.name)
        honoured, refused = _sorted_out(model, model.inputs(operation.name), operation.request, amendment)
        honoured |= {
            f"{name} (of old)": {} for name in amendment.parameters if snake(name) in _types(operation.request)
        }
        passed: Tree = {name: {} for name in amendment.harmless}
        cells = (_shown(tree) for tree in (honoured, passed, refused))
        lines.append(f"| `{operation.name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _sorted_out(
    model: Model, members: Mapping[str, Ref], struct: type[msgspec.Struct], amendment: Amendment, path: str = ""
) -> tuple[Tree, Tree]:
    """Tell what is read from what is refused; a member with nothing below it is meant whole."""
    read: Tree = {}
    refused: Tree = {}
    declared = _types(struct)
    for member, ref in members.items():
        name = model.asked_as(member, ref)
        below = f"{path}.{name}" if path else name
        if below == "DryRun" or amendment.ignores(below, ""):
            continue
        if snake(member) not in declared:
            if not any(word.startswith(f"{below}=") for word in amendment.harmless):
                refused[name] = {}
            continue
        inner = _struct_in(declared[snake(member)])
        read[name] = {}
        if inner is not None:
            parts = _sorted_out(model, _members(model, ref), inner, amendment, below)
            if parts[1]:
                read[name], refused[name] = parts
    return read, refused


def _members(model: Model, ref: Ref) -> Mapping[str, Ref]:
    shape = model.shape(ref)
    return _members(model, shape.member) if shape.member else shape.members


def _types(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in fields(struct)}


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Find the struct in `list[X]`, `X | None` and the like."""
    if isinstance(kind, type) and get_origin(kind) is None:
        return kind if issubclass(kind, msgspec.Struct) else None
    return next((found for part in get_args(kind) if (found := _struct_in(part))), None)


def _shown(tree: Tree) -> str:
    return ", ".join(f"`{name}`{f' ({_shown(below)})' if below else ''}" for name, below in sorted(tree.items()))


def _filters(operations: list[Operation], amendments: Amendments, works: Mapping[str, list[str]]) -> str:
    lines = []
    for operation in operations:
        if known := amendments.filters(operation.name):
            found = works[operation.name]
            others = sorted(known - {*found})
            cells = (", ".join(f"`{name}`" for name in names) for names in (found, others))
            lines.append(f"| `{operation.name}` | {' | '.join(cells)} |")
    if not lines:
        return ""
    return "\n".join(["", "| operation | filters | filters that match nothing |", "|---|---|---|", *lines]) + "\n"


def _families(refused: list[str]) -> Iterator[str]:
    left = list(refused)
    for family, words in FAMILIES.items():
        here = [name for name in left if re.search(words, name)]
        left = [name for name in left if name not in here]
        if here:
            yield f"\n### {family}\n\n" + "".join(f"- `{name}`\n" for name in here)


def main() -> int:
    made = document()
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(made)
        return 0
    return int(DOCUMENT.read_text() != made)


if __name__ == "__main__":
    sys.exit(main())

"""Golden pairs: a request beside what is read from it, an answer beside what is written of it.

The XML files are broken into lines to be readable; the documents on the wire are one line.
"""

from pathlib import Path

import msgspec
import pytest

from app.server.ec2.addresses import AssociateAddressIn, DescribeAddressesIn
from app.server.ec2.group_rules import AuthorizeSecurityGroupIngressIn
from app.server.ec2.volumes import AttachVolumeIn, CreateVolumeIn
from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.protocol import Protocol

PAIRS = Path(__file__).parent / "pairs"
NAMES = sorted(path.stem for path in PAIRS.glob("*.query"))


class Ebs(msgspec.Struct, omit_defaults=True):
    volume_size: int | None = None
    delete_on_termination: bool | None = None


class BlockDevice(msgspec.Struct, omit_defaults=True):
    device_name: str
    ebs: Ebs | None = None


class Tag(msgspec.Struct):
    key: str
    value: str = ""


class TagSpecification(msgspec.Struct):
    resource_type: str
    tags: list[Tag] = []


class Placement(msgspec.Struct):
    availability_zone: str | None = None


class Filter(msgspec.Struct):
    name: str
    values: list[str] = []


class RunInstances(msgspec.Struct, omit_defaults=True):
    image_id: str
    min_count: int
    max_count: int
    key_name: str | None = None
    security_groups: list[str] = []
    security_group_ids: list[str] = []
    user_data: bytes = b""
    instance_type: str = ""
    placement: Placement | None = None
    block_device_mappings: list[BlockDevice] = []
    tag_specifications: list[TagSpecification] = []
    addressing_type: str = ""
    client_token: str = ""


class DescribeInstances(msgspec.Struct, omit_defaults=True):
    instance_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class RebootInstances(msgspec.Struct):
    instance_ids: list[str]


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    structs: list[type[msgspec.Struct]] = [RunInstances, DescribeInstances, RebootInstances]
    offered = {struct.__name__: struct for struct in structs}
    offered["AuthorizeSecurityGroupIngress"] = AuthorizeSecurityGroupIngressIn
    offered |= {"AssociateAddress": AssociateAddressIn, "DescribeAddresses": DescribeAddressesIn}
    offered |= {"AttachVolume": AttachVolumeIn, "CreateVolume": CreateVolumeIn}
    return Protocol(Models(), "ec2", offered, Amendments.load())


def params(name: str) -> list[tuple[str, str]]:
    pairs = (line.partition("=") for line in (PAIRS / f"{name}.query").read_text("utf-8").splitlines())
    return [(key, value) for key, _, value in pairs]


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_read_as_written_beside_it(protocol: Protocol, name: str) -> None:
    call = protocol.decode(params(name))
    read = {
        "operation": call.operation,
        "date": call.date,
        "namespace": call.namespace,
        "dry_run": call.dry_run,
        "arguments": msgspec.to_builtins(call.arguments),
    }
    assert read == msgspec.json.decode((PAIRS / f"{name}.decoded.json").read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_written_as_beside_it(protocol: Protocol, name: str) -> None:
    call = protocol.decode(params(name))
    answer = msgspec.json.decode((PAIRS / f"{name}.answer.json").read_bytes())
    declaration, _, document = protocol.encode(call, answer, "req-1").decode().partition("\n")
    first, *lines = (PAIRS / f"{name}.xml").read_text("utf-8").splitlines()
    assert (declaration, document) == (first, "".join(lines))

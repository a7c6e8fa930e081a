"""Laws: what botocore's serializer writes we read back, and what we write botocore's parser reads back.

botocore's own serializer and parser are the oracle, over generated inputs: all operations that are offered, at all
dates that botocore has, and some large ones more often.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.server.query import requests_of
from app.wire.amendments import Amendments
from app.wire.models import Models, Ref
from app.wire.names import snake
from app.wire.protocol import Call, Protocol

OLDEST, NEWEST = "2014-09-01", "2016-11-15"
MODELS, AMENDMENTS, LOADER = Models(), Amendments.load(), Loader()
OFFERED = sorted(requests_of("ec2"))
READ = [
    "RunInstances",
    "DescribeInstances",
    "DescribeImages",
    "CreateTags",
    "ImportKeyPair",
    "AuthorizeSecurityGroupIngress",
    "ModifyImageAttribute",
    "RequestSpotInstances",
]
WRITTEN = [
    "RunInstances",
    "DescribeInstances",
    "DescribeImages",
    "DescribeSecurityGroups",
    "GetConsoleOutput",
    "CreateKeyPair",
    "CreateVolume",
    "DescribeTags",
    "DescribeInstanceAttribute",
]
# XML has no form for control characters; that they do no harm is a law of its own below.
characters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
text = st.lists(characters | st.sampled_from(["\n", "\t", "\r", "&", "<", "]]>"]), max_size=8).map("".join)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
times = st.integers(0, 4_000_000_000_000).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": text,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "blob": st.binary(max_size=12),
    "timestamp": times,
}
TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "double": float,
    "float": float,
    "blob": bytes,
    "timestamp": datetime,
}


@cache
def botocore_model(date: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model("ec2", "service-2", date), "ec2")


def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Generate what a client may give for a shape; empty structures and lists leave no trace on the wire."""
    described: Any = shape
    if shape.type_name == "structure":
        members = {name: member for name, member in described.members.items() if name not in {"DryRun", "MaxResults"}}
        if depth > 3 or not members:
            return st.just({})
        some = st.lists(st.sampled_from(sorted(members)), unique=True, min_size=1, max_size=5)
        return some.flatmap(
            lambda chosen: st.fixed_dictionaries({name: values(members[name], depth + 1) for name in chosen})
        ).map(without_traces)
    if shape.type_name == "list":
        return st.lists(values(described.member, depth + 1).filter(lambda value: value not in ({}, [])), max_size=3)
    return SCALARS[shape.type_name]


def without_traces(value: dict[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in value.items() if member not in ({}, [])}


def struct_of(members: Mapping[str, Ref], name: str, date: str, depth: int = 0) -> type[msgspec.Struct]:
    """Declare a struct with every field of a shape, as a handler would with some."""
    fields: list[tuple[str, Any, Any]] = []
    for member, ref in members.items():
        if member != "DryRun":
            kind = type_of(ref, f"{name}{member}", date, depth)
            fields.append((snake(member), kind | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(name, fields, kw_only=True)


def type_of(ref: Ref, name: str, date: str, depth: int) -> Any:
    model = MODELS.load("ec2", date)
    shape = model.shape(ref)
    if shape.type == "structure":
        return struct_of(shape.members if depth < 5 else {}, name, date, depth + 1)
    if shape.type == "list":
        assert shape.member is not None
        return list[type_of(shape.member, name + "Item", date, depth + 1)]  # type: ignore[misc]
    return TYPES[shape.type]


def in_snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake(name): in_snake(member) for name, member in value.items()}
    return [in_snake(item) for item in value] if isinstance(value, list) else value


def as_builtins(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        given = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: as_builtins(member) for name, member in given.items() if member is not msgspec.UNSET}
    return [as_builtins(item) for item in value] if isinstance(value, list) else value


@cache
def protocol_of(operations: tuple[str, ...], date: str) -> Protocol:
    model = MODELS.load("ec2", date)
    structs = {name: struct_of(model.inputs(name), name, date) for name in operations}
    return Protocol(MODELS, "ec2", structs, Amendments(operations={}))


@pytest.fixture(scope="module")
def protocols() -> dict[str, Protocol]:
    return {date: protocol_of(tuple(READ), date) for date in (NEWEST, OLDEST)}


@pytest.mark.parametrize("date", [OLDEST, NEWEST])
@pytest.mark.parametrize("operation", READ)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_botocore_asks_is_read_without_loss(
    protocols: dict[str, Protocol], operation: str, date: str, data: st.DataObject
) -> None:
    check_reading(protocols[date], botocore_model(date).operation_model(operation), data)


def check_reading(protocol: Protocol, described: OperationModel, data: st.DataObject) -> None:
    asked = data.draw(values(described.input_shape)) if described.input_shape else {}
    wire = create_serializer("ec2", include_validation=False).serialize_to_request(asked, described)["body"]
    call = protocol.decode([(name, str(value)) for name, value in wire.items()])
    assert (call.operation, call.date) == (described.name, described.service_model.api_version)
    assert as_builtins(call.arguments) == in_snake(asked)


@pytest.mark.parametrize("operation", OFFERED)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_operation_is_read_without_loss_at_every_date(operation: str, data: st.DataObject) -> None:
    for date in MODELS.dates("ec2"):
        described = botocore_model(date)
        if operation in described.operation_names:
            check_reading(protocol_of((operation,), date), described.operation_model(operation), data)


@pytest.mark.parametrize("date", [OLDEST, NEWEST])
@pytest.mark.parametrize("operation", WRITTEN)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_we_answer_botocore_reads_without_loss(operation: str, date: str, data: st.DataObject) -> None:
    shape = botocore_model(date).operation_model(operation).output_shape
    answer = data.draw(values(shape))
    protocol = Protocol(MODELS, "ec2", {operation: msgspec.Struct}, AMENDMENTS)
    call = Call(
        service="ec2",
        operation=operation,
        date=date,
        namespace=f"http://ec2.amazonaws.com/doc/{date}/",
        arguments=msgspec.Struct(),
        dry_run=False,
    )
    document = protocol.encode(call, answer, "req-1")
    parsed = create_parser("ec2").parse({"body": document, "headers": {}, "status_code": 200}, shape)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "req-1"
    assert parsed == answer


@given(st.text(), st.sampled_from([OLDEST, NEWEST]))
def test_no_text_of_a_user_breaks_the_document(given_text: str, date: str) -> None:
    protocol = Protocol(MODELS, "ec2", {"CreateKeyPair": msgspec.Struct}, AMENDMENTS)
    call = protocol.decode([("Action", "CreateKeyPair"), ("Version", date)])
    document = protocol.encode(call, {"KeyName": given_text}, given_text)
    shape = botocore_model(date).operation_model("CreateKeyPair").output_shape
    parsed = create_parser("ec2").parse({"body": document, "headers": {}, "status_code": 200}, shape)
    assert len(parsed["KeyName"]) == len(given_text)

"""The amendments agree with the documentation in botocore's models."""

import re
from typing import Any

import pytest
from botocore.loaders import Loader

from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.names import snake

AMENDMENTS = Amendments.load()
DOCUMENTED: dict[str, Any] = Loader().load_service_model("ec2", "service-2", "2016-11-15")
MARK = re.compile(r"<ul>|</ul>|<li>\s*<p>\s*<code>(.*?)</code>")


def documented_filters(operation: str) -> set[str]:
    """List the names at the first level of the list; deeper ones are values."""
    shape = DOCUMENTED["operations"][operation]["input"]["shape"]
    found, depth = set(), 0
    members = DOCUMENTED["shapes"][shape]["members"]
    for mark in MARK.finditer((members.get("Filters") or members["Filter"])["documentation"]):
        depth += {"<ul>": 1, "</ul>": -1}.get(mark.group(), 0)
        if mark.group(1) and depth == 1:
            found.add("tag:" if mark.group(1) in {"tag", "tag:&lt;key&gt;"} else mark.group(1))
    return found


@pytest.mark.parametrize("operation", [name for name in AMENDMENTS.operations if AMENDMENTS.filters(name)])
def test_filters_are_those_of_the_documentation(operation: str) -> None:
    assert AMENDMENTS.filters(operation) == documented_filters(operation)


def test_the_describe_operations_have_filters() -> None:
    described = {"Instances", "InstanceStatus", "Images", "KeyPairs", "Tags", "Regions", "AvailabilityZones"}
    described |= {"InstanceTypes", "SecurityGroups"}
    assert all(AMENDMENTS.filters(f"Describe{name}") for name in described)
    assert AMENDMENTS.filters("DescribeNothing") == frozenset()


def test_every_amended_parameter_exists() -> None:
    model = Models().newest("ec2")
    for operation, amendment in AMENDMENTS.operations.items():
        asked = {model.asked_as(name, ref) for name, ref in model.inputs(operation).items()}
        named = {name.partition("=")[0].partition(".")[0] for name in (*amendment.harmless, *amendment.defaults)}
        assert named <= asked, operation
        assert not amendment.parameters.keys() & asked, operation
        assert set(amendment.parameters.values()) <= model.shapes.keys()


def test_no_two_members_share_a_field_name() -> None:
    model = Models().newest("ec2")
    for operation in model.operations:
        members = list(model.inputs(operation))
        assert len({snake(member) for member in members}) == len(members), operation


@pytest.mark.parametrize(
    ("member", "field"),
    [
        ("ImageId", "image_id"),
        ("SecurityGroupIds", "security_group_ids"),
        ("Ipv6AddressCount", "ipv6_address_count"),
        ("S3", "s3"),
        ("DNSName", "dns_name"),
        ("From", "from_"),
    ],
)
def test_field_names_are_words_of_the_member(member: str, field: str) -> None:
    assert snake(member) == field

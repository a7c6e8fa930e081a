"""Every filter that works, on every Describe: it finds what shows its value, by wildcards too, and nothing else.

No list says which element a filter looks at: a value is taken from the element that is named like it, or from
anywhere in the answer; what is found must show it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from app.domain.vpc import DEFAULT_VPC_ID
from tests.house.working_filters import working_filters
from tests.server.filled_cloud import filled
from tests.server.raw_ec2 import RawEc2, Reply
from tests.server.victims import things

pytestmark = pytest.mark.server
WORKING = [(operation, name) for operation, names in working_filters().items() for name in names]
NEEDED = {
    "GetSecurityGroupsForVpc": {"VpcId": DEFAULT_VPC_ID},
    "DescribeLaunchTemplateVersions": {"LaunchTemplateId": "{full_template}"},
}
# What a filter looks at and no answer shows, or nothing here has at the moment, by reason.
_NOBODY_HAS = (
    *("CustomerGateways", "EgressOnlyInternetGateways", "Hosts", "NatGateways", "ReservedInstances"),
    *("SpotInstanceRequests", "VpcEndpoints", "VpcPeeringConnections", "VpnConnections", "VpnGateways"),
)
_READ_ONLY = ("DhcpOptions", "InternetGateways", "NetworkAcls", "NetworkInterfaces", "RouteTables", "Subnets", "Vpcs")
UNSHOWN: dict[str, set[tuple[str, str]]] = {
    "nobody has such a thing": {(f"Describe{kind}", tag) for kind in _NOBODY_HAS for tag in ("tag-key", "tag:")},
    "parts of the default network carry no tags": {
        (f"Describe{kind}", tag) for kind in _READ_ONLY for tag in ("tag-key", "tag:")
    },
    "only when something has failed": {
        ("DescribeAvailabilityZones", "message"),
        ("DescribeImages", "state-reason-code"),
        ("DescribeImages", "state-reason-message"),
    },
    "no type here has CPU credits": {("DescribeInstanceCreditSpecifications", "instance-id")},
    "the models have no such option of a template": {("DescribeLaunchTemplateVersions", "http-protocol-ipv4")},
}
MOST_VALUES = 200


@pytest.fixture(scope="module")
def mine(raw: RawEc2, admin: dict[str, str]) -> Iterator[dict[str, str]]:
    with things(raw, admin) as found, filled(raw, found) as more:
        yield more


class Asked:
    """One Describe, with and without a value of one filter."""

    def __init__(self, raw: RawEc2, mine: dict[str, str], operation: str, name: str) -> None:
        self._raw, self._operation = raw, operation
        self._name = name.replace("tag:", f"tag:{mine['tag']}")
        self._needed = [(key, value.format(**mine)) for key, value in NEEDED.get(operation, {}).items()]

    def all(self) -> list[Any]:
        return items(self._ask(()))

    def found(self, *values: str) -> list[str]:
        """Return the found items, each as one text."""
        return [written(item) for item in items(self._ask(values))]

    def _ask(self, values: Iterable[str]) -> Reply:
        wanted = [(f"Filter.1.Value.{n}", value) for n, value in enumerate(values, 1)]
        named = [("Filter.1.Name", self._name)] if wanted else []
        reply = self._raw.pairs(
            [("Action", self._operation), ("Version", "2016-11-15"), *self._needed, *named, *wanted]
        )
        assert reply.status == 200, reply.message
        return reply


def items(reply: Reply) -> list[Any]:
    """Take the items of the answer's list."""
    return [item for found in reply.tree for item in found if item.tag.endswith("}item")]


def written(item: Any) -> str:
    return "\n".join(f"{local(leaf)}={leaf.text or ''}" for leaf in item.iter() if not len(leaf))


def local(element: Any) -> str:
    tag: str = element.tag
    return tag.rpartition("}")[2].lower()


def shown(all_items: list[Any], name: str) -> list[str]:
    """List values that the filter may look at, those of elements with its name first."""
    word = name.rsplit(".", maxsplit=1)[-1].replace("-", "")
    leaves = [
        leaf for item in all_items for leaf in item.iter() if not len(leaf) and leaf.text and len(leaf.text) < 256
    ]
    named = [leaf.text for leaf in leaves if local(leaf) == word]
    return list(dict.fromkeys([*named, *(leaf.text for leaf in leaves)]))


def escaped(value: str) -> str:
    return "".join("\\" + char if char in "*?\\" else char for char in value)


def one_that_is_found(asked: Asked, values: list[str]) -> str | None:
    """Look for a value that the filter finds something by, many at once."""
    while len(values) > 1:
        some = min(MOST_VALUES, (len(values) + 1) // 2)
        values = values[:some] if asked.found(*map(escaped, values[:some])) else values[some:]
    return values[0] if values and asked.found(escaped(values[0])) else None


@pytest.mark.parametrize(("operation", "name"), WORKING)
def test_a_filter_finds_what_shows_its_value_and_nothing_by_another(
    raw: RawEc2, mine: dict[str, str], operation: str, name: str
) -> None:
    asked = Asked(raw, mine, operation, name)
    values = shown(asked.all(), name)
    value = one_that_is_found(asked, values) or one_that_is_found(asked, [*mine.values()])
    unshown = any((operation, name) in pairs for pairs in UNSHOWN.values())
    assert (value is None) == unshown
    if value is None:
        return
    found = set(asked.found(escaped(value)))
    assert value not in values or all(f"={value}\n" in f"{item}\n" for item in found)
    assert found <= set(asked.found(escaped(value[:-1]) + "?"))
    assert found <= set(asked.found("*" + escaped(value[1:])))
    assert asked.found(escaped(value) + "-none") == []
    assert asked.found(escaped(value) + "-none", escaped(value)) != []

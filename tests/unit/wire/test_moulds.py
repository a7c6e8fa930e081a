"""What is cast from a mould is written as if it had been formed anew."""

from typing import Any

import pytest

from app.domain.address import Address
from app.server.ec2.interface_items import interface, network_members
from app.server.ec2.operation import Answer
from app.wire.answers import compile_answer
from app.wire.models import Models
from app.wire.moulds import Cast, hole, template
from tests.builders import OURS, an_instance

MODELS = Models()
ADDRESS = Address(id="eipalloc-1", ip="203.0.113.9", account_id=OURS, pool="x", automatic=True, created_at_ms=0)


def written(version: str, interface: object) -> str:
    encode = compile_answer(MODELS.load("ec2", version), "DescribeInstances", strict=False)
    answer = {"Reservations": [{"Instances": [{"NetworkInterfaces": [interface, interface]}]}]}
    return encode(answer, "ns", "id").decode()


@pytest.mark.parametrize("version", ["2016-11-15", "2014-09-01"])
@pytest.mark.parametrize("address", [None, ADDRESS])
@pytest.mark.parametrize("private_ip", ["", "10.0.0.5"])
@pytest.mark.parametrize("description", ["", "plain", "<&> %s %(mac)s {} \\1 é\r\n\0 \ue000mac\ue001"])
def test_an_interface_is_the_same_either_way(
    version: str, address: Address | None, private_ip: str, description: str
) -> None:
    instance = an_instance(private_ip=private_ip, interface_description=description, created_at_ms=1_700_000_000_123)
    groups: list[Answer] = [{"GroupId": "sg-1", "GroupName": "<web>"}]
    formed = interface(instance, groups, address)
    for more in ("InstanceId", "InstanceOwnerId"):
        formed["Attachment"].pop(more)  # type: ignore[attr-defined]
    shown: Any = network_members(instance, groups, address)["NetworkInterfaces"]
    assert isinstance(shown[0], Cast)
    assert parsed(written(version, shown[0])) == parsed(written(version, formed))


def parsed(document: str) -> list[str]:
    """Take a document apart; members come in any order."""
    return sorted(document.replace("<", "\n<").split("\n"))


def test_fixed_text_may_hold_a_percent_sign() -> None:
    assert template(f"<a>100 % {hole('b')}</a>")({"b": "<"}) == "<a>100 % &lt;</a>"

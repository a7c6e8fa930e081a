"""What is cast from a mould is written as if it had been formed anew."""

from typing import Any

import pytest

from app.domain.address import Address
from app.domain.group import SecurityGroup
from app.domain.instance import Instance, Reservation
from app.domain.names import Names
from app.server.ec2.instance_items import group_set, instance_item
from app.server.ec2.interface_items import interface
from app.server.ec2.scene import Shown
from app.wire import markup
from app.wire.answers import compile_answer
from app.wire.models import Models
from app.wire.moulds import Cast, hole, template
from tests.builders import OURS, an_instance

MODELS = Models()
STRANGE = "<&> %s %(mac)s {} \\1 é\r\n\0 \ue000mac\ue001"
GROUP = SecurityGroup(id="sg-1", account_id=OURS, name=STRANGE, description="", created_at_ms=0)
ADDRESS = Address(id="eipalloc-1", ip="203.0.113.9", account_id=OURS, pool="x", automatic=True, created_at_ms=0)


def written(version: str, instance: object) -> str:
    encode = compile_answer(MODELS.load("ec2", version), "DescribeInstances", strict=False)
    return encode({"Reservations": [{"Instances": [instance]}]}, "ns", "id").decode()


def seen(instance: Instance, address: Address | None, **more: Any) -> Shown:
    reservation = Reservation(id="r-1", account_id=OURS, user_id="u", created_at_ms=0)
    about: dict[str, Any] = {"groups": (GROUP,), "tags": {}, "image": None, "host": None, "placement_group_id": ""}
    about |= {"names": Names(), "address": address}
    return Shown(instance=instance, reservation=reservation, **about | more)


def cast(instance: Instance, address: Address | None, **more: Any) -> Cast:
    return instance_item(seen(instance, address, **more))


@pytest.mark.parametrize("version", ["2016-11-15", "2014-09-01"])
@pytest.mark.parametrize("address", [None, ADDRESS])
@pytest.mark.parametrize("private_ip", ["", "10.0.0.5"])
@pytest.mark.parametrize("description", ["", "plain", STRANGE])
@pytest.mark.parametrize("names", [Names(), Names("cloud.example")])
def test_an_interface_is_the_same_on_its_instance_as_alone(
    version: str, address: Address | None, private_ip: str, description: str, names: Names
) -> None:
    instance = an_instance(private_ip=private_ip, interface_description=description, created_at_ms=1_700_000_000_123)
    formed = interface(seen(instance, address, names=names), group_set((GROUP,)))
    for more in ("InstanceId", "InstanceOwnerId"):
        formed["Attachment"].pop(more)  # type: ignore[attr-defined]
    alone = written(version, {"NetworkInterfaces": [formed]})
    assert parsed(interfaces(written(version, cast(instance, address, names=names)))) == parsed(interfaces(alone))


def test_texts_of_users_come_through_wherever_they_stand() -> None:
    instance = an_instance(placement_group=STRANGE, key_name=STRANGE, state_reason_code="x", state_reason=STRANGE)
    document = written("2016-11-15", cast(instance, None, tags={STRANGE: STRANGE}))
    assert document.count(markup.text(STRANGE)) == 7  # two of them the group's name, on the instance and its interface
    assert "%(" not in document.replace(markup.text(STRANGE), "")


def test_what_an_instance_lacks_is_left_out() -> None:
    bare = written("2016-11-15", cast(an_instance(key_name="", private_ip=""), None))
    lacked = ("keyName", "kernelId", "stateReason>", "privateIpAddress>", "<ipAddress")
    assert not [tag for tag in lacked if tag in bare]
    assert "<tagSet/>" in bare


def interfaces(document: str) -> str:
    return document[document.index("<networkInterfaceSet") : document.index("</networkInterfaceSet")]


def parsed(document: str) -> list[str]:
    """Take a document apart; members come in any order."""
    return sorted(document.replace("<", "\n<").split("\n"))


def test_fixed_text_may_hold_a_percent_sign() -> None:
    assert template(f"<a>100 % {hole('b')}</a>")({"b": "<"}) == "<a>100 % &lt;</a>"

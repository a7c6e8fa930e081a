"""Guests that switch themselves off: EC2's instance-initiated shutdown behaviour, as a client sees it."""

import pytest

from tests.faults.conftest import ScriptedZone

pytestmark = pytest.mark.faults


def test_a_guest_that_powers_itself_off_is_stopped_and_can_be_started_again(zone: ScriptedZone) -> None:
    instance_id = zone.running()
    zone.world.direct("power_off", zone.name, instance_id=instance_id)
    stopped = zone.becomes("stopped", instance_id)
    assert stopped["StateReason"] == {
        "Code": "Client.InstanceInitiatedShutdown",
        "Message": "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
    }
    assert stopped["StateTransitionReason"].startswith("Instance initiated (20")
    assert f"{instance_id}.root" in [volume["name"] for volume in zone.world.do(zone.name, "volumes")]
    zone.ec2.start_instances(InstanceIds=[instance_id])
    assert "StateReason" not in zone.becomes("running", instance_id)
    zone.ends(instance_id)


def test_a_guest_that_was_to_end_with_its_power_off_is_terminated_and_leaves_nothing(zone: ScriptedZone) -> None:
    instance_id = zone.running(InstanceInitiatedShutdownBehavior="terminate")
    zone.world.direct("power_off", zone.name, instance_id=instance_id)
    ended = zone.becomes("terminated", instance_id)
    assert ended["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert zone.domains() == {}
    assert not [volume for volume in zone.world.do(zone.name, "volumes") if volume["name"].startswith("i-")]


def test_one_that_crashes_is_stopped_whatever_was_to_happen_at_power_off(zone: ScriptedZone) -> None:
    instance_id = zone.running(InstanceInitiatedShutdownBehavior="terminate")
    zone.world.direct("crash", zone.name, instance_id=instance_id)
    assert "the guest crashed" in zone.becomes("stopped", instance_id)["StateReason"]["Message"]
    zone.ends(instance_id)

"""Hosts that refuse, hang, die and come back, with or without their guests, as users and operators see it."""

import time

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.faults.conftest import ScriptedZone
from tests.scripted_world import World

pytestmark = pytest.mark.faults


def no_room(zone: ScriptedZone, **more: object) -> bool:
    """Try to launch; tell whether the answer was that there is no room."""
    try:
        zone.run(**more)
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "InsufficientInstanceCapacity")
    return False


@pytest.fixture
def pair(world: World, environment: dict[str, str], image_id: str) -> tuple[ScriptedZone, ScriptedZone]:
    return ScriptedZone("kept", world, environment, image_id), ScriptedZone("emptied", world, environment, image_id)


def test_a_host_that_refuses_ends_the_launch_with_its_words_and_keeps_nothing(zone: ScriptedZone) -> None:
    zone.world.direct("refuse", zone.name, what="start", words="no /dev/kvm here")
    instance_id = zone.run()
    ended = zone.becomes("terminated", instance_id)
    assert ended["StateReason"]["Code"] == "Server.InternalError"
    assert "no /dev/kvm here" in ended["StateReason"]["Message"]
    assert zone.name not in ended["StateReason"]["Message"]
    assert zone.domains() == {}
    assert zone.host()["cores_used"] == 0
    zone.world.direct("refuse", zone.name, what="start", times=0)
    zone.ends(zone.running())


def test_lost_hosts_keep_what_they_ran_and_get_back_what_they_lost(pair: tuple[ScriptedZone, ScriptedZone]) -> None:
    """Two hosts die at once: one returns with its guests, the other, a rehearsal host, with nothing."""
    kept, emptied = pair
    stays, goes, anew = kept.running(), kept.running(), emptied.running()
    assert {kept.status(stays), emptied.status(anew)} == {"ok"}
    for zone in pair:
        zone.world.direct("lose", zone.name, told=True)
    eventually(lambda: {kept.status(stays), kept.status(goes), emptied.status(anew)} == {"impaired"})
    assert [zone.host()["state"] for zone in pair] == ["lost", "lost"]
    assert "lost by script" in kept.host()["last_error"]
    assert kept.shown(stays)["State"]["Name"] == "running"
    assert no_room(kept)
    kept.ec2.terminate_instances(InstanceIds=[goes])
    assert kept.shown(goes)["State"]["Name"] == "shutting-down"

    kept.world.direct("back", kept.name)
    emptied.world.direct("back", emptied.name, empty=True)
    kept.becomes("terminated", goes)
    eventually(lambda: {kept.status(stays), emptied.status(anew)} == {"ok"})
    eventually(lambda: emptied.domains() == {anew: "running"})
    assert kept.domains() == {stays: "running"}
    assert (kept.starts(stays), emptied.starts(anew)) == (1, 2)
    kept.ends(stays)
    emptied.ends(anew)


def test_a_host_that_hangs_holds_up_no_answer(zone: ScriptedZone) -> None:
    zone.world.direct("delay", zone.name, what="define", seconds=3600)
    instance_id = zone.run()
    began = time.monotonic()
    zone.ec2.describe_instances()
    zone.ec2.terminate_instances(InstanceIds=[instance_id])
    assert zone.shown(instance_id)["State"]["Name"] in {"shutting-down", "terminated"}
    assert time.monotonic() - began < 30


def test_a_foreign_domain_is_left_alone_and_its_room_is_not_given_away(zone: ScriptedZone) -> None:
    zone.world.direct("foreign", zone.name, instance_id="somebody-elses", cores=6, memory_mib=1024)
    eventually(lambda: zone.host()["cores"] == 2)
    assert no_room(zone, InstanceType="c1.xlarge")
    ids = [zone.running(), zone.running()]
    assert no_room(zone)
    zone.ec2.terminate_instances(InstanceIds=ids)
    for instance_id in ids:
        zone.becomes("terminated", instance_id)
    (stranger,) = zone.world.direct("foreign_domains", zone.name)
    assert (stranger["instance_id"], stranger["state"]) == ("somebody-elses", "running")

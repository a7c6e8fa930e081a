"""Kill -9 of the server while instances start, on hosts that survive it: nothing is lost, doubled, stuck or foreign."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.client import calls
from app.client.errors import Refused, Unreachable
from app.client.http import SyncCloud
from tests.crash.fire import LAUNCHES, ask, kill_at_random, launch_under_fire, settled, states_of
from tests.deadline import eventually
from tests.scripted_world import World
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.crash
HOSTS = ("north", "south")
MOVING = 6
SLOW = ("define", "start", "migrate", "create_volume", "shutdown", "reboot", "destroy", "undefine", "delete_volume")
FATES: dict[str, tuple[tuple[str, ...], str]] = {
    "stopped": (("stop",), "stopped"),
    "started again": (("stop", "start"), "running"),
    "rebooted": (("reboot",), "running"),
    "ended": (("terminate",), "terminated"),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two slow hosts, each with a domain of somebody else's."""
    with World() as world:
        for host in HOSTS:
            world.direct("size", host, cores=16, memory_mib=32768, disk_gb=400)
            world.direct("foreign", host, instance_id=f"someone-elses-{host}")
            for action in SLOW:
                world.direct("delay", host, what=action, seconds=0.05)
        yield world


@pytest.fixture
def cloud(tmp_path: Path, world: World) -> Iterator[ServedCloud]:
    """A cloud of these two hosts, all up, with one image."""
    with ServedCloud(tmp_path / "state", rehearse="none") as cloud:
        cloud.euca("cluster", "add", "one")
        for host in HOSTS:
            cloud.euca("host", "add", world.uri(host), "--name", host, "--cluster", "one")
        root = tmp_path / "root.img"
        root.write_bytes(b"root" * 1024)
        cloud.euca("image", "install", str(root), "--name", "root")
        eventually(lambda: {zone["State"] for zone in zones(cloud)} == {"available"})
        yield cloud


def zones(cloud: ServedCloud) -> Any:
    return ec2_client(cloud.credentials()).describe_availability_zones()["AvailabilityZones"]


def on_hosts(world: World, what: str) -> list[Any]:
    return [thing for host in HOSTS for thing in world.do(host, what)]


def test_killing_the_server_during_twenty_launches_loses_and_doubles_nothing(cloud: ServedCloud, world: World) -> None:
    environment = cloud.credentials()
    ids = launch_under_fire(cloud, environment)
    states = eventually(lambda: settled(environment))
    assert len(ids) == LAUNCHES
    assert states == dict.fromkeys(ids, "running")
    assert sorted(domain["instance_id"] for domain in on_hosts(world, "domains")) == sorted(ids)
    assert {domain["state"] for domain in on_hosts(world, "domains")} == {"running"}
    assert world.direct("doubles") == []

    ec2_client(environment).terminate_instances(InstanceIds=sorted(ids))
    cloud.kill()
    cloud.start()
    eventually(lambda: set(settled(environment).values()) == {"terminated"})
    assert on_hosts(world, "domains") == []
    assert [v["name"] for v in on_hosts(world, "volumes") if not v["name"].startswith("image-")] == []
    assert [len(world.direct("foreign_domains", host)) for host in HOSTS] == [1, 1]


def test_killing_the_server_while_instances_stop_start_reboot_and_end_loses_nothing(
    cloud: ServedCloud, world: World
) -> None:
    environment = cloud.credentials()
    image_id = ec2_client(environment).describe_images()["Images"][0]["ImageId"]
    run = ec2_client(environment).run_instances(ImageId=image_id, MinCount=16, MaxCount=16)
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    eventually(lambda: set(settled(environment).values()) == {"running"})
    fates = dict(zip(ids, list(FATES) * 4, strict=True))
    with ThreadPoolExecutor(len(ids)) as pool:
        answers = [pool.submit(ask, environment, name, FATES[fate][0]) for name, fate in fates.items()]
        kill_at_random(cloud, random.Random(11))
        for answer in answers:
            answer.result()
    wanted = {name: FATES[fate][1] for name, fate in fates.items()}
    eventually(lambda: states_of(environment) == wanted)

    here = {domain["instance_id"]: domain["state"] for domain in on_hosts(world, "domains")}
    assert here == {name: "running" for name, state in wanted.items() if state == "running"}
    assert world.direct("doubles") == []
    rebooted = {entry["instance_id"] for entry in world.direct("log") if entry["do"] == "reboot"}
    assert rebooted == {name for name, fate in fates.items() if fate == "rebooted"}
    disks = {volume["name"].partition(".")[0] for volume in on_hosts(world, "volumes")} & set(ids)
    assert disks == {name for name, state in wanted.items() if state != "terminated"}
    assert [len(world.direct("foreign_domains", host)) for host in HOSTS] == [1, 1]


def test_killing_the_server_while_instances_move_leaves_each_running_on_one_host(
    cloud: ServedCloud, world: World
) -> None:
    environment = cloud.credentials()
    image_id = ec2_client(environment).describe_images()["Images"][0]["ImageId"]
    run = ec2_client(environment).run_instances(ImageId=image_id, MinCount=MOVING, MaxCount=MOVING)
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    eventually(lambda: set(settled(environment).values()) == {"running"})
    with ThreadPoolExecutor(len(ids)) as pool:
        answers = [pool.submit(move_about, environment, name) for name in ids]
        kill_at_random(cloud, random.Random(13))
        for answer in answers:
            answer.result()
    assert states_of(environment) == dict.fromkeys(ids, "running")
    eventually(lambda: len(on_hosts(world, "domains")) == MOVING)
    assert {domain["state"] for domain in on_hosts(world, "domains")} == {"running"}
    assert world.direct("doubles") == []
    assert [entry for entry in world.direct("log") if entry["do"] == "destroy"] == []
    for host in HOSTS:
        disks = {volume["name"].partition(".")[0] for volume in world.do(host, "volumes")} & set(ids)
        assert disks == {domain["instance_id"] for domain in world.do(host, "domains")}


def move_about(environment: dict[str, str], instance_id: str) -> None:
    """Have one instance moved there and back, each time until it has arrived."""
    with SyncCloud(environment["EUCA_URL"], environment["EUCA_TOKEN"]) as cloud:
        for _ in range(2):
            here = eventually(lambda: host_of(cloud, instance_id))
            target = next(host for host in HOSTS if host != here)
            eventually(lambda target=target: arrived(cloud, instance_id, target))  # type: ignore[misc]


def host_of(cloud: SyncCloud, instance_id: str) -> str:
    with suppress(Unreachable):
        return cloud.send(calls.instance(instance_id)).host
    return ""


def arrived(cloud: SyncCloud, instance_id: str, target: str) -> bool:
    """Tell whether an instance is at its new host for good; ask for the move if it is not on its way."""
    with suppress(Unreachable, Refused):
        view = cloud.send(calls.instance(instance_id))
        if view.host == target:
            return not view.moving_from
        if not view.moving_from:
            cloud.send(calls.move(instance_id, target))
    return False

"""Kill -9 of the server while instances start, on hosts that survive it: nothing is lost, doubled, stuck or foreign."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.crash.scripted_world import WorldProcess
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.crash
HOSTS = ("north", "south")
LAUNCHES = 20
KILLS = 6
SLOW = ("define", "start", "create_volume", "shutdown", "reboot", "destroy", "undefine", "delete_volume")
FATES: dict[str, tuple[tuple[str, ...], str]] = {
    "stopped": (("stop",), "stopped"),
    "started again": (("stop", "start"), "running"),
    "rebooted": (("reboot",), "running"),
    "ended": (("terminate",), "terminated"),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldProcess]:
    """Two slow hosts, each with a domain of somebody else's."""
    with WorldProcess(tmp_path / "world.sock") as world:
        for host in HOSTS:
            world.direct("size", host, cores=16, memory_mib=32768, disk_gb=400)
            world.direct("foreign", host, instance_id=f"someone-elses-{host}")
            for action in SLOW:
                world.direct("delay", host, what=action, seconds=0.05)
        yield world


@pytest.fixture
def cloud(tmp_path: Path, world: WorldProcess) -> Iterator[ServedCloud]:
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


def states_of(environment: dict[str, str]) -> dict[str, str]:
    reservations = ec2_client(environment).describe_instances()["Reservations"]
    return {i["InstanceId"]: i["State"]["Name"] for r in reservations for i in r["Instances"]}


def settled(environment: dict[str, str]) -> dict[str, str]:
    """Return the state of each instance once none is on its way."""
    states = states_of(environment)
    return {} if {"pending", "stopping", "shutting-down"} & set(states.values()) else states


def on_hosts(world: WorldProcess, what: str) -> list[Any]:
    return [thing for host in HOSTS for thing in world.do(host, what)]


def launch(environment: dict[str, str], image_id: str, number: int) -> str:
    """Launch one instance as a stubborn client does: the same token until an answer comes."""
    for _ in range(400):
        try:
            run = ec2_client(environment).run_instances(
                ImageId=image_id, MinCount=1, MaxCount=1, ClientToken=f"launch-{number}"
            )
            return str(run["Instances"][0]["InstanceId"])
        except (BotoCoreError, ClientError):
            time.sleep(0.05)
    raise AssertionError("the server never answered")


def launch_under_fire(cloud: ServedCloud, environment: dict[str, str]) -> set[str]:
    """Launch from twenty clients at once while the server is killed and started again at random moments."""
    chance = random.Random(7)
    image_id = ec2_client(environment).describe_images()["Images"][0]["ImageId"]
    with ThreadPoolExecutor(LAUNCHES) as pool:
        answers = [pool.submit(launch, environment, image_id, number) for number in range(LAUNCHES)]
        kill_at_random(cloud, chance)
        return {answer.result() for answer in answers}


def kill_at_random(cloud: ServedCloud, chance: random.Random) -> None:
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.4))
        cloud.kill()
        cloud.start()


def ask(environment: dict[str, str], instance_id: str, actions: tuple[str, ...]) -> None:
    """Ask for one action after the other, each until it is answered and, where it changes the state, has come true."""
    for action in actions:
        eventually(lambda action=action: accepted(environment, instance_id, action), within_s=60)  # type: ignore[misc]


def accepted(environment: dict[str, str], instance_id: str, action: str) -> bool:
    try:
        getattr(ec2_client(environment), f"{action}_instances")(InstanceIds=[instance_id])
    except (BotoCoreError, ClientError):
        return False
    return True


def test_killing_the_server_during_twenty_launches_loses_and_doubles_nothing(
    cloud: ServedCloud, world: WorldProcess
) -> None:
    environment = cloud.credentials()
    ids = launch_under_fire(cloud, environment)
    states = eventually(lambda: settled(environment), within_s=60)
    assert len(ids) == LAUNCHES
    assert states == dict.fromkeys(ids, "running")
    assert sorted(domain["instance_id"] for domain in on_hosts(world, "domains")) == sorted(ids)
    assert {domain["state"] for domain in on_hosts(world, "domains")} == {"running"}
    assert world.direct("doubles") == []

    ec2_client(environment).terminate_instances(InstanceIds=sorted(ids))
    cloud.kill()
    cloud.start()
    eventually(lambda: set(settled(environment).values()) == {"terminated"}, within_s=60)
    assert on_hosts(world, "domains") == []
    assert [v["name"] for v in on_hosts(world, "volumes") if not v["name"].startswith("image-")] == []
    assert [len(world.direct("foreign_domains", host)) for host in HOSTS] == [1, 1]


def test_killing_the_server_while_instances_stop_start_reboot_and_end_loses_nothing(
    cloud: ServedCloud, world: WorldProcess
) -> None:
    environment = cloud.credentials()
    image_id = ec2_client(environment).describe_images()["Images"][0]["ImageId"]
    run = ec2_client(environment).run_instances(ImageId=image_id, MinCount=16, MaxCount=16)
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    eventually(lambda: set(settled(environment).values()) == {"running"}, within_s=60)
    fates = dict(zip(ids, list(FATES) * 4, strict=True))
    with ThreadPoolExecutor(len(ids)) as pool:
        answers = [pool.submit(ask, environment, name, FATES[fate][0]) for name, fate in fates.items()]
        kill_at_random(cloud, random.Random(11))
        for answer in answers:
            answer.result()
    wanted = {name: FATES[fate][1] for name, fate in fates.items()}
    eventually(lambda: states_of(environment) == wanted, within_s=60)

    here = {domain["instance_id"]: domain["state"] for domain in on_hosts(world, "domains")}
    assert here == {name: "running" for name, state in wanted.items() if state == "running"}
    assert world.direct("doubles") == []
    rebooted = {entry["instance_id"] for entry in world.direct("log") if entry["do"] == "reboot"}
    assert rebooted == {name for name, fate in fates.items() if fate == "rebooted"}
    disks = {volume["name"].partition(".")[0] for volume in on_hosts(world, "volumes")} & set(ids)
    assert disks == {name for name, state in wanted.items() if state != "terminated"}
    assert [len(world.direct("foreign_domains", host)) for host in HOSTS] == [1, 1]

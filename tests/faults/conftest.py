"""One served cloud for all bad days of hosts and guests; every test brings a zone with one host of its own."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.deadline import PATIENCE_S, eventually
from tests.scripted_world import World
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

POOL = "/var/lib/libvirt/eucalyptus"
"""Every host's own: a private libvirtd has this path inside its own folder."""
NUMBERS = count(1)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    folder = tmp_path_factory.mktemp("cloud")
    config = folder / "eucalyptus.conf"
    config.write_text(f'REHEARSE="none"\nINSTANCE_PATH="{POOL}"\n')
    with ServedCloud(folder / "state", config=config) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def environment(cloud: ServedCloud) -> dict[str, str]:
    return cloud.credentials()


@pytest.fixture
def ec2(environment: dict[str, str]) -> Any:
    return ec2_client(environment)


@pytest.fixture(scope="session")
def image_id(cloud: ServedCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("image") / "root.img"
    root.write_bytes(b"root" * 1024)
    return cloud.euca("image", "install", str(root), "--name", "root").stdout.strip()


class Zone:
    """A cluster of one host, both of one name: what its operator reads, what its users do and see."""

    def __init__(self, name: str, uri: str, environment: dict[str, str], image_id: str) -> None:
        self.name, self.ec2 = name, ec2_client(environment)
        self._image_id, self._url = image_id, f"{environment['EUCA_URL']}/api/v1"
        self._headers = {"Authorization": f"Bearer {environment['EUCA_TOKEN']}"}
        self._post("clusters", name=name)
        self._post("hosts", name=name, cluster=name, uri=uri)
        eventually(lambda: self.host()["state"] == "up")

    def host(self) -> dict[str, Any]:
        """Return what the operator sees of the host."""
        shown: dict[str, Any] = httpx.get(f"{self._url}/hosts/{self.name}", headers=self._headers).json()
        return shown

    def run(self, **more: Any) -> str:
        """Launch one instance here."""
        asked = {"ImageId": self._image_id, "MinCount": 1, "MaxCount": 1, "Placement": {"AvailabilityZone": self.name}}
        ran = self.ec2.run_instances(**(asked | more))
        instance_id: str = ran["Instances"][0]["InstanceId"]
        return instance_id

    def running(self, **more: Any) -> str:
        """Launch one instance here and wait until it runs."""
        instance_id = self.run(**more)
        self.becomes("running", instance_id)
        return instance_id

    def shown(self, instance_id: str) -> dict[str, Any]:
        """Return what DescribeInstances shows."""
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]
        instance: dict[str, Any] = found["Instances"][0]
        return instance

    def status(self, instance_id: str) -> str:
        """Return the word of DescribeInstanceStatus."""
        found = self.ec2.describe_instance_status(InstanceIds=[instance_id], IncludeAllInstances=True)
        word: str = found["InstanceStatuses"][0]["InstanceStatus"]["Status"]
        return word

    def becomes(self, state: str, instance_id: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for a state and return the instance in it."""
        eventually(lambda: self.shown(instance_id)["State"]["Name"] == state, within_s)
        return self.shown(instance_id)

    def _post(self, what: str, **body: str) -> None:
        httpx.post(f"{self._url}/{what}", json=body, headers=self._headers).raise_for_status()


class ScriptedZone(Zone):
    """A zone whose host is of the scripted world."""

    def __init__(self, name: str, world: World, environment: dict[str, str], image_id: str) -> None:
        self.world = world
        super().__init__(name, world.uri(name), environment, image_id)

    def ends(self, instance_id: str) -> None:
        """Terminate; nothing of it may be left on the host."""
        self.ec2.terminate_instances(InstanceIds=[instance_id])
        self.becomes("terminated", instance_id)
        assert self.domains() == {}
        assert not [volume for volume in self.world.do(self.name, "volumes") if volume["name"].startswith("i-")]

    def domains(self) -> dict[str, str]:
        """Return the state of each domain of ours on the host."""
        return {domain["instance_id"]: domain["state"] for domain in self.world.do(self.name, "domains")}

    def starts(self, instance_id: str) -> int:
        """Count how often a domain was started."""
        log = self.world.direct("log")
        return sum(
            (entry["do"], entry["instance_id"], entry["outcome"]) == ("start", instance_id, "done") for entry in log
        )


@pytest.fixture
def zone(world: World, environment: dict[str, str], image_id: str) -> ScriptedZone:
    return ScriptedZone(f"zone{next(NUMBERS)}", world, environment, image_id)

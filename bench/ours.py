"""Our server as it is served to anybody: `euca serve` in a process of its own, with SQLite as it always is.

Hosts are libvirt's test driver inside the server (`rehearsal`) or scripted ones in another process (`scripted`), as
hypervisors are in real life. State lies under `.cache`, on the disk of the checkout: `/tmp` may be memory.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.api.resources import AddCluster, AddHost
from app.client import calls
from app.client.http import SyncCloud
from bench.requests import Connection, Endpoint, texts
from tests.contract.libvirtd import Libvirtd
from tests.deadline import eventually
from tests.guest.private_host import PrivateHost
from tests.scripted_world import World
from tests.served import ServedCloud

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = "one"
UP_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A served cloud with one image to launch from."""

    served: ServedCloud
    endpoint: Endpoint
    image_id: str

    @property
    def pid(self) -> int:
        return self.served.pid

    def pending(self, connection: Connection) -> int:
        """Count the instances that do not run yet."""
        asked = self.endpoint.signed(
            "DescribeInstances", Filter_1_Name="instance-state-name", Filter_1_Value_1="pending"
        )
        return len(texts(connection.ask(asked), "instanceId"))

    def reach(self, connection: Connection, instance_id: str, state: str) -> None:
        asked = self.endpoint.signed("DescribeInstances", InstanceId_1=instance_id)
        eventually(lambda: f"<name>{state}</name>".encode() in connection.ask(asked), 60.0)

    def settle(self, connection: Connection, within_s: float = 300.0) -> float:
        """Wait until no instance is pending; return the seconds it took."""
        began = time.monotonic()
        while self.pending(connection):
            assert time.monotonic() - began < within_s, "instances stay pending"
            time.sleep(0.5)
        return time.monotonic() - began


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory on the checkout's own disk, gone afterwards."""
    home = ROOT / ".cache" / "bench"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        yield Path(folder)


@contextmanager
def rehearsal(folder: Path, shape: str) -> Iterator[Ours]:
    """Serve `shape` (clusters x hosts) of libvirt's test driver inside the server."""
    with ServedCloud(folder / "rehearsal", rehearse=shape) as served:
        yield _with_image(served)


@contextmanager
def scripted(folder: Path, hosts: int, cores: int) -> Iterator[Ours]:
    """Serve scripted hosts of `cores` cores each, all up."""
    with World() as world, ServedCloud(folder / "scripted", rehearse="none") as served:
        _install(served, folder)
        _join(served, [world.uri(f"host{n:03}", f"&{_size(cores)}") for n in range(hosts)])
        yield _with_image(served)


@contextmanager
def qemu(folder: Path) -> Iterator[tuple[Ours, PrivateHost]]:
    """Serve one QEMU host on a libvirtd of its own; its guests boot nothing."""
    daemon = Libvirtd()
    try:
        host = PrivateHost(daemon)
        config = folder / "eucalyptus.conf"
        config.write_text(f'INSTANCE_PATH="{host.instance_path}"\nREHEARSE="none"\n')
        with ServedCloud(folder / "qemu", config=config) as served:
            _install(served, folder)
            _join(served, [host.uri], max_cores=64)
            yield _with_image(served), host
    finally:
        daemon.stop()


def _install(served: ServedCloud, folder: Path) -> None:
    image = folder / "root.img"
    image.write_bytes(b"root" * 1024)
    served.euca("image", "install", str(image), "--name", "root")


def _size(cores: int) -> str:
    return f"cores={cores}&memory_mib={cores * 1024}&disk_gb={cores * 20}"


def _join(served: ServedCloud, uris: list[str], max_cores: int = 0) -> None:
    named = served.credentials()
    with SyncCloud(named["EUCA_URL"], named["EUCA_TOKEN"]) as cloud:
        cloud.send(calls.add_cluster(AddCluster(name=CLUSTER)))
        for number, uri in enumerate(uris):
            cloud.send(calls.add_host(AddHost(name=f"host{number:03}", uri=uri, cluster=CLUSTER, max_cores=max_cores)))
        deadline = time.monotonic() + UP_WITHIN_S
        while any(host.state != "up" for host in cloud.send(calls.hosts()).items):
            assert time.monotonic() < deadline, "hosts do not come up"
            time.sleep(0.2)


def _with_image(served: ServedCloud) -> Ours:
    named = served.credentials()
    endpoint = Endpoint(
        url=named["EUCA_URL"], access_key=named["AWS_ACCESS_KEY_ID"], secret_key=named["AWS_SECRET_ACCESS_KEY"]
    )
    with Connection(endpoint) as connection:
        machine = endpoint.signed("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine")
        image_id = texts(connection.ask(machine), "imageId")[0]
    return Ours(served=served, endpoint=endpoint, image_id=image_id)

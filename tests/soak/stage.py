"""What a soak runs on: a served cloud, scripted hosts in a process of their own, two real libvirtd with QEMU.

All of it lives in one network namespace, so that the networks of the instances are real and the machine's own is not
touched. The trap: both libvirtd need the same path for their disks and may not share it, so it lies below a directory
that is a private mount of each.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.api.resources import AddCluster, AddHost, RegisterImage
from app.client import calls
from app.client.http import SyncCloud
from app.storage.guest_image import BuiltImage
from tests.contract.libvirtd import Libvirtd
from tests.deadline import eventually
from tests.net.namespaces import Namespace
from tests.scripted_world import World
from tests.served import ServedCloud

SCRIPTED, REAL = "scripted", "real"
BRIDGE = "eucabr0"
KEPT_S = 120
SMALL_BYTES = 1 << 20
CONFIG = f"""
INSTANCE_PATH="/var/lib/libvirt/instances"
REHEARSE="none"
JOURNAL_KEEP="{KEPT_S}"
VNET_MODE="MANAGED-NOVLAN"
VNET_BRIDGE="{BRIDGE}"
VNET_SUBNET="10.44.0.0"
VNET_NETMASK="255.255.0.0"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What users and judges work with: `rest` is the administrator's, `images` has one for each cluster."""

    cloud: ServedCloud
    rest: SyncCloud
    world: World
    daemons: tuple[Libvirtd, ...]
    images: Mapping[str, str]


@contextmanager
def staged(folder: Path, guest: BuiltImage, hosts: int) -> Iterator[Stage]:
    """Build everything, and take it down again."""
    config = folder / "eucalyptus.conf"
    config.write_text(CONFIG)
    with ExitStack() as stack:
        namespace = stack.enter_context(Namespace())
        stack.enter_context(namespace.entered())
        world = stack.enter_context(World())
        daemons = tuple(_libvirtd(stack, f"real{number}") for number in (1, 2))
        cloud = stack.enter_context(ServedCloud(folder / "state", config=config))
        environment = cloud.credentials()
        rest = stack.enter_context(SyncCloud(environment["EUCA_URL"], environment["EUCA_TOKEN"]))
        names = [f"host{number:02}" for number in range(1, hosts + 1)]
        _join(rest, SCRIPTED, {name: world.uri(name) for name in names})
        _join(rest, REAL, {f"real{number}": daemon.qemu_uri for number, daemon in enumerate(daemons, 1)})
        yield Stage(cloud=cloud, rest=rest, world=world, daemons=daemons, images=_images(rest, guest))


def _libvirtd(stack: ExitStack, name: str) -> Libvirtd:
    daemon = Libvirtd(name)
    stack.callback(daemon.stop)
    (daemon.folder / "lib" / "instances").mkdir()
    return daemon


def _join(rest: SyncCloud, cluster: str, uris: Mapping[str, str]) -> None:
    rest.send(calls.add_cluster(AddCluster(name=cluster)))
    for name, uri in uris.items():
        rest.send(calls.add_host(AddHost(name=name, uri=uri, cluster=cluster, max_cores=8, bridge=BRIDGE)))
    eventually(lambda: all(host.state == "up" for host in rest.send(calls.hosts()).items), 60)


def _images(rest: SyncCloud, guest: BuiltImage) -> dict[str, str]:
    kernel = _register(rest, "tiny-kernel", "kernel", guest.kernel.read_bytes())
    ramdisk = _register(rest, "tiny-ramdisk", "ramdisk", guest.ramdisk.read_bytes())
    return {
        SCRIPTED: _register(rest, "small", "machine", os.urandom(SMALL_BYTES)),
        REAL: _register(rest, "tiny", "machine", guest.root.read_bytes(), kernel, ramdisk),
    }


def _register(rest: SyncCloud, name: str, kind: str, content: bytes, kernel: str = "", ramdisk: str = "") -> str:
    sha256 = rest.send(calls.upload_file(content)).sha256
    body = RegisterImage(name=name, kind=kind, sha256=sha256, kernel_id=kernel, ramdisk_id=ramdisk)
    return rest.send(calls.register_image(body)).id

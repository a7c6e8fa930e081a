"""A cloud of one QEMU host on a private libvirtd, with the guest image installed as its users would."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.storage.guest_image import BuiltImage
from tests.deadline import eventually
from tests.guest.private_host import PrivateHost
from tests.served import ServedCloud
from tests.server.conftest import ec2_client


@contextmanager
def a_qemu_cloud(host: PrivateHost, image: BuiltImage, folder: Path, settings: str = "") -> Iterator[ServedCloud]:
    """Serve it; `settings` are further lines of its eucalyptus.conf."""
    config = folder / "eucalyptus.conf"
    config.write_text(f'INSTANCE_PATH="{host.instance_path}"\nREHEARSE="none"\n{settings}')
    with ServedCloud(folder / "state", config=config) as cloud:
        cloud.euca("cluster", "add", "lab")
        cloud.euca("host", "add", host.uri, "--name", "lab1", "--cluster", "lab")
        files = ("--kernel", str(image.kernel), "--ramdisk", str(image.ramdisk))
        cloud.euca("image", "install", str(image.root), "--name", "tiny", *files)
        ec2 = ec2_client(cloud.credentials())
        eventually(lambda: ec2.describe_availability_zones()["AvailabilityZones"][0]["State"] == "available")
        yield cloud

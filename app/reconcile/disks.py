"""The volumes, domain and boot line of one instance: a pure plan from its rows and its host.

1.6.1's rule for sizes: everything counts against the disk of the VM type; root is as big as its image, swap
is fixed, ephemeral0 gets the rest. The trap: under Xen a disk is a partition (`sda1`, seen as `xvda1`) and
the dom0 of today wants it raw, so the root is a copy of the image there, not an overlay.
"""

from dataclasses import dataclass
from typing import Literal

from app.domain.host import Host
from app.domain.image import Image
from app.domain.instance import SWITCHES, Instance
from app.domain.ports import Disk, DomainSpec, Nic
from app.reconcile.cases import Case
from app.reconcile.diff import ROOT

MIB = 1 << 20
CACHED = "image-"
_PLACES = ("root", "ephemeral0", "swap", "seed")
_XEN_PARTITIONS = ("sda1", "sda2", "sda3", "sda4")
_XEN_DISKS = ("xvda", "xvdb", "xvdc", "xvdd")
_VIRTIO = ("vda", "vdb", "vdc", "vdd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A volume that must hold the bytes of an image before the instance can start."""

    volume: str
    sha256: str
    size_bytes: int

    @property
    def shared(self) -> bool:
        return self.volume.startswith(CACHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVolume:
    """An empty volume, or an overlay on the raw volume `backing`."""

    name: str
    capacity_bytes: int
    format: Literal["raw", "qcow2"]
    backing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`seed`: the volume that tells the instance who it is; empty: it asks the metadata address."""

    needs: tuple[Need, ...]
    volumes: tuple[NewVolume, ...]
    seed: str
    spec: DomainSpec


def cached_name(sha256: str) -> str:
    """Name the volume that caches an image on a host."""
    return CACHED + sha256


def own_prefix(instance_id: str) -> str:
    """Every volume of an instance begins with this."""
    return instance_id + "."


def plan(case: Case, host: Host, swap_mib: int, *, seeded: bool = False) -> Plan:
    """Lay out everything for one instance on one host; images without bytes get an empty root disk.

    So does one that moves where the root is a copy of the image: what is on it comes with the instance.
    """
    instance, xen = case.instance, host.is_xen
    seed = own_prefix(instance.id) + "seed" if seeded else ""
    root = _root(case, xen=xen)
    extra = _extra(instance, root.capacity_bytes, swap_mib)
    shared = (case.kernel, case.ramdisk) if xen else (case.image, case.kernel, case.ramdisk)
    needs = [
        Need(volume=cached_name(image.sha256), sha256=image.sha256, size_bytes=image.size_bytes)
        for image in shared
        if image is not None and image.sha256
    ]
    copied = xen and case.image is not None and bool(case.image.sha256)
    if copied and case.image is not None and not instance.launched:
        needs.append(Need(volume=root.name, sha256=case.image.sha256, size_bytes=case.image.size_bytes))
    return Plan(
        needs=tuple(needs),
        volumes=extra if copied and not instance.moving_from else (root, *extra),
        seed=seed,
        spec=_spec(case, host, _disks((root, *extra), seed, _targets(xen=xen, direct=bool(_boot_volume(case.kernel))))),
    )


def _root(case: Case, *, xen: bool) -> NewVolume:
    size, backing = case.instance.disk_gb * 1024 * MIB, ""
    if case.image is not None and case.image.sha256:
        size = case.image.size_bytes
        backing = "" if xen else cached_name(case.image.sha256)
    rounded = -(-size // MIB) * MIB
    return NewVolume(
        name=case.instance.id + ROOT, capacity_bytes=rounded, format="raw" if xen else "qcow2", backing=backing
    )


def _extra(instance: Instance, root_bytes: int, swap_mib: int) -> tuple[NewVolume, ...]:
    """Swap goes before ephemeral0 where the disk has not room for both."""
    left = instance.disk_gb * 1024 * MIB - root_bytes
    swap = swap_mib * MIB if left >= swap_mib * MIB else 0
    parts = (("ephemeral0", left - swap), ("swap", swap))
    return tuple(
        NewVolume(name=own_prefix(instance.id) + part, capacity_bytes=size, format="raw")
        for part, size in parts
        if size > 0
    )


def _disks(volumes: tuple[NewVolume, ...], seed: str, targets: tuple[str, ...]) -> tuple[Disk, ...]:
    """Give each volume its place; a guest knows all but the root by their serial."""
    places = dict(zip(_PLACES, targets, strict=True))
    disks = []
    for volume in volumes:
        role = volume.name.rpartition(".")[2]
        serial = "" if role == "root" else role
        disks.append(Disk(volume=volume.name, target=places[role], format=volume.format, serial=serial))
    if seed:
        disks.append(Disk(volume=seed, target=places["seed"], format="raw", serial="seed", read_only=True))
    return tuple(disks)


def _spec(case: Case, host: Host, disks: tuple[Disk, ...]) -> DomainSpec:
    instance, xen = case.instance, host.is_xen
    kernel, ramdisk = _boot_volume(case.kernel), _boot_volume(case.ramdisk)
    return DomainSpec(
        instance_id=instance.id,
        launch=instance.launches,
        cores=instance.cores,
        memory_mib=instance.memory_mib,
        kernel=kernel,
        ramdisk=ramdisk,
        cmdline=_cmdline(xen=xen) if kernel else "",
        disks=disks,
        nics=(Nic(mac=instance.mac, bridge=host.bridge),),
        recovery=recovery(instance),
    )


def _targets(*, xen: bool, direct: bool) -> tuple[str, ...]:
    """An image that boots by itself is a whole disk; one with a kernel beside it is a partition."""
    if not xen:
        return _VIRTIO
    return _XEN_PARTITIONS if direct else _XEN_DISKS


def _cmdline(*, xen: bool) -> str:
    return "root=/dev/xvda1 rw console=hvc0" if xen else "root=/dev/vda rw console=ttyS0"


def _boot_volume(image: Image | None) -> str:
    return cached_name(image.sha256) if image is not None and image.sha256 else ""


def recovery(instance: Instance) -> dict[str, str]:
    """Collect what rebuilds the row from its host and the domain itself does not carry; never user data."""
    return {
        "account_id": instance.account_id,
        "reservation_id": instance.reservation_id,
        "launch_index": str(instance.launch_index),
        "image_id": instance.image_id,
        "kernel_id": instance.kernel_id,
        "ramdisk_id": instance.ramdisk_id,
        "key_name": instance.key_name,
        "group_ids": ",".join(instance.group_ids),
        "vmtype": instance.vmtype,
        "cores": str(instance.cores),
        "memory_mib": str(instance.memory_mib),
        "disk_gb": str(instance.disk_gb),
        "cluster": instance.cluster,
        "placement_group": instance.placement_group,
        "partition_number": str(instance.partition_number),
        "architecture": instance.architecture,
        "shutdown_behavior": instance.shutdown_behavior,
        "monitoring": str(instance.monitoring).lower(),
        **{switch: str(getattr(instance, switch)).lower() for switch in SWITCHES},
        "metadata_hops": str(instance.metadata_hops),
        "mac": instance.mac,
        "private_ip": instance.private_ip,
        "public_key": instance.public_key,
        "launched_at_ms": str(instance.launched_at_ms),
        "created_at_ms": str(instance.created_at_ms),
    }

"""What volumes an instance gets by its type, and what its domain is defined from."""

import pytest

from app.domain.image import Image, ImageKind
from app.domain.ports import Disk
from app.reconcile.cases import Case
from app.reconcile.disks import MIB, Plan, plan
from tests.builders import OURS
from tests.unit.reconcile.rows import a_host, an_image, an_instance

ROOT, KERNEL, RAMDISK = "a" * 64, "b" * 64, "c" * 64
HALF_GIB = 512 * MIB


def a_plan(
    hypervisor: str, *, image: Image | None = None, direct: bool = True, launched: int = 0, seeded: bool = False
) -> Plan:
    boot = {
        "kernel": an_image(id="eki-00000001", kind=ImageKind.KERNEL, sha256=KERNEL, size_bytes=9),
        "ramdisk": an_image(id="eri-00000001", kind=ImageKind.RAMDISK, sha256=RAMDISK, size_bytes=8),
    }
    case = Case(
        instance=an_instance(launched=launched, launches=launched + 1, group_ids=("sg-1", "sg-2")),
        image=image or an_image(sha256=ROOT, size_bytes=HALF_GIB),
        kernel=boot["kernel"] if direct else None,
        ramdisk=boot["ramdisk"] if direct else None,
    )
    return plan(case, a_host(hypervisor=hypervisor, bridge="br0"), swap_mib=512, seeded=seeded)


def test_everything_counts_against_the_disk_of_the_type() -> None:
    sizes = {volume.name.partition(".")[2]: volume.capacity_bytes // MIB for volume in a_plan("QEMU 7.2.0").volumes}
    assert sizes == {"root": 512, "ephemeral0": 10 * 1024 - 512 - 512, "swap": 512}


def test_under_qemu_the_root_disk_is_an_overlay_on_the_cached_image() -> None:
    made = a_plan("QEMU 7.2.0")
    assert (made.volumes[0].format, made.volumes[0].backing) == ("qcow2", f"image-{ROOT}")
    assert [need.volume for need in made.needs] == [f"image-{ROOT}", f"image-{KERNEL}", f"image-{RAMDISK}"]
    assert [disk.target for disk in made.spec.disks] == ["vda", "vdb", "vdc"]
    assert made.spec.cmdline == "root=/dev/vda rw console=ttyS0"


def test_under_xen_the_root_disk_is_a_copy_of_the_image_on_a_partition() -> None:
    made = a_plan("Xen 4.17.5")
    assert [volume.name for volume in made.volumes] == ["i-00000001.ephemeral0", "i-00000001.swap"]
    assert [need.volume for need in made.needs] == [f"image-{KERNEL}", f"image-{RAMDISK}", "i-00000001.root"]
    assert [(disk.target, disk.format) for disk in made.spec.disks] == [
        ("sda1", "raw"),
        ("sda2", "raw"),
        ("sda3", "raw"),
    ]
    assert made.spec.cmdline == "root=/dev/xvda1 rw console=hvc0"


def test_under_xen_the_root_disk_of_an_instance_that_ran_is_not_copied_over() -> None:
    assert all(need.shared for need in a_plan("Xen 4.17.5", launched=1).needs)


def test_an_image_that_boots_by_itself_is_a_whole_disk() -> None:
    made = a_plan("Xen 4.17.5", direct=False)
    assert (made.spec.kernel, made.spec.cmdline) == ("", "")
    assert [disk.target for disk in made.spec.disks] == ["xvda", "xvdb", "xvdc"]


def test_there_is_no_swap_and_no_ephemeral_disk_where_the_image_fills_the_type() -> None:
    made = a_plan("QEMU 7.2.0", image=an_image(sha256=ROOT, size_bytes=10 * 1024 * MIB))
    assert [volume.name for volume in made.volumes] == ["i-00000001.root"]


def test_swap_goes_before_ephemeral_where_there_is_room_for_one() -> None:
    made = a_plan("QEMU 7.2.0", image=an_image(sha256=ROOT, size_bytes=(10 * 1024 - 512) * MIB))
    assert [volume.name.partition(".")[2] for volume in made.volumes] == ["root", "swap"]
    assert [disk.target for disk in made.spec.disks] == ["vda", "vdc"]


def test_a_domain_carries_what_rebuilds_its_row_and_no_user_data() -> None:
    recovery = a_plan("QEMU 7.2.0").spec.recovery
    assert recovery["group_ids"] == "sg-1,sg-2"
    assert recovery["account_id"] == OURS
    assert "user_data" not in recovery


@pytest.mark.parametrize(
    ("hypervisor", "direct", "target"),
    [("QEMU 7.2.0", True, "vdd"), ("Xen 4.17", True, "sda4"), ("Xen 4.17", False, "xvdd")],
)
def test_where_no_metadata_address_answers_the_last_disk_tells(hypervisor: str, direct: bool, target: str) -> None:
    made = a_plan(hypervisor, direct=direct, seeded=True)
    assert made.seed == f"{made.spec.instance_id}.seed"
    assert made.spec.disks[-1] == Disk(volume=made.seed, target=target, format="raw", serial="seed", read_only=True)
    assert a_plan(hypervisor, direct=direct).seed == ""


def test_a_guest_knows_its_blank_disks_by_their_serial() -> None:
    assert [disk.serial for disk in a_plan("QEMU 7.2.0").spec.disks] == ["", "ephemeral0", "swap"]

"""Definitions as libvirt gets them: golden files per hypervisor, and laws for what users may write into them."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.ports import Disk, DomainSpec, Nic
from app.xen.address import parse
from app.xen.domain_xml import TEST, flavour_of, render, without_passwords
from app.xen.metadata import NAMESPACE, read, uuid_of

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "domain_xml"
POOL = "/var/lib/eucalyptus/instances"
SPEC = DomainSpec(
    instance_id="i-3f2a9c41",
    launch=2,
    cores=2,
    memory_mib=512,
    kernel="eki-1.raw",
    ramdisk="eri-1.raw",
    cmdline='root=/dev/sda1 ro note="<&>"',
    disks=(
        Disk(volume="i-3f2a9c41-root.qcow2", target="sda1", format="qcow2", serial="root"),
        Disk(volume="i-3f2a9c41-swap.raw", target="sda3", format="raw"),
    ),
    nics=(Nic(mac="d0:0d:3f:2a:9c:41", bridge="br0"), Nic(mac="d0:0d:3f:2a:9c:42", bridge="")),
    recovery={"key name": '<tag> & "quotes" \x00 \ud800 é 日本', "groups": "sg-1,sg-2"},
)
HOSTS = {
    "qemu": "qemu+ssh://root@n1/system",
    "qemu-kvm": "qemu+ssh://root@n1/system?accel=kvm",
    "xen-pv": "xen+ssh://root@n1/",
    "xen-pvh": "xen+ssh://root@n1/?guest=pvh",
    "test": "test:///rehearsal",
}


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_a_definition_is_what_the_golden_file_says(name: str) -> None:
    assert render(SPEC, flavour_of(parse(HOSTS[name])), POOL) == (GOLDEN / f"{name}.xml").read_text()


@pytest.mark.parametrize(("name", "loader"), [("xen-pv", "grub-x86_64-xen.bin"), ("xen-pvh", "grub-i386-xen_pvh.bin")])
def test_what_has_no_kernel_is_booted_by_grub_in_a_guest_of_xen(name: str, loader: str) -> None:
    spec = replace(SPEC, kernel="", ramdisk="", cmdline="")
    top = ElementTree.fromstring(render(spec, flavour_of(parse(HOSTS[name])), POOL))
    assert (top.findtext("os/kernel"), top.find("os/initrd")) == (f"/usr/lib/grub-xen/{loader}", None)


@given(
    launch=st.integers(0, 10**6),
    recovery=st.dictionaries(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=50), max_size=5),
)
def test_recovery_facts_of_any_characters_survive_the_definition(launch: int, recovery: dict[str, str]) -> None:
    spec = DomainSpec(
        instance_id="i-1",
        launch=launch,
        cores=1,
        memory_mib=64,
        kernel="",
        ramdisk="",
        cmdline="",
        disks=(),
        nics=(),
        recovery=recovery,
    )
    top = ElementTree.fromstring(render(spec, TEST, POOL))
    element = top.find(f"metadata/{{{NAMESPACE}}}instance")
    assert element is not None
    mark = read(ElementTree.tostring(element, encoding="unicode"))
    assert mark is not None
    assert (mark.instance_id, mark.launch, mark.recovery) == ("i-1", launch, recovery)


@given(st.text())
def test_metadata_that_is_not_ours_is_no_error(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><x id="i-1" launch="1">&a;</x>',
        '<x id="i-1"/>',
        '<x id="i-1" launch="soon"/>',
        '<x id="i-1" launch="1"><recovery>[]</recovery></x>',
    ],
)
def test_metadata_in_another_form_is_not_ours(text: str) -> None:
    assert read(text) is None


@given(st.text(st.characters(), max_size=12))
def test_a_volume_never_leaves_the_pool(name: str) -> None:
    spec = DomainSpec(
        instance_id="i-1",
        launch=1,
        cores=1,
        memory_mib=64,
        kernel="",
        ramdisk="",
        cmdline="",
        disks=(Disk(volume=name, target="vda", format="raw"),),
        nics=(),
        recovery={},
    )
    try:
        top = ElementTree.fromstring(render(spec, TEST, POOL))
    except Invalid:
        return
    source = top.find("devices/disk/source")
    assert source is not None
    assert source.get("file") == f"{POOL}/{name}"
    assert Path(source.get("file", "")).parent == Path(POOL)


@given(st.lists(st.sampled_from(["sda1", "sda2", "sda3", "sdb", "vda", "vdb", "xvda"]), min_size=1, max_size=7))
def test_disks_of_a_virtio_bus_never_share_a_name(targets: list[str]) -> None:
    spec = DomainSpec(
        instance_id="i-1",
        launch=1,
        cores=1,
        memory_mib=64,
        kernel="",
        ramdisk="",
        cmdline="",
        disks=tuple(Disk(volume=f"v{n}", target=target, format="raw") for n, target in enumerate(targets)),
        nics=(),
        recovery={},
    )
    top = ElementTree.fromstring(render(spec, TEST, POOL))
    names = [target.get("dev") for target in top.iterfind("devices/disk/target")]
    assert len(set(names)) == len(targets)


def test_the_uuid_of_a_domain_depends_on_nothing_but_its_instance() -> None:
    assert uuid_of("i-3f2a9c41") == "ec2c2be1-5956-5849-a1ff-cbe607ae2f35"
    assert uuid_of("i-3f2a9c42") != uuid_of("i-3f2a9c41")


@given(
    st.text(st.characters(blacklist_characters="<>&'\"", blacklist_categories=("Cs", "Cc")), min_size=1),
    st.sampled_from("'\""),
)
def test_no_password_of_a_display_is_shown(password: str, quote: str) -> None:
    xml = f"<graphics type='vnc' passwd={quote}{password}{quote} port='5900'/><title>passwd</title>"
    shown = f"<graphics type='vnc' passwd={quote}{quote} port='5900'/><title>passwd</title>"
    assert without_passwords(xml) == shown
